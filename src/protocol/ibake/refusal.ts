/**
 * How an exchange ends badly: a precise code for the endpoint itself, and what the far end may see of it (end of
 * protocol profile 7.3). Whoever cannot be told apart from an attacker learns nothing from the answer: behind the clear
 * part there is one error number for every cause.
 */
import {
  concat,
  HalfkeyError,
  isHalfkeyError,
  ntpFromUnixMs,
  type NtpTime,
  type Secret,
} from '../../foundation/base/index.ts';
import {
  encodeMessage,
  readIbakeMessage,
  type IbakeMessage,
  type IbakeType,
  type SecurityPolicy,
} from '../mikey/index.ts';
import { IBAKE_LIMITS } from './limits.ts';

/** A message was refused; every secret that only it had need of is wiped. */
export interface Refusal {
  readonly ok: false;
  /** For this side only. */
  readonly error: HalfkeyError;
  /**
   * A MIKEY error message (HDR T ERR {SP}), or undefined for silence. Of an I_MESSAGE_1 it is the body of a 488; of an
   * R_MESSAGE it may go into the request that ends the dialog. It is unauthenticated: a hint for whoever gets it.
   */
  readonly reply: Uint8Array | undefined;
}

/** What an error message is made from. */
export interface ReplyTo {
  /** The message as received. */
  readonly octets: Uint8Array;
  /** T of the message where it was read: the responder makes no timestamp of its own (RFC 3830 5.3). */
  readonly t: NtpTime;
  /** Whether the failure lies behind the clear part: then ERR 0, whatever the code. */
  readonly opened: boolean;
  /** What would be taken instead, for failures of the security policy. */
  readonly policies?: readonly SecurityPolicy[];
}

/**
 * The octets of the error message that answers a failure. CSB ID and PRF are those of the message, as far as it has
 * them: zero and 1 where it is cut before.
 */
export function errorReply(error: HalfkeyError, { octets, t, opened, policies = [] }: ReplyTo): Uint8Array {
  const prf = (octets[3] ?? 1) & 127;
  const hinted = error.code === 'InvalidSecurityPolicy' || error.code === 'InvalidSecurityPolicyParameter';
  return encodeMessage({
    dataType: 6,
    v: false,
    prf: prf === 0 ? 0 : 1,
    csbId: concat(octets.subarray(4, 8), new Uint8Array(4)).subarray(0, 4),
    csMap: { type: 1, count: 0 },
    payloads: [
      { kind: 'T', tsType: 0, value: t },
      { kind: 'ERR', error: opened ? 0 : (error.row.mikey ?? 0) },
      ...(hinted && !opened ? policies : []),
    ],
  });
}

/** The last moment of what is known of a message that is being judged; the reply is made from it. */
export interface Judged {
  t: NtpTime;
  opened: boolean;
}

/**
 * Runs the judgement of one message. Whatever it throws, `secrets` are wiped; a HalfkeyError becomes a refusal, with a
 * reply unless `replies` says silence.
 */
export function judge<T extends { readonly ok: true }>(
  octets: Uint8Array,
  nowMs: number,
  secrets: readonly Secret<string>[],
  replies: { readonly policies?: readonly SecurityPolicy[] } | undefined,
  run: (judged: Judged) => T,
): T | Refusal {
  const judged: Judged = { t: ntpFromUnixMs(nowMs), opened: false };
  try {
    return run(judged);
  } catch (error) {
    for (const secret of secrets) secret.wipe();
    if (!isHalfkeyError(error)) throw error;
    const silent = replies === undefined || error.code === 'Replay';
    return { ok: false, error, reply: silent ? undefined : errorReply(error, { octets, ...judged, ...replies }) };
  }
}

/**
 * Reads a message of the type that is awaited.
 * @throws HalfkeyError `MessageTooLong`, `InvalidDataType`, `BadOrder` (an update of a bundle, profile 6.4), and those of
 * readIbakeMessage
 */
export function readAwaited(octets: Uint8Array, type: IbakeType): IbakeMessage {
  if (octets.length > IBAKE_LIMITS.messageOctets)
    throw new HalfkeyError('MessageTooLong', `more than ${String(IBAKE_LIMITS.messageOctets)} octets`);
  const message = readIbakeMessage(octets);
  if (message.type !== type) throw new HalfkeyError('InvalidDataType', `${type} is awaited`, { offset: 1 });
  if (message.v !== undefined && type !== 'R_MESSAGE_2')
    throw new HalfkeyError('BadOrder', 'an update of a bundle that is not there', {
      ...(message.places.v === undefined ? {} : { offset: message.places.v }),
    });
  return message;
}
