/**
 * Whole exchanges for which no vector exists (protocol profile 10), by our state machines and by the oracle from the same
 * draws: the four messages are equal octet for octet, and each side finds all keys in what the other wrote.
 */
import { describe, expect, it } from 'vitest';
import { ntpToUnixSeconds, Secret, type NtpTime } from '../../src/foundation/base/index.ts';
import { identityFromText, type Identity } from '../../src/foundation/identity/index.ts';
import {
  answerI1,
  createInitiator,
  DEFAULT_POLICY,
  exchangeRandom,
  inspectI1,
  onI2,
  onR1,
  onR2,
  type Established,
  type ExchangeRandom,
  type OutgoingCall,
} from '../../src/protocol/ibake/index.ts';
import { decodeMessage, encodeMessage } from '../../src/protocol/mikey/index.ts';
import { districtOf, endpoint, masterSecretOf, taken } from '../protocol/ibake/support.ts';
import { describeWithOracle, seeded, turned, type Ask } from './oracle.ts';

const MASTER = { a: 0x1b5f_77a1_c0de_1024n, b: 0x2c6e_88b2_beef_1024n };
const DISTRICTS = { a: districtOf('operator-a.example', MASTER.a), b: districtOf('operator-b.example', MASTER.b) };
const alice = identityFromText('sip:alice@operator-a.example');
const bob = identityFromText('sip:bob@operator-b.example');
const bobsPhone = identityFromText('sip:bob@operator-b.example;gr=phone-7f3a');
const CM80 = 'AES_CM_128_HMAC_SHA1_80';
const NOW = Date.UTC(2026, 2, 14, 15, 9, 26, 535);
/** T of messages sent after the end of NTP era 0 (N76). */
const ERA_1 = Date.UTC(2036, 1, 8, 12, 0, 0, 250);

interface Variant extends Partial<OutgoingCall> {
  readonly mode?: 0 | 1 | 2 | 3;
  readonly answering?: Identity;
  readonly accepted?: readonly boolean[];
  /** Whether faults are planted in this one. */
  readonly faults?: boolean;
}
const VARIANTS: readonly (readonly [string, Variant])[] = [
  ['P-521, nonce mode 3', { curve: 14 }],
  ['P-521, nonce mode 2', { curve: 14, mode: 2 }],
  ['P-384, nonce mode 1', { curve: 11, mode: 1, faults: true }],
  ['P-384, nonce mode 3', { curve: 11 }],
  ['PRF 0 with P-256', { prf: 0 }],
  ['PRF 0 with P-521, nonce mode 2', { prf: 0, curve: 14, mode: 2 }],
  ['KV = SPI', { mki: Uint8Array.of(0xfe, 1, 2, 3) }],
  ['KV = SPI, PRF 0, P-384', { mki: Uint8Array.of(0, 0, 0, 1), prf: 0, curve: 11 }],
  ['no master secret: no nonces', { mode: 0 }],
  ['NTP era 1', { nowMs: ERA_1 }],
  ['the device answers: challenge', { answering: bobsPhone }],
  [
    'the device answers, P-521, PRF 0, KV = SPI',
    { answering: bobsPhone, curve: 14, prf: 0, mki: new Uint8Array(4), faults: true },
  ],
  ['AES-256-CM', { lines: ['AES_256_CM_HMAC_SHA1_80'] }],
  ['GCM with 128 and 256 bits', { lines: ['AEAD_AES_128_GCM', 'AEAD_AES_256_GCM'], accepted: [true, true] }],
  [
    'five m-lines: one with port 0, one refused, three suites',
    {
      lines: [CM80, undefined, 'AES_CM_128_HMAC_SHA1_32', CM80, 'AEAD_AES_256_GCM'],
      accepted: [true, false, false, true, true],
    },
  ],
];

/** Draws of one party, of which the oracle is told. */
function recorded(seed: string): {
  random: ExchangeRandom;
  scalars: Secret<'EcdhScalar'>[];
  sealing: Sealing;
  challenges: Uint8Array[];
} {
  const octets = seeded(seed);
  const source = exchangeRandom(octets);
  const [scalars, challenges]: [Secret<'EcdhScalar'>[], Uint8Array[]] = [[], []];
  const sealing: Sealing = {};
  return {
    scalars,
    sealing,
    challenges,
    random: {
      ...source,
      scalar: (curve) => {
        const scalar = source.scalar(curve);
        scalars.push(scalar.use((x) => Secret.copyOf('EcdhScalar', x)));
        return scalar;
      },
      challenge: () => {
        challenges.push(source.challenge());
        return challenges.at(-1) as Uint8Array;
      },
      envelope: (type) => {
        const drawn = { cek: octets(16), rho: octets(20) };
        sealing[{ I_MESSAGE_1: 22, R_MESSAGE_1: 23, I_MESSAGE_2: 24, R_MESSAGE_2: 25 }[type]] = drawn;
        return drawn;
      },
    },
  };
}
type Sealing = Record<number, { readonly cek: Uint8Array; readonly rho: Uint8Array }>;

interface Payload {
  readonly type: number;
  readonly value: Uint8Array;
  readonly params: Uint8Array;
}
interface Decoded {
  readonly csbId: Uint8Array;
  readonly map: readonly { readonly policy: number; readonly ssrc: Uint8Array; readonly roc: number }[];
  readonly payloads: readonly Payload[];
}

/** One exchange by our machines. */
function ours(title: string, { mode = 3, answering = bob, accepted = [true], ...call }: Variant) {
  const draws = { a: recorded(`${title}, a`), b: recorded(`${title}, b`) };
  const policy = { ...DEFAULT_POLICY, prfs: [0, 1] as const };
  const between = [DISTRICTS.a, DISTRICTS.b] as const;
  const a = endpoint(alice, DISTRICTS.a, mode, { random: draws.a.random, policy }, between);
  const b = endpoint(answering, DISTRICTS.b, mode, { random: draws.b.random, policy, calledAs: [bob] }, between);
  const outgoing: OutgoingCall = { to: bob, nowMs: NOW, lines: [CM80], curve: 8, ...call };
  const { nowMs } = outgoing;
  const i1 = createInitiator(a, outgoing);
  const replay = () => 'fresh' as const;
  const offer = { octets: i1.message, nowMs: nowMs + 40, accepted, sdpIds: ['mikey'], replay };
  const r1 = taken(answerI1(b, taken(inspectI1(b, offer)).invitation, { nowMs: nowMs + 50, replay }));
  const i2 = taken(onR1(a, i1.state, { octets: r1.message, dialog: '1', nowMs: nowMs + 900, accepted }));
  const r2 = taken(onI2(b, r1.state, { octets: i2.message, nowMs: nowMs + 950 }));
  const end = taken(onR2(a, i2.branch, { octets: r2.message, nowMs: nowMs + 990 }));
  const messages = [i1, r1, i2, r2].map(({ message }) => message);
  return {
    draws,
    messages,
    results: [end.established, r2.established],
    curve: outgoing.curve,
    mode,
    answering,
    outgoing,
  };
}

/** What the oracle calls a party's public and secret values. */
async function partyOf(ask: Ask, side: 'a' | 'b', identity: Identity, mode: number) {
  const { name, serial } = DISTRICTS[side].parameters.district;
  const pPub = await ask('setup', { level: 1024, s: MASTER[side] });
  const secret = mode === 0 ? {} : { mode, ms: masterSecretOf(identity), epoch: 7 };
  return { level: 1024, district: name, serial, interval: 86400, identity: identity.text, pPub, ...secret };
}

/** K_SESSION and the streams, in the oracle's words. */
const keysOf = ({ kSession, streams }: Established) => ({
  K: kSession.use((k) => Uint8Array.from(k)),
  cs: Object.fromEntries(
    streams.map(({ csId, masterKey, masterSalt, suite }) => [
      String(csId),
      { tek: masterKey.use((key) => Uint8Array.from(key)), salt: masterSalt, suite },
    ]),
  ),
});

describeWithOracle('exchanges, judged by the oracle', (ask) => {
  describe.each(VARIANTS)('%s', (title, { faults, ...variant }) => {
    const exchange = ours(title, variant);
    const { messages, draws, mode, answering, curve } = exchange;
    const [i1, r1, i2, r2] = messages as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];

    /** The exchange as the oracle is asked to make it, from the clear parts that it has decoded itself. */
    async function order() {
      const [first, second, third] = await Promise.all(
        [i1, r1, i2].map((octets) => ask<Decoded>('decode', { octets })),
      );
      const payload = (message: Decoded | undefined, type: number) => message?.payloads.find((p) => p.type === type);
      const [x, y] = [draws.a, draws.b].map(({ scalars }) =>
        BigInt(`0x${(scalars[0] as Secret<'EcdhScalar'>).use((s) => Buffer.from(s).toString('hex'))}`),
      );
      const to = await partyOf(ask, 'b', answering, mode);
      return {
        prf: variant.prf ?? 1,
        csbId: first?.csbId,
        rand: payload(first, 11)?.value,
        t1: payload(first, 5)?.value as Uint8Array,
        t2: payload(third, 5)?.value,
        ...{ curve, x, y, mki: variant.mki },
        a: await partyOf(ask, 'a', alice, mode),
        b: await partyOf(ask, 'b', bob, mode),
        ...(answering !== bob && { c: to, challenge: draws.a.challenges[0] }),
        ...{ map1: first?.map, map2: second?.map },
        sp: first?.payloads.filter(({ type }) => type === 10).map(({ params }) => params),
        sealing: { ...draws.a.sealing, ...draws.b.sealing },
      };
    }

    it('four messages and all keys are equal, octet for octet', async () => {
      const made = await ask<{ messages: Uint8Array[] }>('exchange', { e: await order() });
      expect(made.messages).toEqual(messages);
      for (const established of exchange.results) expect(made).toMatchObject(keysOf(established));
    });

    if (mode !== 0)
      it('the oracle discovers the keys for either target in what we wrote', async () => {
        const e = await order();
        const epochSeconds = Math.floor(ntpToUnixSeconds(e.t1 as NtpTime) / 86400) * 86400;
        for (const [role, octets, side, identity] of [
          [1, [r1], 'a', alice],
          [2, [i1, i2], 'b', answering],
        ] as const) {
          const { district, serial, ...party } = await partyOf(ask, side, identity, mode);
          // I_MESSAGE_1 is for the called user, I_MESSAGE_2 for the device that answers: each has a key.
          const holders = await Promise.all(
            (role === 1 ? [alice] : [bob, identity]).map(async ({ text }) => {
              const info = await ask('identityInfo', {
                district,
                serial,
                id_type: 1,
                identity: text,
                epoch: epochSeconds,
              });
              const privateKey = await ask('extract', { level: 1024, s: MASTER[side], identity: info });
              return { ...party, district, serial, identity: text, privateKey };
            }),
          );
          const secret = { mode, root: party.ms, rootEpoch: 7, epoch: 7, t1: e.t1, map: e.map2 };
          const question = { role, octets, holders, secret, rand: e.rand, sp: e.sp, r2 };
          const found = await ask('discover', question);
          expect(found).toMatchObject({ ...keysOf(exchange.results[0] as Established), confirmed: true });
          if (variant.mki) expect(found).toMatchObject({ mki: variant.mki });
        }
      });

    it('what we decode of them encodes to the same octets', () => {
      for (const octets of messages) expect(encodeMessage(decodeMessage(octets))).toEqual(octets);
    });

    if (faults === true)
      it('planted faults: another message, key bit or draw is noticed', async () => {
        const e = await order();
        const made = await ask<{ messages: Uint8Array[] }>('exchange', { e });
        const { a } = e;
        const seal = e.sealing[22] as Sealing[number];
        const faults = [
          { ...e, x: (e.x as bigint) ^ 1n },
          { ...e, rand: turned(e.rand as Uint8Array) },
          { ...e, sealing: { ...e.sealing, 22: { ...seal, rho: turned(seal.rho) } } },
          ...(mode === 0
            ? []
            : [{ ...e, a: { ...a, ms: turned((a.ms as Secret<'MasterSecret'>).use((ms) => Uint8Array.from(ms))) } }]),
        ];
        for (const fault of faults) {
          const wrong = await ask<{ messages: Uint8Array[] }>('exchange', { e: fault });
          expect(wrong.messages).not.toEqual(made.messages);
          expect(() => {
            expect(wrong.messages).toEqual(messages);
          }).toThrow();
        }
      });
  });
});
