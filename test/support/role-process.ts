/** One role as a child process of a test, in its own directory, which can be killed and started again on its ports. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { childEnv, programFile, SHORT_LIVED } from './children.ts';

export type RoleName = 'kms' | 'kms-consolidated' | 'provider' | 'df';

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface RoleProcess {
  readonly name: RoleName;
  readonly directory: string;
  readonly configFile: string;
  /** Port of each listener, the same for every start but the first. */
  readonly ports: Readonly<Record<string, number>>;
  readonly pid: number;
  /** Everything that any start has printed so far. */
  printed(): { readonly stdout: string; readonly stderr: string };
  /** Resolves when the present process has ended. */
  ended(): Promise<Ended>;
  /** Starts a process that has ended; `change` stands on top of the configuration from then on. */
  start(change?: object): Promise<void>;
  /** Ends the process with SIGTERM, or another signal, and waits. */
  stop(signal?: NodeJS.Signals): Promise<Ended>;
}

/** Arguments of node that run the role: `halfkey kms serve --config FILE`. */
export function serveArguments(name: RoleName, configFile: string): string[] {
  return [...SHORT_LIVED, programFile, name === 'kms-consolidated' ? 'kms' : name, 'serve', '--config', configFile];
}

/** Writes what the role starts from: `files` (mode 0600) and its configuration. */
export function writeRoleFiles(directory: string, files: Readonly<Record<string, string | Uint8Array>>): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  for (const [name, content] of Object.entries(files)) writeFileSync(join(directory, name), content, { mode: 0o600 });
}

/** A role whose directory holds its files already; not yet started. */
export function roleProcess(name: RoleName, directory: string): RoleProcess {
  const configFile = join(directory, 'config.json');
  const printed = { stdout: '', stderr: '' };
  let child: ChildProcess | undefined;
  let ports: Readonly<Record<string, number>> = {};
  let end: Promise<Ended> = Promise.resolve({ code: 0, signal: null });

  /** Takes the ports of the first start for all later ones. */
  function configure(change: object): void {
    const config = { ...(JSON.parse(readFileSync(configFile, 'utf8')) as Record<string, object>), ...change };
    for (const [listener, port] of Object.entries(ports)) config[listener] = { ...config[listener], port };
    writeFileSync(configFile, JSON.stringify(config), { mode: 0o600 });
  }

  async function start(change: object = {}): Promise<void> {
    configure(change);
    const started = spawn(process.execPath, [...serveArguments(name, configFile), '--json'], {
      cwd: directory,
      env: childEnv(),
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    child = started;
    end = new Promise((resolve) => {
      started.once('close', (code, signal) => {
        resolve({ code, signal });
      });
    });
    started.stderr.on('data', (chunk: Buffer) => {
      printed.stderr += chunk.toString('utf8');
    });
    const ready = new Promise<Readonly<Record<string, number>>>((resolve) => {
      createInterface({ input: started.stdout }).on('line', (line) => {
        printed.stdout += `${line}\n`;
        const message = JSON.parse(line) as { ready?: true; ports: Record<string, number> };
        if (message.ready === true) resolve(message.ports);
      });
    });
    const early = end.then(({ code, signal }) => {
      throw new Error(
        `${name} ended (${String(code ?? signal)}) before it was ready: ${printed.stdout}${printed.stderr}`,
      );
    });
    ports = await Promise.race([ready, early]);
    early.catch(() => undefined);
    // Whoever starts the role from now on, from its file, finds it at the same place.
    configure({});
  }

  return {
    name,
    directory,
    configFile,
    get ports() {
      return ports;
    },
    get pid() {
      return child?.pid ?? 0;
    },
    printed: () => ({ ...printed }),
    ended: () => end,
    start,
    stop(signal = 'SIGTERM') {
      child?.kill(signal);
      return end;
    },
  };
}
