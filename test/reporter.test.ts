/** What tools/quality/reporter.mjs tells verify.mjs about a run: the counts, the kernel and the ten slowest files. */
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';

interface Reporter {
  onTestRunEnd(modules: readonly unknown[], errors: readonly unknown[]): void;
}

/** A module of vitest as far as the reporter asks it. */
function moduleOf(file: string, seconds: number, states: readonly string[], kernel?: string): unknown {
  const test = (state: string, i: number) => ({
    fullName: `${state} ${String(i)}`,
    parent: undefined,
    result: () => ({ state, note: state === 'skipped' ? 'needs x' : undefined }),
    meta: () => ({ kernel }),
  });
  return {
    relativeModuleId: file,
    errors: () => [],
    children: { allSuites: () => [], allTests: () => states.map(test) },
    diagnostic: () => ({ duration: 1000 * seconds - 300, collectDuration: 200, setupDuration: 100 }),
  };
}

/** What is written of a run of these modules under this HALFKEY_KERNEL. */
async function written(modules: readonly unknown[], kernel = ''): Promise<Record<string, unknown>> {
  const counts = join(mkdtempSync(join(tmpdir(), 'halfkey-')), 'counts.json');
  vi.stubEnv('HALFKEY_TEST_COUNTS', counts);
  vi.stubEnv('HALFKEY_KERNEL', kernel);
  const { default: Counts } = (await import('../tools/quality/reporter.mjs' as string)) as {
    default: new () => Reporter;
  };
  new Counts().onTestRunEnd(modules, []);
  vi.unstubAllEnvs();
  return JSON.parse(readFileSync(counts, 'utf8')) as Record<string, unknown>;
}

it('counts, and names the ten slowest files, slowest first', async () => {
  const fast = Array.from({ length: 11 }, (_, i) => moduleOf(`fast-${String(i)}`, 1 + i, ['passed']));
  const run = await written([...fast, moduleOf('slow', 99, ['passed', 'failed', 'skipped'])]);
  expect(run).toMatchObject({
    passed: 12,
    failed: 1,
    failures: ['slow > failed 1'],
    skipped: ['slow > skipped 2 [needs x]'],
    kernels: [],
  });
  expect(run['slowest']).toHaveLength(10);
  expect((run['slowest'] as unknown[]).slice(0, 2)).toEqual([
    { file: 'slow', seconds: 99 },
    { file: 'fast-10', seconds: 11 },
  ]);
});

it('names the kernel that computed, and fails when it is another than HALFKEY_KERNEL asks for, or none, or two', async () => {
  const [fma, scalar, none] = ['fma', 'scalar', undefined].map((kernel, i) =>
    moduleOf(`file-${String(i)}`, 1, ['passed', 'passed'], kernel),
  );
  const kernels = [{ kind: 'fma', files: 1 }];
  expect(await written([fma, none])).toMatchObject({ kernels, failed: 0 });
  expect(await written([fma, none], 'fma')).toMatchObject({ kernels, failed: 0 });
  expect(await written([fma, none], 'bigint')).toMatchObject({
    kernels,
    failures: ['HALFKEY_KERNEL=bigint, but fma ran'],
  });
  expect(await written([none], 'scalar')).toMatchObject({
    kernels: [],
    failures: ['HALFKEY_KERNEL=scalar, but no test told its kernel'],
  });
  expect(await written([fma, scalar])).toMatchObject({ failures: ['more than one kernel ran: fma scalar'] });
});
