/**
 * DER writer. Each function gives one complete element (identifier, length, contents); nothing else is ever
 * written than what {@link DerReader} reads back. A value that has no encoding is misuse: TypeError.
 */
import { ascii, concat, fromBigInt } from '../base/index.ts';
import { isGeneralizedTime, OID_MAX_OCTETS, TAG, type DerTag } from './tags.ts';

/** SEQUENCE of elements that are encoded already, in this order. */
export function derSequence(...elements: readonly Uint8Array[]): Uint8Array {
  return element(TAG.sequence, ...elements);
}

/** Non-negative INTEGER with the fewest octets (X.690 8.3.2). @throws TypeError when negative */
export function derInteger(value: bigint): Uint8Array {
  if (value < 0n) throw new TypeError('derInteger: negative');
  // A leading zero octet keeps the sign bit clear: one octet more whenever the bit length is a multiple of eight.
  return element(TAG.integer, fromBigInt(value, Math.floor(bitLength(value) / 8) + 1));
}

/** INTEGER of big-endian octets, which may have leading zeros: what is secret need not become a bigint. */
export function derIntegerOctets(octets: Uint8Array): Uint8Array {
  const first = octets.findIndex((octet) => octet !== 0);
  const magnitude = first < 0 ? Uint8Array.of(0) : octets.subarray(first);
  return element(TAG.integer, new Uint8Array((magnitude[0] as number) < 0x80 ? 0 : 1), magnitude);
}

/** OCTET STRING, primitive form. */
export function derOctetString(octets: Uint8Array): Uint8Array {
  return element(TAG.octetString, octets);
}

/**
 * OBJECT IDENTIFIER of a dotted text, for example `2.16.840.1.114334.1`; at most 128 octets (X.690 8.19).
 * @throws TypeError when it is not one
 */
export function derOid(text: string): Uint8Array {
  const arcs = /^[0-2](?:\.(?:0|[1-9]\d*))+$/.test(text) ? text.split('.').map(BigInt) : [];
  const [root, second, ...rest] = arcs;
  if (root === undefined || second === undefined || (root < 2n && second > 39n)) {
    throw new TypeError('derOid: not an object identifier');
  }
  const octets = concat(...[root * 40n + second, ...rest].map(base128));
  if (octets.length > OID_MAX_OCTETS) throw new TypeError('derOid: too long');
  return element(TAG.oid, octets);
}

/** IA5String. @throws TypeError on a character outside ASCII */
export function derIa5String(text: string): Uint8Array {
  return element(TAG.ia5String, ascii(text));
}

/** GeneralizedTime from its 15 characters YYYYMMDDHHMMSSZ. @throws TypeError when there is no such moment */
export function derGeneralizedTime(text: string): Uint8Array {
  if (!isGeneralizedTime(text)) throw new TypeError('derGeneralizedTime: not YYYYMMDDHHMMSSZ');
  return element(TAG.generalizedTime, ascii(text));
}

/** Copies the contents once: what is secret in them stands in the element, and nowhere else. */
function element(tag: DerTag, ...contents: readonly Uint8Array[]): Uint8Array {
  const length = contents.reduce((sum, part) => sum + part.length, 0);
  return concat(Uint8Array.of(tag), lengthOctets(length), ...contents);
}

/** Definite length in the fewest octets (X.690 10.1). */
function lengthOctets(length: number): Uint8Array {
  if (length < 0x80) return Uint8Array.of(length);
  const octets = fromBigInt(BigInt(length), Math.ceil(bitLength(BigInt(length)) / 8));
  return concat(Uint8Array.of(0x80 | octets.length), octets);
}

function base128(arc: bigint): Uint8Array {
  const groups = [Number(arc & 0x7fn)];
  for (let left = arc >> 7n; left > 0n; left >>= 7n) groups.unshift(Number(left & 0x7fn) | 0x80);
  return Uint8Array.from(groups);
}

function bitLength(value: bigint): number {
  return value === 0n ? 0 : value.toString(2).length;
}
