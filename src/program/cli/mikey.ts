/**
 * `halfkey mikey decode`: an annotated reading of a MIKEY message, octet by octet, from base64, hex, a file or a capture.
 */
import type { Command } from 'commander';
import type { OutputFlags } from './output.ts';

export function addMikey(program: Command, done: (status: number) => void): void {
  program
    .command('mikey')
    .description('MIKEY and MIKEY-IBAKE messages')
    .command('decode')
    .description(
      'annotated reading of a message: base64, hex, a file of either or of raw octets, a pcap or pcapng capture, or - for standard input',
    )
    .argument('<input>', 'the message, or where it is')
    .option('--json', 'one JSON object on standard output and nothing else')
    .option('--quiet', 'no human text')
    .option('--verbose', 'more human text')
    .action(async (input: string, flags: OutputFlags) => {
      const { decode } = await import('./mikey-work.ts');
      done(await decode(input, flags));
    });
}
