/**
 * Rows of protocol profile 7.3 over several messages: what comes back must be what was sent. After each refusal x, y and
 * K are gone, what the far end may see is as 7.3 ends, and the next call works.
 */
import { describe, expect, it } from 'vitest';
import { ecCurve, publicPoint } from '../../../src/crypto/ecdh/index.ts';
import { ntpFromUnixMs, systemRandom, toHex, type ErrorCode } from '../../../src/foundation/base/index.ts';
import {
  closeBranches,
  dispose,
  exchangeRandom,
  IBAKE_LIMITS,
  onR1,
  type Refusal,
} from '../../../src/protocol/ibake/index.ts';
import {
  readErrorMessage,
  readIbakeMessage,
  securityPolicyOf,
  type IbakePlaintext,
} from '../../../src/protocol/mikey/index.ts';
import {
  alice,
  altered,
  bob,
  bobsPhone,
  carol,
  endpoint,
  ends,
  Exchange,
  flipped,
  NOW,
  operatorA,
  operatorB,
  phoneEnds,
  plainOf,
  refused,
  refusedCode,
  replied,
  saying,
  taken,
  withPayloads,
  withT,
  type Payload,
} from './support.ts';

/** Another secret of the same curve, and its point. */
const otherPoint = publicPoint(ecCurve(8), exchangeRandom(systemRandom).scalar(ecCurve(8)));
const other = (component: IbakePlaintext['eccpti']) => ({ ...component!, point: otherPoint });
const turned = (octets: Uint8Array | undefined) => flipped(octets!, 8 * 40 + 3);
const renamed = (octets: Uint8Array, role: number, text: string): Uint8Array =>
  withPayloads(octets, (p) =>
    p.kind === 'IDR' && p.role === role ? [{ ...p, data: new TextEncoder().encode(text) }] : [p],
  );
const map = (octets: Uint8Array, entry: number, change: { ssrc?: number; policy?: number; roc?: number }): Uint8Array =>
  altered(octets, ({ csMap }) => ({
    csMap: {
      type: 0,
      entries: csMap.type === 0 ? csMap.entries.map((e, i) => (i === entry ? { ...e, ...change } : e)) : [],
    },
  }));
const otherRand = (p: Payload): Payload[] => [p.kind === 'RAND' ? { ...p, value: new Uint8Array(16) } : p];
const calledAgain = { csbId: new Uint8Array(4) };

describe('R_MESSAGE_1', () => {
  /** What the initiator says of an altered R1: code and ERR; x is gone. */
  const refusal = (change: (ex: Exchange) => Uint8Array, ex = new Exchange(ends()).toR1()): Refusal => {
    const octets = change(ex);
    const result = refused(ex.onR1({ octets }));
    expect(ex.state.x.wiped).toBe(true);
    return result;
  };
  it.each<readonly [string, (ex: Exchange) => Uint8Array, ErrorCode, number]>([
    ['N14 another T: TimestampMismatch', ({ r1 }) => withT(r1, NOW + 1), 'TimestampMismatch', 1],
    ['N16 another CSB ID: CsbMismatch', ({ r1 }) => altered(r1, () => calledAgain), 'CsbMismatch', 12],
    ['N17 another PRF: CsMapMismatch', ({ r1 }) => altered(r1, () => ({ prf: 0 })), 'CsMapMismatch', 12],
    [
      'N17 #CS changed: CsMapMismatch',
      ({ r1 }) => altered(r1, () => ({ csMap: { type: 0, entries: [] } })),
      'CsMapMismatch',
      12,
    ],
    ['N17 our SSRC changed: CsMapMismatch', ({ r1 }) => map(r1, 0, { ssrc: 5 }), 'CsMapMismatch', 12],
    ['N17 our ROC changed: CsMapMismatch', ({ r1 }) => map(r1, 0, { roc: 1 }), 'CsMapMismatch', 12],
    ['N17 its SSRC still 0: CsMapMismatch', ({ r1 }) => map(r1, 1, { ssrc: 0 }), 'CsMapMismatch', 12],
    ['N17 a policy that was not sent: CsMapMismatch', ({ r1 }) => map(r1, 1, { policy: 9 }), 'CsMapMismatch', 12],
    ['another IDRi: IdentityMismatch', ({ r1 }) => renamed(r1, 1, carol.text), 'IdentityMismatch', 7],
    ['N44 IDRr is the caller: SelfCall', ({ r1 }) => renamed(r1, 2, alice.text), 'SelfCall', 7],
    ['N73 another identity answers: RetargetRefused', ({ r1 }) => renamed(r1, 2, carol.text), 'RetargetRefused', 0],
    [
      "N73 another user's device answers: RetargetRefused",
      ({ r1 }) => renamed(r1, 2, `${carol.text};gr=1`),
      'RetargetRefused',
      0,
    ],
    [
      'N73 a mailbox answers for the called one: RetargetRefused',
      ({ r1 }) =>
        withPayloads(r1, (p) => (p.kind === 'IBAKE' ? [{ kind: 'EXT', type: 242, data: new Uint8Array(0) }, p] : [p])),
      'RetargetRefused',
      0,
    ],
    ['another message of the exchange: InvalidDataType', ({ i1 }) => i1, 'InvalidDataType', 11],
    ['N3 cut: Truncated', ({ r1 }) => r1.subarray(0, 200), 'Truncated', 13],
    [
      'N39 NA missing although sent: NonceEchoMissing',
      ({ r1, a }) => saying(r1, a, () => ({ na: undefined })),
      'NonceEchoMissing',
      0,
    ],
    [
      'N40 NA altered by one bit: NonceEchoMismatch',
      ({ r1, a }) => saying(r1, a, ({ na }) => ({ na: turned(na) })),
      'NonceEchoMismatch',
      0,
    ],
    [
      'N40 NA cut: NonceEchoMismatch',
      ({ r1, a }) => saying(r1, a, ({ na }) => ({ na: na!.subarray(1) })),
      'NonceEchoMismatch',
      0,
    ],
    [
      'N42 another xP: KeyComponentMismatch',
      ({ r1, a }) => saying(r1, a, ({ eccpti }) => ({ eccpti: other(eccpti) })),
      'KeyComponentMismatch',
      0,
    ],
    [
      'N42 xP and NA missing: KeyComponentMismatch',
      ({ r1, a }) => saying(r1, a, () => ({ eccpti: undefined, na: undefined })),
      'KeyComponentMismatch',
      0,
    ],
    [
      'N42 an MKI that was not sent, beside xP: KeyComponentMismatch',
      ({ r1, a }) => saying(r1, a, ({ eccpti }) => ({ eccpti: { ...eccpti!, mki: new Uint8Array(4) } })),
      'KeyComponentMismatch',
      0,
    ],
    [
      'an MKI that was not sent, beside yP: KeyComponentMismatch',
      ({ r1, a }) => saying(r1, a, ({ eccptr }) => ({ eccptr: { ...eccptr!, mki: new Uint8Array(4) } })),
      'KeyComponentMismatch',
      0,
    ],
    [
      'N43 yP is xP: ReflectedKeyComponent',
      ({ r1, a }) => saying(r1, a, ({ eccpti }) => ({ eccptr: eccpti })),
      'ReflectedKeyComponent',
      0,
    ],
    [
      'yP of another curve: InvalidDh',
      ({ r1, a }) =>
        saying(r1, a, () => {
          const curve = ecCurve(11);
          return { eccptr: { curve: 11, point: publicPoint(curve, exchangeRandom().scalar(curve)) } };
        }),
      'InvalidDh',
      0,
    ],
  ])('%s', (_, change, code, number) => {
    const result = refusal(change);
    expect([result.error.code, replied(result)]).toEqual([code, number]);
  });

  it('the reply has T of the message that it answers', () => {
    const ex = new Exchange(ends()).toR2();
    for (const [octets, step] of [
      [withT(ex.r1, NOW + 7), (bytes: Uint8Array) => ex.onR1({ octets: bytes, dialog: 'other' })],
      [withT(ex.r2, NOW + 7), (bytes: Uint8Array) => ((ex.r2 = bytes), ex.onR2())],
    ] as const) {
      const { error, reply } = refused(step(octets));
      expect([error.code, toHex(readErrorMessage(reply!).t)]).toEqual([
        'TimestampMismatch',
        toHex(ntpFromUnixMs(NOW + 7)),
      ]);
    }
  });

  it('a nonce comes back, though none was sent: NonceEchoMismatch', () => {
    const ex = new Exchange({ a: endpoint(alice, operatorA, 0), b: endpoint(bob, operatorB) }).toR1();
    const result = refusal(({ r1, a }) => saying(r1, a, () => ({ na: new Uint8Array(53) })), ex);
    expect([result.error.code, replied(result)]).toEqual(['NonceEchoMismatch', 0]);
  });

  it('N77 after 400 s of ringing: accepted, and I2 has the time of now', () => {
    const ex = new Exchange(ends()).toR1();
    const { message } = taken(ex.onR1({ nowMs: NOW + 400_000 }));
    expect(toHex(readIbakeMessage(message).t)).toBe(toHex(ntpFromUnixMs(NOW + 400_000)));
  });

  it('T(I2) is later than T(I1) on a clock that was set back', () => {
    const ex = new Exchange(ends()).toR1();
    const { message } = taken(ex.onR1({ nowMs: NOW - 250_000 }));
    expect(toHex(readIbakeMessage(message).t)).toBe(toHex(ntpFromUnixMs(NOW + 1)));
  });
});

describe('I_MESSAGE_2', () => {
  /** What the responder says of an altered I2: the code; in silence, and y is gone. */
  const refusal = (
    change: (ex: Exchange) => Uint8Array,
    ex = new Exchange(ends()).toI2(),
    nowMs?: number,
  ): ErrorCode => {
    ex.i2 = change(ex);
    const result = refused(ex.onI2(nowMs));
    expect([result.reply, ex.waiting.y.wiped, ex.b.scalars.every(({ wiped }) => wiped)]).toEqual([
      undefined,
      true,
      true,
    ]);
    return result.error.code;
  };
  it.each<readonly [string, (ex: Exchange) => Uint8Array, ErrorCode]>([
    ['N13 another RAND: RandMismatch', ({ i2 }) => withPayloads(i2, otherRand), 'RandMismatch'],
    [
      'N13 no RAND, as in a re-key: RandMismatch',
      ({ i2 }) => withPayloads(i2, (p) => (p.kind === 'RAND' ? [] : [p])),
      'RandMismatch',
    ],
    ['N15 T of I_MESSAGE_1: TimestampNotFresh', ({ i2 }) => withT(i2, NOW), 'TimestampNotFresh'],
    ['N15 T before that: TimestampNotFresh', ({ i2 }) => withT(i2, NOW - 1), 'TimestampNotFresh'],
    ['N7 T ten minutes ahead: InvalidTimestamp', ({ i2 }) => withT(i2, NOW + 600_000), 'InvalidTimestamp'],
    ['N16 another CSB ID: CsbMismatch', ({ i2 }) => altered(i2, () => calledAgain), 'CsbMismatch'],
    ['N17 the map of R1 changed: CsMapMismatch', ({ i2 }) => map(i2, 1, { ssrc: 7 }), 'CsMapMismatch'],
    [
      'N17 #CS changed: CsMapMismatch',
      ({ i2 }) => altered(i2, () => ({ csMap: { type: 0, entries: [] } })),
      'CsMapMismatch',
    ],
    ['N17 another PRF: CsMapMismatch', ({ i2 }) => altered(i2, () => ({ prf: 0 })), 'CsMapMismatch'],
    ['another IDRi: IdentityMismatch', ({ i2 }) => renamed(i2, 1, carol.text), 'IdentityMismatch'],
    ['another IDRr than answered: IdentityMismatch', ({ i2 }) => renamed(i2, 2, bobsPhone.text), 'IdentityMismatch'],
    [
      'SP, which nobody needs to repeat: BadOrder',
      ({ i2 }) => withPayloads(i2, (p) => (p.kind === 'IBAKE' ? [securityPolicyOf('AEAD_AES_128_GCM', 0), p] : [p])),
      'BadOrder',
    ],
    ['another message of the exchange: InvalidDataType', ({ r1 }) => r1, 'InvalidDataType'],
    [
      'N39 NB missing although sent: NonceEchoMissing',
      ({ i2, b }) => saying(i2, b, () => ({ nb: undefined })),
      'NonceEchoMissing',
    ],
    [
      'N40 NB altered by one bit: NonceEchoMismatch',
      ({ i2, b }) => saying(i2, b, ({ nb }) => ({ nb: turned(nb) })),
      'NonceEchoMismatch',
    ],
    [
      'N42 another yP: KeyComponentMismatch',
      ({ i2, b }) => saying(i2, b, ({ eccptr }) => ({ eccptr: other(eccptr) })),
      'KeyComponentMismatch',
    ],
    [
      'N42 xP comes back as another than was sent: KeyComponentMismatch',
      ({ i2, b }) => saying(i2, b, ({ eccptr }) => ({ eccpti: other(eccptr) })),
      'KeyComponentMismatch',
    ],
    [
      'N40 NA comes again, altered: NonceEchoMismatch',
      ({ i1, i2, b }) => {
        const { eccpti, na } = plainOf(i1, b);
        return saying(i2, b, () => ({ eccpti, na: turned(na) }));
      },
      'NonceEchoMismatch',
    ],
    [
      'N75 a challenge with equal identities: BadIbakeOrder',
      ({ i2, b }) => saying(i2, b, () => ({ challenge: new Uint8Array(16) })),
      'BadIbakeOrder',
    ],
  ])('%s', (_, change, code) => {
    expect(refusal(change)).toBe(code);
  });

  it('after 64*T1: UnexpectedMessage, though all is right', () => {
    const late = NOW + 50 + IBAKE_LIMITS.halfOpenMs;
    expect(refusal(({ i2 }) => i2, new Exchange(ends()).toI2(), late + 1)).toBe('UnexpectedMessage');
    expect(new Exchange(ends()).toI2().onI2(late).ok).toBe(true);
  });

  it('a second time, after success or failure: UnexpectedMessage', () => {
    const ex = new Exchange(ends()).toR2();
    expect(refusedCode(ex.onI2())).toBe('UnexpectedMessage');
  });

  it('returns xP and NA when they come again, as they came', () => {
    const ex = new Exchange(ends()).toI2();
    const { eccpti, na } = plainOf(ex.i1, ex.b);
    ex.i2 = saying(ex.i2, ex.b, () => ({ eccpti, na, nsk: Uint8Array.of(1, 2, 3) }));
    const { message } = taken(ex.onI2());
    expect(plainOf(message, ex.a)).toEqual({ idri: alice, eccpti, na, nsk: Uint8Array.of(1, 2, 3) });
    // Nobody had asked for it: the initiator takes no R2 with more than it sent.
    ex.r2 = message;
    const refusal = refused(ex.onR2());
    expect([refusal.error.code, replied(refusal)]).toEqual(['BadOrder', 0]);
  });
});

describe('R_MESSAGE_2', () => {
  const refusal = (change: (ex: Exchange) => Uint8Array, ex = new Exchange(ends()).toR2()): Refusal => {
    ex.r2 = change(ex);
    const result = refused(ex.onR2());
    expect(ex.branch.kSession.wiped).toBe(true);
    return result;
  };
  it.each<readonly [string, (ex: Exchange) => Uint8Array, ErrorCode, number]>([
    [
      'N10 V with authentication NULL: InvalidMac',
      ({ r2 }) => Uint8Array.from([...r2.subarray(0, -33), 0]),
      'InvalidMac',
      3,
    ],
    [
      'N11 V wrong by one bit: AuthenticationFailure',
      ({ r2 }) => flipped(r2, 8 * r2.length - 1),
      'AuthenticationFailure',
      0,
    ],
    [
      'N11 a clear octet changed under V: AuthenticationFailure',
      ({ r2 }) => flipped(r2, 8 * 3),
      'AuthenticationFailure',
      0,
    ],
    ['N14 T of I_MESSAGE_1: TimestampMismatch', ({ r2 }) => withT(r2, NOW), 'TimestampMismatch', 1],
    ['N16 another CSB ID: CsbMismatch', ({ r2 }) => altered(r2, () => calledAgain), 'CsbMismatch', 12],
    ['N17 the map changed: CsMapMismatch', ({ r2 }) => map(r2, 1, { ssrc: 7 }), 'CsMapMismatch', 12],
    ['another IDRr than answered: IdentityMismatch', ({ r2 }) => renamed(r2, 2, bobsPhone.text), 'IdentityMismatch', 7],
    ['no V: BadOrder', ({ r2 }) => withPayloads(r2, (p) => (p.kind === 'V' ? [] : [p])), 'BadOrder', 12],
    ['another message of the exchange: InvalidDataType', ({ i2 }) => i2, 'InvalidDataType', 11],
  ])('%s', (_, change, code, number) => {
    const result = refusal(change);
    expect([result.error.code, replied(result)]).toEqual([code, number]);
  });

  it('N11 V under the key of another exchange: AuthenticationFailure', () => {
    const mac = new Exchange(ends()).toR2().r2.subarray(-32);
    expect(refusal(({ r2 }) => Uint8Array.from([...r2.subarray(0, -32), ...mac])).error.code).toBe(
      'AuthenticationFailure',
    );
  });

  it('a second time: UnexpectedMessage, and the first result keeps its keys', () => {
    const ex = new Exchange(ends()).complete();
    expect(refusedCode(ex.onR2())).toBe('UnexpectedMessage');
    expect(ex.results.a.kSession.equals(ex.results.b.kSession)).toBe(true);
  });
});

describe('a device answers (3.3, 6.1)', () => {
  it('is accepted; it is challenged under its own key, and verified when the challenge comes back', () => {
    const ex = new Exchange(phoneEnds()).complete();
    expect(readIbakeMessage(ex.r1).idrr).toEqual(bobsPhone);
    expect(plainOf(ex.i2, ex.b).challenge).toHaveLength(16);
    expect(plainOf(ex.r2, ex.a).challenge).toEqual(plainOf(ex.i2, ex.b).challenge);
    expect([ex.results.a.peer, ex.results.b.peer]).toEqual([bobsPhone, alice]);
    expect(ex.results.a.kSession.equals(ex.results.b.kSession)).toBe(true);
  });

  it('N75 the called identity itself is not challenged, and R2 then encrypts nothing', () => {
    const ex = new Exchange(ends()).complete();
    expect(plainOf(ex.i2, ex.b).challenge).toBeUndefined();
    expect(readIbakeMessage(ex.r2).encrypted).toBeUndefined();
  });

  /** R2 of the phone with another encrypted part, and V over it as the phone would make it. */
  const answering = (change: (challenge: Uint8Array) => Partial<IbakePlaintext> | undefined): [Refusal, Exchange] => {
    const ex = new Exchange(phoneEnds()).toI2();
    const { eccpti, na } = plainOf(ex.i1, ex.b);
    const { challenge } = plainOf(ex.i2, ex.b);
    const said = change(challenge!);
    // The phone signs whatever it sends: it has K. So its own machine makes R2 of what I2 is made to say.
    ex.i2 = saying(ex.i2, ex.b, () => ({ challenge: undefined, ...(said && { eccpti, na, ...said }) }));
    ex.r2 = taken(ex.onI2()).message;
    const result = refused(ex.onR2());
    expect(ex.branch.kSession.wiped).toBe(true);
    return [result, ex];
  };
  it.each<readonly [string, Parameters<typeof answering>[0]]>([
    ['without an encrypted part', () => undefined],
    ['without the challenge', () => ({})],
    ['with another challenge', (challenge) => ({ challenge: flipped(challenge, 0) })],
  ])('N74 R2 %s: ResponderNotProved, ERR 0, K erased', (_, change) => {
    const [result] = answering(change);
    expect([result.error.code, replied(result)]).toEqual(['ResponderNotProved', 0]);
  });

  it('N74 R2 whose encrypted part does not open: ResponderNotProved', () => {
    const ex = new Exchange(phoneEnds()).toR2();
    const held = ex.a as { decryptorFor: typeof ex.a.decryptorFor };
    held.decryptorFor = (name) => operatorA.decryptorFor({ ...name, identity: carol });
    expect(refusedCode(ex.onR2())).toBe('ResponderNotProved');
  });

  it('with the challenge and more than was sent: BadIbakeOrder', () => {
    const [result] = answering((challenge) => ({ challenge }));
    expect(result.error.code).toBe('BadIbakeOrder');
  });
});

describe('forking (6.1): several R1 for one I1', () => {
  const device = (n: number) =>
    endpoint({ ...bobsPhone, text: `${bob.text};gr=${String(n)}` }, operatorB, 3, { calledAs: [bob] });
  /** R1 of device n to the same I1. */
  const answerOf = (ex: Exchange, n: number) => {
    const branch = new Exchange({ a: ex.a, b: device(n) });
    branch.i1 = ex.i1;
    return branch.toR1();
  };

  it('each branch has its own K with its own device; x stays until no more can come', () => {
    const ex = new Exchange(ends());
    const keys = [1, 2].map((n) => {
      const { r1, b, waiting } = answerOf(ex, n);
      const step = taken(ex.onR1({ octets: r1, dialog: `tag-${String(n)}`, othersPending: true }));
      ex.state = step.state;
      expect(ex.state.x.wiped).toBe(false);
      const end = Object.assign(new Exchange({ a: ex.a, b }), { i2: step.message, waiting, branch: step.branch });
      end.toR2().complete();
      expect(end.results.a.peer.text).toBe(`${bob.text};gr=${String(n)}`);
      expect(end.results.a.kSession.equals(end.results.b.kSession)).toBe(true);
      return end.results.a.kSession.use(toHex);
    });
    expect(new Set(keys).size).toBe(2);
    closeBranches(ex.state);
    expect(ex.state.x.wiped).toBe(true);
    expect(refusedCode(ex.onR1({ octets: answerOf(ex, 3).r1, dialog: 'tag-3' }))).toBe('UnexpectedMessage');
  });

  it('a refused branch leaves x for the others while others are pending, and takes it when none are', () => {
    const ex = new Exchange(ends());
    const good = answerOf(ex, 1).r1;
    const bad = refused(ex.onR1({ octets: withT(good, NOW + 5), dialog: 'tag-0', othersPending: true }));
    expect([bad.error.code, ex.state.x.wiped]).toEqual(['TimestampMismatch', false]);
    const { state } = taken(ex.onR1({ octets: good, dialog: 'tag-1', othersPending: true }));
    const branch = state.answers[0]?.branch;
    const last = onR1(ex.a, state, { octets: withT(good, NOW + 5), dialog: 'tag-2', nowMs: NOW });
    expect(refusedCode(last)).toBe('TimestampMismatch');
    expect([state.x.wiped, branch?.kSession.wiped]).toEqual([true, false]);
    dispose(state);
    expect(branch?.kSession.wiped).toBe(true);
  });

  it('the same R1 in the same dialog again gives the same I2; another one, or one after a refusal, is refused', () => {
    const ex = new Exchange(ends());
    const [one, two] = [answerOf(ex, 1).r1, answerOf(ex, 2).r1];
    const first = taken(ex.onR1({ octets: one, othersPending: true }));
    ex.state = first.state;
    const asked = ex.a.asked;
    const again = taken(ex.onR1({ octets: Uint8Array.from(one), othersPending: true }));
    expect([again.branch === first.branch, toHex(again.message), ex.a.asked]).toEqual([
      true,
      toHex(first.message),
      asked,
    ]);
    expect(refusedCode(ex.onR1({ octets: two, othersPending: true }))).toBe('UnexpectedMessage');
    const failed = ex.onR1({ octets: withT(two, NOW + 5), dialog: 'tag-2', othersPending: true });
    ex.state = failed.state;
    expect(refusedCode(ex.onR1({ octets: two, dialog: 'tag-2', othersPending: true }))).toBe('UnexpectedMessage');
    expect(first.branch.kSession.wiped).toBe(false);
  });

  it('the ninth R1: TooManyBranches; those that were refused count', () => {
    const ex = new Exchange(ends());
    const { r1 } = answerOf(ex, 1);
    for (let n = 0; n < IBAKE_LIMITS.answersPerCall; n++) {
      const result = ex.onR1({ octets: withT(r1, NOW + 5), dialog: `tag-${String(n)}`, othersPending: true });
      expect(refusedCode(result)).toBe('TimestampMismatch');
      ex.state = result.state;
    }
    const result = ex.onR1({ octets: r1, dialog: 'tag-8', othersPending: true });
    expect([refusedCode(result), result.state.answers.length]).toEqual(['TooManyBranches', 8]);
  });

  it('a state is not changed by what follows from it', () => {
    const ex = new Exchange(ends());
    const before = ex.state;
    ex.toI2();
    expect([before.answers.length, before.holds.length, ex.state.answers.length, ex.state.holds.length]).toEqual([
      0, 1, 1, 2,
    ]);
  });
});
