#!/usr/bin/env node
/**
 * The command `halfkey`: a file a command, one table of exit statuses (the error table) for all.
 * 0 done; 1 misuse or bad input; 2 ran, but a result is not as wished; 3 refused; 70 our fault; 130 interrupted.
 */
import { Command, CommanderError } from 'commander';
import { HalfkeyError } from '../../foundation/base/index.ts';
import { version } from '../../index.ts';
import { addBench } from './bench.ts';
import { addDoctor } from './doctor.ts';
import { addLab } from './lab.ts';
import { addLog } from './log.ts';
import { addMikey } from './mikey.ts';
import { reportFailure, watchStandardOutput } from './output.ts';
import { addParams } from './params.ts';
import { addServe } from './serve.ts';
import { addUe } from './ue.ts';

const EXIT_STATUSES = `
exit status:
  0  done
  1  misuse or bad input
  2  ran, but a result is not as wished
  3  refused by policy or by a holder of keys
  70 a fault of halfkey
  130 interrupted`;

/** Runs one command line and returns the exit status. */
async function run(argv: readonly string[]): Promise<number> {
  let status = 0;
  const done = (code: number): void => {
    status = code;
  };
  const program = new Command('halfkey')
    .description('recovers the session key of a lawfully intercepted IMS call protected with MIKEY-IBAKE')
    .version(version)
    .addHelpText('after', EXIT_STATUSES)
    .enablePositionalOptions()
    .showHelpAfterError(false)
    .configureOutput({ writeErr: () => undefined })
    .exitOverride();
  for (const add of [addLab, addServe, addUe, addMikey, addLog, addParams, addBench, addDoctor]) add(program, done);
  const json = argv.includes('--json');
  try {
    await program.parseAsync(argv, { from: 'user' });
    return status;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return 0;
      // Without a command commander asks for its help text, and has no message of its own.
      const message = error.code === 'commander.help' ? 'a command is missing' : error.message.replace(/^error: /, '');
      return reportFailure(new HalfkeyError('USAGE', message), json);
    }
    return reportFailure(error, json);
  }
}

watchStandardOutput();
const status = await run(process.argv.slice(2));
// A result that could not be written has set it.
process.exitCode ??= status;
