/**
 * One encoding for one JSON value: RFC 8785 restricted to integers, so that a digest of a record
 * means the same to everybody. Must never accept a second spelling of a value.
 */
import { HalfkeyError } from '../../foundation/base/index.ts';
import type { LogBody, LogValue } from './ports.ts';

/** Nesting that is accepted; deeper values are refused before the stack is at risk. */
const MAX_DEPTH = 32;

/**
 * Canonical JSON of `value` as UTF-8 octets: members sorted by UTF-16 code units (RFC 8785 3.2.3), no white
 * space, integers within ±(2^53 - 1) only, well-formed Unicode only.
 * @throws HalfkeyError `BAD_REQUEST` for what JSON can carry but this form cannot (fractions, lone surrogates, depth over 32)
 * @throws TypeError for what JSON cannot carry (undefined, bigint, class instances)
 */
export function canonicalJson(value: object): Uint8Array {
  return new TextEncoder().encode(encode(value, 0));
}

function encode(value: unknown, depth: number): string {
  if (depth > MAX_DEPTH) throw new HalfkeyError('BAD_REQUEST', 'the value is nested too deeply');
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return encodeString(value);
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) throw new HalfkeyError('BAD_REQUEST', 'a number is not an integer below 2^53');
    return String(value); // -0 becomes 0, as RFC 8785 3.2.2.3 has it
  }
  if (Array.isArray(value)) return `[${value.map((item) => encode(item, depth + 1)).join(',')}]`;
  if (!isPlainObject(value)) throw new TypeError('canonicalJson: not a JSON value');
  const members = Object.keys(value)
    .sort()
    .map((name) => `${encodeString(name)}:${encode(value[name], depth + 1)}`);
  return `{${members.join(',')}}`;
}

function encodeString(text: string): string {
  if (/\p{Surrogate}/u.test(text)) throw new HalfkeyError('BAD_REQUEST', 'a text is not well-formed Unicode');
  return JSON.stringify(text);
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/**
 * The body of a record from its octets.
 * @throws HalfkeyError `LOG_BROKEN` unless they are the canonical encoding of a JSON object
 */
export function decodeRecord(octets: Uint8Array): LogBody {
  try {
    const body: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(octets));
    if (!isPlainObject(body)) throw new TypeError('not an object');
    if (Buffer.compare(canonicalJson(body), octets) !== 0) throw new TypeError('not canonical');
    return body as Readonly<Record<string, LogValue>>;
  } catch (cause) {
    throw new HalfkeyError('LOG_BROKEN', 'a record is not the canonical encoding of a JSON object', { cause });
  }
}
