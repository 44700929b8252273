/**
 * What every payload file provides: one structure, its decoder and its encoder side by side.
 * A codec handles what follows the Next-payload octet; the chain (chain.ts) handles that octet.
 */
import { concat, latin1, ntpTime, ntpToUnixSeconds } from '../../../foundation/base/index.ts';
import type { FieldReader } from '../field-reader.ts';

export interface PayloadCodec<P extends { readonly kind: string }> {
  readonly kind: P['kind'];
  /** Value of the Next-payload octet that announces this payload. */
  readonly number: number;
  readonly clause: string;
  /** Reads to the end of the payload. @throws HalfkeyError with the offset of the field at fault */
  read(reader: FieldReader): P;
  /** The octets after Next payload, new. @throws TypeError or RangeError when a field does not fit the wire */
  write(payload: P): Uint8Array;
  /** A better name for a reading than the kind: `IDRi` for an IDR payload of role 1. */
  title?(payload: P): string;
}

/** `bytes` when it has exactly `length` octets. @throws TypeError */
export function exactly(bytes: Uint8Array, length: number | undefined, what: string): Uint8Array {
  if (bytes.length !== length) throw new TypeError(`${what}: expected ${String(length)} octets`);
  return bytes;
}

/** A reading of octets as text: printable ASCII in quotes, every other octet as \xHH, so that no terminal is driven by it. */
export function quoted(bytes: Uint8Array): string {
  const escape = (c: string): string => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`;
  return `"${latin1(bytes).replace(/[^\x20-\x7e]|["\\]/g, escape)}"`;
}

/** A reading of a 4- or 8-octet NTP value as a date (RFC 4330 3, both eras). */
export function ntpReading(value: Uint8Array): string {
  const full = ntpTime(concat(value, new Uint8Array(8 - value.length)));
  return new Date(ntpToUnixSeconds(full) * 1000).toISOString().replace('.000Z', 'Z');
}

/** A reading of octets whose meaning is not shown here. */
export function opaque(what: string): (value: Uint8Array) => string {
  return (value) => `${String(value.length)} octets, ${what}`;
}
