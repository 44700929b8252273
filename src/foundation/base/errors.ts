/**
 * The one error type: a stable code from the table, whose fault it is, and what to do.
 * An error never carries a key, a nonce, or an identity. Misuse of an API is a TypeError instead.
 */
import { ERROR_TABLE, type ErrorCode, type ErrorRow } from './error-table.ts';

export type { ErrorCode } from './error-table.ts';

export interface ErrorDetails {
  /** Octet at which the input stopped making sense, counted from 0. */
  readonly offset?: number;
  /** Instead of the table's hint, when the place of the failure allows a more exact one. */
  readonly hint?: string;
  readonly cause?: unknown;
}

export class HalfkeyError extends Error {
  override readonly name = 'HalfkeyError';
  readonly code: ErrorCode;
  readonly offset: number | undefined;
  readonly hint: string;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.offset = details.offset;
    this.hint = details.hint ?? ERROR_TABLE[code].hint;
  }

  /** The code's row: fault, wire codes, exit status. */
  get row(): ErrorRow {
    return ERROR_TABLE[this.code];
  }

  toJSON(): { code: ErrorCode; message: string; hint: string; offset?: number } {
    const { code, message, hint, offset } = this;
    return { code, message, hint, ...(offset === undefined ? {} : { offset }) };
  }
}

/** Whether `error` is ours and, when `code` is given, has that code. */
export function isHalfkeyError(error: unknown, code?: ErrorCode): error is HalfkeyError {
  return error instanceof HalfkeyError && (code === undefined || error.code === code);
}

/** Whether `code` is in the table: for codes that arrive over a wire. */
export function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(ERROR_TABLE, code);
}
