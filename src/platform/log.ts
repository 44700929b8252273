/**
 * The log of a process, JSON lines on standard error, for the people who run it. What was released to whom
 * stands in the audit log, not here. Must never show an identity, a secret or an octet of a nonce or key:
 * members of such names are removed, and texts that look like an identity are masked wherever they stand.
 */
import { isHalfkeyError } from '../foundation/base/index.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';
/** Flat on purpose: what is not a number, a truth value or a short text does not belong here. */
export type LogFields = Readonly<Record<string, string | number | boolean | null>>;

export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  /** `error` is logged as its code and, for a fault of ours, its stack. */
  error(message: string, fields?: LogFields, error?: unknown): void;
}

export interface LoggerOptions {
  readonly role: string;
  readonly level: LogLevel;
  /** Takes each line with its line end; default standard error, synchronously. */
  readonly write?: (line: string) => void;
}

const SECRET_NAMES =
  /secret|identity|identities|target|warrant$|nonce|scalar|^(?:own|peer)?point$|key$|body|url|path|query|authorization|subject|person|commonName/i;
const IDENTITY = /(?:sips?:|tel:)[^\s"'<>]+|[^\s"'<>:/@]+@[^\s"'<>]+/gi;

/** Replaces every text that looks like a sip, sips or tel URI or a NAI. */
export function maskIdentities(text: string): string {
  return text.replace(IDENTITY, '[identity]');
}

function clean(fields: LogFields): Record<string, unknown> {
  const entries = Object.entries(fields).map(([name, value]) => {
    if (SECRET_NAMES.test(name)) return [name, '[removed]'] as const;
    return [name, typeof value === 'string' ? maskIdentities(value) : value] as const;
  });
  return Object.fromEntries(entries);
}

function describe(error: unknown): Record<string, unknown> {
  if (isHalfkeyError(error)) {
    const cause = error.cause instanceof Error ? { cause: maskIdentities(error.cause.message) } : {};
    return { code: error.code, detail: maskIdentities(error.message), ...cause };
  }
  return error instanceof Error ? { detail: maskIdentities(error.stack ?? error.message) } : {};
}

/** A logger; the library is loaded when this is called. */
export async function createLogger({ role, level, write }: LoggerOptions): Promise<Logger> {
  const { pino, destination: openDestination, stdTimeFunctions } = await import('pino');
  const destination = write === undefined ? openDestination({ fd: 2, sync: true }) : { write };
  const logger = pino(
    {
      level,
      base: { role, pid: process.pid },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
  return {
    debug: (message, fields = {}) => {
      logger.debug(clean(fields), maskIdentities(message));
    },
    info: (message, fields = {}) => {
      logger.info(clean(fields), maskIdentities(message));
    },
    warn: (message, fields = {}) => {
      logger.warn(clean(fields), maskIdentities(message));
    },
    error: (message, fields = {}, error = undefined) => {
      logger.error({ ...clean(fields), ...(error === undefined ? {} : describe(error)) }, maskIdentities(message));
    },
  };
}
