/**
 * A call that we place (RFC 3261 13.2, RFC 3262, protocol profile 3.8, 4.3): INVITE with I_MESSAGE_1, then a branch for
 * each dialog that answers; the first 2xx whose branch has keys is the call. There is no call before R_MESSAGE_2 was
 * right, none in clear, and no secret when it is over.
 */
import { isHalfkeyError, type ErrorCode } from '../../foundation/base/index.ts';
import { userOf, type Identity } from '../../foundation/identity/index.ts';
import { readErrorMessage } from '../../protocol/mikey/index.ts';
import { headerValue } from '../../protocol/signalling/index.ts';
import type { OutgoingKeys } from './key-exchange.ts';
import { answerOf, CallBranch, type BranchContext } from './ua-branch.ts';
import { CallEnd } from './ua-call-end.ts';
import type { CallOutcome, CallResult, CallSettings, DialogCall, UserAgentContext } from './ua-call.ts';
import { Dialog } from './ua-dialog.ts';
import { Ladder } from './ua-ladder.ts';
import { addressOf, ALLOWED, responseTo, token, type RequestDraft, type SipResponseMessage } from './ua-message.ts';
import type { MediaPorts } from './ua-ports.ts';
import { describeSession, newSession } from './ua-sdp.ts';
import { TIMEOUT, type InviteTransaction, type ServerTransaction, type SipLink } from './ua-transactions.ts';

/** Early dialogs of one INVITE that are kept (protocol profile 3.8). */
const MAX_BRANCHES = 8;

export interface OutgoingCallSettings extends CallSettings {
  readonly to: Identity;
  /** Route header fields, for example `<sip:proxy;transport=tcp;lr>`, where the next hop wants them. */
  readonly route: readonly string[];
  /** How long the other side may ring after each sign of life, milliseconds. */
  readonly ringMs: number;
  /** How long to stay after our speech while nothing is heard, milliseconds. */
  readonly tailMs: number;
}

/** A running INVITE. */
interface Inviting {
  readonly draft: RequestDraft;
  readonly transaction: InviteTransaction;
  readonly keys: OutgoingKeys;
  readonly branches: BranchContext;
}

export class CallerCall implements DialogCall {
  readonly #context: UserAgentContext;
  readonly #link: SipLink;
  readonly #settings: OutgoingCallSettings;
  readonly #ladder: Ladder;
  readonly #end: CallEnd;
  readonly #branches = new Map<string, CallBranch>();
  #state: 'calling' | 'answered' | 'up' | 'ending' | 'over' = 'calling';
  #inviting: Inviting | undefined;
  /** CANCEL may be sent after the first provisional response only (RFC 3261 9.1). */
  #cancel: 'too early' | 'possible' | 'wanted' | 'sent' = 'too early';
  #chosen: { readonly branch: CallBranch; readonly ack: Uint8Array } | undefined;
  #stopTimer: () => void = () => undefined;
  #unregister: () => void = () => undefined;

  /** Places the call; `done` gets its result, once, when nothing of it is left but answers to repetitions. */
  constructor(
    context: UserAgentContext,
    link: SipLink,
    settings: OutgoingCallSettings,
    ports: MediaPorts,
    done: (result: CallResult) => void,
  ) {
    this.#context = context;
    this.#link = link;
    this.#settings = settings;
    this.#ladder = new Ladder(context.clock, settings.onEvent);
    this.#end = new CallEnd(context, this.#ladder, ports, done);
    let keys: OutgoingKeys | undefined;
    try {
      keys = context.exchange.call(settings.to);
      this.#begin(ports, keys);
    } catch (error) {
      keys?.close();
      this.#finish('failed', isHalfkeyError(error) ? error.code : 'INTERNAL');
      if (!isHalfkeyError(error)) throw error;
    }
  }

  get over(): boolean {
    return this.#state === 'over';
  }

  #begin(ports: MediaPorts, keys: OutgoingKeys): void {
    const { transactions, random } = this.#context;
    const link = this.#link;
    const ladder = this.#ladder;
    const session = newSession(ports, random);
    const localTag = token(random);
    this.#unregister = this.#context.register(localTag, this);
    const { message, ibeMs } = keys.offer;
    const draft = this.#draft(localTag, describeSession(session, message));
    this.#wait(TIMEOUT);
    ladder.sent('INVITE', { name: 'I_MESSAGE_1', octets: message.length, ibeMs });
    const branches: BranchContext = {
      ...{ transactions, link, keys, session, ladder },
      onRinging: () => {
        this.#wait(this.#settings.ringMs);
      },
      onWaiting: () => {
        this.#wait(TIMEOUT);
      },
      onEstablished: (branch) => {
        if (this.#chosen?.branch === branch) this.#up(branch);
        else if (this.#state === 'calling') this.#wait(this.#settings.ringMs);
      },
      onFailed: (branch, code) => {
        const alive = [...this.#branches.values()].some((other) => other.alive);
        if (!alive || this.#chosen?.branch === branch)
          this.#giveUp(code === 'CALL_TIMEOUT' ? 'timeout' : 'failed', code);
      },
    };
    const transaction = transactions.invite(link, draft, (response) => {
      this.#onResponse(response);
    });
    this.#inviting = { draft, transaction, keys, branches };
  }

  #draft(localTag: string, body: Uint8Array): RequestDraft {
    const { contact, identity, random } = this.#context;
    const { to, route } = this.#settings;
    return {
      kind: 'request',
      method: 'INVITE',
      requestUri: to.type === 1 ? to.text : `sip:${to.text}`,
      headers: [
        ...route.map((value) => ({ name: 'Route', value })),
        { name: 'Max-Forwards', value: '70' },
        { name: 'From', value: `${addressOf(userOf(identity))};tag=${localTag}` },
        { name: 'To', value: addressOf(userOf(to)) },
        { name: 'Call-ID', value: token(random) },
        { name: 'CSeq', value: '1 INVITE' },
        { name: 'Contact', value: contact },
        { name: 'Allow', value: ALLOWED },
        { name: 'Supported', value: '100rel' },
        { name: 'Require', value: '100rel' },
        { name: 'Content-Type', value: 'application/sdp' },
      ],
      body,
    };
  }

  /** Gives up with `timeout` unless something restarts this. */
  #wait(delayMs: number): void {
    this.#stopTimer();
    this.#stopTimer = this.#context.scheduler.after(delayMs, () => {
      this.#giveUp('timeout', 'CALL_TIMEOUT');
    });
  }

  #onResponse(response: SipResponseMessage): void {
    const { status } = response;
    if (status >= 300) this.#onRefused(response);
    else if (status >= 200) this.#onSuccess(response);
    else {
      if (this.#cancel === 'too early') this.#cancel = 'possible';
      else if (this.#cancel === 'wanted') this.#sendCancel();
      if (status > 100 && this.#state === 'calling') this.#branchOf(response)?.provisional(response);
    }
  }

  /** The branch of a response; undefined for the ninth. */
  #branchOf(response: SipResponseMessage): CallBranch | undefined {
    const tag = response.toTag ?? '';
    const known = this.#branches.get(tag);
    if (known !== undefined || this.#inviting === undefined || this.#branches.size >= MAX_BRANCHES) return known;
    const dialog = Dialog.ofCaller(this.#inviting.draft, response);
    const branch = new CallBranch(this.#inviting.branches, dialog, tag);
    this.#branches.set(tag, branch);
    return branch;
  }

  #onSuccess(response: SipResponseMessage): void {
    const branch = this.#branchOf(response);
    if (this.#chosen !== undefined && this.#chosen.branch === branch) {
      this.#link.send(this.#chosen.ack); // the same 2xx again: its ACK was lost (13.2.2.4)
      return;
    }
    this.#ladder.received(`${String(response.status)} INVITE`);
    if (this.#state === 'calling' && branch?.alive === true) {
      this.#choose(branch, response);
      return;
    }
    // A dialog that nobody wants: a fork that came too late, an answer that crossed our CANCEL, a call without keys.
    const code = this.#state === 'calling' && branch?.state === 'none' ? missingExchange(response) : undefined;
    this.#refuseDialog(response, branch);
    if (this.#state === 'ending') this.#over();
    else if (code !== undefined) this.#giveUp('failed', code);
  }

  #choose(branch: CallBranch, response: SipResponseMessage): void {
    branch.confirm(response);
    this.#state = 'answered';
    // Whoever answered may speak as soon as it has the ACK: the session listens before.
    this.#listen(branch);
    this.#ladder.sent('ACK');
    const draft = branch.dialog.request('ACK', { sequence: response.cseq.number });
    this.#chosen = { branch, ack: this.#context.transactions.acknowledge(this.#link, draft) };
    for (const other of this.#branches.values()) if (other !== branch) other.end({ bye: other.alive });
    if (branch.outcome !== undefined) this.#up(branch);
  }

  #listen({ outcome }: CallBranch): void {
    if (outcome === undefined) return;
    this.#end.listen(outcome.established, outcome.remote, this.#settings, () => {
      this.hangUp();
    });
  }

  #up(branch: CallBranch): void {
    if (branch.outcome === undefined) return;
    this.#stopTimer();
    this.#state = 'up';
    this.#inviting?.keys.close();
    this.#listen(branch);
    this.#end.speak(branch.outcome.established.peer);
  }

  #refuseDialog(response: SipResponseMessage, branch: CallBranch | undefined): void {
    if (this.#inviting === undefined) return;
    const dialog = branch?.dialog ?? Dialog.ofCaller(this.#inviting.draft, response);
    dialog.confirm(response);
    const { transactions } = this.#context;
    transactions.acknowledge(this.#link, dialog.request('ACK', { sequence: response.cseq.number }));
    branch?.end({ bye: false });
    const nothing = (): void => undefined;
    transactions.request(this.#link, dialog.request('BYE'), nothing, nothing);
  }

  #onRefused(response: SipResponseMessage): void {
    // After a 2xx that was taken no other final response counts (13.2.2.4): one branch of a fork may still refuse.
    if (this.#state === 'over' || this.#chosen !== undefined) return;
    const { status } = response;
    const hint = hintOf(response);
    this.#ladder.received(
      `${String(status)} INVITE`,
      hint === undefined ? {} : { name: 'ERROR', octets: response.body.length },
    );
    this.#ladder.sent('ACK');
    const outcome =
      status === 486 || status === 600 ? 'busy' : status === 408 || status === 504 ? 'timeout' : 'refused';
    const more = { status, ...(hint === undefined ? {} : { hint }) };
    this.#finish(outcome, outcome === 'timeout' ? 'CALL_TIMEOUT' : 'CALL_REFUSED', more);
  }

  onRequest(transaction: ServerTransaction): void {
    const { request } = transaction;
    const branch = [...this.#branches.values()].find(({ dialog }) => dialog.owns(request));
    if (branch === undefined) {
      transaction.reply(responseTo(request, 481));
    } else if (!branch.dialog.inOrder(request)) {
      transaction.reply(responseTo(request, 500));
    } else if (request.method === 'BYE') {
      this.#ladder.received('BYE');
      this.#ladder.sent('200 BYE');
      transaction.reply(responseTo(request, 200));
      if (this.#state === 'up') this.#finish('completed', undefined, { endedBy: 'peer' });
      else if (this.#state === 'answered') this.#finish('failed', 'CALL_REFUSED');
      else if (this.#state === 'calling') branch.fail('CALL_REFUSED');
    } else {
      // Neither a new offer nor anything else changes a running call.
      const status = { INVITE: 488, UPDATE: 488, OPTIONS: 200, PRACK: 481 }[request.method] ?? 405;
      transaction.reply(responseTo(request, status, { headers: [{ name: 'Allow', value: ALLOWED }] }));
    }
  }

  onAck(): void {
    // To the refusal of a re-INVITE: nothing follows from it.
  }

  /** Ends the call as it stands: BYE when it is answered, CANCEL before. */
  hangUp(): void {
    if (this.#state === 'up') this.#giveUp('completed', undefined, { endedBy: 'us' });
    else this.#giveUp('cancelled');
  }

  onLinkLost(link: SipLink): void {
    if (link === this.#link) this.#finish('failed', 'UNAVAILABLE');
  }

  abort(): void {
    this.#finish('cancelled');
  }

  /** Ends the call on our side: secrets go at once; what ends it is said, and waited for at most 64*T1. */
  #giveUp(outcome: CallOutcome, code?: ErrorCode, more: Partial<CallResult> = {}): void {
    if (this.#state === 'ending' || this.#state === 'over') return;
    this.#state = 'ending';
    this.#conclude(outcome, code, more);
    this.#stopTimer = this.#context.scheduler.after(TIMEOUT, () => {
      this.#over();
    });
    if (this.#chosen === undefined) {
      if (this.#cancel === 'possible') this.#sendCancel();
      else this.#cancel = 'wanted';
      return;
    }
    this.#ladder.sent('BYE');
    this.#context.transactions.request(
      this.#link,
      this.#chosen.branch.dialog.request('BYE'),
      ({ status }) => {
        this.#ladder.received(`${String(status)} BYE`);
        this.#over();
      },
      () => {
        this.#over();
      },
    );
  }

  #sendCancel(): void {
    this.#cancel = 'sent';
    this.#ladder.sent('CANCEL');
    this.#inviting?.transaction.cancel();
  }

  /** Ends the call when there is nobody left to be told. */
  #finish(outcome: CallOutcome, code?: ErrorCode, more: Partial<CallResult> = {}): void {
    if (this.#state === 'over') return;
    this.#conclude(outcome, code, more);
    this.#over();
  }

  /** Takes the result and wipes every secret. */
  #conclude(outcome: CallOutcome, code: ErrorCode | undefined, more: Partial<CallResult>): void {
    this.#stopTimer();
    this.#end.conclude(outcome, code, more);
    this.#inviting?.keys.close();
    for (const branch of this.#branches.values()) branch.end({ bye: false });
  }

  #over(): void {
    if (this.#state === 'over') return;
    this.#state = 'over';
    this.#stopTimer();
    // A repeated or late 2xx still gets its ACK, and BYE (13.2.2.4).
    this.#context.scheduler.after(TIMEOUT, () => {
      this.#inviting?.transaction.end();
      this.#unregister();
    });
    this.#end.over();
  }
}

/** Why a 2xx makes no call: without R_MESSAGE_1 it bids down; with it, the other side has left out what must follow. */
function missingExchange(response: SipResponseMessage): ErrorCode {
  try {
    answerOf(response);
    return 'UnexpectedMessage';
  } catch (error) {
    if (!isHalfkeyError(error)) throw error;
    return error.code;
  }
}

/** Error number of the MIKEY error message in a refusal: unauthenticated, never more than a hint. */
function hintOf(response: SipResponseMessage): number | undefined {
  if (!/^application\/mikey[ \t]*(?:;|$)/i.test(headerValue(response, 'content-type') ?? '')) return undefined;
  try {
    return readErrorMessage(response.body).error;
  } catch {
    return undefined;
  }
}
