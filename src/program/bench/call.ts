/** What a kernel is worth in a live call of `halfkey lab`: its times with BigInt over those with the kernel chosen here. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { ratio } from './race.ts';
import { runForJson } from './run-for-json.ts';

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

async function callTimes(program: readonly string[], env: NodeJS.ProcessEnv): Promise<CallTimes> {
  const directory = await mkdtemp(join(tmpdir(), 'halfkey-bench-'));
  try {
    return (await runForJson(program, ['lab', '--out', join(directory, 'out')], env, labResult)).call;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
