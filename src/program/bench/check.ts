/** `halfkey bench check`: measures everything that speeds.ts has a target for, and judges it. */
import { methodText, raceOf, reportOf, resultsOfRace, table, type BenchReport, type RaceOrder } from './arithmetic.ts';
import { compareBulk, type MakeSample } from './bulk.ts';
import { compareCalls } from './call.ts';
import { machineText, thisMachine, type Machine } from './machine.ts';
import { MORE_OPERATIONS, OPERATIONS } from './operations.ts';
import { median, type Times } from './race.ts';
import { startKernel } from './rivals.ts';
import type { Bits } from './sample.ts';
import { judgeSpeeds, speedLines, type Measured, type Speed } from './speeds.ts';

export interface CheckOrder extends RaceOrder {
  readonly bits: Bits;
  /** Pairs of live calls, and of bulk issuings. */
  readonly runs: number;
  readonly makeSample: MakeSample;
  /** Whether a missing comparator is a miss. */
  readonly requireComparator: boolean;
}

export interface CheckReport extends BenchReport {
  readonly machine: Machine;
  readonly speeds: readonly Speed[];
}

/** The report and whether every speed is reached. @throws HalfkeyError `INTERNAL` when something measured fails */
export async function checkSpeeds(order: CheckOrder): Promise<{ report: CheckReport; text: string; reached: boolean }> {
  const machine = thisMachine();
  const times = await raceOf(order.bits, (name) => [...OPERATIONS, ...(name === 'fma' ? MORE_OPERATIONS : [])], order);
  const nodeMajor = Number(process.versions.node.split('.')[0]);
  const measured: Measured = { nodeMajor, times, ...(await measureRest(order, times)) };
  const speeds = judgeSpeeds(measured);
  const compared = times.some(({ kernel }) => kernel === 'gmp');
  const report = { ...reportOf(resultsOfRace(order.bits, times)), machine, speeds };
  // Without its kernel the project has no speed to show.
  const runs = times.some(({ kernel }) => kernel === 'fma');
  const missed = speeds.some(({ verdict }) => verdict === 'missed') || (order.requireComparator && !compared);
  const reached = runs && !missed;
  const lines = [
    machineText(machine),
    methodText(order.rounds),
    '',
    `p of ${String(order.bits)} bits`,
    ...table(times),
    '',
    ...speedLines(speeds),
    ...(runs ? [] : ['the kernel fma: DOES NOT RUN HERE (halfkey doctor)']),
    ...(compared ? [] : ['C + GMP: NOT MEASURED, the comparator is not built (gcc, libgmp-dev)']),
    reached ? 'every speed that was measured is reached' : 'not every speed is reached',
  ];
  return { report, text: lines.join('\n'), reached };
}

/** First pairing, memory, bulk issuing, calls: not races of single operations. Without fma there is nothing to judge. */
async function measureRest(
  { bits, runs, program, makeSample, say }: CheckOrder,
  times: readonly Times[],
): Promise<Omit<Measured, 'nodeMajor' | 'times'>> {
  if (!times.some(({ kernel }) => kernel === 'fma'))
    return { firstPairing: undefined, memoryOctets: undefined, bulk: undefined, call: undefined };
  const firsts: number[] = [];
  let memoryOctets = 0;
  for (let run = 0; run < Math.max(3, runs); run++) {
    const fresh = startKernel('fma', bits, program);
    try {
      const { first, warm } = await fresh.first();
      firsts.push(first / warm);
      memoryOctets = await fresh.memory();
    } finally {
      await fresh.stop();
    }
  }
  const bulk = await compareBulk(program, makeSample, runs, (done) => {
    say(`bulk issuing: ${String(done)} of ${String(runs)}`);
  });
  const call = await compareCalls(program, runs, (done) => {
    say(`live calls: ${String(done)} of ${String(runs)}`);
  });
  return { firstPairing: median(firsts), memoryOctets, bulk, call };
}
