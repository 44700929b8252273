/** What tools/quality/reporter.mjs tells verify.mjs about a run: the counts and the ten slowest files. */
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';

interface Reporter {
  onTestRunEnd(modules: readonly unknown[], errors: readonly unknown[]): void;
}

/** A module of vitest as far as the reporter asks it. */
function moduleOf(file: string, seconds: number, states: readonly string[]): unknown {
  const test = (state: string, i: number) => ({
    fullName: `${state} ${String(i)}`,
    parent: undefined,
    result: () => ({ state, note: state === 'skipped' ? 'needs x' : undefined }),
  });
  return {
    relativeModuleId: file,
    errors: () => [],
    children: { allSuites: () => [], allTests: () => states.map(test) },
    diagnostic: () => ({ duration: 1000 * seconds - 300, collectDuration: 200, setupDuration: 100 }),
  };
}

it('counts, and names the ten slowest files, slowest first', async () => {
  const counts = join(mkdtempSync(join(tmpdir(), 'halfkey-')), 'counts.json');
  vi.stubEnv('HALFKEY_TEST_COUNTS', counts);
  const { default: Counts } = (await import('../tools/quality/reporter.mjs' as string)) as {
    default: new () => Reporter;
  };
  const fast = Array.from({ length: 11 }, (_, i) => moduleOf(`fast-${String(i)}`, 1 + i, ['passed']));
  new Counts().onTestRunEnd([...fast, moduleOf('slow', 99, ['passed', 'failed', 'skipped'])], []);
  vi.unstubAllEnvs();
  const written = JSON.parse(readFileSync(counts, 'utf8'));
  expect(written).toMatchObject({
    passed: 12,
    failed: 1,
    failures: ['slow > failed 1'],
    skipped: ['slow > skipped 2 [needs x]'],
  });
  expect(written.slowest).toHaveLength(10);
  expect(written.slowest.slice(0, 2)).toEqual([
    { file: 'slow', seconds: 99 },
    { file: 'fast-10', seconds: 11 },
  ]);
});
