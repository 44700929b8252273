/** Starts the competitors of a bench and asks them, one at a time: whoever is not asked is idle. */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { HalfkeyError } from '../../foundation/base/index.ts';
import type { KernelKind } from '../../crypto/curve/index.ts';
import type { AnyOperation } from './operations.ts';
import { inputsOf, resultLine, type Bits, type Sample } from './sample.ts';

export type RivalName = KernelKind | 'gmp';

export interface Rival {
  readonly name: RivalName;
  /** Nanoseconds of processor time for `count` times an operation. */
  time(what: AnyOperation, count: number): Promise<number>;
  /** Octets of its kernel and tables; not of a comparator. */
  memory(): Promise<number>;
  /** The same of the first pairing after loading, and of a warm one; only as the first question. */
  first(): Promise<{ readonly first: number; readonly warm: number }>;
  /** What it computes from the sample. */
  check(): Promise<string>;
  /** Ends its process and waits until it has gone. */
  stop(): Promise<void>;
}

/** A process of this program with that kernel. `program` is node and the path of the command. */
export function startKernel(kind: KernelKind, bits: Bits, program: readonly string[]): Rival {
  const [file = process.execPath, ...args] = program;
  return rival(
    kind,
    spawn(file, [...args, 'bench', 'competitor', '--bits', String(bits)], {
      env: { ...process.env, HALFKEY_KERNEL: kind },
      stdio: 'pipe',
    }),
  );
}

/** The comparator of that size in `directory`; undefined when it has not been built. */
export function startComparator(directory: string, bits: Bits, sample: Sample): Rival | undefined {
  const file = join(directory, `halfkey-gmp-${String(bits)}`);
  if (!existsSync(file)) return undefined;
  const child = spawn(file, [], { stdio: 'pipe' });
  for (const [name, value] of Object.entries(inputsOf(sample))) child.stdin.write(`${name} ${value.toString(16)}\n`);
  return rival('gmp', child);
}

function rival(name: RivalName, child: ChildProcessWithoutNullStreams): Rival {
  const said: string[] = [];
  const waiting: { resolve: (line: string) => void; reject: (error: Error) => void }[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => waiting.shift()?.resolve(line));
  child.stderr.on('data', (chunk: Buffer) => said.push(chunk.toString('utf8').slice(0, 1000)));
  // A write to a process that has just ended fails, and its end is what tells.
  child.stdin.on('error', () => undefined);
  let gone: HalfkeyError | undefined;
  const lose = (cause?: Error): void => {
    const why = cause?.message ?? said.join('').trim().split('\n').at(-1) ?? '';
    gone ??= new HalfkeyError('INTERNAL', `the competitor ${name} of the bench ended${why === '' ? '' : `: ${why}`}`);
    for (const { reject } of waiting.splice(0)) reject(gone);
  };
  child.once('error', lose);
  const ended = new Promise<void>((resolve) =>
    child.once('close', () => {
      lose();
      resolve();
    }),
  );
  const ask = (question: string): Promise<string> =>
    new Promise((resolve, reject) => {
      if (gone !== undefined) {
        reject(gone);
        return;
      }
      waiting.push({ resolve, reject });
      child.stdin.write(`${question}\n`);
    });
  return {
    name,
    time: async (what, count) => Number(await ask(`time ${what} ${String(count)}`)),
    memory: async () => Number(await ask('memory')),
    async first() {
      const [first, warm] = (await ask('first')).split(' ').map(Number);
      return { first: first as number, warm: warm as number };
    },
    check: () => ask('check'),
    stop() {
      child.stdin.end();
      return ended;
    },
  };
}

/** @throws HalfkeyError `INTERNAL` unless every rival computes the same from the sample */
export async function assertAgreement(
  rivals: readonly Rival[],
  results: Readonly<Record<string, bigint>>,
): Promise<void> {
  const expected = resultLine(results);
  for (const competitor of rivals) {
    if ((await competitor.check()) !== expected)
      throw new HalfkeyError('INTERNAL', `the competitor ${competitor.name} computes another result`);
  }
}
