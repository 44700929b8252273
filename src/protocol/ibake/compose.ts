/**
 * Writing one of the four messages (protocol profile 3.3): the clear payloads in their order, then the encrypted part
 * bound to them, then V over all of it.
 */
import type { NtpTime } from '../../foundation/base/index.ts';
import type { Identity } from '../../foundation/identity/index.ts';
import {
  computeV,
  encodeMessage,
  readIbakeMessage,
  type CsMapEntry,
  type IbakePlaintext,
  type IbakeType,
  type MikeyMessage,
  type SecurityPolicy,
} from '../mikey/index.ts';
import { encodeSdpIds, hashLength, idrOf, SDP_IDS } from '../mikey/exchange/index.ts';
import type { DistrictParameters } from './endpoint.ts';
import { sealFor } from './envelope.ts';
import type { EnvelopeDraws } from './random.ts';

const DATA_TYPES = { I_MESSAGE_1: 22, R_MESSAGE_1: 23, I_MESSAGE_2: 24, R_MESSAGE_2: 25 } as const;

/** The clear part of a message; which members it needs is the grammar of its type. */
export interface ClearPart {
  readonly type: IbakeType;
  readonly prf: 0 | 1;
  /** 4 octets. */
  readonly csbId: Uint8Array;
  readonly csMap: readonly CsMapEntry[];
  readonly t: NtpTime;
  readonly rand?: Uint8Array;
  readonly idri: Identity;
  readonly idrr: Identity;
  readonly policies?: readonly SecurityPolicy[];
  readonly sdpIds?: readonly string[];
}

/** What is encrypted, and to whose district. */
export interface SealedPart {
  readonly plain: IbakePlaintext;
  readonly to: DistrictParameters;
  readonly draws: EnvelopeDraws;
}

/**
 * The octets of a message. `authKey`: V follows, under this key of 20 (PRF 0) or 32 octets, which stays the caller's.
 * @throws TypeError when the parts do not follow the grammar of the type
 */
export function composeMessage(clear: ClearPart, sealed?: SealedPart, authKey?: Uint8Array): Uint8Array {
  const { type, prf, csbId, csMap, t, rand, idri, idrr, policies = [], sdpIds } = clear;
  const algorithm = prf === 1 ? 2 : 1;
  const write = (encrypted: Uint8Array, mac: Uint8Array): Uint8Array => {
    const payloads: MikeyMessage['payloads'] = [
      { kind: 'T', tsType: 0, value: t },
      ...(rand ? [{ kind: 'RAND', value: rand } as const] : []),
      idrOf(1, idri),
      idrOf(2, idrr),
      ...policies,
      ...(sdpIds ? [{ kind: 'EXT', type: SDP_IDS, data: encodeSdpIds(sdpIds) } as const] : []),
      ...(sealed ? [{ kind: 'IBAKE', encrypted } as const] : []),
      ...(authKey ? [{ kind: 'V', algorithm, mac } as const] : []),
    ];
    // The V bit asks for an answer: only R_MESSAGE_2 has none (RFC 6267 6.1).
    const v = type !== 'R_MESSAGE_2';
    return encodeMessage({ dataType: DATA_TYPES[type], v, prf, csbId, csMap: { type: 0, entries: csMap }, payloads });
  };
  // Neither Encr data nor V is covered by the AAD, and V does not cover itself: placeholders stand for them.
  const noMac = new Uint8Array(hashLength(prf));
  let encrypted: Uint8Array = new Uint8Array(0);
  if (sealed) {
    const outline = readIbakeMessage(write(encrypted, noMac));
    encrypted = sealFor(outline, sealed.plain, sealed.to, sealed.draws);
  }
  const octets = write(encrypted, noMac);
  return authKey ? write(encrypted, computeV(readIbakeMessage(octets), authKey)) : octets;
}
