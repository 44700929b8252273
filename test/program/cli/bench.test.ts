/** `halfkey bench`: what it prints and how it ends. How fast anything is, no test asks. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OPERATIONS } from '../../../src/program/bench/operations.ts';
import { childEnv, ensureBuilt, programFile } from '../../support/children.ts';

const folder = mkdtempSync(join(tmpdir(), 'halfkey-bench-'));

beforeAll(ensureBuilt);
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function bench(...args: string[]): { status: number | null; stdout: string } {
  return spawnSync(process.execPath, [programFile, 'bench', ...args], {
    cwd: folder,
    env: childEnv({ HALFKEY_KERNEL: undefined }),
    encoding: 'utf8',
  });
}

describe('halfkey bench arithmetic', () => {
  it('--json: every operation with every kernel, in unrounded milliseconds', () => {
    const { status, stdout } = bench('arithmetic', '--level', '512', '--rounds', '1', '--json', '--quiet');
    expect(status).toBe(0);
    const report = JSON.parse(stdout) as { kernel: string; results: Record<string, unknown>[] };
    expect(Object.keys(report)).toEqual(['kernel', 'node', 'results']);
    expect(report).toMatchObject({ node: process.versions.node });
    for (const one of report.results) expect(Object.keys(one)).toEqual(['op', 'bits', 'kernel', 'medianMs', 'minMs']);
    const rows = report.results.map(({ op, bits, kernel }) => `${String(kernel)} ${String(op)} ${String(bits)}`);
    expect(rows).toEqual(
      [report.kernel === 'fma' ? ['fma'] : [], 'scalar', 'bigint']
        .flat()
        .flatMap((kernel) => OPERATIONS.map((op) => `${kernel} ${op} 512`)),
    );
    for (const { medianMs, minMs } of report.results) {
      expect(minMs).toBeGreaterThan(0);
      expect(medianMs).toBeGreaterThanOrEqual(minMs as number);
    }
  });

  it.each([
    [['arithmetic', '--level', '1000']],
    [['arithmetic', '--bits', '0x200']],
    [['arithmetic', '--level', '512', '--bits', '512']],
    [['arithmetic', '--level', '512', '--rounds', '0']],
    [['arithmetic', '--level', '512', '--rounds', '1e3']],
    [['check', '--bits', '7680']],
    [['check', '--bits', 'all']],
    [['check', '--runs', 'many']],
    [['competitor', '--bits', '512x']],
    [['algebra']],
    [[]],
  ])('%j is misuse', (args) => {
    const { status, stdout } = bench(...args, ...(args.length > 0 && args[0] !== 'competitor' ? ['--json'] : []));
    expect(status).toBe(1);
    if (args.length > 0 && args[0] !== 'competitor')
      expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'USAGE' } });
  });
});

describe('what a bench cannot do', () => {
  it('a comparator that ends before it is asked: INTERNAL, and what it said', () => {
    const comparators = join(folder, 'comparators');
    mkdirSync(comparators);
    writeFileSync(join(comparators, 'halfkey-gmp-512'), '#!/bin/sh\necho no arithmetic today >&2\nexit 3\n', {
      mode: 0o755,
    });
    const order = ['arithmetic', '--level', '512', '--rounds', '1', '--gmp', comparators, '--json', '--quiet'];
    const { status, stdout } = bench(...order);
    expect([status, JSON.parse(stdout)]).toMatchObject([
      70,
      { error: { code: 'INTERNAL', message: 'the competitor gmp of the bench ended: no arithmetic today' } },
    ]);
  });

  it('a report that cannot be written is refused before anything is measured', () => {
    const { status, stdout } = bench('check', '--save', join(folder, 'nowhere', 'report'), '--json');
    expect([status, JSON.parse(stdout)]).toMatchObject([1, { error: { code: 'BAD_CONFIG' } }]);
  });
});
