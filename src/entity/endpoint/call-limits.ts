/**
 * How many strangers may make a client compute (protocol profile 5.4): rates of a caller and of a SIP hop, half-open
 * exchanges, the queue before the one decryption at a time. Nobody is authenticated yet where these are asked.
 */
import { IBAKE_LIMITS } from '../../protocol/ibake/index.ts';

const MINUTE_MS = 60_000;

/** A place among the half-open exchanges, and in the queue until it is opened. */
export interface Place {
  /** Its turn has come: it waits no longer. Repeated calls do nothing. */
  leaveQueue(): void;
  /** The exchange is over, well or badly. Repeated calls do nothing. */
  release(): void;
}

export class CallLimits {
  readonly #limits: typeof IBAKE_LIMITS;
  /** Times of the last minute, by caller and by hop. */
  readonly #seen = new Map<string, number[]>();
  readonly #halfOpen = new Map<string, number>();
  #halfOpenInAll = 0;
  #queued = 0;

  constructor(limits: typeof IBAKE_LIMITS = IBAKE_LIMITS) {
    this.#limits = limits;
  }

  get halfOpen(): number {
    return this.#halfOpenInAll;
  }

  /**
   * A place for an invitation of `caller` (a digest) over `hop`, at `nowMs` of a monotonic clock; undefined when one of
   * the limits is reached. Over a hop that is not authenticated nothing may wait behind another (5.4).
   */
  enter(caller: string, hop: string, authenticatedHop: boolean, nowMs: number): Place | undefined {
    this.#forget(nowMs);
    const limits = this.#limits;
    const room =
      this.#rate(`hop ${hop}`, limits.invitationsPerMinutePerHop, nowMs) &&
      this.#rate(`caller ${caller}`, limits.invitationsPerMinutePerCaller, nowMs) &&
      this.#queued < (authenticatedHop ? limits.decryptionsAtATime + limits.decryptionsQueued : 1) &&
      this.#halfOpenInAll < limits.halfOpenInAll &&
      (this.#halfOpen.get(caller) ?? 0) < limits.halfOpenPerCaller;
    if (!room) return undefined;
    this.#queued++;
    this.#halfOpenInAll++;
    this.#halfOpen.set(caller, (this.#halfOpen.get(caller) ?? 0) + 1);
    const once = (run: () => void): (() => void) => {
      let done = false;
      return () => {
        if (!done) run();
        done = true;
      };
    };
    const leaveQueue = once(() => {
      this.#queued--;
    });
    const release = once(() => {
      leaveQueue();
      this.#halfOpenInAll--;
      const left = (this.#halfOpen.get(caller) ?? 1) - 1;
      if (left > 0) this.#halfOpen.set(caller, left);
      else this.#halfOpen.delete(caller);
    });
    return { leaveQueue, release };
  }

  /** Counts an invitation, unless the last minute is full. */
  #rate(key: string, limit: number, nowMs: number): boolean {
    const times = this.#seen.get(key) ?? [];
    if (times.length >= limit) return false;
    this.#seen.set(key, [...times, nowMs]);
    return true;
  }

  #forget(nowMs: number): void {
    for (const [key, times] of this.#seen) {
      const recent = times.filter((time) => nowMs - time < MINUTE_MS);
      if (recent.length > 0) this.#seen.set(key, recent);
      else this.#seen.delete(key);
    }
  }
}
