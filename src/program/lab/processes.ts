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
  /** Starts `halfkey ROLE serve --config FILE` in `directory`. @throws HalfkeyError what the role said when it did not get ready */
  start(role: string, command: string, config: string, directory: string): Promise<RoleProcess>;
  /** Ends every role, the last first, and waits until all have gone. */
  stop(): Promise<void>;
}

const STOP_MS = 3000;

export function createProcesses({ program, onStart, onEvent, onLoss }: ProcessesOptions): Processes {
  const children: { child: ChildProcess; ended: Promise<void> }[] = [];
  let stopping = false;

  async function start(role: string, command: string, config: string, directory: string): Promise<RoleProcess> {
    const [file, ...first] = program;
    if (file === undefined) throw new TypeError('program is empty');
    // Who starts roles one after the other may be told to stop in between.
    if (stopping) throw new HalfkeyError('INTERRUPTED', 'the roles have been stopped');
    onStart(`halfkey ${command} serve --config ${config}`);
    // Standard input stays open as long as we live: the role ends when it closes (`exitWithParent`).
    const child = spawn(file, [...first, command, 'serve', '--config', config, '--json'], {
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
    children.push({ child, ended });
    const errors: string[] = [];
    child.stderr.on('data', (chunk: Buffer) => errors.push(chunk.toString('utf8').slice(0, 4096)));

    return new Promise((resolve, reject) => {
      let ready = false;
      child.once('error', (cause) => {
        reject(new HalfkeyError('INTERNAL', `the ${role} could not be started`, { cause }));
      });
      createInterface({ input: child.stdout }).on('line', (line) => {
        const message = parseLine(line);
        if (message === undefined) return;
        if ('error' in message) reject(reported(role, message.error));
        else if (!ready && message['ready'] === true) {
          ready = true;
          const { pid, ports } = message as unknown as RoleReady;
          resolve({ role, pid, ports, ended });
        } else if (typeof message['event'] === 'string') onEvent(role, message as RoleEvent);
      });
      child.once('close', (code, signal) => {
        const said = errors.join('').trim().split('\n').at(-1) ?? '';
        if (!ready) {
          reject(
            signal === null
              ? new HalfkeyError('INTERNAL', `the ${role} ended with ${String(code)} before it was ready: ${said}`)
              : new HalfkeyError('UNAVAILABLE', `${signal} ended the ${role} before it was ready`),
          );
        } else if (!stopping) onLoss(role);
      });
    });
  }

  async function stop(): Promise<void> {
    stopping = true;
    for (const { child, ended } of children.reverse()) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
      await ended;
      clearTimeout(timer);
    }
    children.length = 0;
  }

  return { start, stop };
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
