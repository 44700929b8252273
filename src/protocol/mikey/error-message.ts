/**
 * The error message, data type 6 (RFC 3830 5.1.2, profile 3.8): HDR T ERR {SP} [V].
 * Without a verified V it is a hint: it must never tear down an established CSB.
 */
import type { NtpTime } from '../../foundation/base/index.ts';
import { broken } from './field-reader.ts';
import { followGrammar, pick, timeOf, verificationOf } from './grammar.ts';
import { distinctPolicies } from './ibake-message.ts';
import { parseMessage, type ParsedMessage } from './message.ts';
import type { SecurityPolicy } from './payload/security-policy.ts';

export interface ErrorMessage {
  readonly prf: 0 | 1;
  /** 4 octets. */
  readonly csbId: Uint8Array;
  readonly t: NtpTime;
  /** RFC 3830 6.12, RFC 4738 3.9.2: 0 to 255. */
  readonly error: number;
  /** What the responder would take instead: a hint. */
  readonly policies: readonly SecurityPolicy[];
  readonly v?: { readonly algorithm: 1 | 2; readonly mac: Uint8Array };
}

/** Decodes an error message. @throws HalfkeyError those of decodeMessage and of the grammar */
export function readErrorMessage(bytes: Uint8Array): ErrorMessage {
  return errorMessage(parseMessage(bytes));
}

/** The same for a message that is parsed already. */
export function errorMessage({ header, chain, bytes }: ParsedMessage): ErrorMessage {
  if (header.dataType !== 6) broken('InvalidDataType', 'not an error message', 1);
  followGrammar(chain, ['T', 'ERR', 'SP*', 'V?'], bytes.length);
  const t = pick(chain, 'T') ?? broken('BadOrder', 'T is missing', bytes.length);
  const error = pick(chain, 'ERR') ?? broken('BadOrder', 'ERR is missing', bytes.length);
  const v = pick(chain, 'V');
  return {
    prf: header.prf,
    csbId: header.csbId,
    t: timeOf(t),
    error: error.payload.error,
    policies: distinctPolicies(chain),
    ...(v && { v: verificationOf(v, header.prf) }),
  };
}
