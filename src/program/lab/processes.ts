/**
 * The roles as real processes: started with the same command an operator types, each in its own directory,
 * and none left behind, however the lab ends.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { HalfkeyError, isErrorCode } from '../../foundation/base/index.ts';

/** What a role prints on its standard output, one JSON object a line: first that it is ready, then what happens. */
export interface RoleReady {
  readonly ready: true;
  readonly role: string;
  readonly pid: number;
  /** Port of each listener. */
  readonly ports: Readonly<Record<string, number>>;
}
export interface RoleEvent {
  readonly event: string;
  readonly [detail: string]: unknown;
}

export interface RoleProcess {
  readonly role: string;
  readonly pid: number;
  readonly ports: Readonly<Record<string, number>>;
  /** Resolves when the process has ended, in whatever way. */
  readonly ended: Promise<void>;
  /** Ends this one and waits until it has gone. */
  stop(): Promise<void>;
}

export interface ProcessesOptions {
  /** Program and first arguments, for example node and the path of the command. */
  readonly program: readonly string[];
  readonly onStart: (command: string) => void;
  readonly onEvent: (role: string, event: RoleEvent) => void;
  /** A role ended although nobody stopped it. */
  readonly onLoss: (role: string) => void;
}

export interface Processes {
  /**
   * Starts `halfkey ARGUMENTS` in `directory`, and waits until the role says that it is ready.
   * @throws HalfkeyError what the role said when it did not get ready
   */
  start(role: string, args: readonly string[], directory: string): Promise<RoleProcess>;
  /** Runs `halfkey ARGUMENTS` in `directory` to its end and returns the object it printed last. @throws HalfkeyError what it said */
  run(role: string, args: readonly string[], directory: string): Promise<Readonly<Record<string, unknown>>>;
  /** Ends every role, the last first, and waits until all have gone. */
  stop(): Promise<void>;
}

const STOP_MS = 3000;

interface Child {
  readonly process: ChildProcess;
  readonly ended: Promise<void>;
  /** What it last said on standard error. */
  readonly said: () => string;
  stopped: boolean;
}

export function createProcesses({ program, onStart, onEvent, onLoss }: ProcessesOptions): Processes {
  const children: Child[] = [];
  let stopping = false;

  function launch(
    args: readonly string[],
    directory: string,
    onMessage: (message: Record<string, unknown>) => void,
  ): Child {
    const [file, ...first] = program;
    if (file === undefined) throw new TypeError('program is empty');
    // Who starts roles one after the other may be told to stop in between.
    if (stopping) throw new HalfkeyError('INTERRUPTED', 'the roles have been stopped');
    onStart(`halfkey ${args.join(' ')}`);
    // Standard input stays open as long as we live: the role ends when it closes (`exitWithParent`).
    const child = spawn(file, [...first, ...args, '--json'], {
      cwd: directory,
      stdio: ['pipe', 'pipe', 'pipe'],
      // Ctrl-C is for us alone: a role that ended by itself would look like a loss.
      detached: true,
    });
    const ended = new Promise<void>((resolve) =>
      child.once('close', () => {
        resolve();
      }),
    );
    const errors: string[] = [];
    child.stderr.on('data', (chunk: Buffer) => errors.push(chunk.toString('utf8').slice(0, 4096)));
    createInterface({ input: child.stdout }).on('line', (line) => {
      const message = parseLine(line);
      if (message !== undefined) onMessage(message);
    });
    const said = (): string => errors.join('').trim().split('\n').at(-1) ?? '';
    const launched = { process: child, ended, said, stopped: false };
    children.push(launched);
    return launched;
  }

  function start(role: string, args: readonly string[], directory: string): Promise<RoleProcess> {
    return new Promise((resolve, reject) => {
      let ready = false;
      const child = launch(args, directory, (message) => {
        if ('error' in message) reject(reported(role, message['error']));
        else if (!ready && message['ready'] === true) {
          ready = true;
          const { pid, ports } = message as unknown as RoleReady;
          resolve({ role, pid, ports, ended: child.ended, stop: () => end(child) });
        } else if (typeof message['event'] === 'string') onEvent(role, message as RoleEvent);
      });
      child.process.once('error', (cause) => {
        reject(new HalfkeyError('INTERNAL', `the ${role} could not be started`, { cause }));
      });
      child.process.once('close', (code, signal) => {
        if (!ready) reject(early(role, code, signal, child.said()));
        else if (!stopping && !child.stopped) onLoss(role);
      });
    });
  }

  function run(role: string, args: readonly string[], directory: string): Promise<Readonly<Record<string, unknown>>> {
    return new Promise((resolve, reject) => {
      let last: Record<string, unknown> | undefined;
      const child = launch(args, directory, (message) => {
        if (typeof message['event'] === 'string') onEvent(role, message as RoleEvent);
        last = message;
      });
      child.process.once('error', (cause) => {
        reject(new HalfkeyError('INTERNAL', `the ${role} could not be started`, { cause }));
      });
      child.process.once('close', (code, signal) => {
        if (last === undefined) reject(early(role, code, signal, child.said()));
        else if (last['error'] !== undefined) reject(reported(role, last['error']));
        else resolve(last);
      });
    });
  }

  async function end(child: Child): Promise<void> {
    child.stopped = true;
    if (child.process.exitCode !== null || child.process.signalCode !== null) return;
    child.process.kill('SIGTERM');
    const timer = setTimeout(() => child.process.kill('SIGKILL'), STOP_MS);
    await child.ended;
    clearTimeout(timer);
  }

  async function stop(): Promise<void> {
    stopping = true;
    for (const child of children.reverse()) await end(child);
    children.length = 0;
  }

  return { start, run, stop };
}

/** A process that ended before it had anything to say. */
function early(role: string, code: number | null, signal: NodeJS.Signals | null, said: string): HalfkeyError {
  return signal === null
    ? new HalfkeyError('INTERNAL', `the ${role} ended with ${String(code)} before it was ready: ${said}`)
    : new HalfkeyError('UNAVAILABLE', `${signal} ended the ${role} before it was ready`);
}

function parseLine(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** A role's own error, with its code. */
function reported(role: string, error: unknown): HalfkeyError {
  const { code, message } = error as { code?: unknown; message?: unknown };
  return new HalfkeyError(
    isErrorCode(code) ? code : 'INTERNAL',
    `${role}: ${typeof message === 'string' ? message : 'did not start'}`,
  );
}
