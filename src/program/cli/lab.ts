/**
 * `halfkey lab replay`: a captured call, opened by real roles that are started for it.
 */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { HalfkeyError } from '../../foundation/base/index.ts';
import { colours, createOutput, type OutputFlags } from './output.ts';

interface ReplayOptions extends OutputFlags {
  readonly fixture: string;
  readonly capture?: string;
  readonly target: string;
  readonly solution: string;
  readonly alternative?: string;
  readonly deliver: string;
  readonly out?: string;
  readonly force?: boolean;
}

export function addLab(program: Command, done: (status: number) => void): void {
  const lab = program
    .command('lab')
    .description('starts the roles as processes of this machine and shows a lawful recovery');
  lab
    .command('replay')
    .description('open a captured call with the secrets of a golden file, each in the holder that owns it')
    .requiredOption('--fixture <file>', 'golden file: the long-term secrets, and the messages when there is no capture')
    .option('--capture <file>', 'pcap or pcapng with SIP and SRTP')
    .requiredOption('--target <uri>', 'identity that the warrant names')
    .requiredOption('--solution <3|4>', '3 consolidated KMS, 4 KMS and provider split')
    .option(
      '--alternative <1|2>',
      'of solution 4: 1 the DF gets the private key, 2 the KMS decrypts (default; ignored with solution 3)',
    )
    .requiredOption('--deliver <what>', 'content, keys, or content,keys')
    .option('--out <dir>', 'output directory (default ./halfkey-out/<UTC time>)')
    .option('--force', 'use an output directory that is not empty')
    .option('--json', 'one JSON object on standard output and nothing else')
    .option('--quiet', 'no human text')
    .option('--verbose', 'more human text')
    .addHelpText(
      'after',
      `
example:
  halfkey lab replay --fixture test/vectors/golden-n3072-mode3-P-256.json \\
    --capture test/vectors/golden-call.pcap --target sip:alice@operator-a.example \\
    --solution 4 --alternative 2 --deliver content`,
    )
    .action(async (options: ReplayOptions) => {
      const output = createOutput(options);
      const { replay } = await import('../lab/replay.ts');
      const interrupted = new AbortController();
      const interrupt = (): void => {
        interrupted.abort(new HalfkeyError('INTERRUPTED', 'interrupted'));
      };
      process.once('SIGINT', interrupt);
      process.once('SIGTERM', interrupt);
      const { result, status } = await replay({
        fixture: resolve(options.fixture),
        ...(options.capture === undefined ? {} : { capture: resolve(options.capture) }),
        target: options.target,
        solution: oneOf('--solution', options.solution, { 3: 3, 4: 4 } as const),
        alternative: oneOf('--alternative', options.alternative ?? '2', { 1: 1, 2: 2 } as const),
        deliver: deliverables(options.deliver),
        ...(options.out === undefined ? {} : { out: resolve(options.out) }),
        force: options.force === true,
        program: [process.execPath, resolve(process.argv[1] ?? '')],
        narrate: (line) => {
          output.say(line);
        },
        detail: (line) => {
          output.detail(colours.dim(line));
        },
        colours,
        signal: interrupted.signal,
      });
      output.result(result, '');
      done(status);
    });
}

function oneOf<T>(option: string, given: string, values: Readonly<Record<string, T>>): T {
  const value = Object.hasOwn(values, given) ? values[given] : undefined;
  if (value === undefined) throw new HalfkeyError('USAGE', `${option} must be ${Object.keys(values).join(' or ')}`);
  return value;
}

function deliverables(text: string): ('content' | 'keys')[] {
  const parts = text.split(',');
  const known = parts.filter((part) => part === 'content' || part === 'keys');
  if (known.length !== parts.length || new Set(known).size !== known.length) {
    throw new HalfkeyError('USAGE', '--deliver must be content, keys, or content,keys');
  }
  return known;
}
