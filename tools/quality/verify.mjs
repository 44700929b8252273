/**
 * All checks, in one command and with one last line: `N passed, N failed[, N skipped]`.
 *
 *   node tools/quality/verify.mjs                  everything (npm test)
 *   node tools/quality/verify.mjs STEP...          only these: types lint format generated tests
 *   node tools/quality/verify.mjs --fix STEP...    rewrites what the step can repair: lint format generated
 *
 * A step that fails counts as one failed; the tests run all the same, so that one run tells everything.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { build, checkNode, install, prepare, root, run, StepFailed } from '../bootstrap.mjs';
import { coverageTable, mergedCoverage } from './coverage.mjs';

/** Lines of src/ that the tests must run, in per cent. */
const THRESHOLD = 90;

const quality = join(root, 'tools', 'quality');
const tool = (path) => join(quality, 'node_modules', path);
const names = process.argv.slice(2).filter((argument) => argument !== '--fix');
const fix = process.argv.includes('--fix');

/** Steps that read the sources only: they run beside one another, and beside the tests. */
const checks = {
  types: ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.test.json', '--pretty', 'false'],
  lint: [
    tool('eslint/bin/eslint.js'),
    ...['-c', 'tools/quality/eslint.config.mjs', '--max-warnings', '0'],
    ...(fix ? ['--fix'] : []),
    ...['src', 'test', 'examples', 'tools', 'vitest.config.ts'],
  ],
  format: [tool('prettier/bin/prettier.cjs'), fix ? '--write' : '--check', '--log-level', 'warn', '.'],
  generated: ['tools/generate.mjs', ...(fix ? [] : ['--check'])],
};

for (const name of names) {
  if (name !== 'tests' && !Object.hasOwn(checks, name)) {
    console.error(`there is no step ${name}: ${Object.keys(checks).join(' ')} tests`);
    process.exit(1);
  }
}
const wanted = (name) => names.length === 0 || names.includes(name);
const failedSteps = [];

/** Runs one step; says how long it took, and on failure what its program said. `work` may return what failed. */
async function step(name, work) {
  const start = performance.now();
  let failure;
  try {
    failure = await work();
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
    failure = error.message;
    failedSteps.push(name);
    if (error.output !== '') process.stdout.write(`${error.output.trimEnd()}\n`);
  }
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(
    `${failure === undefined ? 'ok  ' : 'FAIL'} ${name} (${seconds} s)${failure === undefined ? '' : `: ${failure}`}`,
  );
}

async function check(name, priority) {
  await step(name, async () => {
    const { status, output } = await run(process.execPath, checks[name], { priority });
    if (status !== 0) throw new StepFailed(`exit status ${String(status)}`, output);
    if (fix) process.stdout.write(output);
  });
}

/** Runs the steps in the order given, as many at a time as `workers`. */
async function checkAll(steps, workers, priority = constants.priority.PRIORITY_NORMAL) {
  const queue = [...steps];
  const worker = async () => {
    for (let name = queue.shift(); name !== undefined; name = queue.shift()) await check(name, priority);
  };
  await Promise.all(Array.from({ length: workers }, worker));
}

/** Runs vitest with its output passed on; resolves to what the reporter counted. */
async function runTests() {
  const folder = join(root, 'coverage');
  const countsFile = join(folder, 'counts.json');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, 'children'), { recursive: true });
  const args = [
    'run',
    '--coverage',
    '--allowOnly=false',
    '--reporter=default',
    '--reporter=./tools/quality/reporter.mjs',
    ...(process.stdout.isTTY ? [] : ['--no-color']),
  ];
  let counts = { passed: 0, failed: 0, skipped: [], failures: [], kernels: [], slowest: [] };
  await step('tests', async () => {
    const status = await new Promise((resolve) => {
      const child = spawn(process.execPath, [join(root, 'node_modules', 'vitest', 'vitest.mjs'), ...args], {
        cwd: root,
        stdio: ['ignore', 'inherit', 'inherit'],
        env: {
          ...process.env,
          HALFKEY_TEST_COUNTS: countsFile,
          HALFKEY_CHILD_COVERAGE: join(folder, 'children'),
        },
      });
      child.on('error', () => resolve(127));
      child.on('close', (code) => resolve(code ?? 1));
    });
    if (existsSync(countsFile)) counts = JSON.parse(readFileSync(countsFile, 'utf8'));
    if (counts.failed > 0) return 'failed tests'; // they are counted themselves
    if (status !== 0) throw new StepFailed(`vitest ended with status ${String(status)}`);
    if (counts.passed === 0) throw new StepFailed('no test was run');
    return undefined;
  });
  await step('coverage', async () => {
    const vitestFile = join(folder, 'vitest', 'coverage-final.json');
    if (!existsSync(vitestFile)) throw new StepFailed('vitest wrote no coverage');
    const coverage = mergedCoverage(root, vitestFile, join(folder, 'children'));
    console.log(coverageTable(coverage));
    if (coverage.percent < THRESHOLD) {
      throw new StepFailed(`${coverage.percent.toFixed(1)} % of lines, at least ${String(THRESHOLD)} are required`);
    }
  });
  return counts;
}

let counts = { passed: 0, failed: 0, skipped: [], failures: [], kernels: [], slowest: [] };
let ready = false;
await step('install', async () => {
  checkNode();
  await install();
  await install(quality);
  await prepare();
  ready = true;
});
if (ready) {
  if (names.length === 0 || wanted('tests')) await step('build', build);
  const steps = Object.keys(checks).filter(wanted);
  if (wanted('tests')) {
    // The tests wait for processes and clocks: what they leave of the processors is enough for the checks.
    const checked = checkAll(steps, 1, constants.priority.PRIORITY_LOW);
    counts = await runTests();
    await checked;
  } else await checkAll(steps, 2);
}

for (const { kind, files } of counts.kernels) {
  console.log(`kernel: ${kind} computed the vectors and golden files (${String(files)} test files)`);
}
for (const { file, seconds } of counts.slowest) console.log(`slow: ${seconds.toFixed(1).padStart(6)} s ${file}`);
for (const name of counts.failures) console.log(`failed: ${name}`);
for (const name of failedSteps) console.log(`failed: step ${name}`);
for (const name of counts.skipped) console.log(`skipped: ${name}`);
const failed = counts.failed + failedSteps.length;
if (names.length === 0 || wanted('tests')) {
  const skipped = counts.skipped.length === 0 ? '' : `, ${String(counts.skipped.length)} skipped`;
  console.log(`${String(counts.passed)} passed, ${String(failed)} failed${skipped}`);
}
process.exitCode = failed === 0 ? 0 : 1;
