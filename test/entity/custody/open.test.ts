/** Opening a nonce: every golden file, and each refusal with nothing returned and nothing changed (profile 3.7, 4.2, 7.3). */
import { describe, expect, it } from 'vitest';
import { createCustody, type OpenRequest } from '../../../src/entity/custody/index.ts';
import { ecCurve, publicPoint, randomScalar } from '../../../src/crypto/ecdh/index.ts';
import { ratchetStep, sealNonce, type LiMs, type NonceMode } from '../../../src/crypto/nonce/index.ts';
import {
  fromBigInt,
  fromHex,
  ntpFromUnixMs,
  ntpTime,
  Secret,
  systemRandom,
  toHex,
} from '../../../src/foundation/base/index.ts';
import { identityFromText } from '../../../src/foundation/identity/index.ts';
import { alice, bob, day, golden, held, party } from './fixture.ts';
import { testSealer } from './support.ts';

const code = (name: string): unknown => expect.objectContaining({ code: name });
const byMode = (mode: NonceMode) =>
  golden.find(([, file]) => file.nonceMode === mode)?.[1] as (typeof golden)[number][1];

describe.each(golden)('%s', (_name, file) => {
  it.each(['A', 'B'] as const)('party %s: its scalar, and the session key instead of it', async (side) => {
    const { custody } = held();
    const { identity, liMs, request, scalar, peerPoint } = party(file, side);
    await expect(custody.importMasterSecret(identity, liMs)).resolves.toBe('stored');
    await expect(custody.modeAt(identity, request.t1)).resolves.toBe(file.nonceMode);
    expect((await custody.open(request)).use(toHex)).toBe(scalar);
    expect((await custody.open(request)).use(toHex)).toBe(scalar);
    expect((await custody.openToSharedPoint({ ...request, peerPoint })).use(toHex)).toBe(file.K_SESSION);
  });

  it('N58 the nonce of the other party: NONCE_COMMITMENT_MISMATCH', async () => {
    const { custody, store } = held();
    const a = party(file, 'A');
    const b = party(file, 'B');
    await custody.importMasterSecret(a.identity, a.liMs);
    for (const ownPoint of [a.request.ownPoint, b.request.ownPoint]) {
      await expect(custody.open({ ...a.request, nonce: b.request.nonce, ownPoint })).rejects.toThrow(
        code('NONCE_COMMITMENT_MISMATCH'),
      );
    }
    expect(store.points.size).toBe(0);
  });

  it('one bit of MS changed: NONCE_COMMITMENT_MISMATCH', async () => {
    const { custody } = held();
    const { identity, liMs, request } = party(file, 'A');
    const changed = liMs.masterSecret.use((ms) => Uint8Array.from(ms));
    changed[0] = (changed[0] as number) ^ 0x80;
    await custody.importMasterSecret(identity, { ...liMs, masterSecret: new Secret('MasterSecret', changed) });
    await expect(custody.open(request)).rejects.toThrow(code('NONCE_COMMITMENT_MISMATCH'));
  });
});

describe('refusals', () => {
  it('N59 random 32 octets in mode 1: NONCE_COMMITMENT_MISMATCH, nothing returned', async () => {
    const { custody, store } = held();
    const { identity, liMs, request } = party(byMode(1), 'A');
    await custody.importMasterSecret(identity, liMs);
    await expect(custody.open({ ...request, nonce: systemRandom(32) })).rejects.toThrow(
      code('NONCE_COMMITMENT_MISMATCH'),
    );
    expect(store.points.size).toBe(0);
  });

  it('N60 the right nonce, another csbId, T or role in mode 3: NONCE_CONTEXT_MISMATCH', async () => {
    const { custody } = held();
    const { identity, liMs, request } = party(byMode(3), 'A');
    await custody.importMasterSecret(identity, liMs);
    const otherT = Uint8Array.from(request.t1);
    otherT[7] = 1;
    const others: Partial<OpenRequest>[] = [
      { csbId: fromHex('00000000') },
      { t1: ntpTime(otherT) },
      { role: 'responder' },
    ];
    for (const other of others) {
      await expect(custody.open({ ...request, ...other })).rejects.toThrow(code('NONCE_CONTEXT_MISMATCH'));
    }
  });

  it('T4 a nonce copied by another subscriber: nothing opens under that one', async () => {
    const { custody } = held();
    const a = party(byMode(3), 'A');
    const mallory = identityFromText('sip:mallory@operator-a.example');
    await custody.importMasterSecret(a.identity, a.liMs);
    await custody.importMasterSecret(mallory, {
      ...a.liMs,
      masterSecret: new Secret('MasterSecret', systemRandom(32)),
    });
    await expect(custody.open({ ...a.request, identity: mallory })).rejects.toThrow(code('NONCE_COMMITMENT_MISMATCH'));
  });

  it('N62 unknown subscriber, and a known one at a time that no record covers: MS_UNKNOWN_SUBSCRIBER', async () => {
    for (const mode of [1, 2, 3] as const) {
      const { custody } = held();
      const { identity, liMs, request } = party(byMode(mode), 'A');
      await custody.importMasterSecret(identity, liMs);
      const someoneElse = identityFromText('sip:carol@operator-a.example');
      await expect(custody.open({ ...request, identity: someoneElse })).rejects.toThrow(code('MS_UNKNOWN_SUBSCRIBER'));
      await expect(custody.open({ ...request, identity: someoneElse, nonce: new Uint8Array(9) })).rejects.toThrow(
        code('MS_UNKNOWN_SUBSCRIBER'),
      );
      const device = identityFromText(`${identity.text};gr=one`);
      await expect(custody.open({ ...request, identity: device })).rejects.toThrow(code('MS_UNKNOWN_SUBSCRIBER'));
      const dayAfter = ntpFromUnixMs(1735689600_000 + 40 * day * 1000);
      await expect(custody.open({ ...request, t1: dayAfter })).rejects.toThrow(code('MS_UNKNOWN_SUBSCRIBER'));
      await expect(custody.modeAt(identity, dayAfter)).resolves.toBeUndefined();
    }
  });

  it('N63 mode 1 with P-521: ModeCurveRefused', async () => {
    const { custody } = held();
    const { identity, liMs, request } = party(byMode(1), 'A');
    await custody.importMasterSecret(identity, liMs);
    const ownPoint = publicPoint(ecCurve('P-521'), randomScalar(ecCurve('P-521'), systemRandom));
    await expect(custody.open({ ...request, curve: 14, ownPoint, nonce: new Uint8Array(66) })).rejects.toThrow(
      code('ModeCurveRefused'),
    );
  });

  it('N64 x = 0 or x >= n sealed by the terminal: NONCE_COMMITMENT_MISMATCH', async () => {
    const { custody } = held();
    const { identity, liMs, request } = party(byMode(3), 'A');
    await custody.importMasterSecret(identity, liMs);
    const curve = ecCurve('P-256');
    for (const value of [0n, curve.order, curve.order + 1n]) {
      const nonce = sealNonce({
        mode: 3,
        masterSecret: liMs.masterSecret,
        epoch: liMs.epoch,
        context: { role: 1, curve, csbId: request.csbId, t1: request.t1, identity },
        scalar: new Secret('EcdhScalar', fromBigInt(value, 32)),
      });
      const one = publicPoint(curve, new Secret('EcdhScalar', fromBigInt(1n, 32)));
      await expect(custody.open({ ...request, nonce, ownPoint: one })).rejects.toThrow(
        code('NONCE_COMMITMENT_MISMATCH'),
      );
    }
  });

  it('T5 points off the curve, of another curve, compressed or infinity: InvalidPoint before anything is looked up', async () => {
    const { custody, store } = held();
    const { request, peerPoint } = party(byMode(3), 'A');
    store.find = () => Promise.reject(new Error('looked up'));
    const off = Uint8Array.from(request.ownPoint);
    off[64] = (off[64] as number) ^ 1;
    for (const ownPoint of [off, Uint8Array.of(0), request.ownPoint.subarray(0, 33), new Uint8Array(65)]) {
      await expect(custody.open({ ...request, ownPoint })).rejects.toThrow(code('InvalidPoint'));
      await expect(custody.openToSharedPoint({ ...request, peerPoint: ownPoint })).rejects.toThrow(
        code('InvalidPoint'),
      );
    }
    await expect(custody.open({ ...request, curve: 11 })).rejects.toThrow(code('InvalidPoint'));
    await expect(custody.open({ ...request, curve: 1 })).rejects.toThrow(code('InvalidDh'));
    await expect(custody.openToSharedPoint({ ...request, peerPoint: request.ownPoint })).rejects.toThrow(
      code('ReflectedKeyComponent'),
    );
    expect(peerPoint).toHaveLength(65);
  });

  it('T7 a role other than initiator and responder (NSK), and other lengths: BAD_REQUEST', async () => {
    const { custody } = held();
    const { identity, liMs, request } = party(byMode(3), 'A');
    await custody.importMasterSecret(identity, liMs);
    const others = [
      { role: 'nsk' as 'initiator' },
      { role: 240 as unknown as 'initiator' },
      { csbId: new Uint8Array(3) },
    ];
    for (const other of [...others, { t1: new Uint8Array(4) as OpenRequest['t1'] }, { nonce: new Uint8Array(256) }]) {
      await expect(custody.open({ ...request, ...other })).rejects.toThrow(code('BAD_REQUEST'));
    }
  });

  it('T1 a terminal that sends no octets, other lengths or noise as its nonce: NONCE_COMMITMENT_MISMATCH', async () => {
    for (const [, file] of golden) {
      const { custody } = held();
      const { identity, liMs, request } = party(file, 'A');
      await custody.importMasterSecret(identity, liMs);
      const prefix = file.nonceMode === 1 ? [] : [...request.nonce.subarray(0, 5)];
      const noise = Uint8Array.of(...prefix, ...systemRandom(request.nonce.length - prefix.length));
      for (const nonce of [new Uint8Array(0), request.nonce.subarray(1), Uint8Array.of(...request.nonce, 0), noise]) {
        await expect(custody.open({ ...request, nonce })).rejects.toThrow(code('NONCE_COMMITMENT_MISMATCH'));
      }
    }
  });

  it('modes 1 and 2 without allowUnboundNonces: POLICY_REFUSED; mode 3 opens', async () => {
    for (const mode of [1, 2, 3] as const) {
      const { custody, store } = held(false);
      const { identity, liMs, request } = party(byMode(mode), 'A');
      await custody.importMasterSecret(identity, liMs);
      if (mode === 3) await expect(custody.open(request)).resolves.toBeInstanceOf(Secret);
      else await expect(custody.open(request)).rejects.toThrow(code('POLICY_REFUSED'));
      expect(store.points.size).toBe(0);
    }
  });

  it('modes 1 and 2: a point once answered is refused for another csbId or T, and still answered for its own', async () => {
    for (const mode of [1, 2] as const) {
      const { custody, store } = held();
      const { identity, liMs, request, scalar } = party(byMode(mode), 'A');
      await custody.importMasterSecret(identity, liMs);
      await custody.open(request);
      const otherT = Uint8Array.from(request.t1);
      otherT[7] = 1;
      for (const other of [{ csbId: fromHex('00000001') }, { t1: ntpTime(otherT) }]) {
        await expect(custody.open({ ...request, ...other })).rejects.toThrow(code('NONCE_CONTEXT_MISMATCH'));
      }
      expect((await custody.open(request)).use(toHex)).toBe(scalar);
      expect(store.points.size).toBe(1);
      expect(JSON.stringify([...store.points.values()])).not.toContain(scalar);
    }
  });

  it("the mode is the record's: a nonce that names another is NONCE_COMMITMENT_MISMATCH", async () => {
    const { custody } = held();
    const { identity, liMs, request } = party(byMode(3), 'A');
    await custody.importMasterSecret(identity, { ...liMs, mode: 2 });
    await expect(custody.open(request)).rejects.toThrow(code('NONCE_COMMITMENT_MISMATCH'));
  });

  it('a row edited at rest does not open', async () => {
    const { custody, store } = held();
    const { identity, liMs, request } = party(byMode(3), 'A');
    await custody.importMasterSecret(identity, liMs);
    store.rows[0] = { ...(store.rows[0] as (typeof store.rows)[number]), validTo: 1735689600 + 300 * day };
    await expect(custody.open(request)).rejects.toThrow();
  });

  it('no error says the identity, the nonce or the secret', async () => {
    const { custody } = held();
    const { identity, liMs, request } = party(byMode(3), 'A');
    await custody.importMasterSecret(identity, liMs);
    for (const other of [{ identity: bob }, { csbId: fromHex('00000000') }, { nonce: systemRandom(53) }]) {
      const error: unknown = await custody.open({ ...request, ...other }).catch((thrown: unknown) => thrown);
      expect(JSON.stringify(error)).not.toMatch(/alice|bob|operator|[0-9a-f]{16}/);
    }
  });
});

describe('epochs', () => {
  const start = 1735689600;
  const curve = ecCurve('P-256');
  const csbId = fromHex('01020304');
  const chain = (mode: NonceMode): LiMs => ({
    mode,
    epoch: 7,
    intervalSeconds: day,
    validFrom: ntpFromUnixMs(start * 1000),
    validTo: ntpFromUnixMs((start + 10 * day) * 1000),
    masterSecret: new Secret('MasterSecret', systemRandom(32)),
  });
  /** A nonce that the terminal sealed under MS of `epoch`, in a call at noon of the day `dayOfT`. */
  function call(liMs: LiMs, epoch: number, dayOfT: number): OpenRequest {
    let masterSecret = liMs.masterSecret;
    for (let e = liMs.epoch + 1; e <= epoch; e++) masterSecret = ratchetStep(masterSecret, alice, e);
    const t1 = ntpFromUnixMs((start + dayOfT * day + day / 2) * 1000);
    const scalar = randomScalar(curve, systemRandom);
    const context = { role: 1, curve, csbId, t1, identity: alice } as const;
    const nonce = sealNonce({ mode: liMs.mode, masterSecret, epoch, context, scalar });
    return { identity: alice, role: 'initiator', curve: 8, csbId, t1, nonce, ownPoint: publicPoint(curve, scalar) };
  }

  it.each([1, 2, 3] as const)(
    'T2 mode %i: the epoch of T and its neighbours open, forward from the root',
    async (mode) => {
      const { custody } = held();
      const liMs = chain(mode);
      await custody.importMasterSecret(alice, liMs);
      for (const [epoch, dayOfT] of [
        [7, 0],
        [10, 3],
        [9, 3],
        [11, 3],
        [16, 9],
        [8, 0],
      ] as const) {
        const request = call(liMs, epoch, dayOfT);
        const scalar = await custody.open(request);
        expect(toHex(publicPoint(curve, scalar))).toBe(toHex(request.ownPoint));
      }
    },
  );

  it('T2 an epoch two away from that of T: refused before any derivation', async () => {
    for (const [mode, error] of [
      [1, 'NONCE_COMMITMENT_MISMATCH'],
      [2, 'NONCE_CONTEXT_MISMATCH'],
      [3, 'NONCE_CONTEXT_MISMATCH'],
    ] as const) {
      const { custody } = held();
      const liMs = chain(mode);
      await custody.importMasterSecret(alice, liMs);
      for (const epoch of [8, 12]) await expect(custody.open(call(liMs, epoch, 3))).rejects.toThrow(code(error));
    }
  });

  it('a wire epoch of 2^32-1 costs no ratchet', async () => {
    const { custody } = held();
    const liMs = chain(3);
    await custody.importMasterSecret(alice, liMs);
    const request = call(liMs, 10, 3);
    const nonce = Uint8Array.from(request.nonce);
    nonce.fill(0xff, 1, 5);
    await expect(custody.open({ ...request, nonce })).rejects.toThrow(code('NONCE_CONTEXT_MISMATCH'));
  });

  it.each([1, 2, 3] as const)(
    'N61 P12 mode %i: after the root moved, older epochs are erased and newer ones open',
    async (mode) => {
      const { custody, store } = held();
      const liMs = chain(mode);
      await custody.importMasterSecret(alice, liMs);
      const [old, last, current] = [call(liMs, 8, 1), call(liMs, 9, 2), call(liMs, 11, 4)];
      await custody.open(old);
      await expect(custody.advanceRoot(alice, 10)).resolves.toBe(1);
      await expect(custody.open(old)).rejects.toThrow(code('MS_EPOCH_ERASED'));
      await expect(custody.open(last)).rejects.toThrow(code('MS_EPOCH_ERASED'));
      await expect(custody.open(current)).resolves.toBeInstanceOf(Secret);
      expect(store.rows).toHaveLength(1);
      await custody.advanceRoot(alice, 17);
      expect(store.rows[0]).toMatchObject({ rootEpoch: 17, sealed: new Uint8Array(0) });
      await expect(custody.open(current)).rejects.toThrow(code('MS_EPOCH_ERASED'));
    },
  );

  it('a nonce of a day whose epoch is erased, sealed under the next one that is held, still opens', async () => {
    for (const mode of [1, 3] as const) {
      const { custody } = held();
      const liMs = chain(mode);
      await custody.importMasterSecret(alice, liMs);
      await custody.advanceRoot(alice, 10);
      await expect(custody.open(call(liMs, 10, 2))).resolves.toBeInstanceOf(Secret);
    }
  });
});

it('another key-encryption key opens nothing', async () => {
  const { custody, store } = held();
  const { identity, liMs, request } = party(byMode(3), 'A');
  await custody.importMasterSecret(identity, liMs);
  const thief = createCustody({ store, sealer: testSealer(), allowUnboundNonces: true, random: systemRandom });
  await expect(thief.open(request)).rejects.toThrow();
});
