/**
 * A call that we answer (RFC 3261 13.3, RFC 3262, protocol profile 3.8, 4.3, 5.4, 7.3): INVITE with I_MESSAGE_1, our
 * reliable 183 with R_MESSAGE_1, PRACK (or UPDATE) with I_MESSAGE_2, its 200 with R_MESSAGE_2, our 200, ACK. What a
 * stranger sends is refused with 488 and as little as profile 7.3 allows; nothing is ever answered in clear.
 */
import { isHalfkeyError, type ErrorCode } from '../../foundation/base/index.ts';
import { dispose, type Established } from '../../protocol/ibake/index.ts';
import { headerValue, sdpOf } from '../../protocol/signalling/index.ts';
import type { Admission, IncomingKeys } from './key-exchange.ts';
import { CallEnd } from './ua-call-end.ts';
import type { CallOutcome, CallResult, CallSettings, DialogCall, UserAgentContext } from './ua-call.ts';
import { Dialog } from './ua-dialog.ts';
import { Ladder } from './ua-ladder.ts';
import { ALLOWED, responseTo, token, type Body, type Header, type SipRequestMessage } from './ua-message.ts';
import type { MediaPorts } from './ua-ports.ts';
import { describeSession, newSession, readSecureSession, type LocalSession, type SecureSession } from './ua-sdp.ts';
import { T1, T2, TIMEOUT, type ServerTransaction, type SipLink } from './ua-transactions.ts';

/** Between two signs of life of a call that rings, milliseconds. */
const RINGING_INTERVAL = 20_000;

export interface IncomingCallSettings extends CallSettings {
  /** How long to ring before the call is answered, milliseconds. */
  readonly ringMs: number;
  /** How long to wait for a caller who has stopped to speak, after our own speech, milliseconds. */
  readonly tailMs: number;
}

/** An INVITE whose clear parts were in order, and what else the call begins with. */
export interface IncomingCall {
  readonly transaction: ServerTransaction;
  readonly link: SipLink;
  readonly offer: SecureSession;
  readonly admission: Admission;
  /** Whether another call is up: asked before this one is answered. */
  readonly engaged: () => boolean;
}

type State = 'opening' | 'offered' | 'keyed' | 'answered' | 'up' | 'ending' | 'over';

export class CalleeCall implements DialogCall {
  readonly #context: UserAgentContext;
  readonly #settings: IncomingCallSettings;
  readonly #incoming: IncomingCall;
  readonly #ladder: Ladder;
  readonly #done: (result: CallResult) => void;
  readonly #localTag: string;
  readonly #dialog: Dialog;
  readonly #sequence: number;
  readonly #unregister: () => void;
  #end: CallEnd | undefined;
  #state: State = 'opening';
  #keys: IncomingKeys | undefined;
  #local: LocalSession | undefined;
  #established: Established | undefined;
  #remote: SecureSession;
  #stopTimer: () => void = () => undefined;
  #stopRepeating: () => void = () => undefined;

  /** Takes the call up; `done` gets its result, once. Opening waits for its turn in the queue. */
  constructor(
    context: UserAgentContext,
    incoming: IncomingCall,
    settings: IncomingCallSettings,
    done: (result: CallResult) => void,
  ) {
    this.#context = context;
    this.#incoming = incoming;
    this.#settings = settings;
    this.#remote = incoming.offer;
    this.#ladder = new Ladder(context.clock, settings.onEvent);
    this.#done = done;
    this.#localTag = token(context.random);
    this.#dialog = Dialog.ofCallee(incoming.transaction.request, this.#localTag);
    // RFC 3262 3: chosen at random below 2^31; it goes up from there.
    this.#sequence = 1 + context.random(3).reduce((value, octet) => value * 256 + octet, 0);
    this.#unregister = context.register(this.#localTag, this);
    this.#ladder.received('INVITE', { name: 'I_MESSAGE_1', octets: incoming.offer.mikey.length });
    // One pairing at a time, and between two of them whatever else came in.
    this.#stopTimer = context.scheduler.after(0, () => {
      this.#open();
    });
  }

  get over(): boolean {
    return this.#state === 'over';
  }

  /** Whether the call has keys, and so a caller who is who he says. */
  get engaged(): boolean {
    return this.#state === 'keyed' || this.#state === 'answered' || this.#state === 'up';
  }

  /** Whether this is the call of an INVITE, for its CANCEL. */
  isOf(transaction: ServerTransaction): boolean {
    return this.#incoming.transaction === transaction;
  }

  #open(): void {
    const result = this.#incoming.admission.open();
    if (!result.ok) {
      const { error, reply } = result;
      this.#refuse(error.code === 'UNAVAILABLE' ? 503 : 488, error.code, reply);
      return;
    }
    this.#keys = result.keys;
    // y lives for 64*T1 from here, and no longer.
    this.#wait(TIMEOUT, () => {
      this.#refuse(504, 'CALL_TIMEOUT');
    });
    const { ibeMs } = result;
    this.#settings
      .media()
      .then((ports) => {
        this.#offer(result.keys, ports, ibeMs);
      })
      .catch((error: unknown) => {
        this.#refuse(503, isHalfkeyError(error) ? error.code : 'INTERNAL');
      });
  }

  /** 183 with R_MESSAGE_1, again and again until its PRACK comes (RFC 3262 3). */
  #offer(keys: IncomingKeys, ports: MediaPorts, ibeMs: number): void {
    if (this.#state !== 'opening') {
      void ports.close();
      return;
    }
    this.#state = 'offered';
    this.#end = new CallEnd(this.#context, this.#ladder, ports, this.#done);
    this.#local = newSession(ports, this.#context.random);
    const octets = describeSession(this.#local, keys.message, this.#incoming.offer);
    this.#ladder.sent('183 INVITE', { name: 'R_MESSAGE_1', octets: keys.message.length, ibeMs });
    const headers = [
      { name: 'Require', value: '100rel' },
      { name: 'RSeq', value: String(this.#sequence) },
    ];
    const draft = this.#response(183, headers, { type: 'application/sdp', octets });
    this.#repeat(Infinity, () => {
      this.#incoming.transaction.reply(draft);
    });
  }

  #response(status: number, headers: readonly Header[] = [], body?: Body): ReturnType<typeof responseTo> {
    const { contact } = this.#context;
    const own = [
      ...(status < 300
        ? [
            { name: 'Contact', value: contact },
            { name: 'Allow', value: ALLOWED },
          ]
        : []),
      ...headers,
    ];
    return responseTo(this.#incoming.transaction.request, status, {
      toTag: this.#localTag,
      headers: own,
      ...(body && { body }),
    });
  }

  onRequest(transaction: ServerTransaction): void {
    const { request } = transaction;
    if (!this.#dialog.owns(request)) transaction.reply(responseTo(request, 481));
    else if (!this.#dialog.inOrder(request)) transaction.reply(responseTo(request, 500));
    else if (request.method === 'PRACK') this.#onPrack(transaction);
    else if (request.method === 'UPDATE' && this.#state === 'offered') this.#takeI2(transaction);
    else if (request.method === 'BYE') this.#onBye(transaction);
    else {
      // Neither a new offer nor anything else changes a running call.
      const status = { INVITE: 488, UPDATE: 488, OPTIONS: 200 }[request.method] ?? 405;
      transaction.reply(responseTo(request, status, { headers: [{ name: 'Allow', value: ALLOWED }] }));
    }
  }

  #onPrack(transaction: ServerTransaction): void {
    const { request } = transaction;
    const { number } = this.#incoming.transaction.request.cseq;
    const expected = `${String(this.#sequence)} ${String(number)} INVITE`;
    const acknowledged = (headerValue(request, 'rack') ?? '').split(/[ \t]+/).join(' ');
    if (this.#state !== 'offered' || acknowledged !== expected) {
      transaction.reply(responseTo(request, 481));
      return;
    }
    this.#stopRepeating();
    if (request.body.length > 0) this.#takeI2(transaction);
    else {
      // I_MESSAGE_2 may still come in an UPDATE, as long as y lives.
      this.#ladder.received('PRACK');
      this.#ladder.sent('200 PRACK');
      transaction.reply(responseTo(request, 200));
    }
  }

  #takeI2(transaction: ServerTransaction): void {
    const { request } = transaction;
    const [keys, local] = [this.#keys, this.#local];
    if (keys === undefined || local === undefined) return;
    try {
      const offer = offerOf(request);
      this.#ladder.received(request.method, { name: 'I_MESSAGE_2', octets: offer.mikey.length });
      const result = keys.finish(offer.mikey);
      if (!result.ok) throw result.error;
      const { message, established, ibeMs } = result;
      this.#established = established;
      this.#remote = offer;
      this.#state = 'keyed';
      const body: Body = { type: 'application/sdp', octets: describeSession(local, message, offer) };
      this.#ladder.sent(`200 ${request.method}`, { name: 'R_MESSAGE_2', octets: message.length, ibeMs });
      const contact = { name: 'Contact', value: this.#context.contact };
      transaction.reply(responseTo(request, 200, { headers: [contact], body }));
    } catch (error) {
      if (!isHalfkeyError(error)) throw error;
      // Whatever is wrong with I_MESSAGE_2, the other side hears the same, and nothing of MIKEY (end of profile 7.3).
      transaction.reply(responseTo(request, 488));
      this.#refuse(488, error.code);
      return;
    }
    this.#ring();
  }

  #ring(): void {
    const { ringMs } = this.#settings;
    if (this.#incoming.engaged()) {
      this.#refuse(486, 'EndpointBusy');
      return;
    }
    if (ringMs > 0) this.#signOfLife();
    this.#wait(ringMs, () => {
      this.#answer();
    });
  }

  /** 180 while it rings (RFC 3261 13.3.1.1): who waits longer than 64*T1 for one may take us for dead. */
  #signOfLife(): void {
    this.#ladder.sent('180 INVITE');
    this.#incoming.transaction.reply(this.#response(180));
    this.#stopRepeating = this.#context.scheduler.after(RINGING_INTERVAL, () => {
      this.#signOfLife();
    });
  }

  /** 200, again and again until its ACK comes (RFC 3261 13.3.1.4). */
  #answer(): void {
    this.#state = 'answered';
    const established = this.#established as Established;
    this.#end?.listen(established, this.#remote.remote, this.#settings, () => {
      this.hangUp();
    });
    this.#ladder.sent('200 INVITE');
    const draft = this.#response(200, [{ name: 'Supported', value: '100rel' }]);
    this.#repeat(T2, () => {
      this.#incoming.transaction.reply(draft);
    });
    this.#wait(TIMEOUT, () => {
      this.#giveUp('timeout', 'CALL_TIMEOUT');
    });
  }

  onAck(request: SipRequestMessage): void {
    const { number } = this.#incoming.transaction.request.cseq;
    if (this.#state !== 'answered' || !this.#dialog.owns(request) || request.cseq.number !== number) return;
    this.#stopTimer();
    this.#stopRepeating();
    this.#ladder.received('ACK');
    this.#state = 'up';
    this.#end?.speak((this.#established as Established).peer);
  }

  #onBye(transaction: ServerTransaction): void {
    const invite = this.#incoming.transaction;
    this.#ladder.received('BYE');
    this.#ladder.sent('200 BYE');
    transaction.reply(responseTo(transaction.request, 200));
    if (this.#state === 'up') this.#finish('completed', undefined, { endedBy: 'peer' });
    else if (this.#state === 'answered') this.#finish('failed', 'CALL_REFUSED');
    else if (this.#state !== 'ending' && this.#state !== 'over') {
      // An early dialog ends with the answer that its INVITE still waits for (RFC 3261 15.1.2).
      invite.reply(this.#response(487));
      this.#finish('cancelled', 'CALL_REFUSED');
    }
  }

  /** The caller has given up (RFC 3261 9.2); after the final response that means nothing. */
  onCancel(): void {
    if (this.#state === 'answered' || this.#state === 'up' || this.#state === 'ending' || this.#state === 'over')
      return;
    this.#ladder.received('CANCEL');
    this.#ladder.sent('487 INVITE');
    this.#incoming.transaction.reply(this.#response(487));
    this.#finish('cancelled', 'CALL_REFUSED');
  }

  /** Ends the call as it stands. */
  hangUp(): void {
    if (this.#state === 'up') this.#giveUp('completed', undefined, { endedBy: 'us' });
    else if (this.#state === 'answered') this.#giveUp('cancelled');
    else if (this.#state !== 'ending' && this.#state !== 'over') this.#refuse(486, undefined, undefined, 'cancelled');
  }

  onLinkLost(link: SipLink): void {
    // A call that is up goes on: its BYE may come over another connection, and its silence ends it.
    if (link === this.#incoming.link && this.#state !== 'up' && this.#state !== 'ending')
      this.#finish('failed', 'UNAVAILABLE');
  }

  abort(): void {
    this.#finish('cancelled');
  }

  /** The final response of a call that does not come to be. */
  #refuse(status: number, code?: ErrorCode, reply?: Uint8Array, as?: CallOutcome): void {
    if (this.#state === 'over' || this.#state === 'ending') return;
    const body: Body | undefined = reply && { type: 'application/mikey', octets: reply };
    this.#ladder.sent(`${String(status)} INVITE`, reply === undefined ? {} : { name: 'ERROR', octets: reply.length });
    this.#incoming.transaction.reply(this.#response(status, [], body));
    this.#finish(as ?? (code === 'CALL_TIMEOUT' ? 'timeout' : status === 486 ? 'busy' : 'failed'), code);
  }

  /** BYE, when the call was answered: secrets go at once, its answer is waited for at most 64*T1. */
  #giveUp(outcome: CallOutcome, code?: ErrorCode, more: Partial<CallResult> = {}): void {
    this.#conclude(outcome, code, more);
    this.#state = 'ending';
    this.#ladder.sent('BYE');
    const over = (): void => {
      this.#over();
    };
    const final = ({ status }: { readonly status: number }): void => {
      this.#ladder.received(`${String(status)} BYE`);
      over();
    };
    this.#context.transactions.request(
      this.#context.linkTo(this.#incoming.link),
      this.#dialog.request('BYE'),
      final,
      over,
    );
  }

  #finish(outcome: CallOutcome, code?: ErrorCode, more: Partial<CallResult> = {}): void {
    if (this.#state === 'over') return;
    this.#conclude(outcome, code, more);
    this.#over();
  }

  /** Takes the result and wipes every secret. */
  #conclude(outcome: CallOutcome, code: ErrorCode | undefined, more: Partial<CallResult>): void {
    this.#stopTimer();
    this.#stopRepeating();
    this.#end?.conclude(outcome, code, more);
    this.#incoming.admission.close();
    this.#keys?.close();
    if (this.#established !== undefined) dispose(this.#established);
    if (this.#end === undefined) {
      this.#done({ outcome, ...(code === undefined ? {} : { code }), ibeMs: this.#ladder.ibeMs });
    }
  }

  #over(): void {
    if (this.#state === 'over') return;
    this.#state = 'over';
    this.#stopTimer();
    // What is repeated now still gets its answer, or none where none was given.
    this.#incoming.transaction.ignore();
    this.#context.scheduler.after(TIMEOUT, this.#unregister);
    this.#end?.over();
  }

  #wait(delayMs: number, then: () => void): void {
    this.#stopTimer();
    this.#stopTimer = this.#context.scheduler.after(delayMs, then);
  }

  /** Sends now, and again after T1, 2*T1, 4*T1 and so on, at most `longestMs` apart, until stopped. */
  #repeat(longestMs: number, send: () => void): void {
    let delay = T1;
    this.#stopRepeating();
    const again = (): void => {
      const stop = this.#context.scheduler.after(delay, again);
      this.#stopRepeating = stop;
      delay = Math.min(2 * delay, longestMs);
      send();
    };
    again();
  }
}

/** The protected offer in a request. @throws HalfkeyError as readSecureSession, `BadSip` */
export function offerOf(request: SipRequestMessage): SecureSession {
  return readSecureSession(sdpOf(request) ?? new Uint8Array());
}
