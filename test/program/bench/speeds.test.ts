/** How a measurement is judged: what is reached, what is missed, and what was not measured and is not hidden. */
import { describe, expect, it } from 'vitest';
import type { AnyOperation } from '../../../src/program/bench/operations.ts';
import { median, quantile, race, ratio, type Times } from '../../../src/program/bench/race.ts';
import type { Rival, RivalName } from '../../../src/program/bench/rivals.ts';
import { judgeSpeeds, speedLines, type Measured } from '../../../src/program/bench/speeds.ts';

const one = (kernel: RivalName, op: AnyOperation, ...rounds: number[]): Times => ({ kernel, op, rounds });

/** Everything exactly at its bound on Node 20. */
const REACHED: Measured = {
  nodeMajor: 20,
  times: [
    one('fma', 'pairing', 100, 200),
    one('bigint', 'pairing', 280, 560),
    one('scalar', 'pairing', 196, 392),
    one('gmp', 'pairing', 62.5, 125),
    one('fma', 'pairing-fixed', 50, 100),
    one('bigint', 'pairing-fixed', 140, 280),
    one('gmp', 'pairing-fixed', 31.25, 62.5),
    one('fma', 'encrypt-new', 110, 220),
    one('fma', 'encrypt-cached', 38.5, 77),
    one('fma', 'extract', 300, 600),
    one('fma', 'decrypt', 100, 200),
    one('fma', 'decrypt-first', 160, 320),
    one('fma', 'hash-to-point', 100, 200),
    one('fma', 'check-31', 4300, 8600),
  ],
  firstPairing: 8,
  memoryOctets: 8 * 2 ** 20,
  bulk: 1.7,
  call: { ibe: 2, setUp: 2 },
};

const missed = (measured: Measured): string[] =>
  judgeSpeeds(measured).flatMap(({ what, verdict }) => (verdict === 'missed' ? [what] : []));

describe('the speeds', () => {
  it('all are judged, and all hold at their bounds', () => {
    expect(judgeSpeeds(REACHED).map(({ verdict }) => verdict)).toEqual(new Array(16).fill('ok'));
  });

  it.each([
    ['pairing: BigInt/fma', { times: [...REACHED.times.slice(0, 1), one('bigint', 'pairing', 279, 558)] }],
    ['pairing: fma/C + GMP', { times: [...REACHED.times.slice(0, 1), one('gmp', 'pairing', 62, 124)] }],
    ['extract, in pairings', { times: [...REACHED.times.slice(0, 1), one('fma', 'extract', 301, 602)] }],
    ['first pairing after loading, in warm ones', { firstPairing: 8.01 }],
    ['kernel and tables, MB', { memoryOctets: 8 * 2 ** 20 + 1 }],
    ['bulk issuing: 2 workers/1', { bulk: 1.69 }],
    ['call, time of the mathematics: BigInt/kernel', { call: { ibe: 1.99, setUp: 2 } }],
    ['call, set-up: kernel/BigInt', { call: { ibe: 2, setUp: 1.6 } }],
  ] as const)('%s is missed, and nothing else', (what, change) => {
    expect(missed({ ...REACHED, ...change })).toEqual([what]);
  });

  it('Node 22 has bounds of its own, later versions are only shown', () => {
    const slower = {
      ...REACHED,
      times: [one('fma', 'pairing', 10), one('bigint', 'pairing', 20), one('gmp', 'pairing', 5.3)],
    };
    expect(missed(slower)).toEqual(['pairing: BigInt/fma', 'pairing: fma/C + GMP']);
    expect(missed({ ...slower, nodeMajor: 22 })).toEqual([]);
    expect(judgeSpeeds({ ...slower, nodeMajor: 24 })[0]).toMatchObject({ verdict: 'shown', reached: 2 });
  });

  it('what was not measured says so', () => {
    const nothing = {
      nodeMajor: 20,
      times: [],
      firstPairing: undefined,
      memoryOctets: undefined,
      bulk: undefined,
      call: undefined,
    };
    const speeds = judgeSpeeds(nothing);
    expect(new Set(speeds.map(({ verdict }) => verdict))).toEqual(new Set(['not measured']));
    expect(speedLines(speeds)[0]).toMatch(/^pairing: BigInt\/fma +at least 2.8 +- +not measured$/);
  });
});

describe('a race', () => {
  it('asks one rival at a time, each as often, and keeps the rounds together', async () => {
    const asked: string[] = [];
    const rival = (name: RivalName, ns: number): Rival => ({
      name,
      time(what, count) {
        asked.push(`${name} ${what}`);
        return Promise.resolve(ns * count);
      },
      memory: () => Promise.resolve(0),
      first: () => Promise.resolve({ first: 0, warm: 0 }),
      check: () => Promise.resolve(''),
      stop: () => Promise.resolve(),
    });
    const rivals = [rival('fma', 1e7), rival('bigint', 3e7)];
    const times = await race(
      rivals,
      (name) => (name === 'fma' ? ['pairing', 'check-31'] : ['pairing']),
      2,
      () => undefined,
    );
    expect(times).toEqual([
      one('fma', 'pairing', 1e7, 1e7),
      one('fma', 'check-31', 1e7, 1e7),
      one('bigint', 'pairing', 3e7, 3e7),
    ]);
    expect(asked.slice(-6)).toEqual([...new Array(2)].flatMap(() => ['fma pairing', 'bigint pairing', 'fma check-31']));
  });

  it('medians, quartiles, and ratios inside the rounds', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(quantile([4, 1, 3, 2], 0.25)).toBe(1.75);
    // The second round was disturbed, for both.
    expect(ratio([2, 20, 2], [1, 10, 1])).toBe(2);
  });
});
