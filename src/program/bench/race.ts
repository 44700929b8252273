/**
 * Interleaved rounds: in each, every rival does a batch of every operation, one after the other, so that what disturbs
 * the machine disturbs all. A ratio is the median of the ratios inside the rounds, a time the median of the rounds.
 */
import type { AnyOperation } from './operations.ts';
import type { Rival, RivalName } from './rivals.ts';

/** A batch is made as long as this, where one operation is shorter. */
const BATCH_NS = 30e6;

/** Nanoseconds of one operation in each round. */
export interface Times {
  readonly kernel: RivalName;
  readonly op: AnyOperation;
  readonly rounds: readonly number[];
}

/** `operationsOf` says what a rival takes part in. */
export async function race(
  rivals: readonly Rival[],
  operationsOf: (name: RivalName) => readonly AnyOperation[],
  rounds: number,
  onRound: (done: number) => void,
): Promise<Times[]> {
  const lanes = rivals.flatMap((rival) =>
    operationsOf(rival.name).map((op) => ({ rival, op, count: 1, rounds: [] as number[] })),
  );
  const operations = new Set(lanes.map(({ op }) => op));
  const batch = async ({ rival, op, count }: (typeof lanes)[number]): Promise<number> =>
    (await rival.time(op, count)) / count;
  for (const lane of lanes) {
    // The first run fills tables; the second tells how many make a batch; the third has the compiler optimise.
    await batch(lane);
    lane.count = Math.max(1, Math.round(BATCH_NS / Math.max(1, await batch(lane))));
    await batch(lane);
  }
  for (let round = 0; round < rounds; round++) {
    for (const op of operations) {
      for (const lane of lanes.filter((candidate) => candidate.op === op)) lane.rounds.push(await batch(lane));
    }
    onRound(round + 1);
  }
  return lanes.map(({ rival, op, rounds: times }) => ({ kernel: rival.name, op, rounds: times }));
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** Interpolated between the neighbours; of at least one value. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = part * (sorted.length - 1);
  const low = sorted[Math.floor(at)] as number;
  const high = sorted[Math.ceil(at)] as number;
  return low + (high - low) * (at - Math.floor(at));
}

/** Median of a/b inside the rounds; both of the same race. */
export function ratio(a: readonly number[], b: readonly number[]): number {
  return median(a.map((value, round) => value / (b[round] as number)));
}
