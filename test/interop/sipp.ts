/** sipp, a SIP client that shares no line with this project, follows a script. Callers say `needs('sipp')` first. */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { temporaryDirectory } from '../platform/support.ts';
import { boundPorts } from './ports.ts';

/** A script of steps. */
export const scenario = (...steps: readonly string[]): string =>
  `<?xml version="1.0" encoding="ISO-8859-1" ?>\n<scenario name="golden">\n${steps.join('\n')}\n</scenario>\n`;
/** The step that sends a message. */
export const send = (...lines: readonly string[]): string => `<send><![CDATA[\n\n${lines.join('\n')}\n\n]]></send>`;

/** Runs sipp for one call; resolves with its exit status, 0 when every step was taken, and what it said. */
export function sipp(
  script: string,
  args: readonly string[],
  transport: 'tcp' | 'udp' = 'tcp',
): Promise<readonly [status: number | null, said: string]> {
  const directory = temporaryDirectory();
  const file = join(directory, 'scenario.xml');
  writeFileSync(file, script);
  const common = ['-i', '127.0.0.1', '-m', '1', '-nostdin', '-timeout', '40s', '-timeout_error'];
  const child = spawn('sipp', [...args, '-sf', file, '-t', transport === 'tcp' ? 't1' : 'u1', ...common], {
    cwd: directory,
    env: { ...process.env, TERM: 'dumb' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  return new Promise((resolve) => {
    child.once('close', (status) => {
      resolve([status, said]);
    });
  });
}

/** Waits until somebody listens at a port of this machine. */
export async function listening(port: number, transport: 'tcp' | 'udp' = 'tcp'): Promise<void> {
  while (!boundPorts(transport).has(port)) await sleep(50);
}
