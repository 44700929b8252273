/**
 * What a command prints: one JSON object on standard output with `--json`, human text on standard error.
 */
import pc from 'picocolors';
import { HalfkeyError, isHalfkeyError } from '../../foundation/base/index.ts';

export interface Output {
  readonly json: boolean;
  readonly verbose: boolean;
  /** Human text, on standard error; silent with `--quiet`. */
  say(text: string): void;
  /** Human text that only `--verbose` shows. */
  detail(text: string): void;
  /** The result: JSON on standard output with `--json`, otherwise the text. */
  result(value: object, text: string): void;
}

export interface OutputFlags {
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
}

const wanted = process.stderr.isTTY && !('NO_COLOR' in process.env);
// Without a terminal isTTY is undefined, and picocolors would decide for itself, by CI among others.
export const colours = pc.createColors(wanted ? true : false);

export function createOutput({ json = false, quiet = false, verbose = false }: OutputFlags): Output {
  const say = (text: string): void => {
    if (!quiet) process.stderr.write(`${text}\n`);
  };
  return {
    json,
    verbose: verbose && !quiet,
    say,
    detail: (text) => {
      if (verbose) say(text);
    },
    result(value, text) {
      if (json) process.stdout.write(`${JSON.stringify(value)}\n`);
      else if (text !== '') process.stdout.write(`${text}\n`);
    },
  };
}

/**
 * A reader of standard output that has gone (`| head`) stops nothing; what cannot be written otherwise is told, with exit
 * status 1.
 */
export function watchStandardOutput(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') return;
    process.exitCode = reportFailure(
      new HalfkeyError('BAD_CONFIG', `cannot write standard output (${error.code ?? 'unknown'})`, {
        hint: 'send it elsewhere',
      }),
      false,
    );
  });
}

/** Reports a failure and returns the exit status of the error table. */
export function reportFailure(error: unknown, json: boolean): number {
  const known = isHalfkeyError(error) ? error : new HalfkeyError('INTERNAL', 'an unexpected fault', { cause: error });
  const { code, message, hint } = known;
  if (json) process.stdout.write(`${JSON.stringify({ error: { code, message, hint } })}\n`);
  else process.stderr.write(`${colours.red('error:')} ${message} (${code})\n${colours.dim('hint:')} ${hint}\n`);
  // Only our own faults show where they come from, and only their stack: no value of the program.
  if (code === 'INTERNAL' && process.env['HALFKEY_STACK'] !== undefined && error instanceof Error) {
    process.stderr.write(`${String(error.cause instanceof Error ? error.cause.stack : error.stack)}\n`);
  }
  return known.row.exit;
}
