/**
 * A vitest reporter that writes the counts, the names of skipped tests, the kernel that computed and the slowest files to
 * the file that HALFKEY_TEST_COUNTS names.
 */
import { writeFileSync } from 'node:fs';

/** Whether a hook of a suite around the test failed: then the test was not run, and the suite is what failed. */
function insideBrokenSuite(test) {
  for (let task = test.parent; task !== undefined; task = task.parent) {
    if (task.errors().length > 0) return true;
  }
  return false;
}

const SLOWEST = 10;

/** The files that took longest, with their seconds: the tests, their hooks and what they import. */
function slowest(modules) {
  const secondsOf = (module) => {
    const { duration, collectDuration, setupDuration } = module.diagnostic();
    return (duration + collectDuration + setupDuration) / 1000;
  };
  return modules
    .map((module) => ({ file: module.relativeModuleId, seconds: secondsOf(module) }))
    .sort((a, b) => b.seconds - a.seconds)
    .slice(0, SLOWEST);
}

/** What is wrong with the kernels of a run: one computes all vectors and golden files, and the one that is asked for. */
function kernelFailures(kernels) {
  const asked = process.env.HALFKEY_KERNEL ?? '';
  const ran = kernels.map(({ kind }) => kind);
  if (ran.length > 1) return [`more than one kernel ran: ${ran.join(' ')}`];
  if (asked === '' || ran[0] === asked) return [];
  return [`HALFKEY_KERNEL=${asked}, but ${ran.length === 0 ? 'no test told its kernel' : `${ran[0]} ran`}`];
}

export default class CountsReporter {
  onTestRunEnd(modules, unhandledErrors) {
    const failures = unhandledErrors.map((error) => `unhandled: ${String(error.message)}`);
    const skipped = [];
    const filesOf = new Map(); // of each kernel: test/support/kernel-of-run.ts
    let passed = 0;
    for (const module of modules) {
      const file = module.relativeModuleId;
      if (module.errors().length > 0) failures.push(file);
      for (const suite of module.children.allSuites()) {
        if (suite.errors().length > 0) failures.push(`${file} > ${suite.fullName} (the suite's hooks)`);
      }
      for (const test of module.children.allTests()) {
        const { state, note } = test.result();
        const name = `${file} > ${test.fullName}`;
        const { kernel } = test.meta();
        if (kernel !== undefined) filesOf.set(kernel, (filesOf.get(kernel) ?? new Set()).add(file));
        if (state === 'passed') passed += 1;
        else if (state === 'failed') failures.push(name);
        else if (!insideBrokenSuite(test)) skipped.push(note === undefined ? name : `${name} [${note}]`);
      }
    }
    const kernels = [...filesOf].map(([kind, files]) => ({ kind, files: files.size }));
    failures.push(...kernelFailures(kernels));
    writeFileSync(
      process.env.HALFKEY_TEST_COUNTS,
      JSON.stringify({ passed, failed: failures.length, skipped, failures, kernels, slowest: slowest(modules) }),
    );
  }
}
