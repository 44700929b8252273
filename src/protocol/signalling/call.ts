/**
 * What is known of a call: who, which MIKEY exchanges, where the media go (protocol profile 3.8, 6.1, 6.4).
 * These are live, read-only views: they grow while the tracker is fed. A call prints without its identities.
 */
import type { ErrorCode } from '../../foundation/base/errors.ts';
import type { Endpoint, MediaFormat } from './sdp-media.ts';

/** The sender of the first INVITE, and the other side. A re-INVITE or UPDATE from the other side changes nothing. */
export type Party = 'caller' | 'callee';

/**
 * One candidate exchange: messages that belong together by CSB ID, order and To-tag. Message octets are those of
 * the wire; whether they really fit (T, RAND, identities, V) is for the reader of MIKEY to say.
 *
 * - Forking (6.1): one I_MESSAGE_1, an answer from each device: one candidate for each `branch`, all with the same `i1`.
 * - Re-key (6.4): another I_MESSAGE_1 with the same CSB ID begins a new `round`.
 * - A different message of the same type in the same branch does not replace the first: it opens another candidate
 *   with copies of the messages before it.
 */
export interface Exchange {
  /** 4 octets. */
  readonly csbId: Uint8Array;
  /** The m-line, counted from 0, for key management at media level; undefined at session level. */
  readonly mediaIndex?: number;
  /** 0 for the first exchange of this CSB ID, then 1, 2, ... */
  readonly round: number;
  /** Who is the initiator of this exchange; in a re-key it may be the other one. */
  readonly initiator: Party;
  /** The callee's tag of the dialog; undefined while only an initial I_MESSAGE_1 has been seen. */
  readonly branch?: string;
  /** When its first message was seen, milliseconds since 1970. */
  readonly startedMs: number;
  readonly i1?: Uint8Array;
  readonly r1?: Uint8Array;
  readonly i2?: Uint8Array;
  readonly r2?: Uint8Array;
}

/**
 * One m-line. `initiator` and `responder` are the parties of the first exchange, whose directions the CS IDs keep
 * (protocol profile 6.4). The lists hold every address that the party ever announced for receiving, oldest first,
 * at most 16: packets to an earlier one still belong to the line.
 */
export interface MediaLine {
  /** Counted from 0. */
  readonly index: number;
  readonly kind: string;
  readonly protocol: string;
  readonly formats: readonly MediaFormat[];
  readonly initiator: readonly Endpoint[];
  readonly responder: readonly Endpoint[];
  readonly initiatorRtcp: readonly Endpoint[];
  readonly responderRtcp: readonly Endpoint[];
}

/** Something in a message of the call that could not be used; the rest of the message was. */
export interface CallProblem {
  /** `BadSip` (body), `BadSdp`, `BadKeyMgmt`, `BiddingDown`, `TooManyBranches`. */
  readonly code: ErrorCode;
  readonly timeMs: number;
  readonly sender: Party;
  readonly mediaIndex?: number;
}

/** Why and when a call ended. */
export interface CallEnd {
  readonly timeMs: number;
  readonly reason: 'bye' | 'cancel' | 'rejected';
}

/** One MIKEY message in the signalling. */
export interface CarriedMikey {
  /** The data type octet: 22 to 25 for IBAKE, 6 for an error. */
  readonly type: number;
  readonly csbId: Uint8Array;
  readonly bytes: Uint8Array;
  readonly sender: Party;
  readonly branch?: string;
  readonly mediaIndex?: number;
  /** The protocol identifiers of its level, for the SDP-IDs comparison (RFC 4567 4.1.4). */
  readonly protocols: readonly string[];
}

export interface Call {
  readonly callId: string;
  readonly startedMs: number;
  /** From, To and Request-URI of the first INVITE, as written. Identities: match them, never log them. */
  readonly fromUri: string;
  readonly toUri: string;
  readonly requestUri?: string;
  /** P-Asserted-Identity (RFC 3325) of either side, each once. */
  readonly callerAsserted: readonly string[];
  readonly calleeAsserted: readonly string[];
  /** The initiator of the first exchange; the caller while there is none. */
  readonly initiator: Party;
  readonly exchanges: readonly Exchange[];
  /** MIKEY messages that are no part of an IBAKE exchange, for example errors; at most 16. */
  readonly otherMikey: readonly CarriedMikey[];
  readonly media: readonly MediaLine[];
  readonly problems: readonly CallProblem[];
  /** To-tags of the dialogs that were answered with a 2xx to INVITE: of a forked call those that the caller may keep. */
  readonly answered: readonly string[];
  /** May be withdrawn: behind a forking proxy the end of one leg can look like the end of the call. */
  readonly ended: CallEnd | undefined;
}

/** What one message added to a call; at least one member says something new. */
export interface CallUpdate {
  readonly call: Call;
  readonly newMikey: readonly CarriedMikey[];
  readonly newProblems: readonly CallProblem[];
  readonly created: boolean;
  /** Addresses, formats or the profile of a line changed. */
  readonly mediaChanged: boolean;
  /** true: the call has just ended; false: it turned out not to have ended; absent: no change. */
  readonly ended?: boolean;
}
