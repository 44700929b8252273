/** The speeds that the project holds itself to, at p of 1536 bits with the fma kernel, and how a measurement is judged. */
import type { AnyOperation } from './operations.ts';
import { ratio, type Times } from './race.ts';
import type { RivalName } from './rivals.ts';

/** What was measured; undefined is what could not be, on this machine or without a compiler. */
export interface Measured {
  readonly nodeMajor: number;
  readonly times: readonly Times[];
  /** The first pairing after loading, in warm ones. */
  readonly firstPairing: number | undefined;
  /** Kernel and tables with full caches. */
  readonly memoryOctets: number | undefined;
  /** How much faster two workers issue than one. */
  readonly bulk: number | undefined;
  /** Times of a live call with BigInt over those with the kernel: what is computed, and the whole set-up. */
  readonly call: { readonly ibe: number; readonly setUp: number } | undefined;
}

export interface Speed {
  readonly what: string;
  readonly bound: 'at least' | 'at most';
  /** Undefined where this version of Node has no target and the figure is only shown. */
  readonly target: number | undefined;
  /** Undefined where it was not measured. */
  readonly reached: number | undefined;
  readonly verdict: 'ok' | 'missed' | 'shown' | 'not measured';
}

/** Only Node 20 and 22 have targets of their own. */
const AGAINST_BIGINT: Readonly<Record<number, number>> = { 20: 2.8, 22: 2.0 };
const AGAINST_GMP: Readonly<Record<number, number>> = { 20: 1.6, 22: 1.9 };
const SCALAR_AGAINST_BIGINT: Readonly<Record<number, number>> = { 20: 0.7 };
const MEBIBYTE = 2 ** 20;

/** All of them, in the order they are shown. */
export function judgeSpeeds(measured: Measured): Speed[] {
  const { nodeMajor, firstPairing, memoryOctets, bulk, call } = measured;
  const of = (kernel: RivalName, op: AnyOperation): readonly number[] | undefined =>
    measured.times.find((one) => one.kernel === kernel && one.op === op)?.rounds;
  const over = (a: readonly number[] | undefined, b: readonly number[] | undefined): number | undefined =>
    a === undefined || b === undefined ? undefined : ratio(a, b);
  const inPairings = (op: AnyOperation): number | undefined => over(of('fma', op), of('fma', 'pairing'));

  return [
    atLeast('pairing: BigInt/fma', AGAINST_BIGINT[nodeMajor], over(of('bigint', 'pairing'), of('fma', 'pairing'))),
    atLeast(
      'pairing-fixed: BigInt/fma',
      AGAINST_BIGINT[nodeMajor],
      over(of('bigint', 'pairing-fixed'), of('fma', 'pairing-fixed')),
    ),
    atMost('pairing: fma/C + GMP', AGAINST_GMP[nodeMajor], over(of('fma', 'pairing'), of('gmp', 'pairing'))),
    atMost(
      'pairing-fixed: fma/C + GMP',
      AGAINST_GMP[nodeMajor],
      over(of('fma', 'pairing-fixed'), of('gmp', 'pairing-fixed')),
    ),
    atMost('encrypt-new, in pairings', 1.1, inPairings('encrypt-new')),
    atMost('encrypt-cached/encrypt-new', 0.35, over(of('fma', 'encrypt-cached'), of('fma', 'encrypt-new'))),
    atMost('extract, in pairings', 3.0, inPairings('extract')),
    atMost('decrypt with cached lines, in pairings', 1.0, inPairings('decrypt')),
    atMost('decrypt at the first use of a key, in pairings', 1.6, inPairings('decrypt-first')),
    atMost(
      'pairing: scalar/BigInt',
      SCALAR_AGAINST_BIGINT[nodeMajor],
      over(of('scalar', 'pairing'), of('bigint', 'pairing')),
    ),
    atMost('first pairing after loading, in warm ones', 8, firstPairing),
    atMost('kernel and tables, MB', 8, memoryOctets === undefined ? undefined : memoryOctets / MEBIBYTE),
    atLeast('bulk issuing: 2 workers/1', 1.7, bulk),
    atMost('checking 31 keys, in 12 pairings + 31 hash-to-points', 1, checking(of)),
    atLeast('call, time of the mathematics: BigInt/kernel', 2, call?.ibe),
    atMost('call, set-up: kernel/BigInt', 0.6, call === undefined ? undefined : 1 / call.setUp),
  ];
}

function checking(of: (kernel: RivalName, op: AnyOperation) => readonly number[] | undefined): number | undefined {
  const [keys, pairings, points] = [of('fma', 'check-31'), of('fma', 'pairing'), of('fma', 'hash-to-point')];
  if (keys === undefined || pairings === undefined || points === undefined) return undefined;
  return ratio(
    keys,
    pairings.map((pairing, round) => 12 * pairing + 31 * (points[round] as number)),
  );
}

function atLeast(what: string, target: number | undefined, reached: number | undefined): Speed {
  return judged(what, 'at least', target, reached, (value, bound) => value >= bound);
}

function atMost(what: string, target: number | undefined, reached: number | undefined): Speed {
  return judged(what, 'at most', target, reached, (value, bound) => value <= bound);
}

function judged(
  what: string,
  bound: Speed['bound'],
  target: number | undefined,
  reached: number | undefined,
  holds: (value: number, bound: number) => boolean,
): Speed {
  let verdict: Speed['verdict'] = 'shown';
  if (reached === undefined) verdict = 'not measured';
  else if (target !== undefined) verdict = holds(reached, target) ? 'ok' : 'missed';
  return { what, bound, target, reached, verdict };
}

/** A line each, aligned. */
export function speedLines(speeds: readonly Speed[]): string[] {
  const rows = speeds.map(({ what, bound, target, reached, verdict }) => [
    what,
    target === undefined ? 'no target here' : `${bound} ${String(target)}`,
    reached === undefined ? '-' : reached.toFixed(2),
    verdict,
  ]);
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => (row[column] as string).length)));
  return rows.map((row) =>
    row
      .map((text, column) => text.padEnd(widths[column] as number))
      .join('  ')
      .trimEnd(),
  );
}
