/**
 * The four messages of MIKEY-IBAKE, data types 22 to 25 (RFC 6267 4.2.2, protocol profile 3.3, 6.4).
 * Judges the clear part only: what is encrypted is ibake-plaintext.ts, what several messages say together is the
 * exchange's affair. The V bit of HDR is not judged: receivers ignore it (RFC 6267 6.1).
 */
import type { NtpTime } from '../../foundation/base/index.ts';
import type { Identity } from '../../foundation/identity/index.ts';
import type { Located } from './chain.ts';
import { broken } from './field-reader.ts';
import { followGrammar, identityOf, pick, timeOf, verificationOf, type Slot } from './grammar.ts';
import type { CsMapEntry } from './header.ts';
import { parseMessage, type ParsedMessage } from './message.ts';
import { decodeSdpIds, DEFERRED, SDP_IDS } from './payload/extension.ts';
import type { SecurityPolicy } from './payload/security-policy.ts';

export type IbakeType = 'I_MESSAGE_1' | 'R_MESSAGE_1' | 'I_MESSAGE_2' | 'R_MESSAGE_2';

/** A message that follows the grammar of its type; all octet strings are views of `bytes`, which is our own copy. */
export interface IbakeMessage {
  readonly type: IbakeType;
  /** The whole message as received: AAD and V are made from these octets, never from re-encoded ones. */
  readonly bytes: Uint8Array;
  /** PRF func: 0 MIKEY-1 (HMAC-SHA-1), 1 PRF-HMAC-SHA-256. */
  readonly prf: 0 | 1;
  /** 4 octets. */
  readonly csbId: Uint8Array;
  /** The SRTP-ID map; the CS ID of an entry is its index + 1. Even number of entries, at most 254. */
  readonly csMap: readonly CsMapEntry[];
  readonly t: NtpTime;
  /** 16 to 255 octets: in I_MESSAGE_1 and I_MESSAGE_2 unless they update a CSB. */
  readonly rand?: Uint8Array;
  readonly idri: Identity;
  readonly idrr: Identity;
  readonly kmsi?: Identity;
  readonly kmsr?: Identity;
  readonly policies: readonly SecurityPolicy[];
  /** The key management protocols of the SDP offer, in its order. */
  readonly sdpIds?: readonly string[];
  /** R_MESSAGE_1 carries Gen.Ext 242. */
  readonly deferred: boolean;
  /** Encr data of IBAKE: a DER envelope. */
  readonly encrypted?: Uint8Array;
  /** Encr data of ESK, in I_MESSAGE_2 only: one received in I_MESSAGE_1 is bound by the AAD and discarded (profile 3.3). */
  readonly esk?: Uint8Array;
  /** V: algorithm 1 with 20 octets (PRF 0) or 2 with 32 (PRF 1). */
  readonly v?: { readonly algorithm: 1 | 2; readonly mac: Uint8Array };
  /** Offsets in `bytes` of the Next-payload octets of IBAKE and V. */
  readonly places: { readonly ibake?: number; readonly v?: number };
}

const TYPES: Readonly<Record<number, IbakeType>> = {
  22: 'I_MESSAGE_1',
  23: 'R_MESSAGE_1',
  24: 'I_MESSAGE_2',
  25: 'R_MESSAGE_2',
};

/**
 * The grammar that a message must follow. An update of a CSB is told by V in I_MESSAGE_1 and R_MESSAGE_1 (6.4): with
 * IBAKE it is the first of four messages, without it is one of two.
 */
function grammarOf(type: IbakeType, csCount: number, hasV: boolean, hasIbake: boolean): readonly Slot[] {
  const policies: Slot = csCount > 0 ? 'SP+' : 'SP*';
  switch (type) {
    case 'I_MESSAGE_1':
      if (!hasV) return ['T', 'RAND', 'IDRi', 'IDRr', 'IDRkmsi?', 'IDRkmsr?', policies, 'SDP-IDs', 'IBAKE', 'ESK?'];
      // No RAND and no ESK beside V; policies and SDP-IDs as far as the update brings streams.
      if (hasIbake) return ['T', 'IDRi', 'IDRr', 'IDRkmsi?', 'IDRkmsr?', 'SP*', 'SDP-IDs?', 'IBAKE', 'V'];
      return ['T', 'IDRi', 'IDRr', 'SP*', 'V'];
    case 'R_MESSAGE_1':
      if (hasV) return ['T', 'IDRi', 'IDRr', 'V'];
      return ['T', 'IDRi', 'IDRr', 'IDRkmsi?', 'IDRkmsr?', 'deferred?', 'IBAKE'];
    case 'I_MESSAGE_2':
      return ['T', 'RAND?', 'IDRi', 'IDRr', 'SP*', 'SDP-IDs?', 'IBAKE', 'ESK?'];
    case 'R_MESSAGE_2':
      return ['T', 'IDRi', 'IDRr', 'IBAKE?', 'V'];
  }
}

/**
 * Decodes a message of data type 22 to 25 and requires the grammar of its type.
 * @throws HalfkeyError those of decodeMessage, and `InvalidDataType`, `BadOrder`, `DuplicatePayload`, `InvalidId`,
 * `InvalidTimestamp`, `InvalidMac`, `BadField`, with the offset
 */
export function readIbakeMessage(bytes: Uint8Array): IbakeMessage {
  return ibakeMessage(parseMessage(bytes));
}

/** The same for a message that is parsed already. */
export function ibakeMessage({ header, chain, bytes }: ParsedMessage): IbakeMessage {
  const type = TYPES[header.dataType];
  if (type === undefined) broken('InvalidDataType', `data type ${String(header.dataType)} is not of MIKEY-IBAKE`, 1);
  const { prf, csbId, csMap } = header;
  if (csMap.type !== 0) broken('BadField', 'the CS ID map is not SRTP-ID', 9);
  // Profile 3.4: two sessions an m-line.
  if (csMap.entries.length % 2 !== 0 || csMap.entries.length > 254)
    broken('BadField', '#CS is not twice the number of m-lines', 8);
  const ibake = pick(chain, 'IBAKE');
  const v = pick(chain, 'V');
  followGrammar(chain, grammarOf(type, csMap.entries.length, v !== undefined, ibake !== undefined), bytes.length);
  const esk = type === 'I_MESSAGE_2' ? pick(chain, 'ESK') : undefined;
  return {
    type,
    bytes,
    prf,
    csbId,
    csMap: csMap.entries,
    ...clearPayloads(chain, bytes.length),
    ...(ibake && { encrypted: ibake.payload.encrypted }),
    ...(esk && { esk: esk.payload.encrypted }),
    ...(v && { v: verificationOf(v, prf) }),
    places: { ...(ibake && { ibake: ibake.offset }), ...(v && { v: v.offset }) },
  };
}

type Clear = Pick<IbakeMessage, 't' | 'rand' | 'idri' | 'idrr' | 'kmsi' | 'kmsr' | 'policies' | 'sdpIds' | 'deferred'>;

/** The payloads in clear of a chain that follows its grammar. */
function clearPayloads(chain: readonly Located[], end: number): Clear {
  const role = (wanted: number): Identity | undefined => {
    for (const { payload, ...place } of chain) {
      if (payload.kind === 'IDR' && payload.role === wanted) return identityOf({ payload, ...place });
    }
    return undefined;
  };
  const t = pick(chain, 'T') ?? broken('BadOrder', 'T is missing', end);
  const time = timeOf(t);
  const idri = role(1) ?? broken('InvalidId', 'IDRi is missing', end);
  const idrr = role(2) ?? broken('InvalidId', 'IDRr is missing', end);
  const kmsi = role(6);
  const kmsr = role(7);
  const rand = pick(chain, 'RAND')?.payload.value;
  const extensions = chain.flatMap(({ payload, offset }) => (payload.kind === 'EXT' ? [{ ...payload, offset }] : []));
  const sdpIds = extensions.find(({ type }) => type === SDP_IDS);
  const deferred = extensions.find(({ type }) => type === DEFERRED);
  if (deferred !== undefined && deferred.data.length > 0)
    broken('BadField', 'Gen.Ext 242 has no data', deferred.offset + 2);
  return {
    t: time,
    idri,
    idrr,
    ...(rand && { rand }),
    ...(kmsi && { kmsi }),
    ...(kmsr && { kmsr }),
    policies: distinctPolicies(chain),
    ...(sdpIds && { sdpIds: decodeSdpIds(sdpIds.data, sdpIds.offset + 4) }),
    deferred: deferred !== undefined,
  };
}

/** RFC 3830 6.10: each policy has a number of its own. @throws HalfkeyError `DuplicatePayload` */
export function distinctPolicies(chain: readonly Located[]): SecurityPolicy[] {
  const policies: SecurityPolicy[] = [];
  for (const { payload, offset } of chain) {
    if (payload.kind !== 'SP') continue;
    if (policies.some(({ policy }) => policy === payload.policy)) {
      broken('DuplicatePayload', `a second policy ${String(payload.policy)}`, offset);
    }
    policies.push(payload);
  }
  return policies;
}
