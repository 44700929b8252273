/** What a second worker is worth to `halfkey kms issue`: the time of a batch with one worker over that with two. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { ratio } from './race.ts';
import { runForJson } from './run-for-json.ts';

/** Writes a KMS with so many subscribers into the directory, and returns the arguments that issue their keys. */
export type MakeSample = (directory: string, count: number) => Promise<readonly string[]>;

const issueResult = z.object({ seconds: z.number() });
/** Enough that starting the workers, which each load a kernel, is a small part. */
const SUBSCRIBERS = 400;

/** @throws HalfkeyError `INTERNAL` when a batch fails */
export async function compareBulk(
  program: readonly string[],
  makeSample: MakeSample,
  runs: number,
  onRun: (done: number) => void,
): Promise<number> {
  const one: number[] = [];
  const two: number[] = [];
  for (let run = 0; run < runs; run++) {
    one.push(await secondsOf(program, makeSample, 1));
    two.push(await secondsOf(program, makeSample, 2));
    onRun(run + 1);
  }
  return ratio(one, two);
}

async function secondsOf(program: readonly string[], makeSample: MakeSample, workers: number): Promise<number> {
  const directory = await mkdtemp(join(tmpdir(), 'halfkey-bench-'));
  try {
    const args = [...(await makeSample(directory, SUBSCRIBERS)), '--workers', String(workers)];
    return (await runForJson(program, args, process.env, issueResult)).seconds;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
