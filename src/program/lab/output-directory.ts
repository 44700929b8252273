/**
 * Where a lab writes: into a directory that is new or empty, or, with --force, over what an earlier lab left in it.
 */
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { HalfkeyError } from '../../foundation/base/index.ts';
import { ensurePrivateDirectory, isEmptyDirectory } from '../../platform/index.ts';
import type { LabOrder } from './lab-order.ts';

type Order = Pick<LabOrder, 'out' | 'force'>;

/** Makes nothing yet. @throws HalfkeyError `OUTPUT_EXISTS` when the directory is not empty and not forced, `BAD_CONFIG` */
export async function assertUsable({ out, force }: Order): Promise<void> {
  if (out !== undefined && !force && !(await isEmptyDirectory(out))) {
    throw new HalfkeyError('OUTPUT_EXISTS', 'the output directory is not empty');
  }
}

/** Makes the directory, 0700, by the time `nowMs` when the order names none; its absolute path. @throws as {@link assertUsable} */
export async function prepareOutput(order: Order, nowMs: number): Promise<string> {
  const { out } = order;
  if (out === undefined) return newDirectory(nowMs);
  await assertUsable(order);
  await ensurePrivateDirectory(out);
  await removeEarlier(out);
  return out;
}

/**
 * Takes away the states of an earlier run's roles, which had other keys, and its report and sessions, which would stand
 * beside those of this run. Everything else stays.
 */
async function removeEarlier(directory: string): Promise<void> {
  const sessions = (await readdir(directory)).filter((name) => /^session-\d+$/.test(name));
  for (const name of ['roles', 'report.html', ...sessions])
    await rm(join(directory, name), { recursive: true, force: true });
}

/** Two labs that start in the same second get a directory each: only one of them can make it. */
async function newDirectory(nowMs: number): Promise<string> {
  const time = new Date(nowMs)
    .toISOString()
    .replace(/[-:]/g, '')
    .replace(/\.\d+Z$/, 'Z');
  const parent = resolve('halfkey-out');
  await ensurePrivateDirectory(parent);
  for (let n = 1; ; n++) {
    const directory = join(parent, n === 1 ? time : `${time}-${String(n)}`);
    // With `recursive` a directory that is there already makes no error, and nothing is returned.
    if ((await mkdir(directory, { recursive: true, mode: 0o700 })) !== undefined) return directory;
  }
}
