/** The outcomes of a campaign as tests: without a change all pass, and with each mutant one fails. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../platform/support.ts';
import { projectRoot } from '../support/children.ts';
import { BASELINE, PARTS, type Outcome, type Part } from './mutants.ts';

/** The mutants of a part, each noticed by its test. */
export function describeNoticed(part: Part): void {
  describe(`one operator changed, ${part} part`, () => {
    let outcomes: ReadonlyMap<string, Outcome>;
    const outcomeOf = (name: string): Outcome => outcomes.get(name) as Outcome;

    beforeAll(async () => {
      const file = join(temporaryDirectory(), 'outcomes.json');
      const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('VITEST'));
      await promisify(execFile)(process.execPath, ['--import', 'tsx', 'test/mutation/campaign.ts', file, part], {
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

    it.each(PARTS[part].map((mutant) => [mutant.name, mutant] as const))('%s: noticed', (name, { test, only }) => {
      const { applied, passed, failed, loadErrors } = outcomeOf(name);
      expect({ applied, loadErrors }).toEqual({ applied: true, loadErrors: [] });
      expect(passed + failed.length, `no test of test/${test} is called ${String(only)}`).toBeGreaterThan(0);
      expect(failed, `survived: no test of test/${test} called ${String(only)} fails`).not.toEqual([]);
      // A test that hangs has noticed nothing.
      expect(failed.filter(({ message }) => message.includes('timed out'))).toEqual([]);
    });
  });
}
