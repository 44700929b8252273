/**
 * Two endpoints of two districts at level 1024, a third identity, and the four messages between them; and the means to
 * alter a message in clear, or inside its envelope as its sender could.
 */
import { createDecryptor, type Decryptor } from '../../../src/crypto/ibe/index.ts';
import {
  derivePublicParameters,
  domainParameters,
  encodePrivateKey,
  extractPrivateKey,
  identityInfo,
  sealEnvelope,
} from '../../../src/crypto/ibe/index.ts';
import type { NonceMode } from '../../../src/crypto/nonce/index.ts';
import {
  HalfkeyError,
  ntpFromUnixMs,
  Secret,
  systemRandom,
  type ErrorCode,
  type NtpTime,
} from '../../../src/foundation/base/index.ts';
import { district, identityFromText, type Identity } from '../../../src/foundation/identity/index.ts';
import {
  answerI1,
  createInitiator,
  DEFAULT_POLICY,
  exchangeRandom,
  inspectI1,
  onI2,
  onR1,
  onR2,
  type Branch,
  type DistrictParameters,
  type Established,
  type ExchangeRandom,
  type IbakeEndpoint,
  type InitiatorState,
  type Invitation,
  type OutgoingCall,
  type Refusal,
  type ResponderState,
} from '../../../src/protocol/ibake/index.ts';
import { keyEpochOf } from '../../../src/protocol/ibake/endpoint.ts';
import { openOwn } from '../../../src/protocol/ibake/envelope.ts';
import {
  decodeMessage,
  encodeIbakePlaintext,
  encodeMessage,
  ibakeAad,
  readErrorMessage,
  readIbakeMessage,
  type IbakePlaintext,
  type MikeyMessage,
} from '../../../src/protocol/mikey/index.ts';
import { IBAKE_RECIPIENTS } from '../../../src/protocol/mikey/exchange/index.ts';

export type Payload = MikeyMessage['payloads'][number];

export const alice = identityFromText('sip:alice@operator-a.example');
export const bob = identityFromText('sip:bob@operator-b.example');
export const bobsPhone = identityFromText('sip:bob@operator-b.example;gr=phone-7f3a');
export const carol = identityFromText('sip:carol@operator-b.example');
export const NOW = Date.UTC(2026, 2, 14, 15, 9, 26, 535);

/** A district with a master secret that is no secret; it issues any private key of its domain. */
export function districtOf(name: string, master: bigint, level: 1024 | 2048 | 3072 = 1024, serial = 1n) {
  const domain = domainParameters(level);
  const params = derivePublicParameters(domain, master);
  const known = new Map<string, Decryptor>();
  const of = district(`https://pps.${name}/ibe/pp`, serial);
  return {
    parameters: { district: of, params } satisfies DistrictParameters,
    decryptorFor: ({ identity, notBefore }: Parameters<IbakeEndpoint['decryptorFor']>[0]): Decryptor => {
      const key = `${identity.text} ${notBefore}`;
      let decryptor = known.get(key);
      if (decryptor === undefined) {
        const id = identityInfo({ district: of.name, serial, identity, notBefore });
        const octets = encodePrivateKey(extractPrivateKey(params, master, id));
        decryptor = createDecryptor(params, new Secret('IbePrivateKey', octets));
        known.set(key, decryptor);
      }
      return decryptor;
    },
  };
}
export type TestDistrict = ReturnType<typeof districtOf>;
export const operatorA = districtOf('operator-a.example', 0x1b5f_77a1_c0de_1024n);
export const operatorB = districtOf('operator-b.example', 0x2c6e_88b2_beef_1024n);

/** Domains of the federation table. */
const table = (a: TestDistrict, b: TestDistrict): IbakeEndpoint['peerOf'] => {
  return (identity) =>
    identity.text.includes('@operator-a.example')
      ? a.parameters
      : identity.text.includes('@operator-b.example')
        ? b.parameters
        : undefined;
};

/** MS of an identity in any epoch; one a name, so that discovery finds the same. */
export function masterSecretOf(identity: Identity): Secret<'MasterSecret'> {
  const octets = new Uint8Array(32).map((_, i) => (identity.text.charCodeAt(i % identity.text.length) * 31 + i) & 0xff);
  return new Secret('MasterSecret', octets);
}

/** An endpoint; `mode` 0: no master secret is provisioned. Remembers the scalars that it drew. */
export interface TestEndpoint extends IbakeEndpoint {
  readonly scalars: Secret<'EcdhScalar'>[];
  asked: number;
}
export function endpoint(
  identity: Identity,
  own: TestDistrict,
  mode: NonceMode | 0 = 3,
  changes: Partial<IbakeEndpoint> & { readonly districts?: readonly DistrictParameters[] } = {},
  between: readonly [TestDistrict, TestDistrict] = [operatorA, operatorB],
): TestEndpoint {
  const source = changes.random ?? exchangeRandom(systemRandom);
  const made: TestEndpoint = {
    identity,
    calledAs: [],
    districts: [own.parameters],
    decryptorFor: (name) => {
      made.asked++;
      return own.decryptorFor(name);
    },
    peerOf: table(...between),
    ...(mode !== 0 && {
      masterSecretAt: (who: Identity) => ({ mode, epoch: 7, masterSecret: masterSecretOf(who) }),
    }),
    policy: DEFAULT_POLICY,
    ...changes,
    random: {
      ...source,
      scalar: (curve) => {
        const scalar = source.scalar(curve);
        made.scalars.push(scalar);
        return scalar;
      },
    } satisfies ExchangeRandom,
    scalars: [],
    asked: 0,
  };
  return made;
}

export interface Ends {
  readonly a: TestEndpoint;
  readonly b: TestEndpoint;
}
export function ends(a: Partial<IbakeEndpoint> = {}, b: Partial<IbakeEndpoint> = {}, mode: NonceMode | 0 = 3): Ends {
  return { a: endpoint(alice, operatorA, mode, a), b: endpoint(bob, operatorB, mode, b) };
}
/** Bob's phone, which is called as bob. */
export function phoneEnds(): Ends {
  return { a: endpoint(alice, operatorA), b: endpoint(bobsPhone, operatorB, 3, { calledAs: [bob] }) };
}

export const call: OutgoingCall = { to: bob, nowMs: NOW, lines: ['AES_CM_128_HMAC_SHA1_80'], curve: 8 };
export const invited = { nowMs: NOW + 40, accepted: [true], sdpIds: ['mikey'], replay: () => 'fresh' as const };

/** What a step gave; a refusal is a failure of the test. */
export function taken<T extends { readonly ok: true } | Refusal>(result: T): Extract<T, { readonly ok: true }> {
  if (!result.ok) throw result.error;
  return result as Extract<T, { readonly ok: true }>;
}
/** The refusal; success is a failure of the test. */
export function refused(result: { readonly ok: true } | Refusal): Refusal {
  if (result.ok) throw new Error('nothing was refused');
  return result;
}
export const refusedCode = (result: { readonly ok: true } | Refusal): ErrorCode => refused(result).error.code;
/** ERR number of the reply, undefined for silence. */
export function replied({ reply }: Refusal): number | undefined {
  return reply && readErrorMessage(reply).error;
}
export function thrown(run: () => unknown): HalfkeyError {
  try {
    run();
  } catch (error) {
    if (error instanceof HalfkeyError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

/** Each step of a call in turn; a change of a message goes between two steps. */
export class Exchange {
  readonly a: TestEndpoint;
  readonly b: TestEndpoint;
  i1: Uint8Array;
  r1: Uint8Array = new Uint8Array(0);
  i2: Uint8Array = new Uint8Array(0);
  r2: Uint8Array = new Uint8Array(0);
  state: InitiatorState;
  invitation!: Invitation;
  waiting!: ResponderState;
  branch!: Branch;
  results!: { readonly a: Established; readonly b: Established };

  constructor({ a, b }: Ends, outgoing: OutgoingCall = call) {
    this.a = a;
    this.b = b;
    const { message, state } = createInitiator(a, outgoing);
    this.i1 = message;
    this.state = state;
  }
  /** The same exchange at the same point, with fresh endpoints and secrets of its own. */
  copy(parties: Ends): Exchange {
    const x = this.state.x.use((octets) => Secret.copyOf('EcdhScalar', octets));
    const copy = Object.create(Exchange.prototype) as Exchange;
    Object.assign(copy, this, { ...parties, state: { ...this.state, x, holds: [x] } });
    if (this.r1.length > 0) {
      const y = this.waiting.y.use((octets) => Secret.copyOf('EcdhScalar', octets));
      copy.waiting = { ...this.waiting, y, holds: [y] };
    }
    return copy;
  }
  inspect(changes: Partial<Parameters<typeof inspectI1>[1]> = {}) {
    return inspectI1(this.b, { ...invited, octets: this.i1, ...changes });
  }
  /** Inspects and answers: what the responder says of I1, at whichever step. */
  answer(changes: Partial<Parameters<typeof inspectI1>[1]> = {}) {
    const inspected = this.inspect(changes);
    return inspected.ok
      ? answerI1(this.b, inspected.invitation, { nowMs: changes.nowMs ?? NOW + 50, replay: () => 'fresh' })
      : inspected;
  }
  onR1(changes: Partial<Parameters<typeof onR1>[2]> = {}) {
    return onR1(this.a, this.state, { octets: this.r1, dialog: 'tag-1', nowMs: NOW + 1000, ...changes });
  }
  onI2(nowMs = NOW + 1050) {
    return onI2(this.b, this.waiting, { octets: this.i2, nowMs });
  }
  onR2() {
    return onR2(this.a, this.branch, { octets: this.r2, nowMs: NOW + 1100 });
  }
  toR1(): this {
    const { message, state } = taken(this.answer());
    this.r1 = message;
    this.waiting = state;
    return this;
  }
  toI2(): this {
    if (this.r1.length === 0) this.toR1();
    const { message, state, branch } = taken(this.onR1());
    this.i2 = message;
    this.state = state;
    this.branch = branch;
    return this;
  }
  toR2(): this {
    if (this.i2.length === 0) this.toI2();
    const { message, established: b } = taken(this.onI2());
    this.r2 = message;
    this.results = { a: undefined as never, b };
    return this;
  }
  complete(): this {
    if (this.r2.length === 0) this.toR2();
    this.results = { ...this.results, a: taken(this.onR2()).established };
    return this;
  }
}

/** The message with something else in clear. */
export function altered(octets: Uint8Array, change: (message: MikeyMessage) => Partial<MikeyMessage>): Uint8Array {
  const message = decodeMessage(octets);
  return encodeMessage({ ...message, ...change(message) });
}
export const withPayloads = (octets: Uint8Array, change: (payload: Payload) => readonly Payload[]): Uint8Array =>
  altered(octets, ({ payloads }) => ({ payloads: payloads.flatMap(change) }));
export const withT = (octets: Uint8Array, t: NtpTime | number): Uint8Array =>
  withPayloads(octets, (payload) =>
    payload.kind === 'T' ? [{ ...payload, value: typeof t === 'number' ? ntpFromUnixMs(t) : t }] : [payload],
  );
export const withEncrypted = (octets: Uint8Array, encrypted: Uint8Array): Uint8Array =>
  withPayloads(octets, (payload) => (payload.kind === 'IBAKE' ? [{ ...payload, encrypted }] : [payload]));

/** The message sealed anew over other plaintext octets, by anybody who knows the recipient's public parameters. */
export function resealed(octets: Uint8Array, recipient: IbakeEndpoint, plaintext: Uint8Array): Uint8Array {
  const message = readIbakeMessage(octets);
  const { district: of, params } = recipient.districts[0] as DistrictParameters;
  const notBefore = keyEpochOf(message.t, of);
  const identity = message[IBAKE_RECIPIENTS[message.type]];
  const id = identityInfo({ district: of.name, serial: of.serial, identity, notBefore });
  const aad = ibakeAad(message, id);
  const sealed = { params, recipient: id, serial: of.serial, notBefore, aad, plaintext, random: systemRandom };
  return withEncrypted(octets, sealEnvelope(sealed));
}
/** The plaintext of a message, by its recipient's keys. */
export function plainOf(octets: Uint8Array, recipient: IbakeEndpoint): IbakePlaintext {
  return openOwn(recipient, readIbakeMessage(octets));
}
/** The message as its sender would have made it with other members inside. */
export function saying(
  octets: Uint8Array,
  recipient: IbakeEndpoint,
  change: (plain: IbakePlaintext) => { readonly [Member in keyof IbakePlaintext]?: IbakePlaintext[Member] | undefined },
): Uint8Array {
  const message = readIbakeMessage(octets);
  const plain = openOwn(recipient, message);
  const members = Object.entries({ ...plain, ...change(plain) }).filter(([, value]) => value !== undefined);
  const said = Object.fromEntries(members) as unknown as IbakePlaintext;
  return resealed(octets, recipient, encodeIbakePlaintext(message.type, said));
}

/** One bit turned, counted from the first; beyond the end it goes on from there. */
export function flipped(octets: Uint8Array, at: number): Uint8Array {
  const bit = at % (8 * octets.length);
  const copy = Uint8Array.from(octets);
  copy[bit >> 3] = (copy[bit >> 3] as number) ^ (0x80 >> (bit & 7));
  return copy;
}
