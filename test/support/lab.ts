/**
 * `halfkey lab replay`, the built command, run as a person runs it. Everything is written below one temporary directory
 * of the test file, which is removed afterwards; a command that a test left running is killed, by its own number.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, vi } from 'vitest';
import type { LabResult } from '../../src/program/lab/lab-order.ts';
import { childEnv, ensureBuilt, programFile, projectRoot, SHORT_LIVED } from './children.ts';

export const WAYS = ['3', '4/1', '4/2'] as const;
export type Way = (typeof WAYS)[number];

export const ALICE = 'sip:alice@operator-a.example';
export const BOB = 'sip:bob@operator-b.example';

/** Path of a file in test/vectors. */
export const vector = (name: string): string => join(projectRoot, 'test/vectors', name);
export const GOLDEN_CALL = vector('golden-call.pcap');
/** The small level: where the level is not the point. */
export const GOLDEN_1024 = vector('golden-n1024-mode3-P-256.json');
export const GOLDEN_3072 = vector('golden-n3072-mode3-P-256.json');

const LIMIT_MS = 60_000;
/** A role that is left alone may need a moment, not half a minute. */
const END_MS = 15_000;
const running = new Set<number>();
let root: string | undefined;

// A lab is four processes; several of them on a busy machine want patience. The limits only catch what hangs.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 300_000 });

beforeAll(() => {
  ensureBuilt();
});

afterAll(() => {
  for (const pid of running) process.kill(pid, 'SIGKILL');
  if (root !== undefined) rmSync(root, { recursive: true, force: true });
});

/** A new, empty directory. */
export function temporaryDirectory(): string {
  root ??= mkdtempSync(join(tmpdir(), 'halfkey-lab-'));
  return mkdtempSync(join(root, 'd'));
}

/** What a command has printed and how it has ended. */
export interface Outcome {
  /** Null when a signal ended it. */
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly pid: number;
  readonly ended: Promise<Outcome>;
  /** What standard error has so far. */
  said(): string;
  /** Resolves when standard error has the text. @throws when the command ends before */
  says(text: string): Promise<void>;
  kill(signal: NodeJS.Signals): void;
}

export interface StartOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Instead of the built program: a module that ends up in it. */
  readonly program?: string;
  /** In a process group of its own, as a shell starts it, whose number is the pid. */
  readonly group?: boolean;
}

/** Starts `halfkey ARGS`. */
export function start(args: readonly string[], { cwd, env, program, group }: StartOptions = {}): Running {
  const child = spawn(process.execPath, [...SHORT_LIVED, program ?? programFile, ...args], {
    cwd: cwd ?? projectRoot,
    env: childEnv({ NO_COLOR: '1', ...env }),
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: group === true,
  });
  const pid = child.pid as number;
  running.add(pid);
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  const said = (): string => Buffer.concat(err).toString();
  let over = false;
  const ended = new Promise<Outcome>((resolve) => {
    child.once('close', (status) => {
      over = true;
      running.delete(pid);
      resolve({ status, stdout: Buffer.concat(out).toString(), stderr: said() });
    });
  });
  return {
    pid,
    ended,
    said,
    says: (text) =>
      waitUntil(
        () => said().includes(text),
        `"${text}"`,
        () => over && `it ended:\n${said()}`,
      ),
    kill: (signal) => process.kill(pid, signal),
  };
}

/** Runs `halfkey ARGS` to its end. */
export const run = (args: readonly string[], options?: StartOptions): Promise<Outcome> => start(args, options).ended;

export interface LabOrder extends StartOptions {
  /** Default: the golden file of the small level. */
  readonly fixture?: string;
  readonly capture?: string;
  readonly target: string;
  readonly way: Way;
  /** Default: content,keys. */
  readonly deliver?: string;
  /** Default: a new directory. */
  readonly out?: string;
  /** Further arguments. */
  readonly more?: readonly string[];
}

export interface LabOutcome extends Outcome {
  readonly out: string;
  /** Standard output as JSON. */
  readonly json: LabResult;
}

/** The arguments of a lab. */
export function labArguments(order: LabOrder & { readonly out: string }): string[] {
  const { fixture = GOLDEN_1024, capture, target, way, deliver = 'content,keys', out, more = [] } = order;
  const [solution = '', alternative] = way.split('/');
  return [
    ...['lab', 'replay', '--fixture', fixture, '--target', target, '--solution', solution],
    ...(alternative === undefined ? [] : ['--alternative', alternative]),
    ...(capture === undefined ? [] : ['--capture', capture]),
    ...['--deliver', deliver, '--out', out, '--json', ...more],
  ];
}

/** Starts a lab; `out` is where it writes. */
export function startLab(order: LabOrder): Running & { readonly out: string } {
  const out = order.out ?? join(temporaryDirectory(), 'out');
  return { ...start(labArguments({ ...order, out }), order), out };
}

/** Runs a lab to its end. */
export async function lab(order: LabOrder): Promise<LabOutcome> {
  const { ended, out } = startLab(order);
  const outcome = await ended;
  return { ...outcome, out, json: JSON.parse(outcome.stdout === '' ? 'null' : outcome.stdout) as LabResult };
}

/** Runs labs, one after the other: the processes of one keep two processors busy, with what another test file does. */
export async function labs<T extends LabOrder>(
  orders: readonly T[],
): Promise<(T & { readonly outcome: LabOutcome })[]> {
  const done: (T & { readonly outcome: LabOutcome })[] = [];
  for (const order of orders) done.push({ ...order, outcome: await lab(order) });
  return done;
}

export interface RoleProcess {
  readonly pid: number;
  /** Name of its directory: `kms`, `kms-consolidated`, `provider`, `df`; of a live call also `tap`, `caller`, `callee`. */
  readonly role: string;
}

/** The live processes of roles whose configuration is below `out`, whoever their parent is. */
export function rolesOf(out: string): RoleProcess[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const [, role] =
        new RegExp(`${out}/roles/(?:operator-[ab]/)?([a-z-]+)/config\\.json`).exec(processFile(name, 'cmdline')) ?? [];
      return role === undefined ? [] : [{ pid: Number(name), role }];
    });
}

/** A file of a process, as text of single octets; empty when the process has gone. */
export function processFile(pid: number | string, name: string): string {
  try {
    return readFileSync(`/proc/${String(pid)}/${name}`, 'latin1');
  } catch {
    return '';
  }
}

/** Targets of the links in a directory of a process; empty when the process has gone. */
export function processLinks(pid: number, name: string): string[] {
  try {
    return readdirSync(`/proc/${String(pid)}/${name}`).map((link) =>
      readlinkSync(`/proc/${String(pid)}/${name}/${link}`),
    );
  } catch {
    return [];
  }
}

/** Resolves when no role of the lab is left, but for the processes `but`. @throws when that does not happen */
export const noneLeft = (out: string, but: readonly number[] = []): Promise<void> =>
  waitUntil(
    () => rolesOf(out).every(({ pid }) => but.includes(pid)),
    'the end of every role',
    () => false,
    END_MS,
  );

/** @param hopeless says why it cannot happen any more */
export async function waitUntil(
  happened: () => boolean,
  what: string,
  hopeless: () => string | false = () => false,
  limitMs = LIMIT_MS,
): Promise<void> {
  for (const begin = Date.now(); ; await sleep(20)) {
    const over = hopeless();
    if (happened()) return;
    if (over !== false) throw new Error(`waited for ${what}: ${over}`);
    if (Date.now() - begin > limitMs) throw new Error(`waited for ${what} in vain`);
  }
}

/** Every file below a directory. */
export function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** What a lab handed over: its files but for those of the roles and the report. */
export const handedOver = (out: string): string[] =>
  filesBelow(out).filter((file) => !file.includes('/roles/') && file !== join(out, 'report.html'));

/** Octets as they might lie around: raw, hexadecimal, base64, each as a text of single octets. */
export function traces(octets: Uint8Array): string[] {
  const buffer = Buffer.from(octets);
  const hex = buffer.toString('hex');
  const base64 = buffer.toString('base64').replace(/=+$/, '');
  return [buffer.toString('latin1'), hex, hex.toUpperCase(), base64, buffer.toString('base64url')];
}

/** Which of the named secrets are in the text of single octets. */
export function secretsIn(text: string, secrets: Readonly<Record<string, Uint8Array>>): string[] {
  return Object.entries(secrets).flatMap(([name, octets]) =>
    traces(octets).some((trace) => text.includes(trace)) ? [name] : [],
  );
}

/** Which of the named secrets are in which file below the directory: `name in file`. */
export function secretsBelow(directory: string, secrets: Readonly<Record<string, Uint8Array>>): string[] {
  return filesBelow(directory).flatMap((file) =>
    secretsIn(readFileSync(file, 'latin1'), secrets).map((name) => `${name} in ${file.slice(directory.length + 1)}`),
  );
}
