/** The host's timers and monotonic clock; passed in at the outermost layer only. */
import type { Scheduler } from './ua-ports.ts';

export const systemScheduler: Scheduler = {
  monotonicMs: () => performance.now(),
  after(delayMs, fn) {
    const timer = setTimeout(fn, delayMs);
    return () => {
      clearTimeout(timer);
    };
  },
};
