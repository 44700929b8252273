/** What kinds of parties understand each other: with and without master secrets, MKI, several m-lines (profile 3.4, 4.3). */
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { ecCurve } from '../../../src/crypto/ecdh/index.ts';
import { ntpFromUnixMs, Secret, systemRandom, toHex, type ErrorCode } from '../../../src/foundation/base/index.ts';
import {
  createInitiator,
  DEFAULT_POLICY,
  dispose,
  exchangeRandom,
  IBAKE_LIMITS,
  type OutgoingCall,
} from '../../../src/protocol/ibake/index.ts';
import { decodeMessage, readErrorMessage, suiteOf, type CsMapEntry } from '../../../src/protocol/mikey/index.ts';
import {
  alice,
  altered,
  bob,
  call,
  endpoint,
  ends,
  Exchange,
  NOW,
  operatorA,
  operatorB,
  plainOf,
  refused,
  refusedCode,
  replied,
  saying,
  taken,
  thrown,
  type Ends,
} from './support.ts';

const mapOf = (octets: Uint8Array): readonly CsMapEntry[] => {
  const { csMap } = decodeMessage(octets);
  return csMap.type === 0 ? csMap.entries : [];
};
const agreed = ({ results: { a, b } }: Exchange): boolean => a.kSession.equals(b.kSession);

describe('nonces', () => {
  it('with master secrets: both go and come back unchanged', () => {
    const ex = new Exchange(ends()).complete();
    const [i1, r1, i2] = [plainOf(ex.i1, ex.b), plainOf(ex.r1, ex.a), plainOf(ex.i2, ex.b)];
    expect([i1.na?.length, r1.nb?.length]).toEqual([53, 53]);
    expect([r1.na, i2.nb]).toEqual([i1.na, r1.nb]);
  });

  it.each<readonly [string, () => Ends, boolean, boolean]>([
    ['the caller', () => ({ ...ends(), a: endpoint(alice, operatorA, 0) }), false, true],
    ['the called party', () => ({ ...ends(), b: endpoint(bob, operatorB, 0) }), true, false],
    [
      'neither has one: both',
      () => ({ a: endpoint(alice, operatorA, 0), b: endpoint(bob, operatorB, 0) }),
      false,
      false,
    ],
  ])('a peer without a master secret is accepted: %s', (_, parties, na, nb) => {
    const ex = new Exchange(parties()).complete();
    const i2 = plainOf(ex.i2, ex.b);
    const r1 = plainOf(ex.r1, ex.a);
    expect([r1.na !== undefined, r1.nb !== undefined, i2.nb !== undefined]).toEqual([na, nb, nb]);
    expect(agreed(ex)).toBe(true);
  });

  it.each([1, 2, 16, 53, 254, 255])('a nonce of %i octets of no known scheme comes back unchanged', (length) => {
    const ex = new Exchange(ends());
    const na = systemRandom(length);
    ex.i1 = saying(ex.i1, ex.b, () => ({ na }));
    expect(plainOf(taken(ex.answer()).message, ex.a).na).toEqual(na);
  });

  describe('peerWithoutEcho', () => {
    const lenient = {
      policy: { ...DEFAULT_POLICY, peerWithoutEcho: (peer: { text: string }) => peer.text.includes('operator-') },
    };
    it('refused by default, and allowed for the domains that the policy names, on both sides', () => {
      for (const [parties, codes] of [
        [ends(), ['NonceEchoMissing', 'NonceEchoMissing']],
        [ends(lenient, lenient), ['none', 'none']],
      ] as const) {
        const ex = new Exchange(parties).toR1();
        const r1 = ex.onR1({ octets: saying(ex.r1, ex.a, () => ({ na: undefined })), othersPending: true });
        ex.toI2();
        ex.i2 = saying(ex.i2, ex.b, () => ({ nb: undefined }));
        const i2 = ex.onI2();
        const codeOf = (result: typeof r1 | typeof i2): ErrorCode | 'none' => (result.ok ? 'none' : result.error.code);
        expect([codeOf(r1), codeOf(i2)]).toEqual(codes);
      }
    });
    it('does not admit a nonce that comes back altered', () => {
      const ex = new Exchange(ends(lenient)).toR1();
      expect(refusedCode(ex.onR1({ octets: saying(ex.r1, ex.a, () => ({ na: new Uint8Array(53) })) }))).toBe(
        'NonceEchoMismatch',
      );
    });
  });

  it('N63 mode 1 with P-521: ModeCurveRefused; the caller sends nothing, the called party answers ERR 0; no scalar stays', () => {
    const parties = ends({}, {}, 1);
    const outgoing: OutgoingCall = { ...call, curve: 14 };
    expect(thrown(() => createInitiator(parties.a, outgoing)).code).toBe('ModeCurveRefused');
    const ex = new Exchange({ a: endpoint(alice, operatorA), b: parties.b }, outgoing);
    const refusal = refused(ex.answer());
    expect([refusal.error.code, replied(refusal)]).toEqual(['ModeCurveRefused', 0]);
    for (const { scalars } of [parties.a, parties.b]) {
      expect(scalars.map(({ wiped }) => wiped)).toEqual([true]);
    }
    expect(agreed(new Exchange(parties).complete())).toBe(true);
  });
});

describe('whoever calls', () => {
  it.each<readonly [string, Partial<OutgoingCall>, ErrorCode]>([
    ['N44 itself: SelfCall', { to: alice }, 'SelfCall'],
    [
      'a domain that the federation table has not: NoPeerParameters',
      { to: { type: 1, text: 'sip:x@y.example' } },
      'NoPeerParameters',
    ],
    ['N36 with a curve that is not supported: InvalidDh', { curve: 1 as 8 }, 'InvalidDh'],
  ])('%s, and no scalar was drawn', (_, changes, code) => {
    const { a } = ends();
    expect(thrown(() => createInitiator(a, { ...call, ...changes })).code).toBe(code);
    expect(a.scalars).toEqual([]);
  });

  it('N36 a curve that the called party refuses by policy: InvalidDh, ERR 0', () => {
    const policy = { ...DEFAULT_POLICY, curves: [14] as const };
    const refusal = refused(new Exchange(ends({}, { policy })).answer());
    expect([refusal.error.code, replied(refusal)]).toEqual(['InvalidDh', 0]);
  });

  it('N43 a called party that draws the scalar of the caller: ReflectedKeyComponent, ERR 0 with T of I1, y erased', () => {
    const { a } = ends();
    const ex = new Exchange({ a, b: ends().b });
    const x = a.scalars[0]!.use((octets) => Uint8Array.from(octets));
    const same = { ...exchangeRandom(), scalar: () => Secret.copyOf('EcdhScalar', x) };
    const b = endpoint(bob, operatorB, 3, { random: same });
    const refusal = refused(ex.copy({ a, b }).answer());
    expect([refusal.error.code, replied(refusal)]).toEqual(['ReflectedKeyComponent', 0]);
    expect(toHex(readErrorMessage(refusal.reply!).t)).toBe(toHex(ntpFromUnixMs(NOW)));
    expect(b.scalars.map(({ wiped }) => wiped)).toEqual([true]);
  });

  it('a fault of ours on the way is no refusal, and leaves no scalar', () => {
    const broken = { ...exchangeRandom(), envelope: () => ({ cek: new Uint8Array(1), rho: new Uint8Array(1) }) };
    const { a, b } = {
      a: endpoint(alice, operatorA, 3, { random: broken }),
      b: endpoint(bob, operatorB, 3, { random: broken }),
    };
    expect(() => createInitiator(a, call)).toThrow(TypeError);
    const ex = new Exchange({ a: endpoint(alice, operatorA), b });
    expect(() => ex.answer()).toThrow(TypeError);
    expect([...a.scalars, ...b.scalars].map(({ wiped }) => wiped)).toEqual([true, true]);
  });
});

describe('m-lines (3.4)', () => {
  const lines = ['AEAD_AES_256_GCM', undefined, 'AES_CM_128_HMAC_SHA1_32', 'AEAD_AES_256_GCM'] as const;
  const accepted = [true, false, false, true];
  const run = () => {
    const ex = new Exchange(ends(), { ...call, lines });
    const { message, state } = taken(ex.answer({ accepted }));
    ex.r1 = message;
    ex.waiting = state;
    const { message: i2, branch } = taken(ex.onR1({ accepted }));
    ex.i2 = i2;
    ex.branch = branch;
    return ex.complete();
  };

  it('two entries a line; a policy a suite; a line without SRTP stays zero, a refused one without SSRC of the responder', () => {
    const ex = run();
    const { payloads } = decodeMessage(ex.i1);
    expect(payloads.flatMap((p) => (p.kind === 'SP' ? [[p.policy, suiteOf(p).name]] : []))).toEqual([
      [0, 'AEAD_AES_256_GCM'],
      [1, 'AES_CM_128_HMAC_SHA1_32'],
    ]);
    const shape = (octets: Uint8Array) => mapOf(octets).map(({ policy, ssrc, roc }) => [policy, ssrc !== 0, roc]);
    const offered = [
      [0, true, 0],
      [0, false, 0],
      [0, false, 0],
      [0, false, 0],
      [1, true, 0],
      [1, false, 0],
      [0, true, 0],
      [0, false, 0],
    ];
    expect(shape(ex.i1)).toEqual(offered);
    expect(shape(ex.r1)).toEqual(offered.map((entry, i) => (i === 1 || i === 7 ? [0, true, 0] : entry)));
    expect([mapOf(ex.i2), mapOf(ex.r2)]).toEqual([mapOf(ex.r1), mapOf(ex.r1)]);
    const ssrcs = mapOf(ex.r1).flatMap(({ ssrc }) => (ssrc === 0 ? [] : [ssrc]));
    expect(new Set(ssrcs).size).toBe(5);
  });

  it('the same keys on both sides, each stream its own, of the lengths of its suite', () => {
    const { a, b } = run().results;
    const shown = ({ streams }: typeof a) =>
      streams.map(({ masterKey, masterSalt, ...rest }) => ({
        ...rest,
        key: masterKey.use(toHex),
        salt: toHex(masterSalt),
      }));
    expect(shown(a)).toEqual(shown(b));
    expect(
      a.streams.map(({ csId, mediaIndex, direction, masterKey, masterSalt }) => [
        csId,
        mediaIndex,
        direction,
        masterKey.length,
        masterSalt.length,
      ]),
    ).toEqual([
      [1, 0, 'initiator-to-responder', 32, 12],
      [2, 0, 'responder-to-initiator', 32, 12],
      [5, 2, 'initiator-to-responder', 16, 14],
      [7, 3, 'initiator-to-responder', 32, 12],
      [8, 3, 'responder-to-initiator', 32, 12],
    ]);
    expect(new Set(shown(a).map(({ key }) => key)).size).toBe(5);
  });

  it('an SSRC of 0, or one that is taken, is drawn again', () => {
    const drawn = (values: number[]) => ({ random: { ...exchangeRandom(), ssrc: () => values.shift() as number } });
    const ex = new Exchange(ends(drawn([0, 7, 7, 8]), drawn([8, 0, 9])), {
      ...call,
      lines: [lines[0], lines[0]],
    });
    expect(mapOf(ex.i1).map(({ ssrc }) => ssrc)).toEqual([7, 0, 8, 0]);
    const { message } = taken(ex.answer({ accepted: [true, false] }));
    expect(mapOf(message).map(({ ssrc }) => ssrc)).toEqual([7, 9, 8, 0]);
  });

  it('an accepted line without the SSRC of the responder: CsMapMismatch', () => {
    const ex = new Exchange(ends(), { ...call, lines });
    ex.r1 = taken(ex.answer({ accepted })).message;
    expect(refusedCode(ex.onR1({ accepted: [true, false, true, true] }))).toBe('CsMapMismatch');
  });

  it('a line that was not offered cannot be accepted: filled it is CsMapMismatch, empty it does not matter', () => {
    const ex = new Exchange(ends(), { ...call, lines });
    ex.r1 = taken(ex.answer({ accepted })).message;
    const answered = (octets: Uint8Array) =>
      ex.onR1({ octets, accepted: [true, true, false, true], othersPending: true });
    for (const at of [2, 3]) {
      const entries = mapOf(ex.r1).map((entry, i) => (i === at ? { ...entry, ssrc: 77 } : entry));
      const result = answered(altered(ex.r1, () => ({ csMap: { type: 0, entries } })));
      expect(refusedCode(result)).toBe('CsMapMismatch');
    }
    expect(answered(ex.r1).ok).toBe(true);
  });

  it('127 lines at most', () => {
    const { a } = ends();
    const many = (count: number) =>
      createInitiator(a, { ...call, lines: Array.from({ length: count }, () => lines[0]) });
    expect(mapOf(many(127).message)).toHaveLength(254);
    expect(() => many(128)).toThrow(TypeError);
  });
});

it('A18 an MKI of the initiator stands at both points, and is in both results; without one there is none', () => {
  const mki = Uint8Array.of(1, 2, 3, 4);
  const ex = new Exchange(ends(), { ...call, mki }).complete();
  const { eccpti, eccptr } = plainOf(ex.r1, ex.a);
  expect([eccpti?.mki, eccptr?.mki, ex.results.a.mki, ex.results.b.mki]).toEqual([mki, mki, mki, mki]);
  expect(agreed(ex)).toBe(true);
  expect(new Exchange(ends()).complete().results.a.mki).toBeUndefined();
});

it('A4 fields without meaning are returned as they came', () => {
  const ex = new Exchange(ends());
  ex.i1 = saying(ex.i1, ex.b, ({ eccpti }) => ({ eccpti: { ...eccpti!, authAlgorithm: 3, tgkLength: 32 } }));
  ex.toR1();
  expect(plainOf(ex.r1, ex.a).eccpti).toMatchObject({ authAlgorithm: 3, tgkLength: 32 });
  expect(agreed(ex.complete())).toBe(true);
});

it('key epochs: a call over midnight is sealed to the day of each T, by the interval of the recipient (2.3)', () => {
  const nowMs = Date.UTC(2026, 2, 14, 23, 59, 58);
  const asked: string[] = [];
  const watched = (of: typeof operatorA) => ({
    decryptorFor: (name: Parameters<typeof of.decryptorFor>[0]) => {
      asked.push(name.notBefore);
      return of.decryptorFor(name);
    },
  });
  const ex = new Exchange(ends(watched(operatorA), watched(operatorB)), { ...call, nowMs });
  const { message, state } = taken(ex.answer({ nowMs }));
  ex.waiting = state;
  const step = taken(ex.onR1({ octets: message, nowMs: nowMs + 5000 }));
  Object.assign(ex, { i2: step.message, branch: step.branch });
  ex.r2 = taken(ex.onI2(nowMs + 5100)).message;
  expect(taken(ex.onR2()).established.peer).toEqual(bob);
  expect([...new Set(asked)]).toEqual(['20260314000000Z', '20260315000000Z']);
});

it('dispose wipes whatever a state or a result holds, also after a peer that died', () => {
  const ex = new Exchange(ends()).complete();
  const held = [ex.state, ex.waiting, ex.branch, ex.results.a, ex.results.b];
  for (const state of held) dispose(state);
  for (const state of held) expect(state.holds.every(({ wiped }) => wiped)).toBe(true);
  expect(ex.results.a.streams.every(({ masterKey }) => masterKey.wiped)).toBe(true);
  expect(ex.results.a.holds).toHaveLength(3);
});

it('states and results print no secret', () => {
  const ex = new Exchange(ends()).complete();
  const secrets = [...ex.a.scalars, ...ex.b.scalars].filter(({ wiped }) => !wiped).map((x) => x.use(toHex));
  secrets.push(ex.results.a.kSession.use(toHex), ...ex.results.a.streams.map(({ masterKey }) => masterKey.use(toHex)));
  const printed = inspect([ex.state, ex.waiting, ex.branch, ex.results], { depth: 12, maxArrayLength: null });
  const octets = (hex: string) =>
    hex
      .match(/../g)
      ?.map((pair) => String(parseInt(pair, 16)))
      .join(', ') ?? hex;
  expect(secrets.length).toBeGreaterThan(2);
  for (const hex of secrets) {
    expect(printed).not.toContain(hex);
    expect(printed.replace(/\s+/g, ' ')).not.toContain(octets(hex));
  }
});

describe('the draws over the platform', () => {
  it('have the lengths of the profile, and scalars in [1, n-1]', () => {
    const draws = exchangeRandom();
    expect([draws.rand().length, draws.csbId().length, draws.challenge().length]).toEqual([16, 4, 16]);
    expect(Number.isInteger(draws.ssrc()) && draws.ssrc() < 2 ** 32).toBe(true);
    for (const number of [8, 11, 14] as const)
      expect(draws.scalar(ecCurve(number)).length).toBe(ecCurve(number).scalarLength);
  });

  it('N64 x = 0 and x >= n are drawn again', () => {
    const curve = ecCurve(8);
    const values = [0n, curve.order, curve.order + 5n, 7n].map((value) =>
      Buffer.from(value.toString(16).padStart(64, '0'), 'hex'),
    );
    const draws = exchangeRandom(() => Uint8Array.from(values.shift() as Buffer));
    expect(draws.scalar(curve).use(toHex)).toBe('7'.padStart(64, '0'));
    expect(values).toEqual([]);
  });

  it('an SSRC is all of 32 bits', () => {
    expect(exchangeRandom(() => Uint8Array.of(0xff, 0xfe, 0xfd, 0xfc)).ssrc()).toBe(0xfffefdfc);
  });
});

it('limits are those of profile 5.4', () => {
  expect(IBAKE_LIMITS).toMatchObject({
    messageOctets: 8192,
    skewSeconds: 300,
    answersPerCall: 8,
    halfOpenMs: 64 * 500,
    halfOpenPerCaller: 4,
    halfOpenInAll: 64,
    replayPerCaller: 64,
    replayInAll: 4096,
  });
});
