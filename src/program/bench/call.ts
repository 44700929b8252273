/** What a kernel is worth in a live call of `halfkey lab`: its times with BigInt over those with the kernel chosen here. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { HalfkeyError } from '../../foundation/base/index.ts';
import { ratio } from './race.ts';

interface CallTimes {
  readonly ibeMs: number;
  readonly setUpMs: number;
}

const labResult = z.object({ call: z.object({ ibeMs: z.number(), setUpMs: z.number() }) });

/** @throws HalfkeyError `INTERNAL` when a lab fails */
export async function compareCalls(
  program: readonly string[],
  runs: number,
  onRun: (done: number) => void,
): Promise<{ ibe: number; setUp: number }> {
  const slow: CallTimes[] = [];
  const fast: CallTimes[] = [];
  for (let run = 0; run < runs; run++) {
    slow.push(await callTimes(program, { ...process.env, HALFKEY_KERNEL: 'bigint' }));
    fast.push(await callTimes(program, process.env));
    onRun(run + 1);
  }
  const over = (member: keyof CallTimes): number =>
    ratio(
      slow.map((times) => times[member]),
      fast.map((times) => times[member]),
    );
  return { ibe: over('ibeMs'), setUp: over('setUpMs') };
}

async function callTimes(
  [file = process.execPath, ...args]: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<CallTimes> {
  const directory = await mkdtemp(join(tmpdir(), 'halfkey-bench-'));
  try {
    const child = spawn(file, [...args, 'lab', '--json', '--quiet', '--out', join(directory, 'out')], {
      env,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    await new Promise((resolve) => child.once('close', resolve).once('error', resolve));
    const text = Buffer.concat(chunks).toString('utf8');
    const parsed = labResult.safeParse(text === '' ? undefined : JSON.parse(text));
    if (!parsed.success) throw new HalfkeyError('INTERNAL', 'the lab of the bench failed: halfkey lab');
    return parsed.data.call;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
