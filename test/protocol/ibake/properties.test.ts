/**
 * P6 to P8 of protocol profile 7.2: both sides and discovery agree on K for every curve, PRF, nonce mode and role; no two
 * runs share anything; what was altered is refused. And the rows of 7.3 that a call of ours meets behind its end.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ecCurve, type CurveNumber } from '../../../src/crypto/ecdh/index.ts';
import { openCommittedNonce, type NonceMode } from '../../../src/crypto/nonce/index.ts';
import { equalBytes, HalfkeyError, Secret, toHex } from '../../../src/foundation/base/index.ts';
import {
  confirmSessionKey,
  createMessageOpener,
  deriveMediaKeys,
  discoverComponents,
  exchangeFrom,
  recoverSessionKey,
  type Components,
} from '../../../src/protocol/discovery/index.ts';
import { dispose, DEFAULT_POLICY, type StreamKey } from '../../../src/protocol/ibake/index.ts';
import { readIbakeMessage } from '../../../src/protocol/mikey/index.ts';
import { createSrtpReceiver, createSrtpSender } from '../../../src/protocol/srtp/index.ts';
import {
  call,
  ends,
  endpoint,
  alice,
  bob,
  bobsPhone,
  Exchange,
  flipped,
  masterSecretOf,
  operatorA,
  operatorB,
  phoneEnds,
  taken,
  type Ends,
} from './support.ts';

const captured = ({ i1, r1, i2, r2 }: Exchange) => exchangeFrom([i1, r1, i2, r2].map(readIbakeMessage));

/** What the target's private key gives of a captured exchange, and what the holder of its master secret answers. */
function discover(ex: Exchange, role: 'initiator' | 'responder', mode: NonceMode) {
  const own = role === 'initiator' ? operatorA : operatorB;
  const open = createMessageOpener({
    ...own.parameters,
    decryptorFor: (identity, notBefore) => own.decryptorFor({ identity, serial: 1n, notBefore }),
  });
  const exchange = captured(ex);
  const target = role === 'initiator' ? exchange.r1!.idri : exchange.r1!.idrr;
  const components = discoverComponents({ exchange, role, target, open });
  return { exchange, components, scalar: scalarOf(components, mode) };
}
function scalarOf(components: Components, mode: NonceMode): Secret<'EcdhScalar'> {
  const { role, curve, csbId, t1, idri, idrr, ownNonce, ownPoint } = components;
  const identity = role === 'initiator' ? idri : idrr;
  return openCommittedNonce({
    mode,
    epoch: 7,
    masterSecret: masterSecretOf(identity),
    context: { role: role === 'initiator' ? 1 : 2, curve: ecCurve(curve), csbId, t1, identity },
    nonce: ownNonce,
    ownPoint,
  });
}
const shown = (streams: readonly Omit<StreamKey, 'role'>[]) =>
  streams.map(({ csId, ssrc, suite, masterKey, masterSalt }) => [
    csId,
    ssrc,
    suite,
    masterKey.use(toHex),
    toHex(masterSalt),
  ]);

const rows = ([8, 11, 14] as const).flatMap((curve) =>
  ([0, 1] as const).flatMap((prf) =>
    ([1, 2, 3] as const).filter((mode) => mode !== 1 || curve !== 14).map((mode) => ({ curve, prf, mode })),
  ),
);

describe('P7 initiator K = responder K = discovery K', () => {
  it.each(rows)('curve $curve, PRF $prf, nonce mode $mode, both roles', ({ curve, prf, mode }) => {
    const policy = { policy: { ...DEFAULT_POLICY, prfs: [0, 1] as const } };
    const ex = new Exchange(ends(policy, policy, mode), { ...call, curve, prf }).complete();
    const { a, b } = ex.results;
    expect(a.kSession.equals(b.kSession)).toBe(true);
    expect(a.kSession.length).toBe(ecCurve(curve).pointLength);
    expect(shown(a.streams)).toEqual(shown(b.streams));
    for (const role of ['initiator', 'responder'] as const) {
      const { exchange, components, scalar } = discover(ex, role, mode);
      const k = recoverSessionKey(components, scalar);
      expect(k.equals(a.kSession)).toBe(true);
      expect(confirmSessionKey(exchange, k)).toBe(true);
      expect(shown(deriveMediaKeys(exchange, k))).toEqual(shown(a.streams));
    }
  });

  it('a call that a device answered, on both sides', () => {
    const ex = new Exchange(phoneEnds()).complete();
    for (const role of ['initiator', 'responder'] as const) {
      const { components, scalar } = discover(ex, role, 3);
      expect(components.idrr).toEqual(bobsPhone);
      expect(recoverSessionKey(components, scalar).equals(ex.results.a.kSession)).toBe(true);
    }
  });

  it('two curves in turn on the same endpoints', () => {
    const parties = ends();
    for (const curve of [8, 14, 8] satisfies CurveNumber[]) {
      const { a, b } = new Exchange(parties, { ...call, curve }).complete().results;
      expect(a.kSession.equals(b.kSession)).toBe(true);
    }
  });
});

it('P8 two runs of the same call share no key, nonce, point, RAND, CSB ID, SSRC or message', () => {
  const seen = new Set<string>();
  const parties = ends();
  const runs = 4;
  for (let n = 0; n < runs; n++) {
    const ex = new Exchange(parties).complete();
    const { components } = discover(ex, 'initiator', 3);
    const { na, nb, ownPoint, peerPoint, csbId } = components;
    const { rand, csMap } = readIbakeMessage(ex.i1);
    const octets = [ex.i1, ex.r1, ex.i2, ex.r2, na, nb, ownPoint, peerPoint, csbId, rand].map((o) => toHex(o!));
    for (const text of [...octets, String(csMap[0]?.ssrc), ex.results.a.kSession.use(toHex)]) seen.add(text);
  }
  expect(seen.size).toBe(runs * 12);
});

describe('P6 a bit turned anywhere is refused by whoever gets it', () => {
  const whole = new Exchange(ends()).complete();
  /** A fresh exchange up to the message, and what its recipient says of the altered one. */
  const steps = {
    I_MESSAGE_1: {
      length: whole.i1.length,
      run: (bit: number) => step((ex) => ((ex.i1 = flipped(ex.i1, bit)), ex.answer())),
    },
    R_MESSAGE_1: {
      length: whole.r1.length,
      run: (bit: number) => step((ex) => ex.toR1().onR1({ octets: flipped(ex.r1, bit) })),
    },
    I_MESSAGE_2: {
      length: whole.i2.length,
      run: (bit: number) => step((ex) => ((ex.toI2().i2 = flipped(ex.i2, bit)), ex.onI2())),
    },
    R_MESSAGE_2: {
      length: whole.r2.length,
      run: (bit: number) => step((ex) => ((ex.toR2().r2 = flipped(ex.r2, bit)), ex.onR2())),
    },
  };
  const step = (run: (ex: Exchange) => { readonly ok: boolean; readonly error?: unknown }) => run(new Exchange(ends()));
  it.each(Object.entries(steps))('%s', (_, { length, run }) => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 8 * length - 1 }), (bit) => {
        const result = run(bit);
        expect([bit, result.ok]).toEqual([bit, false]);
        expect(result.error).toBeInstanceOf(HalfkeyError);
      }),
      { numRuns: 12, seed: 4711 },
    );
  });

  it('octets of any kind are refused at every step, never thrown', () => {
    const ex = new Exchange(ends()).toR2();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), fc.boolean(), (octets, head) => {
        const bytes = head ? Uint8Array.from([...ex.i1.subarray(0, 28), ...octets]) : octets;
        const { a, b } = ends();
        const fresh = Object.assign(new Exchange({ a, b }), { i1: bytes });
        expect(fresh.answer().ok).toBe(false);
        expect(fresh.onR1({ octets: bytes }).ok).toBe(false);
      }),
      { numRuns: 40, seed: 815 },
    );
  });
});

describe('behind the end of a call', () => {
  it('N64 a nonce whose scalar is not that of the point, 0, or n: nothing is released', () => {
    const ex = new Exchange(ends()).complete();
    const { components } = discover(ex, 'initiator', 3);
    const order = Uint8Array.from(Buffer.from(ecCurve(8).order.toString(16), 'hex'));
    for (const octets of [new Uint8Array(32), order, new Uint8Array(32).fill(1)]) {
      expect(() => recoverSessionKey(components, new Secret('EcdhScalar', octets))).toThrow(
        expect.objectContaining({ code: 'NONCE_COMMITMENT_MISMATCH' }),
      );
    }
  });

  it('N65 V of R2 altered: the initiator has no key, and discovery confirms none', () => {
    const ex = new Exchange(ends()).toR2();
    const { components, scalar } = discover(ex, 'initiator', 3);
    ex.r2 = flipped(ex.r2, 8 * ex.r2.length - 1);
    expect(ex.onR2().ok).toBe(false);
    expect(() => confirmSessionKey(captured(ex), recoverSessionKey(components, scalar))).toThrow(
      expect.objectContaining({ code: 'KEY_CONFIRMATION_FAILED' }),
    );
  });

  it('N66 packets go through under the keys of the call; those of another SSRC, altered or repeated do not', () => {
    const { a, b } = new Exchange(ends()).complete().results;
    for (const [from, to] of [
      [a.streams[0], b.streams[0]],
      [b.streams[1], a.streams[1]],
    ] as const) {
      const options = ({ suite, ssrc, masterKey, masterSalt }: StreamKey) => ({
        suite,
        ssrc,
        masterKey: masterKey.use((k) => Uint8Array.from(k)),
        masterSalt,
      });
      const ssrc = from!.ssrc;
      const head = Uint8Array.of(
        0x80,
        0,
        0,
        1,
        0,
        0,
        0,
        160,
        ssrc >>> 24,
        (ssrc >> 16) & 255,
        (ssrc >> 8) & 255,
        ssrc & 255,
      );
      const rtp = Uint8Array.from([...head, 1, 2, 3, 4]);
      const packet = createSrtpSender(options(from!)).protect(rtp);
      const receiver = createSrtpReceiver(options(to!));
      const refusal = (octets: Uint8Array): string => {
        try {
          receiver.unprotect(octets);
          return 'taken';
        } catch (error) {
          return error instanceof HalfkeyError ? error.code : 'thrown';
        }
      };
      expect(refusal(flipped(packet, 8 * 11 + 7))).toBe('SRTP_MALFORMED');
      expect(refusal(flipped(packet, 8 * 13))).toBe('SRTP_AUTH_FAILED');
      expect(equalBytes(receiver.unprotect(packet), rtp)).toBe(true);
      expect(refusal(packet)).toBe('SRTP_REPLAYED');
    }
  });

  it('the next call works, whatever was refused before', () => {
    const parties: Ends = { a: endpoint(alice, operatorA), b: endpoint(bob, operatorB) };
    for (const spoil of ['i1', 'r1', 'i2', 'r2'] as const) {
      const ex = new Exchange(parties);
      if (spoil !== 'i1') ex.toR1();
      if (spoil === 'i2' || spoil === 'r2') ex.toI2();
      if (spoil === 'r2') ex.toR2();
      ex[spoil] = flipped(ex[spoil], 8 * ex[spoil].length - 5);
      const result = { i1: () => ex.answer(), r1: () => ex.onR1(), i2: () => ex.onI2(), r2: () => ex.onR2() }[spoil]();
      expect([spoil, result.ok]).toEqual([spoil, false]);
      dispose(ex.state);
      if (spoil === 'r2') dispose(taken({ ok: true, ...ex.results.b }));
      const { a, b } = new Exchange(parties).complete().results;
      expect(a.kSession.equals(b.kSession)).toBe(true);
      dispose(a);
      dispose(b);
    }
    const leftovers = [
      ...parties.a.scalars.filter(({ wiped }) => !wiped),
      ...parties.b.scalars.filter(({ wiped }) => !wiped),
    ];
    // x of the four calls that came to their end waits for closeBranches; y of the one whose R1 was spoiled for 64*T1.
    expect(leftovers.length).toBe(5);
  });
});
