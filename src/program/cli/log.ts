/**
 * `halfkey log verify`: checks the log of a role that is not running, from its state directory.
 */
import type { Command } from 'commander';
import { HalfkeyError, fromHex, toHex } from '../../foundation/base/index.ts';
import { createOutput, type OutputFlags } from './output.ts';

export function addLog(program: Command, done: (status: number) => void): void {
  program
    .command('log')
    .description("a holder's log")
    .command('verify')
    .description('check every entry of the hash chain of a role that is not running')
    .requiredOption('--config <file>', "the role's configuration file")
    .option('--expect <sequence:hash>', 'a head that was kept elsewhere, for example a receipt: the log must end there')
    .option('--json', 'one JSON object on standard output and nothing else')
    .option('--quiet', 'no human text')
    .option('--verbose', 'more human text')
    .action(async ({ config, expect, ...flags }: OutputFlags & { config: string; expect?: string }) => {
      const output = createOutput(flags);
      const { readRoleLog } = await import('../role/stored-log.ts');
      const { head, kinds } = await readRoleLog(config, expect === undefined ? undefined : headOf(expect));
      const result = { entries: head.sequence, hash: toHex(head.hash), kinds };
      const counts = Object.entries(kinds).map(([kind, count]) => `${String(count)} ${kind}`);
      output.result(
        result,
        `the log verifies: ${String(head.sequence)} entries (${counts.join(', ')}), head ${result.hash}`,
      );
      done(0);
    });
}

function headOf(text: string): { sequence: number; hash: Uint8Array } {
  const [, sequence, hash] = /^(\d{1,15}):([0-9a-f]{64})$/.exec(text) ?? [];
  if (sequence === undefined || hash === undefined)
    throw new HalfkeyError('USAGE', '--expect must be a sequence number, a colon, and 64 hex digits');
  return { sequence: Number(sequence), hash: fromHex(hash) };
}
