/**
 * A cursor over octets for total decoders: every read is checked, every failure
 * is `Truncated` with the offset at which octets were missing.
 */
import { HalfkeyError } from './errors.ts';

export class ByteReader {
  readonly bytes: Uint8Array;
  readonly end: number;
  offset: number;

  /** Reads `bytes` from `offset` (included) to `end` (excluded); keeps a view, copies nothing. */
  constructor(bytes: Uint8Array, offset = 0, end = bytes.length) {
    this.bytes = bytes;
    this.offset = offset;
    this.end = end;
  }

  get remaining(): number {
    return this.end - this.offset;
  }

  /** The next `length` octets as a view. @throws HalfkeyError `Truncated` */
  take(length: number, what = 'field'): Uint8Array {
    if (length > this.remaining) {
      throw new HalfkeyError(
        'Truncated',
        `${what} needs ${String(length)} octets, ${String(this.remaining)} are left`,
        {
          offset: this.offset,
        },
      );
    }
    const view = this.bytes.subarray(this.offset, this.offset + length);
    this.offset += length;
    return view;
  }

  /** An unsigned integer of 1 to 6 octets, big endian. @throws HalfkeyError `Truncated` */
  uint(length: 1 | 2 | 3 | 4 | 5 | 6, what = 'field'): number {
    let value = 0;
    for (const octet of this.take(length, what)) value = value * 256 + octet;
    return value;
  }

  /** All octets that are left, as a view. */
  rest(): Uint8Array {
    return this.take(this.remaining);
  }

  /** @throws HalfkeyError `TrailingData` when octets are left */
  finish(what = 'message'): void {
    if (this.remaining > 0) {
      throw new HalfkeyError('TrailingData', `${String(this.remaining)} octets after the end of the ${what}`, {
        offset: this.offset,
      });
    }
  }
}
