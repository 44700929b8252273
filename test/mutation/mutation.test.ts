/**
 * Every security check of the list is changed in one operator, and the named test must fail. Without this a check could
 * be weakened, or be right by accident, and nobody would see it.
 */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../platform/support.ts';
import { projectRoot } from '../support/children.ts';
import { BASELINE, changedOperator, MUTANTS, type Outcome } from './mutants.ts';

const NAMED = MUTANTS.map((mutant) => [mutant.name, mutant] as const);

describe('the list', () => {
  it('has at least twenty mutants, each of a name of its own', () => {
    expect(MUTANTS.length).toBeGreaterThanOrEqual(20);
    expect(new Set([BASELINE, ...MUTANTS.map(({ name }) => name)]).size).toBe(MUTANTS.length + 1);
  });

  it.each(NAMED)('%s: its text stands in the source once, one operator is changed', (_, mutant) => {
    const source = readFileSync(join(projectRoot, 'src', mutant.file), 'utf8');
    const times = source.split(mutant.original).length - 1;
    expect(times, `src/${mutant.file} has this ${String(times)} times, not once: ${mutant.original}`).toBe(1);
    expect(changedOperator(mutant)).toBeDefined();
  });

  it.each([
    ['a < b', 'a <= b', '< to <='],
    ['a && b', 'a || b', '&& to ||'],
    ['if (!a)', 'if (a)', '! to nothing'],
    ['await a()', 'void a()', 'await to void'],
    ['a < b', 'a < c', undefined],
    ['a < b && c', 'a > b || c', undefined],
    ['a < b', 'a < b', undefined],
  ])('%s, mutated to %s: %s', (original, mutated, change) => {
    expect(changedOperator({ original, mutated })).toBe(change);
  });
});

describe('one operator changed', () => {
  let outcomes: ReadonlyMap<string, Outcome>;
  const outcomeOf = (name: string): Outcome => outcomes.get(name) as Outcome;

  beforeAll(async () => {
    const file = join(temporaryDirectory(), 'outcomes.json');
    const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('VITEST'));
    await promisify(execFile)(process.execPath, ['--import', 'tsx', 'test/mutation/campaign.ts', file], {
      cwd: projectRoot,
      env: Object.fromEntries(inherited),
    });
    const list = JSON.parse(readFileSync(file, 'utf8')) as readonly Outcome[];
    outcomes = new Map(list.map((outcome) => [outcome.name, outcome]));
  }, 600_000);

  it('without a change every one of these tests passes', () => {
    const { applied, passed, failed, loadErrors } = outcomeOf(BASELINE);
    expect({ applied, failed, loadErrors }).toEqual({ applied: false, failed: [], loadErrors: [] });
    expect(passed).toBeGreaterThan(0);
  });

  it.each(NAMED)('%s: noticed', (name, { test, only }) => {
    const { applied, passed, failed, loadErrors } = outcomeOf(name);
    expect({ applied, loadErrors }).toEqual({ applied: true, loadErrors: [] });
    expect(passed + failed.length, `no test of test/${test} is called ${String(only)}`).toBeGreaterThan(0);
    expect(failed, `survived: no test of test/${test} called ${String(only)} fails`).not.toEqual([]);
    // A test that hangs has noticed nothing.
    expect(failed.filter(({ message }) => message.includes('timed out'))).toEqual([]);
  });
});
