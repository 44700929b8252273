/**
 * How a test says that it needs a program of Debian, or a host that can run the FMA kernel. Without it the test is
 * skipped and listed by name at the end of `npm test`; with HALFKEY_REQUIRE_TOOLS=1, as under .ci/run, a test whose
 * program is missing fails. A processor is not what .ci/run can install.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { beforeAll, describe, TestRunner } from 'vitest';
import { hasFusedMultiplyAdd } from './fused.ts';

/** What the FMA kernel needs: not a program, but named like one. */
export const FUSED = 'fused multiply-add in WebAssembly';
/** What a kernel needs, for {@link needs} and {@link describeNeeding}. */
export const needsOfKernel = (kind: string): readonly string[] => (kind === 'fma' ? [FUSED] : []);

function inPath(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    const file = join(folder === '' ? '.' : folder, program);
    try {
      accessSync(file, constants.X_OK);
      return statSync(file).isFile();
    } catch {
      return false;
    }
  });
}

/** GStreamer's elements are no programs, and lie in packages of their own. */
function hasElement(element: string): boolean {
  return inPath('gst-inspect-1.0') && spawnSync('gst-inspect-1.0', ['--exists', element]).status === 0;
}

const ELEMENT = 'gst-element:';

function isHere(program: string): boolean {
  if (program === FUSED) return hasFusedMultiplyAdd();
  return program.startsWith(ELEMENT) ? hasElement(program.slice(ELEMENT.length)) : inPath(program);
}

/** Those of `programs` that PATH does not hold; `gst-element:NAME` is an element of GStreamer, {@link FUSED} the host's. */
export function missingPrograms(...programs: readonly string[]): string[] {
  return programs.filter((program) => !isHere(program));
}

function required(missing: readonly string[]): boolean {
  return process.env['HALFKEY_REQUIRE_TOOLS'] === '1' && missing.some((program) => program !== FUSED);
}

function missingText(missing: readonly string[]): string {
  return `needs ${missing.join(', ')}`;
}

/**
 * First statement of a test (or of a `beforeEach`): ends the test as skipped when a program is missing,
 * as failed under HALFKEY_REQUIRE_TOOLS=1.
 */
export function needs(...programs: readonly string[]): void {
  const missing = missingPrograms(...programs);
  if (missing.length === 0) return;
  if (required(missing)) throw new Error(`HALFKEY_REQUIRE_TOOLS=1, but the test ${missingText(missing)}`);
  const test = TestRunner.getCurrentTest();
  if (test === undefined) throw new TypeError('needs: call it inside a test; for a whole suite use describeNeeding');
  test.context.skip(missingText(missing));
}

/** `describe` for a suite whose `beforeAll` needs programs already: skipped, or failed, as a whole. */
export function describeNeeding(programs: readonly string[], title: string, body: () => void): void {
  const missing = missingPrograms(...programs);
  if (missing.length === 0) {
    describe(title, body);
  } else if (required(missing)) {
    describe(title, () => {
      beforeAll(() => {
        throw new Error(`HALFKEY_REQUIRE_TOOLS=1, but the suite ${missingText(missing)}`);
      });
      body();
    });
  } else {
    describe.skip(`${title} [${missingText(missing)}]`, body);
  }
}
