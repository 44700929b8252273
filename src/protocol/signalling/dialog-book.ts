/**
 * The dialogs of one call (RFC 3261 12, 15): who sent a message, to which dialog it belongs, and when the call ends.
 * A tap beside a forking proxy sees the ends of single legs too: an end is withdrawn when the call goes on.
 */
import type { CallEnd, Party } from './call.ts';
import { other } from './exchange-book.ts';
import type { SipMessage } from './sip-message.ts';

const MAX_CALLER_TAGS = 8;
const MAX_DIALOGS = 64;
/** The caller answers these with another INVITE of the same call (RFC 3261 8.1.3.5). */
const RETRIED: ReadonlySet<number> = new Set([401, 407]);
/** Inside a dialog only these end it (RFC 3261 12.2.1.2). */
const FATAL: ReadonlySet<number> = new Set([408, 481]);

export class DialogBook {
  end: CallEnd | undefined;
  /** Callee's tags of the dialogs that were ever confirmed, in that order. */
  readonly answered: string[] = [];
  readonly #callerTags = new Set<string>();
  readonly #dialogs = new Map<string, 'early' | 'confirmed' | 'over'>();
  #lastInvite = -1;

  /** Who sent the message, and the callee's tag of its dialog. The first message defines the caller: its From. */
  place(message: SipMessage): { sender: Party; branch: string | undefined } {
    const { fromTag = '', toTag = '' } = message;
    const calleeSent = toTag !== '' && !this.#callerTags.has(fromTag) && this.#callerTags.has(toTag);
    // Another INVITE of the same call may come with a new tag (RFC 3261 8.1.3.5 only advises to keep it).
    if (!calleeSent && this.#callerTags.size < MAX_CALLER_TAGS) this.#callerTags.add(fromTag);
    const requester: Party = calleeSent ? 'callee' : 'caller';
    const branch = (calleeSent ? fromTag : toTag) || undefined;
    return { sender: message.kind === 'request' ? requester : other(requester), branch };
  }

  /** Follows the states; true when the call has just ended, false when its end is withdrawn. */
  follow(message: SipMessage, branch: string | undefined, timeMs: number): boolean | undefined {
    const before = this.end;
    if (message.kind === 'request') this.#request(message.method, message, branch, timeMs);
    else this.#response(message.status, message.cseq.method, branch, timeMs);
    return before === this.end ? undefined : this.end !== undefined;
  }

  #request(method: string, message: SipMessage, branch: string | undefined, timeMs: number): void {
    if (method === 'INVITE') {
      if (branch !== undefined && this.#dialogs.get(branch) !== 'over') this.#set(branch, 'confirmed');
      if (branch === undefined && message.cseq.number > this.#lastInvite) {
        this.#lastInvite = message.cseq.number;
        this.end = undefined;
      }
    } else if (method === 'BYE') {
      this.#set(branch, 'over');
      // Of several answered branches the caller keeps one and sends BYE to the others (RFC 3261 13.2.2.4).
      if (!this.#some('confirmed')) this.#finish('bye', timeMs);
    } else if (method === 'CANCEL' && !this.#some('confirmed')) {
      // After an answer a proxy cancels the branches that lost; that is no end.
      this.#finish('cancel', timeMs);
    }
  }

  #response(status: number, method: string, branch: string | undefined, timeMs: number): void {
    const state = branch === undefined ? undefined : this.#dialogs.get(branch);
    if (FATAL.has(status) && state === 'confirmed' && (method === 'INVITE' || method === 'UPDATE')) {
      this.#set(branch, 'over');
      if (!this.#some('confirmed')) this.#finish('rejected', timeMs);
    } else if (method !== 'INVITE' || state === 'over' || status <= 100 || RETRIED.has(status)) {
      return;
    } else if (status < 300) {
      // A first sign of life from another branch, or an answer, after a leg was refused or cancelled.
      if (this.end?.reason !== 'bye' && (status >= 200 || state === undefined)) this.end = undefined;
      if (state !== 'confirmed') this.#set(branch, status >= 200 ? 'confirmed' : 'early');
    } else if (state !== 'confirmed') {
      this.#set(branch, 'over');
      if (!this.#some('confirmed') && !this.#some('early')) this.#finish('rejected', timeMs);
    }
  }

  #set(branch: string | undefined, state: 'early' | 'confirmed' | 'over'): void {
    if (branch === undefined || (this.#dialogs.size >= MAX_DIALOGS && !this.#dialogs.has(branch))) return;
    this.#dialogs.set(branch, state);
    if (state === 'confirmed' && !this.answered.includes(branch)) this.answered.push(branch);
  }

  #some(wanted: 'early' | 'confirmed'): boolean {
    return [...this.#dialogs.values()].includes(wanted);
  }

  #finish(reason: CallEnd['reason'], timeMs: number): void {
    this.end ??= { timeMs, reason };
  }
}
