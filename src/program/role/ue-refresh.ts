/** When a client fetches keys again, and erases: by the clock alone, whatever calls it has (protocol profile 5.4, 5.5). */
import { isHalfkeyError, systemRandom, toBigInt } from '../../foundation/base/index.ts';
import type { Emit } from './running.ts';

const ERASE_MS = 5000;
/** After a round that failed. */
const RETRY_MS = 60_000;
/** The most between two rounds. */
const REFRESH_MS = 3_600_000;

export interface Freshness {
  readonly refresh: () => Promise<void>;
  readonly eraseEnded: () => void;
  readonly keyEpochSeconds: () => number;
  readonly emit: Emit;
}

/** Refreshes a few times an epoch, not all clients at once, and erases every few seconds, until it is stopped. */
export function keepFresh({ refresh, eraseEnded, keyEpochSeconds, emit }: Freshness): { stop(): void } {
  let stopped = false;
  const erasing = setInterval(eraseEnded, ERASE_MS);
  let waiting = setTimeout(next, delayMs());

  function delayMs(): number {
    const jitter = Number(toBigInt(systemRandom(2))) / 0x10000;
    return Math.min(keyEpochSeconds() * 250, REFRESH_MS) * (0.8 + 0.4 * jitter);
  }

  function next(): void {
    refresh().then(
      () => {
        again(delayMs());
      },
      (error: unknown) => {
        // Calls go on with what is held; who runs the client is told.
        emit({ event: 'provisioning-failed', role: 'ue', code: isHalfkeyError(error) ? error.code : 'INTERNAL' });
        again(RETRY_MS);
      },
    );
  }

  function again(ms: number): void {
    if (!stopped) waiting = setTimeout(next, ms);
  }

  return {
    stop() {
      stopped = true;
      clearInterval(erasing);
      clearTimeout(waiting);
    },
  };
}
