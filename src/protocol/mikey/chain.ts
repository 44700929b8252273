/**
 * The chain of payloads (RFC 3830 5.2, 6): each names the next, the last names 0. One reader and one writer for
 * whole messages and for encrypted parts; the grammars on top of it decide on order and number.
 */
import { concat, uint } from '../../foundation/base/index.ts';
import { broken, type FieldReader } from './field-reader.ts';
import type { ChainStart, Header } from './header.ts';
import { certificateHashCodec, type CertificateHashPayload } from './payload/certificate-hash.ts';
import { certificateCodec, type CertificatePayload } from './payload/certificate.ts';
import type { PayloadCodec } from './payload/codec.ts';
import { diffieHellmanCodec, type DiffieHellmanPayload } from './payload/diffie-hellman.ts';
import { ecPointCodec, type EcPointPayload } from './payload/ec-point.ts';
import { eskCodec, ibakeCodec, type EncryptedPayload } from './payload/encrypted.ts';
import { envelopeKeyCodec, type EnvelopeKeyPayload } from './payload/envelope-key.ts';
import { errorCodec, type ErrorPayload } from './payload/error.ts';
import { extensionCodec, type ExtensionPayload } from './payload/extension.ts';
import { idCodec, roleIdCodec, type IdPayload, type RoleIdPayload } from './payload/id.ts';
import { kemacCodec, type KemacPayload } from './payload/kemac.ts';
import { keyDataCodec, secretKeyCodec, type KeyDataPayload, type SecretKeyPayload } from './payload/key-data.ts';
import { randCodec, roleRandCodec, type RandPayload, type RoleRandPayload } from './payload/rand.ts';
import { securityPolicyCodec, type SecurityPolicy } from './payload/security-policy.ts';
import { signatureCodec, type SignaturePayload } from './payload/signature.ts';
import {
  ntpUtcCodec,
  roleTimestampCodec,
  timestampCodec,
  type RoleTimestampPayload,
  type TimestampPayload,
} from './payload/timestamp.ts';
import { verificationCodec, verificationCodecFor, type VerificationPayload } from './payload/verification.ts';
import { named, PAYLOAD_NAMES } from './registry.ts';

/** A payload that may stand in clear in a message. */
export type ClearPayload =
  | KemacPayload
  | EnvelopeKeyPayload
  | DiffieHellmanPayload
  | SignaturePayload
  | TimestampPayload
  | IdPayload
  | CertificatePayload
  | CertificateHashPayload
  | VerificationPayload
  | SecurityPolicy
  | RandPayload
  | ErrorPayload
  | RoleTimestampPayload
  | RoleIdPayload
  | RoleRandPayload
  | ExtensionPayload
  | EncryptedPayload<'IBAKE'>
  | EncryptedPayload<'ESK'>;

/** A payload that may stand in an encrypted part. */
export type InnerPayload =
  RoleIdPayload | EcPointPayload | RoleRandPayload | SecretKeyPayload | KeyDataPayload | ExtensionPayload;

/** Any payload. TP, TICKET (RFC 6043) and SAKKE (RFC 6509) are known by name only and refused. */
export type Payload = ClearPayload | InnerPayload;

type Codecs = { readonly [Kind in Payload['kind']]: PayloadCodec<Extract<Payload, { readonly kind: Kind }>> };
const codecs: Codecs = {
  KEMAC: kemacCodec,
  PKE: envelopeKeyCodec,
  DH: diffieHellmanCodec,
  SIGN: signatureCodec,
  T: timestampCodec,
  ID: idCodec,
  CERT: certificateCodec,
  CHASH: certificateHashCodec,
  V: verificationCodec,
  SP: securityPolicyCodec,
  RAND: randCodec,
  ERR: errorCodec,
  TR: roleTimestampCodec,
  IDR: roleIdCodec,
  RANDR: roleRandCodec,
  KEY: keyDataCodec,
  EXT: extensionCodec,
  IBAKE: ibakeCodec,
  ESK: eskCodec,
  SK: secretKeyCodec,
  ECCPT: ecPointCodec,
};

function codecOf<P extends Payload>(kind: P['kind']): PayloadCodec<P> {
  return codecs[kind] as unknown as PayloadCodec<P>;
}

function table<P extends Payload>(kinds: readonly P['kind'][]): ReadonlyMap<number, PayloadCodec<P>> {
  return new Map(kinds.map((kind) => [codecs[kind].number, codecOf<P>(kind)]));
}

/** The payloads of messages: all but keys and key components, which never stand in clear (RFC 3830 6.13, RFC 6267 6.1.4, 6.1.5). */
const CLEAR = table<ClearPayload>([
  'KEMAC',
  'PKE',
  'DH',
  'SIGN',
  'T',
  'ID',
  'CERT',
  'CHASH',
  'V',
  'SP',
  'RAND',
  'ERR',
  'TR',
  'IDR',
  'RANDR',
  'EXT',
  'IBAKE',
  'ESK',
]);
/** The payloads that may follow a header. In the messages of RFC 6267 T and V have one type only, by the profile. */
export function admittedAfter({ dataType, prf }: Header): ReadonlyMap<number, PayloadCodec<ClearPayload>> {
  if (dataType < 19) return CLEAR;
  const strict: readonly PayloadCodec<ClearPayload>[] = [ntpUtcCodec, verificationCodecFor(prf)];
  return new Map([...CLEAR, ...strict.map((codec) => [codec.number, codec] as const)]);
}

/** The payloads of encrypted parts. */
export const INNER = table<InnerPayload>(['IDR', 'ECCPT', 'RANDR', 'SK', 'KEY', 'EXT']);

/** A payload and the octets it takes, from its Next-payload octet (included) to `end` (excluded). */
export interface Located<P extends Payload = ClearPayload> {
  readonly payload: P;
  readonly offset: number;
  readonly end: number;
}

/** Encrypted parts do not say what their first payload is: IDR (choice A1 of profile 3.6). */
export const IMPLICIT_IDR: ChainStart = { next: 14, nextOffset: 0 };

/**
 * Reads payloads until one names 0, and nothing may follow it.
 * @throws HalfkeyError `UnknownPayload`, `BadOrder` (a payload after V), `TrailingData`, and those of the codecs
 */
export function readChain<P extends Payload>(
  reader: FieldReader,
  start: ChainStart,
  admitted: ReadonlyMap<number, PayloadCodec<P>>,
  what: string,
): Located<P>[] {
  const chain: Located<P>[] = [];
  let { next, nextOffset } = start;
  while (next !== 0) {
    const codec = admitted.get(next);
    if (codec === undefined) broken('UnknownPayload', `payload ${String(next)} may not stand in a ${what}`, nextOffset);
    const offset = reader.offset;
    const readPayload = (): P => {
      // SIGN alone has no Next payload: it ends the chain (RFC 3830 6.5).
      next = codec.kind === 'SIGN' ? 0 : reader.uint(1, 'next payload', named(PAYLOAD_NAMES));
      nextOffset = offset;
      if (codec.kind === 'V' && next !== 0) broken('BadOrder', 'V is the last payload', offset);
      return codec.read(reader);
    };
    const payload = reader.group(codec.kind, codec.clause, readPayload, codec.title?.bind(codec));
    chain.push({ payload, offset, end: reader.offset });
  }
  reader.finish(what);
  return chain;
}

/** Value of the Next payload that announces the first of `payloads`, 0 when there is none. */
export function firstOf(payloads: readonly Payload[]): number {
  const [first] = payloads;
  return first === undefined ? 0 : codecs[first.kind].number;
}

/** The octets of a chain. @throws TypeError when SIGN or V is not last, or a field does not fit */
export function writeChain(payloads: readonly Payload[]): Uint8Array {
  const octets = payloads.map((payload, i) => {
    const rest = payloads.slice(i + 1, i + 2);
    if ((payload.kind === 'SIGN' || payload.kind === 'V') && rest.length > 0)
      throw new TypeError(`${payload.kind} is the last payload`);
    const body = codecOf<Payload>(payload.kind).write(payload);
    return payload.kind === 'SIGN' ? body : concat(uint(firstOf(rest), 1), body);
  });
  return concat(...octets);
}
