/**
 * REQUEST_KEY: data types 19, 20 and 21 (RFC 6267 4.2.1, protocol profile 3.7). Structure only: V and SIGN are not
 * verified, KEMAC is not opened, and the limits on identities and epochs are the KMS's.
 */
import { concat, ntpTime, type NtpTime, ntpToUnixSeconds } from '../../../foundation/base/index.ts';
import type { Identity } from '../../../foundation/identity/index.ts';
import type { Located } from '../chain.ts';
import { broken } from '../field-reader.ts';
import { followGrammar, identityOf, pick, timeOf, verificationOf } from '../grammar.ts';
import type { Header } from '../header.ts';
import { parseMessage, type ParsedMessage } from '../message.ts';
import type { KemacPayload } from '../payload/kemac.ts';
import type { RoleTimestampPayload } from '../payload/timestamp.ts';

/** One identity and, if given, the window of its keys in seconds since 1970; without one the current subscription. */
export interface KeyWish {
  readonly identity: Identity;
  readonly from?: number;
  readonly to?: number;
}

interface Exchange {
  /** Our copy of the message: V and SIGN cover these octets. */
  readonly bytes: Uint8Array;
  readonly prf: 0 | 1;
  readonly csbId: Uint8Array;
  readonly t: NtpTime;
  readonly kms: Identity;
}

/** REQUEST_KEY_PSK or REQUEST_KEY_PKE; `psk`: data of IDRpsk; certificates as octets. */
export interface KeyRequest extends Exchange {
  readonly rand: Uint8Array;
  readonly wishes: readonly KeyWish[];
  readonly kemac?: KemacPayload;
  readonly proof:
    | {
        readonly kind: 'PSK';
        readonly psk?: Uint8Array;
        readonly v: { readonly algorithm: 1 | 2; readonly mac: Uint8Array };
      }
    | {
        readonly kind: 'PKE';
        readonly certificates: readonly Uint8Array[];
        readonly certificateHash?: Uint8Array;
        readonly envelopeKey: Uint8Array;
        readonly signature: { readonly type: number; readonly octets: Uint8Array };
      };
}

/** REQUEST_KEY_RESP: the identities served, and their keys in `kemac`. */
export interface KeyResponse extends Exchange {
  readonly identities: readonly Identity[];
  readonly kemac: KemacPayload;
  readonly v: { readonly algorithm: 1 | 2; readonly mac: Uint8Array };
}

/** Decodes data type 19 or 20. @throws HalfkeyError those of decodeMessage and the grammar, `KeystreamReuseRefused` */
export function readRequestKey(bytes: Uint8Array): KeyRequest {
  return keyRequest(parseMessage(bytes));
}

/** Decodes data type 21. @throws HalfkeyError those of decodeMessage and the grammar */
export function readRequestKeyResponse(bytes: Uint8Array): KeyResponse {
  return keyResponse(parseMessage(bytes));
}

/** {@link readRequestKey} for a message that is parsed already. */
export function keyRequest({ header, chain, bytes }: ParsedMessage): KeyRequest {
  const psk = header.dataType === 19;
  if (!psk && header.dataType !== 20) broken('InvalidDataType', 'not a REQUEST_KEY message', 1);
  requireEmptyMap(header);
  // The windows are taken out first: ( IDR(1) [TR(2) TR(3)] )+ is the only repeated group.
  const { wishes, rest } = takeWishes(chain);
  const proof = psk ? (['IDRpsk?', 'KEMAC?', 'V'] as const) : (['KEMAC?', 'CHASH?', 'PKE', 'SIGN'] as const);
  followGrammar(rest, ['T', 'RAND', 'IDRi+', ...(psk ? [] : (['CERT*'] as const)), 'IDRkms', ...proof], bytes.length);
  const need = <T>(located: T | undefined): T => located ?? broken('BadOrder', 'a payload is missing', bytes.length);
  const kemac = pick(chain, 'KEMAC');
  if (kemac !== undefined) refuseKeystreamReuse(kemac);
  const common = {
    bytes,
    prf: header.prf,
    csbId: header.csbId,
    t: timeOf(need(pick(chain, 'T'))),
    kms: role(chain, 3, bytes.length),
    rand: need(pick(chain, 'RAND')).payload.value,
    wishes,
    ...(kemac && { kemac: kemac.payload }),
  };
  if (psk) {
    const named = chain.flatMap(({ payload }) =>
      payload.kind === 'IDR' && payload.role === 4 ? [payload.data] : [],
    )[0];
    return {
      ...common,
      proof: { kind: 'PSK', ...(named && { psk: named }), v: verificationOf(need(pick(chain, 'V')), header.prf) },
    };
  }
  const hash = pick(chain, 'CHASH')?.payload.hash;
  const sign = need(pick(chain, 'SIGN')).payload;
  return {
    ...common,
    proof: {
      kind: 'PKE',
      certificates: chain.flatMap(({ payload }) => (payload.kind === 'CERT' ? [payload.data] : [])),
      ...(hash && { certificateHash: hash }),
      envelopeKey: need(pick(chain, 'PKE')).payload.data,
      signature: { type: sign.type, octets: sign.signature },
    },
  };
}

/** {@link readRequestKeyResponse} for a message that is parsed already. */
export function keyResponse({ header, chain, bytes }: ParsedMessage): KeyResponse {
  if (header.dataType !== 21) broken('InvalidDataType', 'not a REQUEST_KEY_RESP message', 1);
  requireEmptyMap(header);
  followGrammar(chain, ['T', 'IDRi+', 'IDRkms', 'KEMAC', 'V'], bytes.length);
  const need = <T>(located: T | undefined): T => located ?? broken('BadOrder', 'a payload is missing', bytes.length);
  const kemac = need(pick(chain, 'KEMAC'));
  // V covers the message: KEMAC itself has no MAC (RFC 6267 4.2.1.3, profile 3.7).
  if (kemac.payload.macAlgorithm !== 0)
    broken('InvalidMac', 'KEMAC has a MAC of its own', kemac.end - kemac.payload.mac.length - 1);
  return {
    bytes,
    prf: header.prf,
    csbId: header.csbId,
    t: timeOf(need(pick(chain, 'T'))),
    kms: role(chain, 3, bytes.length),
    identities: takeWishes(chain).wishes.map(({ identity }) => identity),
    kemac: kemac.payload,
    v: verificationOf(need(pick(chain, 'V')), header.prf),
  };
}

function requireEmptyMap({ csMap }: Header): void {
  if (csMap.type !== 1 || csMap.count !== 0)
    broken('BadField', 'the CS ID map of REQUEST_KEY is the empty map with #CS 0', 8);
}

/** A16: request and response have the same key and IV, so that AES-CM would be a two-time pad. Only AES-KW may stand. */
function refuseKeystreamReuse({ payload, offset }: Located<KemacPayload>): void {
  if (payload.encryption === 1 || payload.encryption === 3)
    broken('KeystreamReuseRefused', 'KEMAC in a request under AES-CM', offset + 1);
  if (payload.encryption !== 2)
    broken('InvalidEncryptionAlgorithm', 'KEMAC in a request is not under AES-KW', offset + 1);
}

function takeWishes(chain: readonly Located[]): { wishes: KeyWish[]; rest: Located[] } {
  const wishes: KeyWish[] = [];
  const rest: Located[] = [];
  for (let i = 0; i < chain.length; i++) {
    const located = chain[i] as Located;
    const { payload } = located;
    rest.push(located);
    if (payload.kind !== 'IDR' || payload.role !== 1) continue;
    const identity = identityOf({ ...located, payload });
    const [from, to] = [stamp(chain[i + 1], 2), stamp(chain[i + 2], 3)];
    if (from !== undefined && to !== undefined) {
      if (to < from) broken('InvalidTimestamp', 'the window ends before it starts', located.end);
      i += 2;
      wishes.push({ identity, from, to });
    } else {
      wishes.push({ identity });
    }
  }
  return { wishes, rest };
}

/** Seconds since 1970 of a TR of that role, which is NTP-UTC-32 (A14); undefined for any other payload. */
function stamp(located: Located | undefined, role: number): number | undefined {
  if (located?.payload.kind !== 'TR' || located.payload.role !== role) return undefined;
  const { tsType, value }: RoleTimestampPayload = located.payload;
  if (tsType !== 3) broken('InvalidTimestamp', 'TR is not NTP-UTC-32', located.offset + 2);
  return ntpToUnixSeconds(ntpTime(concat(value, new Uint8Array(4))));
}

function role(chain: readonly Located[], wanted: number, end: number): Identity {
  for (const { payload, ...place } of chain) {
    if (payload.kind === 'IDR' && payload.role === wanted) return identityOf({ payload, ...place });
  }
  return broken('InvalidId', 'IDRkms is missing', end);
}
