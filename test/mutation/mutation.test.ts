/**
 * Security checks are changed in one operator each, and the named test must fail. Without this a check could be weakened,
 * or be right by accident, and nobody would see it. The short part of the list; the rest is in tools/soak.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { projectRoot } from '../support/children.ts';
import { BASELINE, changedOperator, MUTANTS, PARTS } from './mutants.ts';
import { describeNoticed } from './noticed.ts';

const NAMED = MUTANTS.map((mutant) => [mutant.name, mutant] as const);

describe('the list', () => {
  it('has at least twenty mutants in its short part, each of a name of its own', () => {
    expect(PARTS.short.length).toBeGreaterThanOrEqual(20);
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

describeNoticed('short');
