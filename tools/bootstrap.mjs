/**
 * Makes the checkout ready to run, and does nothing when it is: installs the dependencies and builds dist/.
 * Plain Node, no dependency, because it runs before there are any. Quiet unless it has work to do.
 *
 *   node tools/bootstrap.mjs [--no-install]
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { setPriority } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');

/** A step that did not succeed; `output` is what its program printed. */
export class StepFailed extends Error {
  constructor(message, output = '') {
    super(message);
    this.output = output;
  }
}

function say(text) {
  process.stderr.write(`halfkey: ${text}\n`);
}

/** Runs a program and resolves to its exit status and its whole output; never rejects. `priority` as of the system. */
export function run(program, args, { cwd = root, env = process.env, priority = 0 } = {}) {
  return new Promise((resolve) => {
    const chunks = [];
    const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    if (priority !== 0 && child.pid !== undefined) setPriority(child.pid, priority);
    child.stdout.on('data', (chunk) => chunks.push(chunk));
    child.stderr.on('data', (chunk) => chunks.push(chunk));
    child.on('error', (error) => resolve({ status: 127, output: String(error) }));
    child.on('close', (status, signal) => {
      resolve({
        status: status ?? 1,
        output: Buffer.concat(chunks).toString('utf8') + (signal === null ? '' : `\nkilled by ${signal}\n`),
      });
    });
  });
}

const lock = join(root, '.bootstrap-lock');

/** Runs `work` while no other process does: two starts at the same time install and build once. */
async function withLock(work) {
  const mine = `${lock}.${String(process.pid)}`;
  mkdirSync(mine, { recursive: true });
  writeFileSync(join(mine, 'pid'), String(process.pid));
  for (let told = false; ; await sleep(200)) {
    try {
      renameSync(mine, lock); // fails as long as the directory is there, which is never empty
      break;
    } catch (error) {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    }
    if (removeStaleLock()) continue;
    if (!told) say('waiting for another process that installs or builds');
    told = true;
  }
  try {
    return await work();
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}

/** Takes away a lock whose owner is dead, as after Ctrl-C; returns whether it did. */
function removeStaleLock() {
  const owner = Number(textOrNothing(join(lock, 'pid')));
  if (owner === 0 || isAlive(owner)) return false;
  const aside = `${lock}.stale.${String(process.pid)}`;
  try {
    renameSync(lock, aside);
  } catch {
    return false;
  }
  if (Number(textOrNothing(join(aside, 'pid'))) !== owner) {
    renameSync(aside, lock); // another one was faster, and this is its new lock
    return false;
  }
  rmSync(aside, { recursive: true, force: true });
  return true;
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code !== 'ESRCH';
  }
}

function hash(...parts) {
  const digest = createHash('sha256');
  for (const part of parts) digest.update(String(part.length)).update(':').update(part);
  return digest.digest('hex');
}

function textOrNothing(file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

const installStamp = (folder) => join(folder, 'node_modules', '.halfkey-installed');

/** What an installation depends on: the lock, and the machine that the optional packages were chosen for. */
function installState(folder) {
  return hash(readFileSync(join(folder, 'package-lock.json')), process.platform, process.arch);
}

/** Whether npm itself recorded, in node_modules, just what the lock asks for: then a person ran `npm install`. */
function matchesLock(folder) {
  const hidden = textOrNothing(join(folder, 'node_modules', '.package-lock.json'));
  if (hidden === '') return false;
  const wanted = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8')).packages;
  const present = JSON.parse(hidden).packages;
  const entries = Object.entries(wanted).filter(([path]) => path !== '');
  return (
    entries.every(([path, entry]) => {
      const got = present[path];
      return got === undefined
        ? entry.optional === true
        : got.version === entry.version && got.integrity === entry.integrity;
    }) && Object.keys(present).every((path) => path in wanted)
  );
}

function installed(folder) {
  if (textOrNothing(installStamp(folder)) === installState(folder)) return true;
  if (!matchesLock(folder)) return false;
  writeFileSync(installStamp(folder), installState(folder));
  return true;
}

/** Installs the locked dependencies of a folder, when they are not there. Install scripts are not run: none is needed. */
export async function install(folder = root) {
  if (installed(folder)) return;
  await withLock(async () => {
    if (installed(folder)) return;
    const where = relative(root, folder);
    say(`installing dependencies${where === '' ? '' : ` of ${where}`} (npm ci)`);
    const npm = process.env.npm_execpath ?? '';
    const args = [
      'ci',
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
      '--loglevel=error',
      '--include=dev',
      '--include=optional',
    ];
    const env = { ...process.env, NODE_ENV: '' };
    const { status, output } = /npm-cli\.[cm]?js$/.test(npm)
      ? await run(process.execPath, [npm, ...args], { cwd: folder, env })
      : await run('npm', args, { cwd: folder, env });
    if (status !== 0) throw new StepFailed(`npm ci failed with status ${String(status)}`, output);
    writeFileSync(installStamp(folder), installState(folder));
  });
}

function filesBelow(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
}

const buildStamp = join(root, 'dist', '.stamp');

/** What a build depends on, by content: times of a clone or a branch change say nothing. */
function buildState() {
  const inputs = [
    'tsconfig.json',
    'tsconfig.page.json',
    'package.json',
    'package-lock.json',
    'tools/bootstrap.mjs',
  ].map((name) => join(root, name));
  return hash(
    ...[...inputs, ...filesBelow(join(root, 'src'))].flatMap((file) => [relative(root, file), readFileSync(file)]),
  );
}

/** Makes the modules that src/ imports and that are not in git. */
export async function prepare() {
  const { compileKernel } = await import('./kernel.mjs');
  try {
    await compileKernel(say);
  } catch (error) {
    throw new StepFailed('the kernel was not built', String(error));
  }
}

/** Compiles src/ into dist/, when dist/ is not of these sources; the old dist/ stays until the new one is whole. */
export async function build() {
  await prepare();
  if (textOrNothing(buildStamp) === buildState()) return;
  await withLock(async () => {
    const state = buildState();
    if (textOrNothing(buildStamp) === state) return;
    say('building (tsc)');
    const next = join(root, 'dist.next');
    const old = join(root, 'dist.old');
    rmSync(next, { recursive: true, force: true });
    rmSync(old, { recursive: true, force: true });
    const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    // The page of a report is for a browser: its own library of types, and what it imports is for both. It goes first,
    // so that what both compile is left as the program has it.
    for (const project of ['tsconfig.page.json', 'tsconfig.json']) {
      const args = [tsc, '-p', project, '--outDir', next, '--pretty', 'false'];
      const { status, output } = await run(process.execPath, args);
      if (status !== 0) {
        rmSync(next, { recursive: true, force: true });
        throw new StepFailed('the build failed', output);
      }
    }
    for (const file of filesBelow(join(root, 'src')).filter((name) => !name.endsWith('.ts'))) {
      const target = join(next, relative(join(root, 'src'), file));
      mkdirSync(dirname(target), { recursive: true });
      cpSync(file, target);
    }
    const program = join(next, 'program', 'cli', 'main.js');
    if (existsSync(program)) chmodSync(program, 0o755);
    writeFileSync(join(next, '.stamp'), state);
    if (existsSync(join(root, 'dist'))) renameSync(join(root, 'dist'), old);
    renameSync(next, join(root, 'dist'));
    rmSync(old, { recursive: true, force: true });
  });
}

/** Refuses a Node that is older than package.json says, in words. */
export function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    throw new StepFailed(`Node ${process.versions.node} is too old: 20.19 or later is needed`);
  }
}

/** Prints a failed step and its program's output. */
export function report(error) {
  if (!(error instanceof StepFailed)) throw error;
  process.stderr.write(error.output.endsWith('\n') || error.output === '' ? error.output : `${error.output}\n`);
  say(error.message);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    checkNode();
    if (!process.argv.includes('--no-install')) await install();
    await build();
  } catch (error) {
    report(error);
    process.exitCode = 1;
  }
}
