/**
 * `halfkey ue serve|call --config FILE`: a client that answers, or one that calls. Usable alone between two machines.
 * With `--json` standard output has one object a line: that the client is ready, each SIP message as it passes (sizes
 * and times, no names), and how the call ended.
 */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { HalfkeyError } from '../../foundation/base/index.ts';
import { createOutput, type OutputFlags } from './output.ts';
import { addServeCommand } from './serve.ts';

interface CallFlags extends OutputFlags {
  readonly config: string;
  readonly to: string;
  readonly speech: string;
  readonly record?: string;
}

/** What is printed of an event; the members that a human reads. */
interface Happening {
  readonly event?: string;
  readonly sip?: string;
  readonly direction?: string;
  readonly name?: string;
  readonly octets?: number;
  readonly outcome?: string;
  readonly code?: string;
}

export function addUe(program: Command, done: (status: number) => void): void {
  const group = program.command('ue').description('a client: places protected calls, or answers them');
  addServeCommand(group, 'ue', () => import('../role/ue.ts'), done);
  group
    .command('call')
    .description('place one call, speak, record what is heard, hang up')
    .requiredOption('--config <file>', 'configuration file (JSON)')
    .requiredOption('--to <uri>', 'who is called: sip, sips or tel URI')
    .requiredOption('--speech <file>', 'what is said: WAV, 8000 Hz, 16 bits, mono')
    .option('--record <file>', 'where what is heard is written (WAV, mu-law)')
    .option('--json', 'one JSON object a line on standard output')
    .option('--quiet', 'no human text')
    .option('--verbose', 'more human text')
    .action(async ({ config, to, speech, record, ...flags }: CallFlags) => {
      const output = createOutput(flags);
      const { call } = await import('../role/ue.ts');
      const interrupt = new AbortController();
      const hangUp = (): void => {
        interrupt.abort();
      };
      process.once('SIGINT', hangUp);
      process.once('SIGTERM', hangUp);
      const emit = (event: object): void => {
        if (output.json) process.stdout.write(`${JSON.stringify(event)}\n`);
        else say(output, event);
      };
      const order = { to, speech: resolve(speech), record: record === undefined ? undefined : resolve(record) };
      const { outcome, code } = await call(config, { ...order, signal: interrupt.signal }, emit);
      if (interrupt.signal.aborted) throw new HalfkeyError('INTERRUPTED', 'the call was given up');
      if (code !== undefined) throw new HalfkeyError(code, `the call ended: ${outcome}`);
      done(outcome === 'completed' ? 0 : 2);
    });
}

function say(
  output: ReturnType<typeof createOutput>,
  { event, sip, direction, name, octets, outcome }: Happening,
): void {
  const what = name === undefined ? '' : ` (${name}, ${String(octets)} octets)`;
  if (event === 'sip') output.detail(`${direction === 'sent' ? '->' : '<-'} ${sip ?? ''}${what}`);
  else if (event === 'call-ended') output.say(`the call ended: ${outcome ?? ''}`);
}
