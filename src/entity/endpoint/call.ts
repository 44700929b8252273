/**
 * A client's calls as a role composes them: one call placed over a connection, or a client that answers what comes.
 * Time, randomness, connections and sockets are handed in; keys are lent (ports.ts), and what a call makes of them is
 * gone when its result is there.
 */
import { type Clock, type Random, type Scheduler, systemClock, systemScheduler } from '../../foundation/base/index.ts';
import type { Identity } from '../../foundation/identity/index.ts';
import type { Endpoint } from '../../protocol/media/index.ts';
import { createKeyExchange, type KeyExchangeOptions, type ReplayMemory } from './key-exchange.ts';
import type { EndpointKeys } from './ports.ts';
import type { CallResult, CallSettings, LadderEvent } from './ua-call.ts';
import type { MediaPorts, SipChannel } from './ua-ports.ts';
import { TIMEOUT } from './ua-transactions.ts';
import { UserAgent } from './user-agent.ts';

/** What both sides of a call are given. */
export interface ClientOptions {
  readonly keys: EndpointKeys;
  /** mu-law octets to be spoken, 8000 a second: `encodeMuLaw(readSpeechWav(file))`. */
  readonly speech: Uint8Array;
  /** Sockets for one call; they are closed when it is over. */
  readonly media: () => Promise<MediaPorts>;
  readonly policy?: KeyExchangeOptions['policy'];
  /** Each SIP message of a call as it passes; never an identity or a secret. */
  readonly onEvent?: (event: LadderEvent) => void;
  readonly clock?: Clock;
  readonly scheduler?: Scheduler;
  readonly random?: Random;
}

export interface PlaceCallOptions extends ClientOptions {
  /** Who is called; canonical. */
  readonly to: Identity;
  /** The connection to the outbound proxy or, without one, to the called client. It is closed when the call is over. */
  readonly channel: SipChannel;
  /** Where we are reached, if not at the local end of the connection. */
  readonly contact?: Endpoint;
  /** Route header fields, for example `<sip:proxy;transport=tcp;lr>`, where the next hop wants them. */
  readonly route?: readonly string[];
  /** Curve, PRF and suite of the offer; P-256, PRF-HMAC-SHA-256 and the first suite of the policy. */
  readonly offer?: KeyExchangeOptions['offer'];
  /**
   * How long the other side may ring after each sign of life; 64*T1, so that nothing of a call outlives a peer that is
   * gone. Ours give one every 20 s; for those that follow RFC 3261 13.3.1.1, one a minute, it takes more than 60 000 ms.
   */
  readonly ringMs?: number;
  /** How long to stay after our speech while nothing is heard; 500 ms. */
  readonly tailMs?: number;
  /** Ends the call: CANCEL or BYE, as it stands. */
  readonly signal?: AbortSignal;
}

/**
 * Places one call, speaks, hears the other side out, and hangs up. Fulfilled for every outcome, when nothing of the call
 * is left: no secret, no timer, no socket.
 * @throws HalfkeyError where `media` has no sockets to give
 */
export async function placeCall(options: PlaceCallOptions): Promise<CallResult> {
  const { to, channel, keys, contact = channel.local, route = [], ringMs = TIMEOUT, tailMs = 500, signal } = options;
  const { speech, media, onEvent } = options;
  // A client that only places calls is asked nothing that could be a repetition.
  const replay: ReplayMemory = { initial: { refuseBefore: 0, entries: new Map() } };
  const ports = await media();
  const agent = new UserAgent({
    ...surroundings(options, replay),
    identity: keys.identity,
    contact,
    authenticatedHops: false,
  });
  const reading = agent.attach(channel);
  try {
    const settings = { to, route, ringMs, tailMs, speech, media, ...(onEvent && { onEvent }) };
    const call = agent.call(channel, settings, ports);
    const hangUp = (): void => {
      call.hangUp();
    };
    if (signal?.aborted === true) hangUp();
    signal?.addEventListener('abort', hangUp, { once: true });
    const result = await call.result;
    signal?.removeEventListener('abort', hangUp);
    return result;
  } finally {
    agent.close();
    await reading;
  }
}

export interface CalleeOptions extends ClientOptions {
  /** Where we are reached: the address that we listen on, or that of a relay in between. */
  readonly contact: Endpoint;
  /** What was opened before, and where to keep it (protocol profile 5.3 T3). */
  readonly replay: ReplayMemory;
  /** Whether SIP comes over mutually authenticated hops (5.4): from others nothing waits behind another invitation. */
  readonly authenticatedHops: boolean;
  /** Calls at the same time; 1. */
  readonly maxCalls?: number;
  /** How long to ring before a call is answered; 0. */
  readonly ringMs?: number;
  /** How long to wait, after our speech, for a caller of whom nothing is heard, before hanging up; 64*T1. */
  readonly tailMs?: number;
  /** Each call when it is over, and each invitation that was refused. */
  readonly onResult: (result: CallResult) => void;
}

/** A client that answers. */
export interface Callee {
  /** Serves a connection until it ends. `outbound`: an outbound proxy that requests of ours go to. */
  attach(channel: SipChannel, outbound?: boolean): Promise<void>;
  /** Calls that are not over, and what waits to be repeated. */
  readonly pending: UserAgent['pending'];
  /** Hangs up what is up and refuses what waits; connections stay. */
  hangUp(): void;
  /** Ends everything at once: no secret, no timer and no connection is left. */
  close(): void;
}

/** A client that answers every call it can, one after the other. */
export function createCallee(options: CalleeOptions): Callee {
  const { contact, replay, authenticatedHops, maxCalls = 1, ringMs = 0, tailMs = TIMEOUT, onResult } = options;
  const { speech, media, onEvent } = options;
  const settings: CallSettings = { speech, media, ...(onEvent && { onEvent }) };
  const agent = new UserAgent({
    ...surroundings(options, replay),
    identity: options.keys.identity,
    contact,
    authenticatedHops,
    answering: { maxCalls, onResult, settings: () => ({ ...settings, ringMs, tailMs }) },
  });
  return {
    attach: (channel, outbound) => agent.attach(channel, outbound),
    hangUp: () => {
      agent.hangUp();
    },
    close: () => {
      agent.close();
    },
    get pending() {
      return agent.pending;
    },
  };
}

/** Time, randomness and key exchange of a client. */
function surroundings(options: ClientOptions & { readonly offer?: KeyExchangeOptions['offer'] }, replay: ReplayMemory) {
  const { keys, policy, offer, random, clock = systemClock, scheduler = systemScheduler } = options;
  const exchange = createKeyExchange({
    ...{ keys, clock, replay, monotonicMs: () => scheduler.monotonicMs() },
    ...(random && { random }),
    ...(policy && { policy }),
    ...(offer && { offer }),
  });
  return { exchange, clock, scheduler, ...(random && { random }) };
}
