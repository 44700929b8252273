/**
 * The SIP user agent of a client (RFC 3261 8, 12, 17): takes messages from its connections, gives each to the call it
 * belongs to, and answers what belongs to none. Any octets may come: nothing but a coded refusal follows from them.
 */
import {
  type Clock,
  type ErrorCode,
  isHalfkeyError,
  type Random,
  type Scheduler,
  systemRandom,
  toHex,
} from '../../foundation/base/index.ts';
import type { Identity } from '../../foundation/identity/index.ts';
import type { Endpoint } from '../../protocol/media/index.ts';
import { createSipStream, headerValues, type SipMessage } from '../../protocol/signalling/index.ts';
import type { KeyExchange } from './key-exchange.ts';
import type { CallResult, DialogCall, UserAgentContext } from './ua-call.ts';
import { CalleeCall, offerOf, type IncomingCallSettings } from './ua-callee.ts';
import { CallerCall, type OutgoingCallSettings } from './ua-caller.ts';
import { ALLOWED, hasOption, hostPort, responseTo, token, type SipRequestMessage } from './ua-message.ts';
import type { MediaPorts, SipChannel } from './ua-ports.ts';
import type { SecureSession } from './ua-sdp.ts';
import { Transactions, type ServerTransaction, type SipLink } from './ua-transactions.ts';

/** Malformed messages after which a connection is closed. */
const MAX_MALFORMED = 32;

export interface UserAgentOptions {
  readonly identity: Identity;
  readonly exchange: KeyExchange;
  /** Where we are reached: Via and Contact. */
  readonly contact: Endpoint;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly random?: Random;
  /** Whether SIP comes over mutually authenticated hops (TLS or IPsec of the access). */
  readonly authenticatedHops: boolean;
  /** How calls are answered; undefined: none is. */
  readonly answering?: {
    /** Settings of a call that comes, which it is asked for when its invitation was admitted. */
    readonly settings: () => IncomingCallSettings;
    /** Calls at the same time; more are busy. */
    readonly maxCalls: number;
    readonly onResult: (result: CallResult) => void;
  };
}

/** A connection, as the calls over it see it. */
interface Link extends SipLink {
  readonly hop: string;
}

export class UserAgent {
  readonly #options: UserAgentOptions;
  readonly #context: UserAgentContext;
  readonly #timers = new Set<() => void>();
  readonly #calls = new Map<string, DialogCall>();
  readonly #incoming = new Set<CalleeCall>();
  readonly #channels = new Map<SipChannel, Link>();
  #outbound: Link | undefined;
  #closed = false;

  constructor(options: UserAgentOptions) {
    this.#options = options;
    const { exchange, clock, identity, contact, random = systemRandom } = options;
    const scheduler = this.#trackingScheduler(options.scheduler);
    const sentBy = hostPort(contact);
    this.#context = {
      ...{ clock, scheduler, random, exchange, identity },
      transactions: new Transactions({ scheduler, random, sentBy }),
      contact: `<sip:${token(random)}@${sentBy};transport=tcp>`,
      linkTo: (incoming) => this.#outbound ?? incoming,
      register: (tag, call) => {
        this.#calls.set(tag, call);
        return () => this.#calls.delete(tag);
      },
    };
  }

  /** Calls that are not over; and, with what is kept of others for repetitions, timers and transactions. */
  get pending(): { readonly calls: number; readonly timers: number; readonly transactions: number } {
    return {
      calls: [...this.#calls.values()].filter((call) => !call.over).length,
      timers: this.#timers.size,
      transactions: this.#context.transactions.size,
    };
  }

  /**
   * Serves a connection until it ends. `outbound`: requests of calls that came over other connections go here too, as to
   * an outbound proxy.
   */
  async attach(channel: SipChannel, outbound = false): Promise<void> {
    const link: Link = {
      hop: channel.remote.address,
      send: (octets) => {
        channel.send(octets).catch(() => {
          channel.close();
        });
      },
    };
    this.#channels.set(channel, link);
    if (outbound) this.#outbound = link;
    const stream = createSipStream();
    try {
      for await (const chunk of channel.chunks) {
        for (const message of stream.push(chunk)) {
          channel.heard();
          this.receive(message, link);
        }
        if (this.#closed || stream.malformed > MAX_MALFORMED) break;
      }
    } catch (error) {
      if (!isHalfkeyError(error)) throw error;
    } finally {
      channel.close();
      this.#channels.delete(channel);
      if (this.#outbound === link) this.#outbound = undefined;
      for (const call of [...this.#calls.values()]) call.onLinkLost(link);
    }
  }

  /** Places a call over a connection that was attached; where that is over already, so is the call. */
  call(
    channel: SipChannel,
    settings: OutgoingCallSettings,
    ports: MediaPorts,
  ): { hangUp(): void; result: Promise<CallResult> } {
    const link = this.#channels.get(channel);
    let done: (result: CallResult) => void = () => undefined;
    const result = new Promise<CallResult>((resolve) => {
      done = resolve;
    });
    const call = new CallerCall(this.#context, link ?? { send: () => undefined }, settings, ports, done);
    if (link === undefined || this.#closed) call.abort();
    return {
      result,
      hangUp: () => {
        call.hangUp();
      },
    };
  }

  /** Ends every call as it stands; new ones are refused from now on. */
  hangUp(): void {
    for (const call of [...this.#calls.values()]) call.hangUp();
  }

  /** Ends everything at once: no timer, no connection, no secret is left. */
  close(): void {
    this.#closed = true;
    for (const call of [...this.#calls.values()]) call.abort();
    for (const channel of this.#channels.keys()) channel.close();
    for (const stop of this.#timers) stop();
    this.#timers.clear();
    this.#calls.clear();
    this.#context.transactions.clear();
  }

  /** Takes one message from a connection. */
  receive(message: SipMessage, link: Link): void {
    if (this.#closed) return;
    try {
      if (message.kind === 'response') this.#context.transactions.response(message);
      else this.#onRequest(message, link);
    } catch (error) {
      // What cannot be read is dropped: its sender gave us nothing to answer with.
      if (!isHalfkeyError(error)) throw error;
    }
  }

  #onRequest(request: SipRequestMessage, link: Link): void {
    const { transactions } = this.#context;
    const call = request.toTag === undefined ? undefined : this.#calls.get(request.toTag);
    const transaction = transactions.receive(link, request, call !== undefined);
    if (transaction === undefined) return;
    const { method } = request;
    if (method === 'ACK') call?.onAck(request);
    else if (method === 'CANCEL') this.#onCancel(transaction);
    else if (call !== undefined) call.onRequest(transaction, link);
    else if (request.toTag !== undefined) transaction.reply(responseTo(request, 481));
    else if (method === 'INVITE') this.#onInvite(transaction, link);
    else {
      const status = method === 'OPTIONS' ? 200 : 405;
      const headers = [{ name: 'Allow', value: ALLOWED }];
      transaction.reply(responseTo(request, status, { toTag: this.#tag(), headers }));
    }
  }

  #onCancel(transaction: ServerTransaction): void {
    const invite = this.#context.transactions.inviteOf(transaction.request);
    transaction.reply(responseTo(transaction.request, invite === undefined ? 481 : 200, { toTag: this.#tag() }));
    if (invite === undefined) return;
    for (const call of this.#incoming) if (call.isOf(invite)) call.onCancel();
  }

  /** Protocol profile 5.4: what costs nothing first, and nothing is computed for whoever could not be answered. */
  #onInvite(transaction: ServerTransaction, link: Link): void {
    const { request } = transaction;
    const { answering, exchange, authenticatedHops } = this.#options;
    const refuse = (status: number, headers: { name: string; value: string }[] = [], error?: Uint8Array): void => {
      const body = error && ({ type: 'application/mikey', octets: error } as const);
      transaction.reply(responseTo(request, status, { toTag: this.#tag(), headers, ...(body && { body }) }));
    };
    const unknown = headerValues(request, 'require').filter((tag) => tag.toLowerCase() !== '100rel');
    if (answering === undefined) refuse(486);
    else if (this.#context.transactions.merged(request)) refuse(482);
    else if (unknown.length > 0) refuse(420, [{ name: 'Unsupported', value: unknown.join(', ') }]);
    else if (!hasOption(request, 'require', '100rel') && !hasOption(request, 'supported', '100rel'))
      refuse(421, [{ name: 'Require', value: '100rel' }]);
    else if (this.#engaged() >= answering.maxCalls) refuse(486);
    else {
      let offer: SecureSession;
      try {
        offer = offerOf(request);
      } catch (error) {
        if (!isHalfkeyError(error)) throw error;
        refuse(488);
        this.#report(error.code);
        return;
      }
      const { accepted, sdpIds, mikey } = offer;
      const admission = exchange.admit(mikey, { accepted, sdpIds, hop: link.hop, authenticatedHop: authenticatedHops });
      if (admission.ok) {
        this.#answer({ transaction, link, offer, admission, engaged: () => this.#engaged() > answering.maxCalls });
        return;
      }
      // A replay gets no answer at all (N8), a lack of room says so, everything else is not acceptable.
      const { error, reply } = admission;
      if (error.code === 'Replay') transaction.ignore();
      else if (error.code === 'EndpointBusy') refuse(503);
      else refuse(488, [], reply);
      this.#report(error.code);
    }
  }

  #report(code: ErrorCode): void {
    this.#options.answering?.onResult({ outcome: 'failed', code, ibeMs: 0 });
  }

  #answer(incoming: ConstructorParameters<typeof CalleeCall>[1]): void {
    const { answering } = this.#options;
    if (answering === undefined) return;
    const call: CalleeCall = new CalleeCall(this.#context, incoming, answering.settings(), (result) => {
      this.#incoming.delete(call);
      answering.onResult(result);
    });
    this.#incoming.add(call);
  }

  /** Calls that have keys: only these make us busy, since anybody can send an I_MESSAGE_1. */
  #engaged(): number {
    return [...this.#incoming].filter((call) => call.engaged).length;
  }

  #tag(): string {
    return toHex((this.#options.random ?? systemRandom)(8));
  }

  /** Timers that `close` can end. */
  #trackingScheduler(scheduler: Scheduler): Scheduler {
    return {
      monotonicMs: () => scheduler.monotonicMs(),
      after: (delayMs, fn) => {
        if (this.#closed) return () => undefined;
        const cancel = scheduler.after(delayMs, () => {
          this.#timers.delete(stop);
          fn();
        });
        const stop = (): void => {
          this.#timers.delete(stop);
          cancel();
        };
        this.#timers.add(stop);
        return stop;
      },
    };
  }
}
