/**
 * The encrypted part of the four messages: identities, key components and nonces (RFC 6267 6.1.1, profile 3.3, 4.1).
 * The nonces NA and NB are opaque; points are checked for form only (see payload/ec-point.ts).
 */
import { identityToWire, type Identity } from '../../foundation/identity/index.ts';
import { IMPLICIT_IDR, INNER, readChain, writeChain, type InnerPayload, type Located } from './chain.ts';
import { broken, FieldReader } from './field-reader.ts';
import { identityOf } from './grammar.ts';
import { IBAKE_GRAMMARS } from './ibake-grammar.ts';
import type { IbakeType } from './ibake-message.ts';
import type { EcPointPayload } from './payload/ec-point.ts';
import type { RoleIdPayload } from './payload/id.ts';
import { isHalfkeyError } from '../../foundation/base/index.ts';

/** A key component xP or yP. */
export interface KeyComponent {
  /** 8 P-256, 11 P-384, 14 P-521. */
  readonly curve: number;
  /** 04 || X || Y: 65, 97 or 133 octets. */
  readonly point: Uint8Array;
  /** 4 octets when KV is SPI (choice A18). */
  readonly mki?: Uint8Array;
  /** Fields without meaning (A4): present only when a peer sent them not zero. */
  readonly authAlgorithm?: number;
  readonly tgkLength?: number;
}

/** What the encrypted part says; which members stand in which message is the grammar of profile 3.3. */
export interface IbakePlaintext {
  readonly idri: Identity;
  readonly idrr?: Identity;
  /** xP, and NA beside it, 0 to 255 octets. */
  readonly eccpti?: KeyComponent;
  readonly na?: Uint8Array;
  /** yP, and NB beside it, 0 to 255 octets. */
  readonly eccptr?: KeyComponent;
  readonly nb?: Uint8Array;
  /** RANDR(240), profile 6.3. */
  readonly nsk?: Uint8Array;
  /** RANDR(241), 16 octets: proof of the answering identity, profile 3.3. */
  readonly challenge?: Uint8Array;
}

type Member = keyof IbakePlaintext;
const IDR_MEMBERS: Readonly<Record<number, Member>> = { 1: 'idri', 2: 'idrr' };
const RANDR_MEMBERS: Readonly<Record<number, Member>> = { 1: 'na', 2: 'nb', 240: 'nsk', 241: 'challenge' };

/** The member that a payload is; a key component is the initiator's before IDRr and the responder's behind it. */
function memberOf(payload: InnerPayload, afterIdrr: boolean): Member | undefined {
  switch (payload.kind) {
    case 'IDR':
      return IDR_MEMBERS[payload.role];
    case 'ECCPT':
      return afterIdrr ? 'eccptr' : 'eccpti';
    case 'RANDR':
      return RANDR_MEMBERS[payload.role];
    default:
      return undefined;
  }
}

/**
 * Decodes the plaintext of an IBAKE payload of a message of that type; views of `bytes`. Errors count offsets in the plaintext.
 * @throws HalfkeyError `BadIbakeOrder`, `InvalidDh`, `InvalidPoint` (form), `BadPadding`, `BadField`, `InvalidId`,
 * `UnknownPayload`, `Truncated`, `TrailingData`
 */
export function decodeIbakePlaintext(type: IbakeType, bytes: Uint8Array): IbakePlaintext {
  const chain = readChain(new FieldReader(bytes), IMPLICIT_IDR, INNER, 'encrypted part');
  const members = new Map<Member, Located<InnerPayload>>();
  const grammar = IBAKE_GRAMMARS[type].map((member) => member.replace('?', '') as Member);
  let latest = -1;
  for (const located of chain) {
    const member = memberOf(located.payload, members.has('idrr'));
    const place = member === undefined ? -1 : grammar.indexOf(member);
    if (member === undefined || place <= latest || nonceWithoutComponent(member, (m) => members.has(m))) {
      broken('BadIbakeOrder', `a sub-payload that may not stand here in ${type}`, located.offset);
    }
    members.set(member, located);
    latest = place;
  }
  const missing = IBAKE_GRAMMARS[type].find((member) => !member.endsWith('?') && !members.has(member as Member));
  if (missing !== undefined) broken('BadIbakeOrder', `${missing} is missing in ${type}`, bytes.length);
  const plain = Object.fromEntries([...members].map(([member, located]) => [member, valueOf(member, located)]));
  refuseEmptyAnswer(type, plain, bytes.length);
  return plain as unknown as IbakePlaintext;
}

/**
 * The plaintext of an IBAKE payload for a message of that type, new octets.
 * @throws TypeError when the members do not follow the grammar of the type or do not fit the wire
 */
export function encodeIbakePlaintext(type: IbakeType, plain: IbakePlaintext): Uint8Array {
  const payloads = IBAKE_GRAMMARS[type].flatMap((slot) => payloadOf(slot.replace('?', '') as Member, plain));
  const bytes = writeChain(payloads);
  try {
    if (
      Object.keys(decodeIbakePlaintext(type, bytes)).length !==
      Object.values(plain).filter((v) => v !== undefined).length
    ) {
      throw new TypeError(`encodeIbakePlaintext: a member that ${type} does not carry`);
    }
  } catch (cause) {
    if (isHalfkeyError(cause)) throw new TypeError(`encodeIbakePlaintext: ${cause.message}`, { cause });
    throw cause;
  }
  return bytes;
}

function nonceWithoutComponent(member: Member, has: (member: Member) => boolean): boolean {
  return (member === 'na' && !has('eccpti')) || (member === 'nb' && !has('eccptr'));
}

/** R_MESSAGE_2 carries IBAKE iff I_MESSAGE_2 brought ECCPTi or a challenge: one of them is there to be returned. */
function refuseEmptyAnswer(type: IbakeType, plain: Record<string, unknown>, end: number): void {
  if (type === 'R_MESSAGE_2' && plain['eccpti'] === undefined && plain['challenge'] === undefined) {
    broken('BadIbakeOrder', 'R_MESSAGE_2 returns neither a key component nor a challenge', end);
  }
}

function valueOf(member: Member, { payload, ...place }: Located<InnerPayload>): Identity | KeyComponent | Uint8Array {
  if (payload.kind === 'IDR') return identityOf({ payload, ...place });
  if (payload.kind === 'ECCPT') return componentOf({ payload, ...place });
  if (payload.kind !== 'RANDR') return broken('BadIbakeOrder', 'not a sub-payload of IBAKE', place.offset);
  if (member === 'challenge' && payload.value.length !== 16)
    broken('BadField', 'the challenge has not 16 octets', place.offset + 2);
  return payload.value;
}

function componentOf({ payload, end }: Located<EcPointPayload>): KeyComponent {
  const { curve, point, authAlgorithm, tgkLength, validity } = payload;
  // 6.4: KV is 0, or SPI with an MKI of 4 octets.
  if (validity.kv === 2 || (validity.kv === 1 && validity.spi.length !== 4))
    broken('BadField', 'KV is not null or a 4-octet MKI', end);
  return {
    curve,
    point,
    ...(validity.kv === 1 && { mki: validity.spi }),
    ...(authAlgorithm !== 0 && { authAlgorithm }),
    ...(tgkLength !== 0 && { tgkLength }),
  };
}

function payloadOf(member: Member, plain: IbakePlaintext): InnerPayload[] {
  const value = plain[member];
  if (value === undefined) return [];
  if (value instanceof Uint8Array) {
    const role = Object.keys(RANDR_MEMBERS).find((key) => RANDR_MEMBERS[Number(key)] === member);
    return [{ kind: 'RANDR', role: Number(role), value }];
  }
  if ('text' in value) return [idrOf(member === 'idri' ? 1 : 2, value)];
  const { curve, point, mki, authAlgorithm = 0, tgkLength = 0 } = value;
  return [
    {
      kind: 'ECCPT',
      curve,
      point,
      authAlgorithm,
      tgkLength,
      validity: mki === undefined ? { kv: 0 } : { kv: 1, spi: mki },
    },
  ];
}

/** An IDR payload of that role. */
export function idrOf(role: number, identity: Identity): RoleIdPayload {
  return { kind: 'IDR', role, idType: identity.type, data: identityToWire(identity) };
}
