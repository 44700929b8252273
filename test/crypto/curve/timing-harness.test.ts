/** The search for a secret in the time itself: on work whose time is known. */
import { describe, expect, it } from 'vitest';
import { searchLeak } from '../../support/timing.ts';

/** Keeps the processor busy with so many steps. */
function work(steps: number): number {
  let sum = 0;
  for (let i = 0; i < steps; i++) sum = (sum * 31 + i) % 65_537;
  return sum;
}

describe('the harness', () => {
  it('finds a class that takes a tenth more, whichever it is', { timeout: 300_000 }, () => {
    for (const slower of [0, 1]) {
      const secret = (secretClass: 0 | 1): number => (secretClass === slower ? 33_000 : 30_000);
      const found = searchLeak({ secret, run: work }, 2000);
      expect(found.leak).toBe(true);
      expect(Math.sign(found.t)).toBe(slower === 1 ? 1 : -1);
    }
  });

  it('finds none where both do the same', { timeout: 300_000 }, () => {
    expect(searchLeak({ secret: () => 30_000, run: work }, 2000)).toMatchObject({ leak: false });
  });
});
