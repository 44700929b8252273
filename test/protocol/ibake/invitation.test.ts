/** Rows of protocol profile 7.3 that a called endpoint decides from the clear part of I_MESSAGE_1: code, reply, no pairing. */
import { describe, expect, it } from 'vitest';
import {
  ascii,
  fromHex,
  ntpFromUnixMs,
  ntpToUnixSeconds,
  toHex,
  type ErrorCode,
} from '../../../src/foundation/base/index.ts';
import { identityFromText } from '../../../src/foundation/identity/index.ts';
import {
  answerI1,
  createInitiator,
  DEFAULT_POLICY,
  emptyReplayCache,
  enterReplay,
  IBAKE_LIMITS,
  inspectI1,
  replayVerdict,
  type IbakePolicy,
} from '../../../src/protocol/ibake/index.ts';
import { decodeMessage, readErrorMessage, suiteOf, type SecurityPolicy } from '../../../src/protocol/mikey/index.ts';
import {
  alice,
  altered,
  bob,
  bobsPhone,
  call,
  carol,
  endpoint,
  ends,
  Exchange,
  invited,
  NOW,
  operatorA,
  operatorB,
  phoneEnds,
  refused,
  refusedCode,
  replied,
  taken,
  thrown,
  withPayloads,
  withT,
  type Payload,
} from './support.ts';

const both = ends();
const i1 = createInitiator(both.a, { ...call, lines: ['AES_CM_128_HMAC_SHA1_80', undefined] }).message;
const offer = { ...invited, accepted: [true, false] };
const inspect = (octets: Uint8Array, changes: Partial<Parameters<typeof inspectI1>[1]> = {}) =>
  inspectI1(both.b, { ...offer, octets, ...changes });

/** Octets of I1 with some replaced. Offsets: HDR 0 to 45, T 46, RAND 56, IDRi 74, IDRr 107. */
function patched(...changes: readonly (readonly [offset: number, octet: number])[]): Uint8Array {
  const bytes = Uint8Array.from(i1);
  for (const [offset, octet] of changes) bytes.set([octet], offset);
  return bytes;
}
const insertBefore = (kind: Payload['kind'], ...more: readonly Payload[]) => {
  let done = false;
  return withPayloads(i1, (payload) => {
    const here = !done && payload.kind === kind;
    done ||= here;
    return here ? [...more, payload] : [payload];
  });
};
const without = (test: (payload: Payload) => boolean): Uint8Array => withPayloads(i1, (p) => (test(p) ? [] : [p]));
const idr = (role: number, text: string, idType = 1): Payload => ({ kind: 'IDR', role, idType, data: ascii(text) });
const renamed = (role: number, text: string, idType = 1): Uint8Array =>
  withPayloads(i1, (p) => (p.kind === 'IDR' && p.role === role ? [idr(role, text, idType)] : [p]));
const policy = (...parameters: readonly (readonly [number, number])[]): SecurityPolicy => ({
  kind: 'SP',
  policy: 0,
  protocol: 0,
  parameters: parameters.map(([type, value]) => ({ type, value: Uint8Array.of(value) })),
});
const withPolicies = (...policies: readonly SecurityPolicy[]): Uint8Array =>
  withPayloads(i1, (p) => (p.kind === 'SP' ? policies : [p]));
const withMap = (...entries: readonly (readonly [policy: number, ssrc: number, roc: number])[]): Uint8Array =>
  altered(i1, () => ({
    csMap: { type: 0, entries: entries.map(([number, ssrc, roc]) => ({ policy: number, ssrc, roc })) },
  }));
const [ours] = (() => {
  const { csMap } = decodeMessage(i1);
  return csMap.type === 0 ? csMap.entries.map(({ ssrc }) => ssrc) : [];
})() as [number];

it('the message that the rows alter is in order', () => {
  const { invitation } = taken(inspect(i1));
  expect(invitation).toMatchObject({ answering: bob, accepted: [true, false] });
  expect([i1[46 + 1], i1[56 + 1]]).toEqual([0, 16]);
});

describe('refused with 488, the ERR number of what anybody can see, and nothing opened', () => {
  it.each<readonly [string, Uint8Array, ErrorCode, number]>([
    ['N1 version 2: UnsupportedVersion', patched([0, 2]), 'UnsupportedVersion', 12],
    ['N2 data type 99: InvalidDataType', patched([1, 99]), 'InvalidDataType', 11],
    [
      'N2 data type of R_MESSAGE_1: InvalidDataType',
      (() => {
        const ex = new Exchange(ends()).toR1();
        return ex.r1;
      })(),
      'InvalidDataType',
      11,
    ],
    ['N4 a trailing octet: TrailingData', Uint8Array.from([...i1, 0]), 'TrailingData', 13],
    ['N5 next payload 200: UnknownPayload', patched([2, 200]), 'UnknownPayload', 13],
    ['N6 T of type COUNTER: InvalidTimestamp', patched([47, 2]), 'InvalidTimestamp', 1],
    ['N7 T ten minutes old: InvalidTimestamp', withT(i1, NOW - 600_000), 'InvalidTimestamp', 1],
    ['N7 T ten minutes ahead: InvalidTimestamp', withT(i1, NOW + 600_000), 'InvalidTimestamp', 1],
    ['N9 PRF func 5: InvalidPrf', patched([3, 0x85]), 'InvalidPrf', 2],
    ['N9 PRF 0, which only a policy admits: InvalidPrf', altered(i1, () => ({ prf: 0 })), 'InvalidPrf', 2],
    ['N12 RAND of 15 octets: RandTooShort', patched([57, 15]), 'RandTooShort', 12],
    ['N18 two IDRi: DuplicatePayload', insertBefore('SP', idr(1, alice.text)), 'DuplicatePayload', 12],
    ['N19 IDRr missing: InvalidId', without((p) => p.kind === 'IDR' && p.role === 2), 'InvalidId', 7],
    ['N21 IDR with a port: InvalidId', renamed(2, 'sip:bob@operator-b.example:5060'), 'InvalidId', 7],
    ['N21 IDR with a parameter: InvalidId', renamed(2, 'sip:bob@operator-b.example;user=phone'), 'InvalidId', 7],
    ['N21 IDR with an upper-case host: InvalidId', renamed(1, 'sip:alice@Operator-A.example'), 'InvalidId', 7],
    ['N21 IDR with lower-case hex: InvalidId', renamed(1, 'sip:al%2fice@operator-a.example'), 'InvalidId', 7],
    [
      'N22 an identity outside ASCII: InvalidId',
      withPayloads(i1, (p) =>
        p.kind === 'IDR' && p.role === 2 ? [{ ...p, data: fromHex('7369703a62c3b6624062') }] : [p],
      ),
      'InvalidId',
      7,
    ],
    ['N22 a local tel identity: InvalidId', renamed(2, 'tel:5551234'), 'InvalidId', 7],
    ['N22 ID type 2: InvalidId', renamed(2, bob.text, 2), 'InvalidId', 7],
    ['N44 IDRi is IDRr: SelfCall', renamed(1, bob.text), 'SelfCall', 7],
    [
      'N45 SP with the NULL cipher: InvalidSecurityPolicyParameter',
      withPolicies(policy([0, 0])),
      'InvalidSecurityPolicyParameter',
      10,
    ],
    [
      'N45 SP without authentication: InvalidSecurityPolicyParameter',
      withPolicies(policy([10, 0])),
      'InvalidSecurityPolicyParameter',
      10,
    ],
    [
      'N45 SP with an unknown parameter: InvalidSecurityPolicyParameter',
      withPolicies(policy([99, 0])),
      'InvalidSecurityPolicyParameter',
      10,
    ],
    [
      'an SP for another protocol: InvalidSecurityPolicy',
      withPolicies({ ...policy(), protocol: 1 }),
      'InvalidSecurityPolicy',
      9,
    ],
    [
      'an SP of another number than the map names: InvalidSecurityPolicy',
      withPolicies({ ...policy(), policy: 3 }),
      'InvalidSecurityPolicy',
      9,
    ],
    ['no SP: BadOrder', withPolicies(), 'BadOrder', 12],
    ['no SDP-IDs: BadOrder', without((p) => p.kind === 'EXT'), 'BadOrder', 12],
    [
      'V, as in an update of a bundle: BadOrder',
      altered(i1, ({ payloads }) => ({
        payloads: [...payloads.filter((p) => p.kind !== 'RAND'), { kind: 'V', algorithm: 2, mac: new Uint8Array(32) }],
      })),
      'BadOrder',
      12,
    ],
    ['IDRr of somebody else: InvalidId', renamed(2, carol.text), 'InvalidId', 7],
    ['IDRr of a device that is not here: InvalidId', renamed(2, bobsPhone.text), 'InvalidId', 7],
    [
      'a caller whose domain the federation table has not: NoPeerParameters',
      renamed(1, 'sip:x@elsewhere.example'),
      'NoPeerParameters',
      7,
    ],
    ['N17 a map with fewer lines than the offer: CsMapMismatch', withMap([0, ours, 0], [0, 0, 0]), 'CsMapMismatch', 12],
    [
      "N17 the responder's entry filled: CsMapMismatch",
      withMap([0, ours, 0], [0, 5, 0], [0, 0, 0], [0, 0, 0]),
      'CsMapMismatch',
      12,
    ],
    [
      'N17 an entry of a line without SSRC that is not zero: CsMapMismatch',
      withMap([0, ours, 0], [0, 0, 0], [0, 0, 7], [0, 0, 0]),
      'CsMapMismatch',
      12,
    ],
  ])('%s', (_, octets, code, number) => {
    const asked = both.b.asked;
    const refusal = refused(inspect(octets));
    expect([refusal.error.code, replied(refusal)]).toEqual([code, number]);
    expect(both.b.asked).toBe(asked);
    expect(both.b.scalars).toEqual([]);
  });

  it('N3 cut at every octet: Truncated, ERR 13, with what was read of CSB ID and PRF', () => {
    for (let length = 0; length < i1.length; length++) {
      const refusal = refused(inspect(i1.subarray(0, length)));
      expect([refusal.error.code, replied(refusal)]).toEqual(['Truncated', 13]);
      expect(refusal.error.offset).toBeLessThanOrEqual(length);
      const reply = readErrorMessage(refusal.reply as Uint8Array);
      if (length >= 8) expect(toHex(reply.csbId)).toBe(toHex(i1.subarray(4, 8)));
      expect(reply.prf).toBe(1);
    }
  });

  it('N46 an SP parameter that overruns its list: Truncated', () => {
    const at = i1.findIndex((octet, i) => octet === 11 && i1[i + 1] === 1 && i1[i + 2] === 10);
    const refusal = refused(inspect(patched([at + 1, 2])));
    expect([refusal.error.code, replied(refusal)]).toEqual(['Truncated', 13]);
  });

  it.each([
    ['another list', ['mikey', 'keyp1']],
    ['another order', ['keyp1', 'mikey']],
    ['an empty list', []],
  ])('N47 SDP-IDs against %s in the SDP: BiddingDown', (_, sdpIds) => {
    const refusal = refused(inspect(i1, { sdpIds }));
    expect([refusal.error.code, replied(refusal)]).toEqual(['BiddingDown', 0]);
  });

  it('more than 8192 octets: MessageTooLong, before anything is parsed', () => {
    const refusal = refused(inspect(new Uint8Array(IBAKE_LIMITS.messageOctets + 1)));
    expect([refusal.error.code, replied(refusal)]).toEqual(['MessageTooLong', 13]);
    expect(refusedCode(inspect(new Uint8Array(IBAKE_LIMITS.messageOctets)))).toBe('UnsupportedVersion');
  });

  it('the reply is an error message to the exchange, with T as it came and without a word more', () => {
    const { reply } = refused(inspect(renamed(2, carol.text)));
    const { csbId, t, policies, v } = readErrorMessage(reply as Uint8Array);
    expect([toHex(csbId), toHex(t), policies, v]).toEqual([
      toHex(i1.subarray(4, 8)),
      toHex(ntpFromUnixMs(NOW)),
      [],
      undefined,
    ]);
  });

  it('a refused policy names ours; other refusals do not', () => {
    const hint = (octets: Uint8Array): string[] =>
      readErrorMessage(refused(inspect(octets)).reply as Uint8Array).policies.map((sp) => suiteOf(sp).name);
    expect(hint(withPolicies(policy([0, 0])))).toEqual(DEFAULT_POLICY.suites);
    expect(hint(renamed(2, carol.text))).toEqual([]);
  });
});

it('N21 the same URI in a SIP header gives the canonical identity', () => {
  for (const text of ['sip:bob@OPERATOR-B.example:5060;user=phone', 'sips:bob@operator-b.example'])
    expect(identityFromText(text)).toEqual(bob);
});

describe('N8 replay', () => {
  it('of an I1 that was answered: Replay, and silence', () => {
    const { b } = both;
    const { invitation } = taken(inspect(i1));
    let cache = emptyReplayCache();
    const replay = (key: Parameters<typeof replayVerdict>[1]) => replayVerdict(cache, key, NOW, true);
    expect(inspect(i1, { replay }).ok).toBe(true);
    cache = enterReplay(cache, invitation.replayKey, NOW);
    const refusal = refused(inspectI1(b, { ...offer, octets: i1, replay }));
    expect([refusal.error.code, refusal.reply]).toEqual(['Replay', undefined]);
  });

  it('of one that was answered while this one waited in the queue: Replay, silence, nothing opened', () => {
    const ex = new Exchange(ends());
    const { invitation } = taken(ex.inspect());
    const asked = ex.b.asked;
    const refusal = refused(answerI1(ex.b, invitation, { nowMs: NOW, replay: () => 'seen' }));
    expect([refusal.error.code, refusal.reply, ex.b.asked]).toEqual(['Replay', undefined, asked]);
    expect(ex.b.scalars).toEqual([]);
  });
});

describe('policy', () => {
  const strict = (changes: Partial<IbakePolicy>) =>
    endpoint(bob, operatorB, 3, { policy: { ...DEFAULT_POLICY, ...changes } });

  it('N9 PRF 0 is taken where the policy has it', () => {
    const old = createInitiator(both.a, { ...call, prf: 0 }).message;
    const input = { ...invited, octets: old };
    expect(refusedCode(inspectI1(both.b, input))).toBe('InvalidPrf');
    expect(inspectI1(strict({ prfs: [0, 1] }), input).ok).toBe(true);
  });

  it('N45 a suite that the allow-list has not: refused, with the allow-list', () => {
    const refusal = refused(inspectI1(strict({ suites: ['AEAD_AES_256_GCM'] }), { ...offer, octets: i1 }));
    expect([refusal.error.code, replied(refusal)]).toEqual(['InvalidSecurityPolicyParameter', 10]);
    const { policies } = readErrorMessage(refusal.reply as Uint8Array);
    expect(policies.map((sp) => suiteOf(sp).name)).toEqual(['AEAD_AES_256_GCM']);
  });

  it('N7 the window is 300 s each way, and configurable', () => {
    const at = (ms: number): boolean => inspect(withT(i1, NOW - (NOW % 1000) + ms), { nowMs: NOW - (NOW % 1000) }).ok;
    expect([-301_000, -300_000, 300_000, 301_000].map(at)).toEqual([false, true, true, false]);
    const input = { ...offer, octets: i1, nowMs: NOW + 20_000 };
    expect(refusedCode(inspectI1(strict({ skewSeconds: 10 }), input))).toBe('InvalidTimestamp');
  });

  it('no room: EndpointBusy', () => {
    const refusal = refused(inspect(i1, { replay: () => 'full' }));
    expect([refusal.error.code, replied(refusal)]).toEqual(['EndpointBusy', 12]);
  });
});

describe('as whom a call is answered', () => {
  it('the phone of bob answers for bob as itself, for itself as itself, for an alias as the alias', () => {
    const alias = identityFromText('tel:+441234567890');
    const b = endpoint(bobsPhone, operatorB, 3, { calledAs: [bob, alias] });
    const anywhere = { peerOf: () => operatorB.parameters };
    for (const [to, answering] of [
      [bob, bobsPhone],
      [bobsPhone, bobsPhone],
      [alias, alias],
    ] as const) {
      const octets = createInitiator(endpoint(alice, operatorA, 3, anywhere), { ...call, to }).message;
      expect(taken(inspectI1(b, { ...invited, octets })).invitation.answering).toEqual(answering);
    }
  });

  it('N44 an endpoint that calls the identity it would answer as: SelfCall', () => {
    const { b } = phoneEnds();
    expect(thrown(() => createInitiator(b, { ...call, to: bobsPhone })).code).toBe('SelfCall');
    const { message } = createInitiator(b, { ...call, to: bob });
    expect(refusedCode(inspectI1(b, { ...invited, octets: message }))).toBe('SelfCall');
    const asUser = withPayloads(message, (p) =>
      p.kind === 'IDR' && p.role === 1 ? [{ ...p, data: ascii(bob.text) }] : [p],
    );
    expect(refusedCode(inspectI1(b, { ...invited, octets: asUser }))).toBe('SelfCall');
  });
});

it('N76 T in NTP era 1 (2036-02-08): accepted, with the right key epoch', () => {
  const nowMs = Date.UTC(2036, 1, 8, 3, 0, 0);
  const ex = new Exchange(ends(), { ...call, nowMs });
  expect(ex.i1[30]).toBe(0);
  const { invitation } = taken(ex.inspect({ nowMs }));
  expect(ntpToUnixSeconds(invitation.t)).toBe(nowMs / 1000);
  expect(ex.answer({ nowMs }).ok).toBe(true);
});
