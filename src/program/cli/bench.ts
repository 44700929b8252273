/** `halfkey bench`: the project's own benches. Times are of this machine and minute; the ratios are what to compare. */
import { access, constants, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Command } from 'commander';
import { HalfkeyError } from '../../foundation/base/index.ts';
import { createOutput, type OutputFlags } from './output.ts';

interface BenchFlags extends OutputFlags {
  readonly level?: string;
  readonly bits?: string;
  readonly rounds: string;
  readonly gmp: string;
}

const SIZES = { 512: 512, 1024: 1024, 1536: 1536, 3840: 3840 } as const;
type Bits = (typeof SIZES)[keyof typeof SIZES];

export function addBench(program: Command, done: (status: number) => void): void {
  const bench = program.command('bench').description('how fast this machine computes');
  options(
    bench
      .command('arithmetic')
      .description('every operation of identity-based encryption with each kernel, and C + GMP where it is built'),
  )
    .option('--level <bits>', 'bits of p: 512, 1024, 1536, 3840 or all (default 1536)')
    .option('--bits <bits>', 'the same')
    .action(async (flags: BenchFlags) => {
      if (flags.level !== undefined && flags.bits !== undefined)
        throw new HalfkeyError('USAGE', '--level and --bits are the same: give one of them');
      const { benchArithmetic } = await import('../bench/arithmetic.ts');
      const shown = createOutput(flags);
      const { report, text } = await benchArithmetic({
        ...orderOf(flags),
        sizes: sizesOf(flags.level ?? flags.bits ?? '1536', flags.level === undefined ? '--bits' : '--level'),
        say: (line) => {
          shown.say(line);
        },
      });
      shown.result(report, text);
      done(0);
    });
  options(
    bench
      .command('check')
      .description('the speeds that the project promises at p of 1536 bits: status 2 when one is missed'),
  )
    .option('--bits <bits>', 'bits of p: 512, 1024, 1536 or 3840', '1536')
    .option('--runs <n>', 'pairs of live calls, and of bulk issuings', '5')
    .option('--save <file>', 'write the report as FILE.json and FILE.txt too')
    .action(async (flags: BenchFlags & { bits: string; runs: string; save?: string }) => {
      const [{ checkSpeeds }, { makeIssueSample }] = await Promise.all([
        import('../bench/check.ts'),
        import('../role/kms-issue-sample.ts'),
      ]);
      const [bits, ...more] = sizesOf(flags.bits, '--bits');
      if (more.length > 0) throw new HalfkeyError('USAGE', '--bits must be one size: speeds have a size each');
      const runs = countOf('--runs', flags.runs);
      // It is known to be writable before minutes are spent on it.
      if (flags.save !== undefined)
        await access(dirname(resolve(flags.save)), constants.W_OK).catch(cannotSave(flags.save));
      const shown = createOutput(flags);
      const { report, text, reached } = await checkSpeeds({
        ...orderOf(flags),
        bits,
        runs,
        makeSample: makeIssueSample,
        requireComparator: process.env['HALFKEY_REQUIRE_TOOLS'] === '1',
        say: (line) => {
          shown.say(line);
        },
      });
      if (flags.save !== undefined) await save(flags.save, report, text);
      shown.result(report, text);
      done(reached ? 0 : 2);
    });
  bench
    .command('competitor', { hidden: true })
    .requiredOption('--bits <bits>')
    .action(async ({ bits }: { bits: string }) => {
      const [size] = sizesOf(bits, '--bits');
      const { compete } = await import('../bench/competitor.ts');
      await compete(size, process.stdin, (line) => process.stdout.write(`${line}\n`));
    });
}

function options(command: Command): Command {
  return command
    .option('--rounds <n>', 'interleaved rounds', '15')
    .option('--gmp <dir>', 'where the C + GMP programs are', 'tools/bench/gmp/build')
    .option('--json', 'one JSON object on standard output and nothing else')
    .option('--quiet', 'no human text')
    .option('--verbose', 'more human text');
}

function orderOf({ rounds, gmp }: BenchFlags) {
  return {
    rounds: countOf('--rounds', rounds),
    comparator: resolve(gmp),
    program: [process.execPath, ...process.execArgv, resolve(process.argv[1] ?? '')],
  };
}

function sizesOf(text: string, option: string): [Bits, ...Bits[]] {
  if (text === 'all') return [512, 1024, 1536, 3840];
  const size = Object.hasOwn(SIZES, text) ? SIZES[text as unknown as Bits] : undefined;
  if (size === undefined) throw new HalfkeyError('USAGE', `${option} must be 512, 1024, 1536, 3840 or all`);
  return [size];
}

function countOf(option: string, text: string): number {
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new HalfkeyError('USAGE', `${option} must be 1 to 9999`);
  return Number(text);
}

/** @throws HalfkeyError `BAD_CONFIG` when it cannot be written */
async function save(file: string, report: object, text: string): Promise<void> {
  await writeFile(`${file}.json`, `${JSON.stringify(report, null, 1)}\n`).catch(cannotSave(file));
  await writeFile(`${file}.txt`, `${text}\n`).catch(cannotSave(file));
}

function cannotSave(file: string): (cause: unknown) => never {
  return (cause) => {
    throw new HalfkeyError('BAD_CONFIG', `cannot write ${file}.json and ${file}.txt`, {
      cause,
      hint: 'give another file',
    });
  };
}
