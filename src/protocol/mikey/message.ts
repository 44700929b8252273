/**
 * Any MIKEY message as a header and a chain of payloads: data types 0 to 6 (RFC 3830) and 19 to 25 (RFC 6267).
 * Total and canonical: what decodes re-encodes to the same octets. Order and number of payloads are not judged here;
 * ibake-message.ts, provisioning/ and error-message.ts are the grammars.
 */
import { concat, isHalfkeyError } from '../../foundation/base/index.ts';
import { admittedAfter, firstOf, readChain, writeChain, type ClearPayload, type Located } from './chain.ts';
import { FieldReader, type FieldTrace } from './field-reader.ts';
import { readHeader, writeHeader, type Header } from './header.ts';

/** A message: the fields of HDR, and the payloads in the order of the wire. */
export interface MikeyMessage extends Header {
  readonly payloads: readonly ClearPayload[];
}

/** A message with the places of its payloads, for the grammars. */
export interface ParsedMessage {
  readonly header: Header;
  readonly chain: readonly Located[];
  /** The octets of the message: our copy. */
  readonly bytes: Uint8Array;
}

/** Decodes a copy of `bytes`, telling `trace` each field. @throws HalfkeyError as {@link decodeMessage} */
export function parseMessage(bytes: Uint8Array, trace?: FieldTrace): ParsedMessage {
  const copy = Uint8Array.from(bytes);
  const reader = new FieldReader(copy, trace);
  const { next, nextOffset, ...header } = readHeader(reader);
  return { header, chain: readChain(reader, { next, nextOffset }, admittedAfter(header), 'message'), bytes: copy };
}

/**
 * Decodes one whole message; the result shares nothing with `bytes`.
 * @throws HalfkeyError with the offset of the octet at fault: `Truncated`, `TrailingData`, `UnsupportedVersion`,
 * `InvalidDataType`, `InvalidPrf`, `UnknownPayload`, `BadOrder`, `BadField`, `RandTooShort`, `InvalidTimestamp`,
 * `InvalidMac`, `InvalidEncryptionAlgorithm`, `InvalidDh`, `InvalidId`
 */
export function decodeMessage(bytes: Uint8Array): MikeyMessage {
  const { header, chain } = parseMessage(bytes);
  return { ...header, payloads: chain.map(({ payload }) => payload) };
}

/**
 * The octets of a message, new: exactly those that decode to it.
 * @throws TypeError or RangeError when a field does not fit the wire, or when the result would not decode
 */
export function encodeMessage(message: MikeyMessage): Uint8Array {
  const bytes = concat(writeHeader(message, firstOf(message.payloads)), writeChain(message.payloads));
  try {
    parseMessage(bytes);
  } catch (cause) {
    if (isHalfkeyError(cause)) throw new TypeError(`encodeMessage: ${cause.message}`, { cause });
    throw cause;
  }
  return bytes;
}
