/** Temporary directories of the tests of the platform, removed when a test file is done. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect } from 'vitest';

const made: string[] = [];

export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'halfkey-test-'));
  made.push(directory);
  return directory;
}

afterAll(() => {
  for (const directory of made.splice(0)) rmSync(directory, { recursive: true, force: true });
});

/** For `toThrow`: an error of ours with this code. */
export const coded = (code: string, more: object = {}): Error =>
  expect.objectContaining({ name: 'HalfkeyError', code, ...more }) as Error;
