/**
 * One early dialog of an INVITE of ours (RFC 3261 13.2.2.4, RFC 3262, protocol profile 3.8, 6.1): a reliable response with
 * R_MESSAGE_1, PRACK with I_MESSAGE_2, its 200 with R_MESSAGE_2. A branch has keys or has failed; there is no third way.
 */
import { HalfkeyError, isHalfkeyError, type ErrorCode } from '../../foundation/base/index.ts';
import { dispose, type Established } from '../../protocol/ibake/index.ts';
import { headerValue, sdpOf } from '../../protocol/signalling/index.ts';
import type { OutgoingKeys } from './key-exchange.ts';
import type { Dialog } from './ua-dialog.ts';
import type { Ladder } from './ua-ladder.ts';
import { hasOption, type Body, type SipResponseMessage } from './ua-message.ts';
import {
  describeSession,
  readSecureSession,
  type LocalSession,
  type RemoteMedia,
  type SecureSession,
} from './ua-sdp.ts';
import type { SipLink, Transactions } from './ua-transactions.ts';

/** What a branch needs of its call. */
export interface BranchContext {
  readonly transactions: Transactions;
  readonly link: SipLink;
  readonly keys: OutgoingKeys;
  readonly session: LocalSession;
  readonly ladder: Ladder;
  /** A sign of life that is not one of the four messages. */
  readonly onRinging: () => void;
  /** I_MESSAGE_2 was sent. */
  readonly onWaiting: () => void;
  readonly onEstablished: (branch: CallBranch) => void;
  readonly onFailed: (branch: CallBranch, code: ErrorCode) => void;
}

export class CallBranch {
  readonly dialog: Dialog;
  /** To-tag of the other side. */
  readonly tag: string;
  readonly #context: BranchContext;
  #state: 'none' | 'pending' | 'established' | 'failed' = 'none';
  /** RSeq of the last reliable response. */
  #sequence: number | undefined;
  #outcome: { readonly established: Established; readonly remote: RemoteMedia } | undefined;
  #answered = false;

  constructor(context: BranchContext, dialog: Dialog, tag: string) {
    this.#context = context;
    this.dialog = dialog;
    this.tag = tag;
  }

  get state(): 'none' | 'pending' | 'established' | 'failed' {
    return this.#state;
  }

  /** Whether the exchange runs, or has come to keys. */
  get alive(): boolean {
    return this.#state === 'pending' || this.#state === 'established';
  }

  /** Keys and addresses, when the exchange is over and well. */
  get outcome(): { readonly established: Established; readonly remote: RemoteMedia } | undefined {
    return this.#outcome;
  }

  /** Its 2xx came: from now on the call says BYE, not the branch. */
  confirm(response: SipResponseMessage): void {
    this.#answered = true;
    this.dialog.confirm(response);
  }

  /** Takes a provisional response of the dialog, 101 to 199. */
  provisional(response: SipResponseMessage): void {
    const { ladder, onRinging } = this.#context;
    const sip = `${String(response.status)} INVITE`;
    const reliable = hasOption(response, 'require', '100rel');
    const sequence = Number(headerValue(response, 'rseq') ?? '');
    if (reliable) {
      // RFC 3262 4: one that repeats, or runs ahead, is not taken.
      const next = this.#sequence === undefined || sequence === this.#sequence + 1;
      if (!Number.isInteger(sequence) || sequence < 1 || !next) return;
      this.#sequence = sequence;
    }
    // An answer counts in a reliable response only (RFC 3262 5): another one may be lost.
    if (reliable && response.body.length > 0 && this.#state === 'none') {
      this.#judge(() => {
        this.#takeR1(response, sip, sequence);
      });
      return;
    }
    ladder.received(sip);
    if (this.#state !== 'pending') onRinging();
    if (reliable) {
      ladder.sent('PRACK');
      this.#prack(response, sequence, undefined, () => undefined);
    }
  }

  /** Ends the branch: wipes what it holds, and says BYE unless that is said elsewhere. Repeated calls do nothing. */
  end(options: { readonly bye: boolean; readonly reply?: Uint8Array }): void {
    const { keys, transactions, link } = this.#context;
    const ended = this.#state === 'failed';
    this.#state = 'failed';
    keys.drop(this.tag);
    if (this.#outcome !== undefined) dispose(this.#outcome.established);
    if (ended || !options.bye) return;
    const { reply } = options;
    const body: Body | undefined = reply && { type: 'application/mikey', octets: reply };
    const nothing = (): void => undefined;
    transactions.request(link, this.dialog.request('BYE', { ...(body && { body }) }), nothing, nothing);
  }

  /** Ends the branch and tells the call. */
  fail(code: ErrorCode, reply?: Uint8Array): void {
    if (this.#state === 'failed') return;
    this.end({ bye: !this.#answered, ...(reply && { reply }) });
    this.#context.onFailed(this, code);
  }

  #judge(run: () => void): void {
    try {
      run();
    } catch (error) {
      if (!isHalfkeyError(error)) throw error;
      this.fail(error.code);
    }
  }

  #takeR1(response: SipResponseMessage, sip: string, sequence: number): void {
    const { keys, ladder, session, onWaiting } = this.#context;
    const answer = answerOf(response);
    ladder.received(sip, { name: 'R_MESSAGE_1', octets: answer.mikey.length });
    const result = keys.answer(this.tag, answer.mikey, answer.accepted);
    if (!result.ok) {
      this.fail(result.error.code, result.reply);
      return;
    }
    this.#state = 'pending';
    const { message, ibeMs } = result;
    const body: Body = { type: 'application/sdp', octets: describeSession(session, message) };
    ladder.sent('PRACK', { name: 'I_MESSAGE_2', octets: message.length, ibeMs });
    onWaiting();
    this.#prack(response, sequence, body, (final) => {
      this.#judge(() => {
        this.#takeR2(final);
      });
    });
  }

  #prack(
    response: SipResponseMessage,
    sequence: number,
    body: Body | undefined,
    onFinal: (final: SipResponseMessage) => void,
  ): void {
    const headers = [{ name: 'RAck', value: `${String(sequence)} ${String(response.cseq.number)} INVITE` }];
    const request = this.dialog.request('PRACK', { headers, ...(body && { body }) });
    this.#context.transactions.request(this.#context.link, request, onFinal, () => {
      if (body !== undefined && this.#state === 'pending') this.fail('CALL_TIMEOUT');
    });
  }

  #takeR2(final: SipResponseMessage): void {
    const { keys, ladder, onEstablished } = this.#context;
    if (this.#state !== 'pending') return;
    const sip = `${String(final.status)} PRACK`;
    if (final.status >= 300) {
      ladder.received(sip);
      throw new HalfkeyError('CALL_REFUSED', 'I_MESSAGE_2 was refused');
    }
    const answer = answerOf(final);
    const result = keys.finish(this.tag, answer.mikey);
    ladder.received(sip, { name: 'R_MESSAGE_2', octets: answer.mikey.length, ibeMs: result.ibeMs });
    if (!result.ok) {
      this.fail(result.error.code, result.reply);
      return;
    }
    this.#state = 'established';
    this.#outcome = { established: result.established, remote: answer.remote };
    onEstablished(this);
  }
}

/** The protected answer in a response. @throws HalfkeyError as readSecureSession, `BadSip` */
export function answerOf(response: SipResponseMessage): SecureSession {
  const body = sdpOf(response);
  if (body === undefined) throw new HalfkeyError('BiddingDown', 'the answer has no session description');
  return readSecureSession(body, true);
}
