/**
 * `halfkey lab`: a live call between two clients, opened while they speak; `halfkey lab replay`: a captured call. Both
 * by real roles that are started for it.
 */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { HalfkeyError } from '../../foundation/base/index.ts';
import { colours, createOutput, type Output, type OutputFlags } from './output.ts';

interface LabFlags extends OutputFlags {
  readonly solution: string;
  readonly alternative?: string;
  readonly deliver: string;
  readonly target: string;
  readonly out?: string;
  readonly force?: boolean;
}

interface LiveFlags extends LabFlags {
  readonly nonceMode: string;
  readonly level: string;
  readonly curve: string;
}

interface ReplayFlags extends LabFlags {
  readonly fixture: string;
  readonly capture?: string;
}

export function addLab(program: Command, done: (status: number) => void): void {
  const lab = program
    .command('lab')
    .description('a live call between two clients, opened while they speak; every role a process of this machine')
    .enablePositionalOptions();
  output(
    lab
      .option('--solution <3|4>', '3 consolidated KMS, 4 KMS and provider split', '4')
      .option('--alternative <1|2>', 'of solution 4: 1 the DF gets the private key, 2 the KMS decrypts', '2')
      .option('--nonce-mode <1|2|3>', '1 literal AES_MS(x), 2 key wrap, 3 SIV', '3')
      .option('--level <n>', '2048, 3072 or 7680', '3072')
      .option('--curve <name>', 'P-256, P-384 or P-521', 'P-256')
      .option('--target <side>', 'initiator or responder', 'initiator')
      .option('--deliver <what>', 'content, keys, or content,keys', 'content'),
  ).action(async (flags: LiveFlags) => {
    const { live } = await import('../lab/live.ts');
    const shown = createOutput(flags);
    const { result, status } = await live({
      ...orderOf(flags, shown),
      nonceMode: oneOf('--nonce-mode', flags.nonceMode, { 1: 1, 2: 2, 3: 3 } as const),
      level: oneOf('--level', flags.level, { 1024: 1024, 2048: 2048, 3072: 3072, 7680: 7680 } as const),
      curve: oneOf('--curve', flags.curve, { 'P-256': 'P-256', 'P-384': 'P-384', 'P-521': 'P-521' } as const),
      targets: [oneOf('--target', flags.target, { initiator: 'initiator', responder: 'responder' } as const)],
    });
    shown.result(result, '');
    done(status);
  });
  addReplay(lab, done);
  addMatrix(lab, done);
}

function addReplay(lab: Command, done: (status: number) => void): void {
  const replayCommand = lab
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
    .requiredOption('--deliver <what>', 'content, keys, or content,keys');
  output(replayCommand)
    .addHelpText(
      'after',
      `
example:
  halfkey lab replay --fixture test/vectors/golden-n3072-mode3-P-256.json \\
    --capture test/vectors/golden-call.pcap --target sip:alice@operator-a.example \\
    --solution 4 --alternative 2 --deliver content`,
    )
    .action(async (flags: ReplayFlags) => {
      const { replay } = await import('../lab/replay.ts');
      const shown = createOutput(flags);
      const { result, status } = await replay({
        ...orderOf(flags, shown),
        fixture: resolve(flags.fixture),
        ...(flags.capture === undefined ? {} : { capture: resolve(flags.capture) }),
        target: flags.target,
      });
      shown.result(result, '');
      done(status);
    });
}

function addMatrix(lab: Command, done: (status: number) => void): void {
  output(
    lab
      .command('matrix')
      .description('a live call for every solution, alternative, nonce mode, level and curve: a line each'),
  ).action(async (flags: OutputFlags & { out?: string; force?: boolean }) => {
    const { matrix } = await import('../lab/matrix.ts');
    const shown = createOutput(flags);
    const common = { solution: '4', deliver: 'content', target: 'initiator' };
    const { result, status } = await matrix(orderOf({ ...common, ...flags }, shown));
    shown.result(result, '');
    done(status);
  });
}

/** Options that say where the output goes and how much is told. */
function output(command: Command): Command {
  return command
    .option('--out <dir>', 'output directory (default ./halfkey-out/<UTC time>)')
    .option('--force', 'use an output directory that is not empty')
    .option('--json', 'one JSON object on standard output and nothing else')
    .option('--quiet', 'no human text')
    .option('--verbose', 'more human text');
}

/** What both kinds of lab are given; Ctrl-C interrupts them. */
function orderOf(flags: LabFlags, shown: Output) {
  const interrupted = new AbortController();
  const interrupt = (): void => {
    interrupted.abort(new HalfkeyError('INTERRUPTED', 'interrupted'));
  };
  process.once('SIGINT', interrupt);
  process.once('SIGTERM', interrupt);
  return {
    solution: oneOf('--solution', flags.solution, { 3: 3, 4: 4 } as const),
    alternative: oneOf('--alternative', flags.alternative ?? '2', { 1: 1, 2: 2 } as const),
    deliver: deliverables(flags.deliver),
    ...(flags.out === undefined ? {} : { out: resolve(flags.out) }),
    force: flags.force === true,
    program: [process.execPath, ...process.execArgv, resolve(process.argv[1] ?? '')],
    narrate: (line: string) => {
      shown.say(line);
    },
    detail: (line: string) => {
      shown.detail(colours.dim(line));
    },
    colours,
    signal: interrupted.signal,
  };
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
