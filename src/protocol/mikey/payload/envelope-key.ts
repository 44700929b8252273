/** PKE: the envelope key under the public key of the KMS (RFC 3830 6.3). Nothing here decrypts. */
import { concat, uint } from '../../../foundation/base/index.ts';
import { broken } from '../field-reader.ts';
import { opaque, type PayloadCodec } from './codec.ts';

/** PKE: the encrypted envelope key, up to 16383 octets; `cache`: 0 no, 1 cache, 2 cache for the CSB. */
export interface EnvelopeKeyPayload {
  readonly kind: 'PKE';
  // Next payload (1) | C (2 bits), Data len (14 bits) | Data
  readonly cache: number;
  readonly data: Uint8Array;
}

export const envelopeKeyCodec: PayloadCodec<EnvelopeKeyPayload> = {
  kind: 'PKE',
  number: 2,
  clause: 'RFC 3830 6.3',
  read(reader) {
    const offset = reader.offset;
    const word = reader.uint(
      2,
      'cache and data length',
      (value) => `cache ${String(value >> 14)}, ${String(value & 0x3fff)} octets`,
    );
    if (word >> 14 === 3) broken('BadField', 'cache indicator 3 is not defined', offset);
    return {
      kind: 'PKE',
      cache: word >> 14,
      data: reader.take(word & 0x3fff, 'data', opaque('encrypted envelope key')),
    };
  },
  write({ cache, data }) {
    if (data.length > 0x3fff) throw new TypeError('PKE: at most 16383 octets');
    return concat(uint(cache * 0x4000 + data.length, 2), data);
  },
};
