/**
 * A cursor for MIKEY fields: reads as the base reader does, and can tell a trace the name and meaning of
 * every field it passes, so that decoding and annotating are one parse and can never disagree.
 * Must never read an octet without naming it.
 */
import { ByteReader, type ErrorCode, HalfkeyError } from '../../foundation/base/index.ts';

/** Hears of each field in the order of the octets, inside the groups that are open. */
export interface FieldTrace {
  enter(name: string, clause: string, offset: number): void;
  /** Closes the innermost group, which ends before `offset`; `name` replaces the one given on entry. */
  leave(offset: number, name?: string): void;
  field(offset: number, length: number, name: string, reading?: string): void;
}

/** @throws HalfkeyError always; `offset` counts octets from the start of the message */
export function broken(code: ErrorCode, message: string, offset: number): never {
  throw new HalfkeyError(code, message, { offset });
}

export class FieldReader {
  readonly #reader: ByteReader;
  readonly #trace: FieldTrace | undefined;

  /** Reads `bytes`, which must not change meanwhile, from `offset` (included) to `end` (excluded). */
  constructor(bytes: Uint8Array, trace?: FieldTrace, offset = 0, end = bytes.length) {
    this.#reader = new ByteReader(bytes, offset, end);
    this.#trace = trace;
  }

  get offset(): number {
    return this.#reader.offset;
  }

  get remaining(): number {
    return this.#reader.remaining;
  }

  /** An unsigned big-endian integer of 1, 2 or 4 octets. @throws HalfkeyError `Truncated` */
  uint(length: 1 | 2 | 4, name: string, reading: (value: number) => string = String): number {
    const offset = this.offset;
    const value = this.#reader.uint(length, name);
    this.#trace?.field(offset, length, name, reading(value));
    return value;
  }

  /** The next `length` octets as a view. @throws HalfkeyError `Truncated` */
  take(length: number, name: string, reading?: (value: Uint8Array) => string): Uint8Array {
    const offset = this.offset;
    const value = this.#reader.take(length, name);
    if (length > 0) this.#trace?.field(offset, length, name, reading?.(value));
    return value;
  }

  /** A reader of the next `length` octets, which this one passes over. @throws HalfkeyError `Truncated` */
  range(length: number, name: string): FieldReader {
    const { bytes, offset } = this.#reader;
    this.#reader.take(length, name);
    return new FieldReader(bytes, this.#trace, offset, offset + length);
  }

  /** Runs `read` inside a named group of the trace; `rename` gives the group its final name. */
  group<T>(name: string, clause: string, read: () => T, rename?: (value: T) => string): T {
    this.#trace?.enter(name, clause, this.offset);
    const value = read();
    this.#trace?.leave(this.offset, rename?.(value));
    return value;
  }

  /** @throws HalfkeyError `TrailingData` when octets are left */
  finish(what: string): void {
    this.#reader.finish(what);
  }
}
