/** Runs a command of this program to its end and reads what it prints. */
import { spawn } from 'node:child_process';
import type { z } from 'zod';
import { HalfkeyError } from '../../foundation/base/index.ts';

/** @throws HalfkeyError `INTERNAL` unless it prints, with --json, what `shape` says */
export async function runForJson<T>(
  [file = process.execPath, ...first]: readonly string[],
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  shape: z.ZodType<T>,
): Promise<T> {
  const child = spawn(file, [...first, ...args, '--json', '--quiet'], { env, stdio: ['ignore', 'pipe', 'ignore'] });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  await new Promise((resolve) => child.once('close', resolve).once('error', resolve));
  const text = Buffer.concat(chunks).toString('utf8');
  const parsed = shape.safeParse(text === '' ? undefined : JSON.parse(text));
  if (!parsed.success)
    throw new HalfkeyError('INTERNAL', `what a bench runs failed: halfkey ${args.slice(0, 2).join(' ')}`);
  return parsed.data;
}
