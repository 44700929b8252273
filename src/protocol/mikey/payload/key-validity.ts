/**
 * Key validity data (RFC 3830 6.13, 6.14): the KV number stands in a nibble of the payload that carries it,
 * the data at that payload's end.
 */
import { concat, uint } from '../../../foundation/base/index.ts';
import { broken, type FieldReader } from '../field-reader.ts';

/** KV 0: nothing; KV 1: an SPI or MKI of 0 to 255 octets; KV 2: first and last index, 0 to 255 octets each. */
export type KeyValidity =
  | { readonly kv: 0 }
  // SPI length (1) | SPI
  | { readonly kv: 1; readonly spi: Uint8Array }
  // VF length (1) | valid from | VT length (1) | valid to
  | { readonly kv: 2; readonly from: Uint8Array; readonly to: Uint8Array };

/** The data of a KV number that stood at `kvOffset`. @throws HalfkeyError `BadField` for KV 3 to 15 */
export function readKeyValidity(reader: FieldReader, kv: number, kvOffset: number): KeyValidity {
  switch (kv) {
    case 0:
      return { kv };
    case 1:
      return { kv, spi: reader.take(reader.uint(1, 'SPI length'), 'SPI') };
    case 2: {
      const from = reader.take(reader.uint(1, 'VF length'), 'valid from');
      return { kv, from, to: reader.take(reader.uint(1, 'VT length'), 'valid to') };
    }
    default:
      return broken('BadField', `KV ${String(kv)} is not defined`, kvOffset);
  }
}

/** The octets of the data; the KV nibble is the caller's. */
export function writeKeyValidity(validity: KeyValidity): Uint8Array {
  switch (validity.kv) {
    case 0:
      return new Uint8Array(0);
    case 1:
      return concat(uint(validity.spi.length, 1), validity.spi);
    case 2:
      return concat(uint(validity.from.length, 1), validity.from, uint(validity.to.length, 1), validity.to);
  }
}
