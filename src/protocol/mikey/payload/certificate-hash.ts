/** CHASH: which certificate was used (RFC 3830 6.8, RFC 6043 6.7). */
import { concat, uint } from '../../../foundation/base/index.ts';
import { broken } from '../field-reader.ts';
import { named } from '../registry.ts';
import { exactly, type PayloadCodec } from './codec.ts';

/** CHASH: hash of a certificate; function 0 SHA-1 (20 octets), 1 MD5 (16), 2 SHA-256 (32). */
export interface CertificateHashPayload {
  readonly kind: 'CHASH';
  // Next payload (1) | Hash func (1) | Hash
  readonly hashFunction: number;
  readonly hash: Uint8Array;
}

const HASH_LENGTHS: Readonly<Record<number, number>> = { 0: 20, 1: 16, 2: 32 };

export const certificateHashCodec: PayloadCodec<CertificateHashPayload> = {
  kind: 'CHASH',
  number: 8,
  clause: 'RFC 3830 6.8',
  read(reader) {
    const offset = reader.offset;
    const hashFunction = reader.uint(1, 'hash function', named({ 0: 'SHA-1', 1: 'MD5', 2: 'SHA-256' }));
    const length = HASH_LENGTHS[hashFunction];
    if (length === undefined) broken('BadField', `hash function ${String(hashFunction)} is not defined`, offset);
    return { kind: 'CHASH', hashFunction, hash: reader.take(length, 'hash') };
  },
  write: ({ hashFunction, hash }) => concat(uint(hashFunction, 1), exactly(hash, HASH_LENGTHS[hashFunction], 'hash')),
};
