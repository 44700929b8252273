/**
 * `halfkey kms issue`: private keys of many subscribers, sealed to one recipient, in one file. Killed at any moment, the
 * same command goes on where it ended.
 */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { HalfkeyError } from '../../foundation/base/index.ts';
import { createOutput, type OutputFlags } from './output.ts';

interface IssueFlags extends OutputFlags {
  readonly config: string;
  readonly identities: string;
  readonly to: string;
  readonly out: string;
  readonly from?: string;
  readonly epochs: string;
  readonly workers?: string;
}

export function addKmsIssue(kms: Command, done: (status: number) => void): void {
  kms
    .command('issue')
    .description('issue private keys in bulk, for registered subscribers, while the KMS does not serve')
    .requiredOption('--config <file>', 'configuration file of the KMS (JSON)')
    .requiredOption('--identities <file>', 'one identity a line; # begins a comment')
    .requiredOption('--to <file>', "the recipient's P-256 public key or certificate (PEM): each line is sealed to it")
    .requiredOption('--out <file>', 'where the keys go, a line a subscriber; one that is there is continued')
    .option('--from <time>', 'a time in the first key epoch: seconds since 1970, or 2026-12-01T00:00:00Z (default now)')
    .option('--epochs <n>', 'key epochs, one after the other', '1')
    .option('--workers <n>', 'threads (default: one for each processor)')
    .option('--json', 'one JSON object on standard output and nothing else')
    .option('--quiet', 'no human text')
    .option('--verbose', 'more human text')
    .addHelpText(
      'after',
      `
example:
  halfkey kms issue --config kms.json --identities subscribers.txt --epochs 2 \\
    --to recipient.pem --out keys.jsonl

A subscriber that is not registered gets a line that says so, and the exit status is 2.
Interrupted or killed: the same command goes on, and nothing is issued twice.`,
    )
    .action(async (flags: IssueFlags) => {
      const output = createOutput(flags);
      const { issue } = await import('../role/kms-issue.ts');
      const interrupted = new AbortController();
      const stop = (): void => {
        interrupted.abort();
      };
      process.once('SIGINT', stop);
      process.once('SIGTERM', stop);
      const bar = await progressBar(process.stderr.isTTY && flags.quiet !== true);
      try {
        const result = await issue({
          config: flags.config,
          identities: resolve(flags.identities),
          recipient: resolve(flags.to),
          out: resolve(flags.out),
          epochs: count('--epochs', flags.epochs, 4096),
          ...(flags.from === undefined ? {} : { from: timeOf(flags.from) }),
          ...(flags.workers === undefined ? {} : { workers: count('--workers', flags.workers, 256) }),
          signal: interrupted.signal,
          progress: bar.update,
        });
        bar.stop();
        const { issued, refused, subscribers, keys, seconds } = result;
        output.result(
          result,
          `${String(issued)} of ${String(subscribers)} subscribers got ${String(keys)} keys in ${seconds.toFixed(1)} s` +
            (refused === 0 ? '' : `; ${String(refused)} were refused, see their lines`),
        );
        done(refused === 0 ? 0 : 2);
      } finally {
        bar.stop();
      }
    });
}

/** On a terminal only: elsewhere it would fill a log. */
async function progressBar(
  wanted: boolean,
): Promise<{ update: (done: number, total: number) => void; stop: () => void }> {
  if (!wanted) return { update: () => undefined, stop: () => undefined };
  const { SingleBar } = await import('cli-progress');
  const bar = new SingleBar({ format: 'issuing {bar} {value}/{total}, {eta_formatted} left', stream: process.stderr });
  let started = false;
  return {
    update(done, total) {
      if (started) bar.update(done);
      else bar.start(total, done);
      started = true;
    },
    stop() {
      if (started) bar.stop();
      started = false;
    },
  };
}

function count(option: string, text: string, most: number): number {
  const value = /^[1-9]\d{0,5}$/.test(text) ? Number(text) : 0;
  if (value < 1 || value > most)
    throw new HalfkeyError('USAGE', `${option} must be a number from 1 to ${String(most)}`);
  return value;
}

/** Seconds since 1970. */
function timeOf(text: string): number {
  const seconds = /^\d{1,12}$/.test(text) ? Number(text) : Date.parse(text) / 1000;
  const dated = /^\d{1,12}$/.test(text) || /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(text);
  if (!dated || !Number.isFinite(seconds)) {
    throw new HalfkeyError('USAGE', '--from must be seconds since 1970, or a time as 2026-12-01T00:00:00Z');
  }
  return seconds;
}
