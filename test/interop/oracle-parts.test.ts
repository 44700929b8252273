/**
 * The parts of an exchange, by us and by the oracle, on octets that are random but the same in every run: nonces,
 * master secrets, times, identities, PRF, policies, SRTP (protocol profile 10).
 */
import { describe, expect, it } from 'vitest';
import { ecCurve, publicPoint, randomScalar } from '../../src/crypto/ecdh/index.ts';
import { identityInfo } from '../../src/crypto/ibe/index.ts';
import {
  decodeLiMs,
  encodeLiMs,
  msEpochAt,
  openCommittedNonce,
  ratchetStep,
  sealNonce,
  type NonceMode,
} from '../../src/crypto/nonce/index.ts';
import {
  ascii,
  concat,
  fromHex,
  ntpFromUnixMs,
  ntpTime,
  ntpToUnixSeconds,
  Secret,
  toBigInt,
  uint,
} from '../../src/foundation/base/index.ts';
import { generalizedTime, identityFromText, keyEpochStart } from '../../src/foundation/identity/index.ts';
import { prf, suiteOf, type SecurityPolicy } from '../../src/protocol/mikey/index.ts';
import { createSrtcpSender, createSrtpSender } from '../../src/protocol/srtp/index.ts';
import { describeWithOracle, OracleRefusal, seeded, turned } from './oracle.ts';

const alice = identityFromText('sip:alice@operator-a.example');
const DISTRICT = 'https://pps.operator-a.example/ibe/pp';
const T1 = ntpFromUnixMs(Date.UTC(2026, 2, 14, 15, 9, 26, 535));

/** What `run` gives, or undefined when it refuses. */
function unlessRefused<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch {
    return undefined;
  }
}

describeWithOracle('the parts, judged by the oracle', (ask) => {
  const orRefused = async <T>(op: string, args: Record<string, unknown>): Promise<T | undefined> => {
    try {
      return await ask<T>(op, args);
    } catch (error) {
      if (error instanceof OracleRefusal) return undefined;
      throw error;
    }
  };

  describe('nonces and master secrets', () => {
    const CASES = ([8, 11, 14] as const).flatMap((number) =>
      ([1, 2, 3] as const).filter((mode) => mode !== 1 || number !== 14).map((mode) => [number, mode] as const),
    );

    function caseOf(number: 8 | 11 | 14, mode: NonceMode, role: 1 | 2) {
      const random = seeded(`nonce ${String(number)} ${String(mode)} ${String(role)}`);
      const curve = ecCurve(number);
      const scalar = randomScalar(curve, random);
      const [ms, csbId, epoch] = [random(32), random(4), 0x01020304];
      const context = { role, curve, csbId, t1: T1, identity: alice };
      const theirs = { role, curve: number, csb_id: csbId, t1: T1, identity: ascii(alice.text) };
      return { scalar, ms, epoch, context, theirs, own: publicPoint(curve, scalar) };
    }
    const secretOf = (ms: Uint8Array) => Secret.copyOf('MasterSecret', ms);

    it.each(CASES)(
      'curve %i, mode %i: sealed alike; opened over the ratchet by the oracle, and by us',
      async (number, mode) => {
        for (const role of [1, 2] as const) {
          const { scalar, ms, epoch, context, theirs, own } = caseOf(number, mode, role);
          // The holder's root is two epochs behind.
          const later = [1, 2].reduce((at, step) => ratchetStep(at, alice, epoch + step), secretOf(ms));
          const nonce = await ask<Uint8Array>('sealNonce', {
            mode,
            ms: later,
            secret: scalar,
            epoch: epoch + 2,
            ...theirs,
          });
          expect(sealNonce({ mode, masterSecret: later, epoch: epoch + 2, context, scalar })).toEqual(nonce);
          const input = { mode, masterSecret: later, epoch: epoch + 2, context, nonce, ownPoint: own };
          expect(openCommittedNonce(input).equals(scalar)).toBe(true);
          const held = { mode, root: ms, root_epoch: epoch, nonce, ...theirs, own_point: own };
          const octets = scalar.use((x) => Uint8Array.from(x));
          expect(await ask('openCommitted', { ...held, t1_epoch: epoch + 2 })).toEqual(octets);
          expect(await ask('openCommitted', { ...held, t1_epoch: epoch + 3 })).toEqual(octets);
          await expect(ask('openCommitted', { ...held, t1_epoch: epoch + 4 })).rejects.toThrow('Refused');
          for (const fault of [
            { root: turned(ms) },
            { nonce: turned(nonce) },
            ...(mode === 3 ? [{ csb_id: turned(context.csbId) }] : []),
          ])
            await expect(ask('openCommitted', { ...held, t1_epoch: epoch + 2, ...fault })).rejects.toThrow(
              'NONCE_COMMITMENT_MISMATCH',
            );
        }
      },
    );

    it('N63 mode 1 with P-521 is refused by both', async () => {
      const { scalar, ms, epoch, context, theirs } = caseOf(14, 3, 1);
      expect(await orRefused('sealNonce', { mode: 1, ms, secret: scalar, epoch, ...theirs })).toBeUndefined();
      expect(
        unlessRefused(() => sealNonce({ mode: 1, masterSecret: secretOf(ms), epoch, context, scalar })),
      ).toBeUndefined();
    });

    it('LI-MS, and the MS epoch of times in NTP eras 0 and 1', async () => {
      const random = seeded('LI-MS');
      for (const interval of [3600, 86400, 2678400]) {
        const from = Date.UTC(2036, 1, 5);
        const [validFrom, validTo] = [ntpFromUnixMs(from), ntpFromUnixMs(from + 3 * interval * 1000)];
        const [ms, epoch] = [random(32), toBigInt(random(3))];
        const liMs = { mode: 3, epoch: Number(epoch), intervalSeconds: interval, validFrom, validTo } as const;
        const octets = await ask<Uint8Array>('liMs', {
          ...{ mode: 3, epoch: liMs.epoch, interval, valid_from: validFrom, valid_to: validTo, ms },
        });
        expect(encodeLiMs({ ...liMs, masterSecret: secretOf(ms) })).toEqual(octets);
        const { masterSecret, ...rest } = decodeLiMs(octets);
        expect(rest).toEqual(liMs);
        expect(masterSecret.equals(secretOf(ms))).toBe(true);
        expect(await ask('readLiMs', { data: octets })).toEqual({
          mode: 3,
          epoch: liMs.epoch,
          interval,
          validFrom,
          validTo,
          ms,
        });
        for (const at of [0, 1, interval - 1, interval, 3 * interval - 1]) {
          const t = ntpFromUnixMs(from + at * 1000 + 999);
          const asked = { t, e0: liMs.epoch, valid_from: validFrom, valid_to: validTo, interval };
          expect(await ask('msEpoch', asked)).toBe(msEpochAt(liMs, ntpToUnixSeconds(t)));
        }
      }
    });
  });

  it('times: both NTP eras, key epochs of every interval, IBEIdentityInfo', async () => {
    const random = seeded('times');
    const edges = [
      '7fffffffffffffff',
      '8000000000000000',
      'ffffffffffffffff',
      '0000000000000000',
      '00000001ffffffff',
    ].map(fromHex);
    for (const octets of [...edges, ...Array.from({ length: 25 }, () => random(8))]) {
      const t = ntpTime(octets);
      const unix = ntpToUnixSeconds(t);
      expect(await ask('unix', { t })).toBe(unix);
      const interval = 900 + (Number(toBigInt(random(4))) % (2678400 - 900));
      const epoch = keyEpochStart(unix, interval);
      expect(await ask('keyEpoch', { t, interval })).toBe(generalizedTime(epoch));
      const identity = identityFromText(`sip:${'u'.repeat(1 + ((random(1)[0] as number) % 200))}@d.example`);
      const serial = toBigInt(random(8)) >> 1n;
      const info = identityInfo({ district: DISTRICT, serial, identity, notBefore: generalizedTime(epoch) });
      expect(
        await ask('identityInfo', { district: DISTRICT, serial, id_type: 1, identity: identity.text, epoch }),
      ).toEqual(info);
      const other = { district: DISTRICT, serial: serial ^ 1n, id_type: 1, identity: identity.text, epoch };
      expect(await ask('identityInfo', other)).not.toEqual(info);
    }
  });

  it('canonical identities, and what has no canonical form', async () => {
    const random = seeded('identities');
    const pick = <T>(list: readonly T[]): T => list[(random(1)[0] as number) % list.length] as T;
    const made = Array.from({ length: 150 }, () =>
      pick([
        () =>
          [
            ...[
              pick(['sip:', 'SIPS:', 'sip:', 'Sip:']),
              pick(['alice', 'a%6Cice', '%41%3a%2c', 'a;b=c', 'x?y', 'a:pw', 'a%4', '', '+44-1']),
            ],
            ...[
              '@',
              pick([
                'Example.COM',
                'example.com.',
                '192.0.2.1',
                '[2001:db8::1]',
                'xn--bcher-kva.example',
                'a_b.example',
                'h',
                'x..y',
                '-a.b',
              ]),
            ],
            ...[
              pick(['', ':5061', ':x', ':']),
              pick(['', ';user=phone', ';gr=Ab%2fC', ';GR=u', ';gr', ';gr=a;gr=b', ';lr;transport=tcp', ';;']),
            ],
            pick(['', '?subject=x', '?a=b@c', ';gr=z']),
          ].join(''),
        () =>
          `${pick(['tel:', 'TEL:'])}${pick(['+44-20(7946).0958', '+', '0441', '+1', '+123456789012345', '+1234567890123456', '(+44)1', '+4a'])}${pick(['', ';foo=bar', ';ext=1', ';ISUB=2', ';phone-context=+1', ';x', ';x='])}`,
        () =>
          `${pick(['al.ice', 'a..b', '.a', 'a+b/c', 'a b', 'a:b'])}@${pick(['Realm.ORG', 'realm', 'r.1', '1.2.3.4', 'realm.'])}`,
      ])(),
    );
    const texts = [
      ...new Set(made),
      'alice',
      `sip:${'a'.repeat(240)}@b.example`,
      `sip:${'a'.repeat(241)}@abcd.example`,
      'sip:\u00e9@b.example',
    ];
    const canonical = texts.map((text) => unlessRefused(() => identityFromText(text)));
    for (const [i, text] of texts.entries()) {
      const theirs = await orRefused<[number, string]>('canonical', { text });
      const identity = canonical[i];
      expect([text, theirs]).toEqual([text, identity && [identity.type, identity.text]]);
    }
    // Neither side refuses, or accepts, everything.
    expect(new Set(canonical.map((identity) => identity === undefined))).toEqual(new Set([true, false]));
  });

  it('PRF 0 and 1 over keys and labels of every length', async () => {
    const random = seeded('prf');
    for (const key of [1, 16, 20, 32, 33, 64, 65, 97, 133, 256].map(random)) {
      const [label, length] = [random(9 + key.length), 1 + ((random(1)[0] as number) % 128)];
      for (const func of [0, 1] as const) {
        expect(await ask('prf', { func, inkey: key, label, length })).toEqual(prf(func, key, label, length));
        expect(await ask('prf', { func, inkey: turned(key), label, length })).not.toEqual(
          prf(func, key, label, length),
        );
      }
    }
  });

  it('policies: the same suite, or refused by both', async () => {
    const random = seeded('policies');
    const pick = (list: readonly number[]): number => list[(random(1)[0] as number) % list.length] as number;
    const usual: Readonly<Record<number, readonly number[]>> = {
      ...{ 0: [1, 1, 6, 6, 0, 2], 1: [16, 16, 32, 24], 2: [1, 1, 0], 3: [20, 20, 0], 4: [14, 14, 12], 5: [0, 0, 0, 1] },
      ...{
        6: [0, 0, 0, 1],
        7: [1, 1, 1, 0],
        8: [1, 1, 1, 0],
        9: [0, 0, 1],
        10: [1, 1, 1, 0],
        11: [10, 10, 4],
        12: [0, 0, 2],
        20: [16, 16, 8],
      },
    };
    const gcm = [0, 6, 1, 32, 20, 16];
    const named = [[], [11, 4], [1, 32], gcm, [0, 6, 1, 16, 20, 16]];
    const found = new Set<string | undefined>();
    for (let i = 0; i < 150; i++) {
      const types = Object.keys(usual)
        .map(Number)
        .filter((type) => pick([0, 0, type === 20 ? 0 : 1]) === 1);
      const pairs = types.flatMap((type) => [type, pick(usual[type] as number[])]);
      const drawn = i % 5 === 0 ? [...gcm, ...pairs.slice(0, 2)] : i % 50 === 1 ? [...pairs, 13, 1] : pairs;
      const all = named[i] ?? drawn;
      const parameters = Array.from({ length: all.length / 2 }, (_, n) => ({
        type: all[2 * n] as number,
        value: Uint8Array.of(all[2 * n + 1] as number),
      }));
      const policy: SecurityPolicy = { kind: 'SP', policy: 0, protocol: 0, parameters };
      const params = concat(...parameters.map(({ type, value }) => concat(uint(type, 1), uint(1, 1), value)));
      const ours = unlessRefused(() => suiteOf(policy));
      const theirs = await orRefused<{ name: string; keyLength: number; saltLength: number }>('suite', { params });
      expect([all, theirs?.name, theirs?.keyLength, theirs?.saltLength]).toEqual([
        all,
        ours?.name,
        ours?.masterKeyLength,
        ours?.masterSaltLength,
      ]);
      found.add(ours?.name);
    }
    expect(found.size).toBe(6);
  });

  it.each(['AES_CM_128_HMAC_SHA1_80', 'AES_CM_128_HMAC_SHA1_32', 'AES_256_CM_HMAC_SHA1_80'] as const)(
    'SRTP and SRTCP packets under %s, with and without MKI',
    async (suite) => {
      const random = seeded(suite);
      const [masterKey, masterSalt] = [random(suite.includes('256') ? 32 : 16), random(14)];
      const derived = { master_key: masterKey, master_salt: masterSalt, aead: false };
      const keys = await ask<{ srtp: unknown; srtcp: unknown }>('srtpKeys', derived);
      const wrong = await ask<{ srtp: unknown }>('srtpKeys', { ...derived, master_key: turned(masterKey) });
      const ssrc = 0xdecafbad;
      for (const mki of [new Uint8Array(0), random(4)]) {
        for (const [first, extension] of [
          [0x80, []],
          [0x82, random(8)],
          [0x91, [...random(4), 0xbe, 0xde, 0, 1, ...random(4)]],
        ] as const) {
          const head = concat(
            Uint8Array.of(first, 0),
            uint(0xfffe, 2),
            random(4),
            uint(ssrc, 4),
            Uint8Array.from(extension),
          );
          const packet = concat(head, random(33));
          const sender = createSrtpSender({ suite, masterKey, masterSalt, ssrc, roc: 0x01020304, mki });
          const theirs = { packet, suite, roc: 0x01020304, mki };
          const protectedPacket = sender.protect(packet);
          expect(await ask('protect', { ...theirs, keys: keys.srtp })).toEqual(protectedPacket);
          expect(await ask('protect', { ...theirs, keys: wrong.srtp })).not.toEqual(protectedPacket);
        }
        const report = concat(Uint8Array.of(0x80, 200, 0, 6), uint(ssrc, 4), random(20));
        const control = createSrtcpSender({ suite, masterKey, masterSalt, ssrc, firstIndex: 0x1234, mki });
        expect(await ask('protectControl', { packet: report, keys: keys.srtcp, suite, index: 0x1234, mki })).toEqual(
          control.protect(report),
        );
      }
    },
  );
});
