/**
 * `halfkey params generate|show|verify`: domain parameters of the type-1 curves (RFC 5091 5.1.2), which hold no secret.
 * `verify` runs every check of an import and names the one that failed.
 */
import type { Command } from 'commander';
import type { OutputFlags } from './output.ts';

export interface GenerateFlags extends OutputFlags {
  readonly level: string;
  readonly nothingUpMySleeve?: string;
  readonly out?: string;
}

export interface VerifyFlags extends OutputFlags {
  readonly nothingUpMySleeve?: string;
  readonly allowTestLevel?: boolean;
}

export function addParams(program: Command, done: (status: number) => void): void {
  const group = program.command('params').description('domain parameters of the curve: make, show, verify');
  output(
    group
      .command('generate')
      .description('make domain parameters: p and q prime, P of order q')
      .option('--level <n>', '1024 (tests), 2048, 3072 or 7680', '3072')
      .option('--nothing-up-my-sleeve <label>', 'from this label, so that anybody can make the same')
      .option('--out <file>', 'where they go (PEM), instead of standard output'),
  ).action(async (flags: GenerateFlags) => {
    const { generate } = await import('./params-work.ts');
    await generate(flags);
    done(0);
  });
  output(
    group
      .command('show')
      .description('show parameters in numbers')
      .argument('<what>', 'a level, for what is built in, or a file: PEM, DER or base64'),
  ).action(async (what: string, flags: OutputFlags) => {
    const { show } = await import('./params-work.ts');
    await show(what, flags);
    done(0);
  });
  output(
    group
      .command('verify')
      .description('check parameters as an import does; status 2 and the name of the check if one fails')
      .argument('<file>', 'PEM, DER or base64')
      .option('--nothing-up-my-sleeve <label>', 'that they are those of this label, too')
      .option('--allow-test-level', 'let level 1024 pass; without it the status is 3'),
  ).action(async (file: string, flags: VerifyFlags) => {
    const { verify } = await import('./params-work.ts');
    done(await verify(file, flags));
  });
}

function output(command: Command): Command {
  return command
    .option('--json', 'one JSON object on standard output and nothing else')
    .option('--quiet', 'no human text')
    .option('--verbose', 'more human text');
}
