/**
 * What placed and answered calls have in common: what they are told about their surroundings, what they tell of
 * themselves, and how they end. Events carry sizes and times; never an identity, a key or a nonce.
 */
import type { Clock, ErrorCode, Random, Scheduler } from '../../foundation/base/index.ts';
import type { Identity } from '../../foundation/identity/index.ts';
import type { IbakeType } from '../../protocol/mikey/index.ts';
import type { KeyExchange } from './key-exchange.ts';
import type { MediaStatistics } from './media-session.ts';
import type { MediaPorts } from './ua-ports.ts';
import type { SipRequestMessage } from './ua-message.ts';
import type { ServerTransaction, SipLink, Transactions } from './ua-transactions.ts';

/** One SIP message of a call as it was sent or came. */
export interface LadderEvent {
  /** Method of a request, status and method of a response: `INVITE`, `183 INVITE`. */
  readonly sip: string;
  /** The MIKEY message in it, and its octets. */
  readonly name?: IbakeType | 'ERROR';
  readonly octets?: number;
  readonly direction: 'sent' | 'received';
  /** Milliseconds since 1970. */
  readonly timeMs: number;
  /** What the mathematics behind this message took, in milliseconds: making I1, R1 with I1 opened, I2 with R1 opened, R2. */
  readonly ibeMs?: number;
}

/**
 * - `completed`: there was a call, and one side ended it;
 * - `busy`, `refused`: the other side did not want it (`status`, and `hint`, the number of its MIKEY error message);
 * - `cancelled`: it was given up before it was answered;
 * - `timeout`: nothing came any more;
 * - `failed`: something was not right, here or in what came (`code`).
 */
export type CallOutcome = 'completed' | 'busy' | 'refused' | 'cancelled' | 'timeout' | 'failed';

export interface CallResult {
  readonly outcome: CallOutcome;
  /** Why, where something went wrong: for this side only. */
  readonly code?: ErrorCode;
  /** Final status of the INVITE, where it was refused. */
  readonly status?: number;
  /** Error number of an unauthenticated MIKEY error message: a hint. */
  readonly hint?: number;
  /** The other side, proved by the key exchange; only of a call that was up. */
  readonly peer?: Identity;
  readonly endedBy?: 'us' | 'peer';
  /** From the INVITE to the ACK, milliseconds, and the part of it that the key exchange computed here. */
  readonly setUpMs?: number;
  readonly ibeMs: number;
  /** What was received: WAV, mono, mu-law. Only of a call that was up. */
  readonly recording?: Uint8Array;
  readonly statistics?: MediaStatistics;
}

/** What a call is told. */
export interface CallSettings {
  /** mu-law octets to be spoken, 8000 a second. */
  readonly speech: Uint8Array;
  /** Sockets for one call; it closes them. */
  readonly media: () => Promise<MediaPorts>;
  readonly onEvent?: (event: LadderEvent) => void;
}

/** The surroundings of every call of a user agent. */
export interface UserAgentContext {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly transactions: Transactions;
  readonly exchange: KeyExchange;
  /** Contact of our messages, in angle brackets. */
  readonly contact: string;
  /** The client's own identity. */
  readonly identity: Identity;
  /** The way to a caller: the outbound proxy where there is one, else the connection that the INVITE came over. */
  linkTo(incoming: SipLink): SipLink;
  /** Requests with this tag of ours come to the call; the result takes it away. */
  register(localTag: string, call: DialogCall): () => void;
}

/** A call as the user agent sees it. */
export interface DialogCall {
  /** Nothing more is said but answers to what is repeated, and no secret is held. */
  readonly over: boolean;
  /** A request inside a dialog. */
  onRequest(transaction: ServerTransaction, link: SipLink): void;
  /** The request that an ACK to a 2xx is. */
  onAck(request: SipRequestMessage): void;
  /** Ends the call, whatever state it is in. */
  hangUp(): void;
  /** The way to the other side is gone: ends at once, without a word. */
  onLinkLost(link: SipLink): void;
  /** Ends at once, without a word, and leaves no secret. */
  abort(): void;
}
