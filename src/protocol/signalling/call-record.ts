/**
 * One call as the tracker keeps it: takes a message apart once and lets each book have its part.
 * Never throws for anything inside a message: what cannot be used becomes a problem of the call.
 */
import { inspect } from 'node:util';
import { HalfkeyError, type ErrorCode } from '../../foundation/base/errors.ts';
import type { Call, CallEnd, CallProblem, CallUpdate, CarriedMikey, Exchange, MediaLine, Party } from './call.ts';
import { DialogBook } from './dialog-book.ts';
import { ExchangeBook } from './exchange-book.ts';
import { checkSecureOnly, keyMgmtAt, type KeyMgmtLevel } from './key-mgmt.ts';
import { MediaBook } from './media-book.ts';
import { sdpOf } from './sip-body.ts';
import { headerValues, type SipMessage } from './sip-message.ts';
import { parseAddress } from './sip-syntax.ts';
import { parseSdp, type Sdp } from './sdp.ts';

const MAX_PROBLEMS = 32;
const MAX_ASSERTED = 8;
const MAX_OFFERS = 64;
/** HDR with an empty CS ID map (RFC 3830 6.1). */
const MIN_MIKEY = 10;
/** Longest MIKEY message that is kept, octets. */
const MAX_MIKEY = 65_536;

/** The description of a message, level by level, and what was wrong with it. */
export interface Description {
  readonly sdp?: Sdp;
  readonly levels: readonly KeyMgmtLevel[];
  readonly problems: readonly { readonly code: ErrorCode; readonly mediaIndex?: number }[];
}

/** Reads the description of a message; a bad level does not hide the others. */
export function describe(message: SipMessage): Description {
  const problems: { code: ErrorCode; mediaIndex?: number }[] = [];
  const attempt = <T>(read: () => T, mediaIndex?: number): T | undefined => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof HalfkeyError)) throw error;
      problems.push({ code: error.code, ...(mediaIndex === undefined ? {} : { mediaIndex }) });
      return undefined;
    }
  };
  const body = attempt(() => sdpOf(message));
  const sdp = body === undefined ? undefined : attempt(() => parseSdp(body));
  if (sdp === undefined) return { levels: [], problems };
  const indexes = [undefined, ...sdp.media.keys()];
  const levels = indexes.flatMap((index) => attempt(() => keyMgmtAt(sdp, index), index) ?? []);
  attempt(() => {
    checkSecureOnly(sdp);
  });
  const short = levels.filter(
    ({ mikey }) => mikey !== undefined && (mikey.length < MIN_MIKEY || mikey.length > MAX_MIKEY),
  );
  for (const { mediaIndex } of short)
    problems.push({ code: 'BadKeyMgmt', ...(mediaIndex === undefined ? {} : { mediaIndex }) });
  return { sdp, levels: levels.filter((level) => !short.includes(level)), problems };
}

export class CallRecord implements Call {
  readonly callId: string;
  readonly startedMs: number;
  readonly fromUri: string;
  readonly toUri: string;
  declare readonly requestUri?: string;
  readonly callerAsserted: string[] = [];
  readonly calleeAsserted: string[] = [];
  readonly problems: CallProblem[] = [];
  readonly #exchanges = new ExchangeBook();
  readonly #dialogs = new DialogBook();
  readonly #media = new MediaBook();
  readonly #problemKeys = new Set<string>();
  /** Transactions whose offer carried MIKEY, and those of their dialogs that answered with it. */
  readonly #offers = new Set<string>();

  constructor(message: SipMessage, timeMs: number) {
    this.callId = message.callId;
    this.startedMs = timeMs;
    this.fromUri = message.fromUri;
    this.toUri = message.toUri;
    if (message.requestUri !== undefined) this.requestUri = message.requestUri;
  }

  get exchanges(): readonly Exchange[] {
    return this.#exchanges.exchanges;
  }

  get otherMikey(): readonly CarriedMikey[] {
    return this.#exchanges.other;
  }

  get initiator(): Party {
    return this.#exchanges.exchanges[0]?.initiator ?? 'caller';
  }

  get media(): readonly MediaLine[] {
    return this.#media.lines(this.initiator);
  }

  get answered(): readonly string[] {
    return this.#dialogs.answered;
  }

  get ended(): CallEnd | undefined {
    return this.#dialogs.end;
  }

  /** An estimate of the octets held. */
  get octets(): number {
    const texts = [
      this.callId,
      this.fromUri,
      this.toUri,
      this.requestUri ?? '',
      ...this.callerAsserted,
      ...this.calleeAsserted,
    ];
    return 2048 + texts.reduce((sum, text) => sum + text.length, 0) + this.#exchanges.octets + this.#media.octets;
  }

  /** Takes a message in; undefined when it says nothing new. */
  take(message: SipMessage, description: Description, timeMs: number, created: boolean): CallUpdate | undefined {
    const { sender, branch } = this.#dialogs.place(message);
    const problemsBefore = this.problems.length;
    const problem = (code: ErrorCode, mediaIndex?: number): void => {
      this.#problem(message, { code, timeMs, sender, ...(mediaIndex === undefined ? {} : { mediaIndex }) });
    };
    for (const { code, mediaIndex } of description.problems) problem(code, mediaIndex);
    this.#noteAsserted(message, sender);
    const newMikey = this.#takeMikey(description, sender, branch, timeMs, problem);
    if (this.#fallsBack(message, description, branch)) problem('BiddingDown');
    // The description in a refusal says what could be done, not where to send (RFC 3261 21.4.26).
    const binding = message.kind === 'request' || message.status < 300;
    const mediaChanged = description.sdp !== undefined && binding && this.#media.note(description.sdp, sender);
    const ended = this.#dialogs.follow(message, branch, timeMs);
    const newProblems = this.problems.slice(problemsBefore);
    if (!created && !mediaChanged && ended === undefined && newMikey.length + newProblems.length === 0)
      return undefined;
    return { call: this, newMikey, newProblems, created, mediaChanged, ...(ended === undefined ? {} : { ended }) };
  }

  #takeMikey(
    { levels }: Description,
    sender: Party,
    branch: string | undefined,
    timeMs: number,
    problem: (code: ErrorCode, mediaIndex?: number) => void,
  ): CarriedMikey[] {
    return levels.flatMap(({ mikey, mediaIndex, protocols }) => {
      if (mikey === undefined) return [];
      const carried: CarriedMikey = {
        type: mikey[1] as number,
        csbId: mikey.slice(4, 8),
        bytes: mikey,
        sender,
        ...(branch === undefined ? {} : { branch }),
        ...(mediaIndex === undefined ? {} : { mediaIndex }),
        protocols,
      };
      const result = this.#exchanges.add(carried, timeMs);
      if (result === 'refused') problem('TooManyBranches', mediaIndex);
      return result === 'new' ? [carried] : [];
    });
  }

  /** Protocol profile 3.8: an answer without key-mgmt to an offer with it would be a fallback to clear. */
  #fallsBack(message: SipMessage, { sdp, levels, problems }: Description, branch: string | undefined): boolean {
    const secured = levels.some(({ mikey }) => mikey !== undefined);
    const { number, method } = message.cseq;
    const transaction = `${message.fromTag ?? ''} ${String(number)} ${method}`;
    const answer = `${transaction} ${branch ?? ''}`;
    if (message.kind === 'request') {
      if (secured && this.#offers.size < MAX_OFFERS) this.#offers.add(transaction);
      return false;
    }
    if (sdp === undefined || message.status >= 300 || !this.#offers.has(transaction)) return false;
    if (secured && this.#offers.size < MAX_OFFERS) this.#offers.add(answer);
    return !secured && problems.length === 0 && !this.#offers.has(answer);
  }

  /** The same fault in the same message, seen on another leg, counts once. */
  #problem(message: SipMessage, problem: CallProblem): void {
    const { number, method } = message.cseq;
    const where = [message.kind, message.status, message.fromTag, message.toTag, number, method, problem.mediaIndex];
    const key = `${problem.code} ${where.map(String).join(' ')}`;
    if (this.#problemKeys.has(key) || this.problems.length >= MAX_PROBLEMS) return;
    this.#problemKeys.add(key);
    this.problems.push(problem);
  }

  #noteAsserted(message: SipMessage, sender: Party): void {
    const list = sender === 'caller' ? this.callerAsserted : this.calleeAsserted;
    for (const value of headerValues(message, 'p-asserted-identity')) {
      let uri: string;
      try {
        uri = parseAddress(value, 0).uri;
      } catch {
        continue; // Of no use for matching, and no reason to lose the message.
      }
      if (!list.includes(uri) && list.length < MAX_ASSERTED) list.push(uri);
    }
  }

  toJSON(): string {
    return `[call, ${String(this.exchanges.length)} exchanges]`;
  }

  [inspect.custom](): string {
    return this.toJSON();
  }
}
