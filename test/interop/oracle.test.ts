/**
 * The oracle itself: test/oracle gives every published vector and every golden exchange, octet for octet. Only then does
 * its agreement with us, where no vector exists, say anything (protocol profile 7.4, 10).
 */
import { expect, it } from 'vitest';
import { ascii, fromHex, toHex } from '../../src/foundation/base/index.ts';
import { GOLDEN_NAMES } from '../protocol/mikey/golden.ts';
import { describeWithOracle, turned, vectors } from './oracle.ts';

type Pair = readonly [string, string];
interface Synthetic {
  readonly n: number;
  readonly idHex: string;
  readonly masterSecret: string;
  readonly Ppub: Pair;
  readonly Qid: Pair;
  readonly Sid: Pair;
  readonly m: string;
  readonly rho: string;
  readonly U: Pair;
  readonly V: string;
  readonly W: string;
}
interface Derivation {
  readonly x: string;
  readonly K_SESSION: string;
  readonly RAND: string;
  readonly csb_id: string;
  readonly prf: Readonly<Record<string, Record<string, string> & { cs: Record<string, Record<string, string>> }>>;
  readonly nonce: Readonly<Record<string, string>>;
}
interface GoldenFile {
  readonly level: number;
  readonly curve: 'P-256' | 'P-384';
  readonly nonceMode: number;
  readonly nonceEpoch: number;
  readonly T1: string;
  readonly T2: string;
  readonly csbId: string;
  readonly RAND: string;
  readonly ssrc: Readonly<Record<'A' | 'B', string>>;
  readonly district: Readonly<Record<'a' | 'b', string>>;
  readonly masterSecrets: Readonly<Record<'a' | 'b', string>>;
  readonly Sid: Readonly<Record<'A' | 'B', Pair>>;
  readonly MS: Readonly<Record<'A' | 'B', string>>;
  readonly x: string;
  readonly y: string;
  readonly NA: string;
  readonly NB: string;
  readonly cek: Readonly<Record<string, string>>;
  readonly rho: Readonly<Record<string, string>>;
  readonly messages: Readonly<Record<string, string>>;
  readonly K_SESSION: string;
  readonly MPK: string;
  readonly TGK: string;
  readonly auth_key: string;
  readonly cs: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

const pointOf = ([x, y]: Pair): bigint[] => [BigInt(x), BigInt(y)];
const SP = fromHex('00010101011002010103011404010e0501000701010801010a01010b010a');

describeWithOracle('the oracle gives what is published', (ask) => {
  it('FIPS 197 C.1, C.3; RFC 3711 B.2; SP 800-38D test case 4; RFC 3394 4.6; RFC 5649 6; RFC 5297 A.1', async () => {
    const block = fromHex('00112233445566778899aabbccddeeff');
    const key = Uint8Array.from({ length: 32 }, (_, i) => i);
    const hex = async (op: string, args: Record<string, unknown>) => toHex(await ask<Uint8Array>(op, args));
    expect(await hex('ecb', { key: key.subarray(0, 16), data: block })).toBe('69c4e0d86a7b0430d8cdb78070b4c55a');
    expect(await hex('ecb', { key, data: block })).toBe('8ea2b7ca516745bfeafc49904b496089');
    const stream = {
      key: fromHex('2b7e151628aed2a6abf7158809cf4f3c'),
      iv: fromHex('f0f1f2f3f4f5f6f7f8f9fafbfcfd0000'),
      data: new Uint8Array(32),
    };
    expect(await hex('cm', stream)).toBe('e03ead0935c95e80e166b16dd92b4eb4d23513162b02d0f72a43a2fe4a5f97ab');
    const gcm = {
      key: fromHex('feffe9928665731c6d6a8f9467308308'),
      nonce: fromHex('cafebabefacedbaddecaf888'),
      aad: fromHex('feedfacedeadbeeffeedfacedeadbeefabaddad2'),
      plaintext: fromHex(
        'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39',
      ),
    };
    expect(await hex('gcm', gcm)).toBe(
      '42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e0915bc94fbc3221a5db94fae95ae7121a47',
    );
    expect(
      await hex('kw', { key, data: fromHex('00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f') }),
    ).toBe('28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21');
    const siv = {
      key: fromHex('fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff'),
      associated: [fromHex('101112131415161718191a1b1c1d1e1f2021222324252627')],
      plaintext: fromHex('112233445566778899aabbccddee'),
    };
    expect(await hex('siv', siv)).toBe('85632d07c6e8f37f950acd320a2ecc9340c02b9690c4dc04daef7f6afe5c');
  });

  it('RFC 7714 16.1.1, 17.1: AEAD_AES_128_GCM packets', async () => {
    const keys = { ke: fromHex('000102030405060708090a0b0c0d0e0f'), ks: fromHex('517569642070726f2071756f') };
    const suite = 'AEAD_AES_128_GCM';
    const rtp = fromHex(
      '8040f17b8041f8d35501a0b247616c6c696120657374206f6d6e69732064697669736120696e207061727465732074726573',
    );
    const protectedRtp = await ask<Uint8Array>('protect', { packet: rtp, keys, suite, roc: 0 });
    expect(toHex(protectedRtp)).toBe(
      '8040f17b8041f8d35501a0b2f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b36de3adf8833899d7f27beb16a9152cf765ee4390cce',
    );
    const rtcp = fromHex(
      '81c8000d4d6172734e5450314e545032525450200000042a0000e9304c756e61deadbeefdeadbeefdeadbeefdeadbeefdeadbeef',
    );
    const protectedRtcp = await ask<Uint8Array>('protectControl', { packet: rtcp, keys, suite, index: 0x5d4 });
    expect(toHex(protectedRtcp)).toBe(
      '81c8000d4d61727363e94885dcdab67ca727d7662f6b7e997ff5c0f76c06f32dc676a5f1730d6fda4ce09b4686303ded0bb9275bc84aa45896cf4d2fc5abf87245d9eade800005d4',
    );
  });

  it.each(vectors<{ vectors: Synthetic[] }>('vectors-bf-synthetic').vectors)(
    'Boneh-Franklin at n = $n: P_pub, Q_id, S_id, U, V, W, and m again',
    async ({ n: level, idHex, masterSecret, m, rho, ...v }) => {
      const [identity, s] = [fromHex(idHex), BigInt(masterSecret)];
      const pPub = await ask('setup', { level, s });
      expect(pPub).toEqual(pointOf(v.Ppub));
      expect(await ask('hashToPoint', { level, data: identity })).toEqual(pointOf(v.Qid));
      expect(await ask('extract', { level, s, identity })).toEqual(pointOf(v.Sid));
      const sealed = await ask('encrypt', { level, pPub, identity, message: fromHex(m), rho: fromHex(rho) });
      expect(sealed).toEqual([pointOf(v.U), fromHex(v.V), fromHex(v.W)]);
      const [u, kemV, w] = [pointOf(v.U), fromHex(v.V), fromHex(v.W)];
      const open = { level, privateKey: pointOf(v.Sid), u, v: kemV, w };
      expect(await ask('decrypt', open)).toEqual(fromHex(m));
      await expect(ask('decrypt', { ...open, w: turned(w) })).rejects.toThrow('IbeDecryptFailed');
      if (level === 1024) await expect(ask('decrypt', { ...open, sign: -1 })).rejects.toThrow('IbeDecryptFailed');
    },
  );

  it('key chain and SRTP keys of both PRFs, and the nonces in the three modes', async () => {
    const file = vectors<Derivation>('vectors-derivation');
    const [session, csbId, rand] = [file.K_SESSION, file.csb_id, file.RAND].map(fromHex);
    const entry = { policy: 0, ssrc: fromHex('00000001'), roc: 0 };
    for (const [prf, name] of ['PRF-HMAC-SHA-1', 'PRF-HMAC-SHA-256'].entries()) {
      const v = file.prf[name];
      const made = await ask<Record<string, unknown>>('derive', {
        session,
        prf,
        csb_id: csbId,
        rand,
        entries: [entry, entry],
        sp: [SP],
      });
      const cs = Object.fromEntries(
        Object.entries(v?.cs ?? {}).map(([id, c]) => {
          const keys = (kind: string) =>
            Object.fromEntries(['ke', 'ka', 'ks'].map((key) => [key, fromHex(c[`${kind}_${key}`] as string)]));
          return [id, { tek: c['TEK128'], salt: c['SALT112'], srtp: keys('srtp'), srtcp: keys('srtcp') }];
        }),
      );
      expect(made).toMatchObject({
        ...Object.fromEntries(['MPK', 'TGK'].map((key) => [key, fromHex(v?.[key] as string)])),
        authKey: fromHex(v?.['auth_key'] as string),
        cs: Object.fromEntries(
          Object.entries(cs).map(([id, c]) => [id, { ...c, tek: fromHex(c.tek ?? ''), salt: fromHex(c.salt ?? '') }]),
        ),
      });
      const kemac = await ask('kemacKeys', { prf, encr_alg: 1, psk: made['MPK'], csb_id: csbId, rand });
      expect(kemac).toEqual([fromHex(v?.['encr_key'] as string), fromHex(v?.['salt_key'] as string)]);
    }
    const { nonce } = file;
    const seal = {
      ms: fromHex(nonce['MS'] as string),
      secret: fromHex(file.x),
      role: 1,
      curve: 8,
      epoch: 7,
      csb_id: csbId,
      t1: fromHex(nonce['T'] as string),
      identity: ascii(nonce['identity'] as string),
    };
    const wires = await Promise.all([1, 2, 3].map((mode) => ask<Uint8Array>('sealNonce', { mode, ...seal })));
    expect(wires.map(toHex)).toEqual([
      nonce['mode1_aes256_ecb'],
      `0200000007${String(nonce['mode2_kwp_rfc5649'])}`,
      nonce['mode3_wire'],
    ]);
  });

  it.each(GOLDEN_NAMES)('golden %s: four messages, all keys, and discovery for A and for B', async (name) => {
    const file = vectors<GoldenFile>(`golden-${name}`);
    const number = { 'P-256': 8, 'P-384': 11 }[file.curve];
    const entry = (ssrc: string) => ({ policy: 0, ssrc: fromHex(ssrc), roc: 0 });
    const map2 = [entry(file.ssrc.A), entry(file.ssrc.B)];
    const party = async (side: 'a' | 'b', identity: string) => ({
      level: file.level,
      district: file.district[side],
      serial: 1,
      interval: 86400,
      identity,
      pPub: await ask('setup', { level: file.level, s: BigInt(file.masterSecrets[side]) }),
      mode: file.nonceMode,
      ms: fromHex(file.MS[side === 'a' ? 'A' : 'B']),
      epoch: file.nonceEpoch,
    });
    const a = await party('a', 'sip:alice@operator-a.example');
    const b = await party('b', 'sip:bob@operator-b.example');
    const sealing = (short: string) => ({
      cek: fromHex(file.cek[short] as string),
      rho: fromHex(file.rho[short] as string),
    });
    const [rand, t1] = [fromHex(file.RAND), fromHex(file.T1)];
    const e = {
      prf: 1,
      csbId: fromHex(file.csbId),
      rand,
      t1,
      t2: fromHex(file.T2),
      curve: number,
      x: BigInt(file.x),
      y: BigInt(file.y),
      a,
      b,
      map1: [entry(file.ssrc.A), entry('00000000')],
      map2,
      sp: [SP],
      sealing: { 22: sealing('I1'), 23: sealing('R1'), 24: sealing('I2') },
    };
    const made = await ask<Record<string, unknown> & { messages: Uint8Array[] }>('exchange', { e });
    expect(made.messages.map(toHex)).toEqual(Object.values(file.messages));
    const [i1, r1, i2, r2] = made.messages;
    const keys = {
      K: fromHex(file.K_SESSION),
      MPK: fromHex(file.MPK),
      TGK: fromHex(file.TGK),
      authKey: fromHex(file.auth_key),
      cs: Object.fromEntries(
        Object.entries(file.cs).map(([id, { TEK = '', SALT = '', ke = '', ka = '', ks = '' }]) => [
          id,
          { tek: fromHex(TEK), salt: fromHex(SALT), srtp: { ke: fromHex(ke), ka: fromHex(ka), ks: fromHex(ks) } },
        ]),
      ),
    };
    expect(made).toMatchObject({ ...keys, NA: fromHex(file.NA), NB: fromHex(file.NB) });
    for (const [role, octets, holder, Sid, nonce] of [
      [1, [r1], a, file.Sid.A, made['NA']],
      [2, [i1, i2], b, file.Sid.B, made['NB']],
    ] as const) {
      const [root, epoch] = [holder.ms, holder.epoch];
      const secret = { mode: holder.mode, root, rootEpoch: epoch, epoch, t1, map: map2 };
      const question = { role, octets, holders: [{ ...holder, privateKey: pointOf(Sid) }], secret, rand, sp: [SP], r2 };
      const found = await ask<{ xP: Uint8Array; yP: Uint8Array }>('discover', question);
      expect(found).toMatchObject({ ...keys, confirmed: true });
      const wrong = {
        ...{ mode: holder.mode, root: turned(root), root_epoch: epoch, t1_epoch: epoch, nonce, role, curve: number },
        ...{ csb_id: e.csbId, t1, identity: ascii(holder.identity), own_point: role === 1 ? found.xP : found.yP },
      };
      await expect(ask('openCommitted', wrong)).rejects.toThrow('NONCE_COMMITMENT_MISMATCH');
    }
    expect(await ask('verifyV', { octets: turned(r2 as Uint8Array), inkey: keys.MPK, rand })).toBe(false);
  });
});
