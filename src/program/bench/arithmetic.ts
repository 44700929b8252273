/**
 * `halfkey bench arithmetic`: what the operations of identity-based encryption cost with each kernel, with BigInt as the
 * control and with the C program of tools/bench/gmp as the outside comparator, where that is built.
 */
import { isHalfkeyError } from '../../foundation/base/index.ts';
import { kernelStatus, type KernelKind } from '../../crypto/curve/index.ts';
import { machineText, thisMachine } from './machine.ts';
import { OPERATIONS, PRODUCTS, type AnyOperation } from './operations.ts';
import { median, quantile, race, ratio, type Times } from './race.ts';
import { assertAgreement, startComparator, startKernel, type Rival, type RivalName } from './rivals.ts';
import { resultsOf, sampleOf, type Bits } from './sample.ts';

const KERNELS: readonly KernelKind[] = ['fma', 'scalar', 'bigint'];

export interface RaceOrder {
  readonly rounds: number;
  /** Where the comparator is. */
  readonly comparator: string;
  /** Node and the path of the command. */
  readonly program: readonly string[];
  readonly say: (line: string) => void;
}

export interface BenchOrder extends RaceOrder {
  readonly sizes: readonly Bits[];
}

/** Milliseconds of one operation, not rounded. */
export interface BenchResult {
  readonly op: AnyOperation;
  readonly bits: Bits;
  readonly kernel: RivalName;
  readonly medianMs: number;
  readonly minMs: number;
}

export interface BenchReport {
  /** What this process would compute with. */
  readonly kernel: KernelKind;
  readonly node: string;
  readonly results: readonly BenchResult[];
}

/** @throws HalfkeyError `INTERNAL` when two competitors compute different values */
export async function benchArithmetic(order: BenchOrder): Promise<{ report: BenchReport; text: string }> {
  const lines = [machineText(thisMachine()), methodText(order.rounds)];
  const results: BenchResult[] = [];
  for (const bits of order.sizes) {
    const times = await raceOf(bits, () => OPERATIONS, order);
    results.push(...resultsOfRace(bits, times));
    lines.push('', `p of ${String(bits)} bits`, ...table(times));
  }
  return { report: reportOf(results), text: lines.join('\n') };
}

export function methodText(rounds: number): string {
  return `processor time, ${String(rounds)} interleaved rounds`;
}

export function reportOf(results: readonly BenchResult[]): BenchReport {
  return { kernel: kernelStatus().kind, node: process.versions.node, results };
}

/** A race of all that can run here, each having shown that it computes what the others do. */
export async function raceOf(
  bits: Bits,
  operationsOf: (name: RivalName) => readonly AnyOperation[],
  { rounds, comparator, program, say }: RaceOrder,
): Promise<Times[]> {
  const sample = sampleOf(bits);
  const started = KERNELS.map((kind) => startKernel(kind, bits, program));
  const outside = startComparator(comparator, bits, sample);
  try {
    const rivals: Rival[] = outside === undefined ? [] : [outside];
    if (outside === undefined) say('without C + GMP, which is not built here: node tools/bench/gmp/build.mjs');
    for (const rival of started) {
      const fault = await faultOf(rival);
      if (fault === undefined) rivals.push(rival);
      else say(`without the kernel ${rival.name}: ${fault}`);
    }
    await assertAgreement(rivals, resultsOf(sample));
    return await race(rivals, operationsOf, rounds, (done) => {
      say(`p of ${String(bits)} bits: round ${String(done)} of ${String(rounds)}`);
    });
  } finally {
    await Promise.all([...started, ...(outside === undefined ? [] : [outside])].map((rival) => rival.stop()));
  }
}

/** Why it does not compute: one whose kernel is refused here has ended, and said why. */
async function faultOf(rival: Rival): Promise<string | undefined> {
  try {
    await rival.check();
    return undefined;
  } catch (error) {
    if (!isHalfkeyError(error, 'INTERNAL')) throw error;
    return error.message;
  }
}

export function resultsOfRace(bits: Bits, times: readonly Times[]): BenchResult[] {
  return times.map(({ kernel, op, rounds }) => {
    const ms = rounds.map((ns) => ns / divisorOf(op) / 1e6);
    return { op, bits, kernel, medianMs: median(ms), minMs: Math.min(...ms) };
  });
}

function divisorOf(op: AnyOperation): number {
  return op === 'mul' || op === 'sqr' ? PRODUCTS : 1;
}

/** A line an operation: median and quartiles of each rival, then what fma gains and lacks. */
export function table(times: readonly Times[]): string[] {
  const rivals = [...new Set(times.map(({ kernel }) => kernel))];
  const of = (op: AnyOperation, kernel: RivalName): readonly number[] | undefined =>
    times.find((one) => one.op === op && one.kernel === kernel)?.rounds;
  const best = rivals.includes('fma') ? 'fma' : 'scalar';
  const versus = (['bigint', 'gmp'] as const).filter((name) => rivals.includes(name));
  const head = ['ms, median (quartiles)', ...rivals, ...versus.map((name) => ratioHead(best, name))];
  const body = [...new Set(times.map(({ op }) => op))].map((op) => [
    op,
    ...rivals.map((kernel) => cell(op, of(op, kernel) ?? [])),
    ...versus.map((name) => {
      const [own, other] = [of(op, best), of(op, name)];
      if (own === undefined || other === undefined) return '-';
      return (name === 'bigint' ? ratio(other, own) : ratio(own, other)).toFixed(2);
    }),
  ]);
  const widths = head.map((_, column) => Math.max(...[head, ...body].map((row) => (row[column] ?? '').length)));
  return [head, ...body].map((row) =>
    row
      .map((text, column) => (column === 0 ? text.padEnd(widths[0] ?? 0) : text.padStart(widths[column] ?? 0)))
      .join('  '),
  );
}

function ratioHead(best: KernelKind, name: 'bigint' | 'gmp'): string {
  return name === 'bigint' ? `bigint/${best}` : `${best}/gmp`;
}

function cell(op: AnyOperation, rounds: readonly number[]): string {
  if (rounds.length === 0) return '-';
  const ms = rounds.map((ns) => ns / divisorOf(op) / 1e6);
  const shown = (part: number): string => quantile(ms, part).toPrecision(3);
  return `${shown(0.5)} (${shown(0.25)}-${shown(0.75)})`;
}
