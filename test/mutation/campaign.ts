/**
 * Runs the tests of every mutant of a part, in one process of its own: a mutant is a project whose sources are changed as they are
 * loaded, so that no file is touched and other tests are not disturbed. Writes a list of outcomes as JSON.
 *
 *   node --import tsx test/mutation/campaign.ts OUTCOMES short|long
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createVitest, type TestModule } from 'vitest/node';
import { BASELINE, PARTS, type Mutant, type Outcome, type Part } from './mutants.ts';

const [outcomesFile, part] = process.argv.slice(2) as [string, Part];
const mutants = PARTS[part];
const root = join(import.meta.dirname, '../..');
const applied = new Set<string>();

/** A project that loads the file of a mutant with its operator changed. */
function project(mutant: Mutant) {
  const file = join(root, 'src', mutant.file);
  return {
    plugins: [
      {
        name: 'mutant',
        enforce: 'pre' as const,
        transform(code: string, id: string): string | undefined {
          if (id !== file) return undefined;
          const [before, after, ...more] = code.split(mutant.original);
          if (before === undefined || after === undefined || more.length > 0) return undefined;
          applied.add(mutant.name);
          return before + mutant.mutated + after;
        },
      },
    ],
    test: { ...settings, name: mutant.name },
  };
}

const settings = { root, testTimeout: 60_000, hookTimeout: 60_000 };

const vitest = await createVitest(
  'test',
  { config: false, watch: false, root, reporters: [{}], maxWorkers: 1, pool: 'threads', silent: true },
  { test: { projects: [{ test: { ...settings, name: BASELINE } }, ...mutants.map(project)] } },
);

function specification(name: string, test: string, only: RegExp) {
  return vitest.getProjectByName(name).createSpecification(join(root, 'test', test), { testNamePattern: only });
}

function outcome(name: string, modules: readonly TestModule[]): Outcome {
  const tests = modules.flatMap((module) => [...module.children.allTests()]);
  const results = tests.map((test) => ({ test: test.fullName, result: test.result() }));
  return {
    name,
    applied: applied.has(name),
    passed: results.filter(({ result }) => result.state === 'passed').length,
    failed: results.flatMap(({ test, result }) =>
      result.state === 'failed' ? [{ test, message: result.errors[0]?.message ?? '' }] : [],
    ),
    loadErrors: modules.flatMap((module) => module.errors().map(({ message }) => message)),
  };
}

/** Each test file once, with all names that the mutants ask of it. */
const baseline = [...new Set(mutants.map(({ test }) => test))].map((file) => {
  const names = mutants.filter(({ test }) => test === file).map(({ only }) => only.source);
  return specification(BASELINE, file, new RegExp(names.join('|')));
});
const { testModules } = await vitest.runTestSpecifications([
  ...baseline,
  ...mutants.map(({ name, test, only }) => specification(name, test, only)),
]);
const outcomes = [BASELINE, ...mutants.map(({ name }) => name)].map((name) =>
  outcome(
    name,
    testModules.filter(({ project: { name: of } }) => of === name),
  ),
);
writeFileSync(outcomesFile, JSON.stringify(outcomes));
await vitest.close();
// Tests that fail are what is looked for.
process.exitCode = 0;
