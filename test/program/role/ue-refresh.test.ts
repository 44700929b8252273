import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { HalfkeyError } from '../../../src/foundation/base/index.ts';
import { keepFresh } from '../../../src/program/role/ue-refresh.ts';

const HOUR_MS = 3_600_000;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

class Watched {
  rounds = 0;
  erasures = 0;
  failure: Error | undefined;
  readonly events: object[] = [];
  readonly schedule: { stop(): void };

  constructor(keyEpochSeconds: number) {
    this.schedule = keepFresh({
      refresh: () => {
        this.rounds += 1;
        return this.failure === undefined ? Promise.resolve() : Promise.reject(this.failure);
      },
      eraseEnded: () => {
        this.erasures += 1;
      },
      keyEpochSeconds: () => keyEpochSeconds,
      emit: (event) => this.events.push(event),
    });
  }
}

describe('the schedule of a client', () => {
  it('fetches about hourly, or four times a short epoch, and not to the minute', async () => {
    for (const [epoch, meanMs] of [
      [86_400, HOUR_MS],
      [900, 225_000],
    ] as const) {
      const watched = new Watched(epoch);
      await vi.advanceTimersByTimeAsync(0.79 * meanMs);
      expect(watched.rounds).toBe(0);
      await vi.advanceTimersByTimeAsync(0.42 * meanMs);
      expect(watched.rounds).toBe(1);
      await vi.advanceTimersByTimeAsync(100 * meanMs);
      expect(watched.rounds).toBeGreaterThan(80);
      expect(watched.rounds).toBeLessThan(127);
      watched.schedule.stop();
    }
  });

  it('erases every five seconds', async () => {
    const watched = new Watched(86_400);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(watched.erasures).toBe(12);
    watched.schedule.stop();
  });

  it('tells of a round that failed, by its code alone, and tries again after a minute', async () => {
    const watched = new Watched(86_400);
    watched.failure = new HalfkeyError('UNAVAILABLE', 'text that stays inside');
    await vi.advanceTimersByTimeAsync(1.21 * HOUR_MS);
    const failed = watched.rounds;
    expect(watched.events[0]).toEqual({ event: 'provisioning-failed', role: 'ue', code: 'UNAVAILABLE' });
    watched.failure = new TypeError('a fault of ours');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(watched.rounds).toBe(failed + 1);
    expect(watched.events.at(-1)).toEqual({ event: 'provisioning-failed', role: 'ue', code: 'INTERNAL' });
    watched.schedule.stop();
  });

  it('does nothing more when it has been stopped', async () => {
    const watched = new Watched(900);
    await vi.advanceTimersByTimeAsync(269_999);
    expect(watched.rounds).toBe(1);
    watched.schedule.stop();
    const { erasures } = watched;
    await vi.advanceTimersByTimeAsync(10 * HOUR_MS);
    expect([watched.rounds, watched.erasures]).toEqual([1, erasures]);
    expect(vi.getTimerCount()).toBe(0);
  });
});
