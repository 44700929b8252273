/**
 * The key exchange of a client, as its calls see it: MIKEY octets in, MIKEY octets out, keys at the end. Composes the
 * machines of the ibake module with the client's keys (ports.ts), the limits of protocol profile 5.4, the replay cache,
 * and one rule: whatever way a call ends, `close` leaves no secret of it.
 */
import { HalfkeyError, isHalfkeyError, systemRandom, type Clock, type Random } from '../../foundation/base/index.ts';
import { userOf, type Identity } from '../../foundation/identity/index.ts';
import {
  answerI1,
  closeBranches,
  createInitiator,
  DEFAULT_POLICY,
  dispose,
  enterReplay,
  exchangeRandom,
  IBAKE_LIMITS,
  inspectI1,
  onI2,
  onR1,
  onR2,
  replayVerdict,
  type Branch,
  type Established,
  type IbakeEndpoint,
  type IbakePolicy,
  type OutgoingCall,
  type Refusal,
  type ReplayCache,
} from '../../protocol/ibake/index.ts';
import type { SuiteName } from '../../protocol/srtp/index.ts';
import { CallLimits, type Place } from './call-limits.ts';
import type { EndpointKeys } from './ports.ts';

/** Suites that the srtp module carries out; the AEAD ones are refused with ERR 10. */
export const CARRIED_SUITES: readonly SuiteName[] = [
  'AES_CM_128_HMAC_SHA1_80',
  'AES_CM_128_HMAC_SHA1_32',
  'AES_256_CM_HMAC_SHA1_80',
];

/** Where I_MESSAGE_1 that were opened are remembered. */
export interface ReplayMemory {
  /** What is remembered at the start: stored entries, or `emptyReplayCache(start + window)` where they were lost. */
  readonly initial: ReplayCache;
  /** Keeps the cache; called before an answer is sent, and when it throws there is none. */
  readonly save?: (cache: ReplayCache) => void;
}

export interface KeyExchangeOptions {
  readonly keys: EndpointKeys;
  readonly clock: Clock;
  /** Milliseconds of a clock that never goes back. */
  readonly monotonicMs: () => number;
  readonly replay: ReplayMemory;
  readonly random?: Random;
  /** What is taken; suites other than {@link CARRIED_SUITES} never are. */
  readonly policy?: Partial<IbakePolicy>;
  /** What is offered: P-256 (8), PRF 1, the first suite of the policy. */
  readonly offer?: { readonly curve?: OutgoingCall['curve']; readonly prf?: 0 | 1; readonly suite?: SuiteName };
}

/** A result and what the mathematics of it took, in milliseconds. */
export type Timed<T> = T & { readonly ibeMs: number };
type Step<T> = Timed<({ readonly ok: true } & T) | Refusal>;

/** The keys of one call that is placed: one offer, a branch for each dialog that answers. */
export interface OutgoingKeys {
  /** I_MESSAGE_1. */
  readonly offer: Timed<{ readonly message: Uint8Array }>;
  /** Takes R_MESSAGE_1 of a dialog; `message` is I_MESSAGE_2. */
  answer(dialog: string, r1: Uint8Array, accepted: readonly boolean[]): Step<{ readonly message: Uint8Array }>;
  /** Takes R_MESSAGE_2; the keys are the caller's to dispose of. */
  finish(dialog: string, r2: Uint8Array): Step<{ readonly established: Established }>;
  /** Wipes what one dialog holds. */
  drop(dialog: string): void;
  /** Wipes x and every branch. Repeated calls do nothing. */
  close(): void;
}

/** The keys of one call that is answered: R_MESSAGE_1 is made. */
export interface IncomingKeys {
  readonly message: Uint8Array;
  /** Takes I_MESSAGE_2; `message` is R_MESSAGE_2, the keys are the caller's to dispose of. Ends the exchange, well or badly. */
  finish(i2: Uint8Array): Step<{ readonly message: Uint8Array; readonly established: Established }>;
  /** Wipes y. Repeated calls do nothing. */
  close(): void;
}

/** An I_MESSAGE_1 that passed everything before the first pairing, and waits for its turn. */
export interface Admission {
  readonly ok: true;
  /** Opens it: the first pairing. Once. What cannot be remembered is not answered: `UNAVAILABLE`. */
  open(): Step<{ readonly keys: IncomingKeys }>;
  /** Gives the place up. Repeated calls do nothing. */
  close(): void;
}

export interface InvitationOffer {
  readonly accepted: readonly boolean[];
  readonly sdpIds: readonly string[];
  /** Name of the SIP hop, and whether it is authenticated. */
  readonly hop: string;
  readonly authenticatedHop: boolean;
}

export interface KeyExchange {
  /** Begins a call. @throws HalfkeyError where there is no peer, no key or no curve for it: nothing is left behind */
  call(to: Identity): OutgoingKeys;
  /** Judges the clear part of I_MESSAGE_1. A refusal for want of room is `EndpointBusy`. */
  admit(i1: Uint8Array, offer: InvitationOffer): Admission | Refusal;
  /** Exchanges that were admitted and are not over. */
  readonly halfOpen: number;
}

/** The key exchange of one client. */
export function createKeyExchange(options: KeyExchangeOptions): KeyExchange {
  const { clock, monotonicMs, replay } = options;
  const endpoint = endpointOf(options);
  const limits = new CallLimits();
  let cache = replay.initial;

  function timed<T extends object>(run: () => T): Timed<T> {
    const start = monotonicMs();
    const result = run();
    return { ...result, ibeMs: monotonicMs() - start };
  }

  function call(to: Identity): OutgoingKeys {
    const { curve = 8, prf = 1, suite = endpoint.policy.suites[0] } = options.offer ?? {};
    const {
      message,
      state: first,
      ibeMs,
    } = timed(() => createInitiator(endpoint, { to, nowMs: clock(), lines: [suite], curve, prf }));
    let state = first;
    const branches = new Map<string, Branch>();
    return {
      offer: { message, ibeMs },
      answer(dialog, octets, accepted) {
        const othersPending = branches.size > 0;
        const result = timed(() => onR1(endpoint, state, { octets, dialog, nowMs: clock(), accepted, othersPending }));
        state = result.state;
        if (result.ok) branches.set(dialog, result.branch);
        return result;
      },
      finish(dialog, octets) {
        const branch = branches.get(dialog);
        if (branch === undefined) throw new TypeError('key exchange: the dialog has no R_MESSAGE_1');
        branches.delete(dialog);
        return timed(() => onR2(endpoint, branch, { octets, nowMs: clock() }));
      },
      drop(dialog) {
        const branch = branches.get(dialog);
        if (branch !== undefined) dispose(branch);
        branches.delete(dialog);
      },
      close() {
        closeBranches(state);
        dispose(state);
        branches.clear();
      },
    };
  }

  function admit(octets: Uint8Array, offer: InvitationOffer): Admission | Refusal {
    const { accepted, sdpIds, hop, authenticatedHop } = offer;
    const verdict = (key: Parameters<typeof replayVerdict>[1]): ReturnType<typeof replayVerdict> =>
      replayVerdict(cache, key, clock(), authenticatedHop);
    const inspected = inspectI1(endpoint, { octets, nowMs: clock(), accepted, sdpIds, replay: verdict });
    if (!inspected.ok) return inspected;
    const { invitation } = inspected;
    const place = limits.enter(invitation.replayKey.caller, hop, authenticatedHop, monotonicMs());
    if (place === undefined) {
      const error = new HalfkeyError('EndpointBusy', 'the limit of invitations is reached');
      return { ok: false, error, reply: undefined };
    }
    return {
      ok: true,
      open() {
        place.leaveQueue();
        const result = timed(() => answerI1(endpoint, invitation, { nowMs: clock(), replay: verdict }));
        if (!result.ok) {
          place.release();
          return result;
        }
        const keys = incoming(result, place);
        const { ibeMs } = result;
        // It has been opened, and is remembered here whether it is kept or not.
        cache = enterReplay(cache, invitation.replayKey, clock(), endpoint.policy.skewSeconds);
        try {
          replay.save?.(cache);
        } catch (cause) {
          keys.close();
          const error = new HalfkeyError('UNAVAILABLE', 'the memory of invitations cannot be kept', { cause });
          return { ok: false, error, reply: undefined, ibeMs };
        }
        return { ok: true, keys, ibeMs };
      },
      close: () => {
        place.release();
      },
    };
  }

  function incoming(made: Extract<ReturnType<typeof answerI1>, { ok: true }>, place: Place): IncomingKeys {
    const { message, state } = made;
    const close = (): void => {
      dispose(state);
      place.release();
    };
    return {
      message,
      finish(octets) {
        try {
          return timed(() => onI2(endpoint, state, { octets, nowMs: clock() }));
        } finally {
          close();
        }
      },
      close,
    };
  }

  return {
    call,
    admit,
    get halfOpen() {
      return limits.halfOpen;
    },
  };
}

function endpointOf({ keys, policy = {}, random = systemRandom }: KeyExchangeOptions): IbakeEndpoint {
  const { identity } = keys;
  const user = userOf(identity);
  const suites = policy.suites ?? CARRIED_SUITES;
  return {
    identity,
    calledAs: user.text === identity.text ? [] : [user],
    // Asked each time: a district may have gone on to other parameters.
    get districts() {
      return [keys.peer(identity)];
    },
    decryptorFor: ({ identity: recipient, notBefore }) => keys.decryptorFor(recipient, notBefore),
    peerOf(peer) {
      try {
        return keys.peer(peer);
      } catch (error) {
        if (isHalfkeyError(error, 'PEER_UNKNOWN')) return undefined;
        throw error;
      }
    },
    // One MS belongs to one identity (profile 4.2): under another of its names a client sends no nonce.
    masterSecretAt: (own, t) => (own.text === identity.text ? keys.masterSecretAt(t) : undefined),
    policy: {
      ...DEFAULT_POLICY,
      skewSeconds: IBAKE_LIMITS.skewSeconds,
      ...policy,
      suites: suites.filter((suite) => CARRIED_SUITES.includes(suite)),
    },
    random: exchangeRandom(random),
  };
}
