/** How tests start the built program: where it is, that it is fresh, and that its coverage is counted. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Absolute path of the repository, without a final slash. */
export const projectRoot = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

/** The built command line program: `spawn(process.execPath, [programFile, ...])`. Call {@link ensureBuilt} first. */
export const programFile = `${projectRoot}/dist/program/cli/main.js`;

/**
 * What Node is told for programs that live for seconds: V8's optimising compiler would take a sixth of their time, and
 * give nothing back. The kernel is WebAssembly, which has a compiler of its own.
 */
export const SHORT_LIVED: readonly string[] = ['--no-opt'];

/** So many children of a test file are counted: it costs a fifth of their time, and later ones run the same lines. */
const COUNTED_CHILDREN = 4;
let counted = 0;

/**
 * Environment for a child process: this one's, with `extra` on top (undefined removes a variable).
 * Under `npm test` the first children of a test file write their coverage, which is merged with that of the tests;
 * a child does so when it ends by itself or by `process.exit`, not when it is killed.
 */
export function childEnv(extra: Readonly<Record<string, string | undefined>> = {}): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries({ ...process.env, ...extra })) {
    // vitest's own variables would make a child believe that it is a test.
    if (value !== undefined && !/^(?:VITEST|NODE_ENV$|TEST$|NODE_OPTIONS$)/.test(name)) env[name] = value;
  }
  const coverage = process.env['HALFKEY_CHILD_COVERAGE'];
  if (coverage !== undefined && counted < COUNTED_CHILDREN) {
    counted += 1;
    env['NODE_V8_COVERAGE'] = coverage;
  }
  return env;
}

let built = false;

/** Builds dist/ when the sources have changed since; once a test file, and safe when several do it at once. */
export function ensureBuilt(): void {
  if (built) return;
  const { status, stderr } = spawnSync(process.execPath, [`${projectRoot}/tools/bootstrap.mjs`, '--no-install'], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`the build failed:\n${stderr}`);
  built = true;
}
