/** Time as an argument: protocol code never reads a clock of its own. */

/** The time as milliseconds since 1970-01-01T00:00:00Z. */
export type Clock = () => number;

/** The host's clock; passed in at the outermost layer only. */
export const systemClock: Clock = () => Date.now();

/** Timers as an argument. */
export interface Scheduler {
  /** Milliseconds of a clock that never goes back; only differences mean something. */
  monotonicMs(): number;
  /** Runs `fn` once, `delayMs` from now, never before it returns; what it returns prevents that. */
  after(delayMs: number, fn: () => void): () => void;
}

/** The host's timers and monotonic clock; likewise. */
export const systemScheduler: Scheduler = {
  monotonicMs: () => performance.now(),
  after(delayMs, fn) {
    const timer = setTimeout(fn, delayMs);
    return () => {
      clearTimeout(timer);
    };
  },
};
