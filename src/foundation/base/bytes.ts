/**
 * Octet strings: joining, comparing, and the text and integer forms they take.
 * Everything is big endian; nothing here keeps a reference to what it is given.
 */
import { timingSafeEqual } from 'node:crypto';
import { HalfkeyError } from './errors.ts';

declare const brand: unique symbol;
/** A type that is `T` at run time and cannot be swapped with another brand at compile time. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };

/** Joins octet strings into a new one. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    out.set(part, offset);
    offset += part.length;
  }
  return out;
}

/** Lower-case hex, two digits an octet. */
export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}

/** Octets of a hex text of even length, either case, no separators. @throws HalfkeyError `BadHex` */
export function fromHex(text: string): Uint8Array {
  if (!/^(?:[0-9a-fA-F]{2})*$/.test(text)) {
    throw new HalfkeyError('BadHex', 'expected an even number of hex digits');
  }
  return new Uint8Array(Buffer.from(text, 'hex'));
}

/** Base64 (RFC 4648 4) with padding. */
export function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');
}

/** Octets of canonical base64 (RFC 4648 4): padded, no line breaks, no stray bits. @throws HalfkeyError `BadBase64` */
export function fromBase64(text: string): Uint8Array {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.toString('base64') !== text) {
    throw new HalfkeyError('BadBase64', 'expected canonical base64 with padding');
  }
  return new Uint8Array(bytes);
}

/** One octet a character; the text must be ASCII. @throws TypeError on any other character */
export function ascii(text: string): Uint8Array {
  const out = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0x7f) throw new TypeError('ascii: not an ASCII text');
    out[i] = code;
  }
  return out;
}

/** One character an octet (Latin-1), so that no octet is lost or merged. */
export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}

/** A text of somebody else with every control and format character as a question mark, so that no terminal is driven by it. */
export function printable(text: string): string {
  return text.replace(/\p{C}/gu, '?');
}

/** Equality of public octets; stops at the first difference. For secrets use {@link constantTimeEqual}. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((octet, i) => octet === b[i]);
}

/** Equality in time that depends on the lengths only. */
export function constantTimeEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Non-negative integer of a big-endian octet string; the empty string is 0. */
export function toBigInt(bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : BigInt(`0x${toHex(bytes)}`);
}

/** `length` octets, big endian. @throws RangeError when the value is negative or does not fit */
export function fromBigInt(value: bigint, length: number): Uint8Array {
  const hex = value.toString(16);
  if (value < 0n || hex.length > 2 * length) throw new RangeError(`fromBigInt: does not fit ${String(length)} octets`);
  return new Uint8Array(Buffer.from(hex.padStart(2 * length, '0'), 'hex'));
}

/** An unsigned integer as 1 to 6 octets, big endian. @throws RangeError when it does not fit */
export function uint(value: number, length: 1 | 2 | 3 | 4 | 5 | 6): Uint8Array {
  const out = Buffer.alloc(length);
  out.writeUIntBE(value, 0, length);
  return new Uint8Array(out);
}

/** Octet-wise exclusive or of two strings of equal length. @throws RangeError when the lengths differ */
export function xor(a: Uint8Array, b: Uint8Array): Uint8Array {
  if (a.length !== b.length) throw new RangeError('xor: lengths differ');
  return a.map((octet, i) => octet ^ (b[i] as number));
}
