/**
 * Key data and SK: keys as they stand inside an encrypted part (RFC 3830 6.13, RFC 6043 6.2.1, RFC 6267 6.1.3, 6.1.5).
 * They never stand in clear: no message grammar admits them, and no reading of one is ever made.
 */
import { concat, uint } from '../../../foundation/base/index.ts';
import { broken } from '../field-reader.ts';
import { KEY_TYPES } from '../registry.ts';
import type { PayloadCodec } from './codec.ts';
import { readKeyValidity, writeKeyValidity, type KeyValidity } from './key-validity.ts';

/** K_PR: a private key of identity-based encryption (RFC 6267 6.1.3). */
export const KEY_TYPE_K_PR = 7;

/** Key data. `type`: 0 TGK, 1 TGK+SALT, 2 TEK, 3 TEK+SALT, 4 GTGK, 5 GTGK+SALT, 6 MPK, 7 K_PR; salt iff 1, 3 or 5. */
export interface KeyDataPayload {
  readonly kind: 'KEY';
  // Next payload (1) | Type (4 bits), KV (4 bits) | Key data len (2) | Key data | [Salt len (2) | Salt] | [KV data]
  readonly type: number;
  readonly key: Uint8Array;
  readonly salt?: Uint8Array;
  readonly validity: KeyValidity;
}

/** SK: the key of stored media (profile 6.3). */
export interface SecretKeyPayload {
  readonly kind: 'SK';
  // Next payload (1) | Type (4 bits) = 1, KV (4 bits) | Key data len (2) | Key data | [KV data]
  readonly key: Uint8Array;
  readonly validity: KeyValidity;
}

function hasSalt(type: number): boolean {
  return type === 1 || type === 3 || type === 5;
}

export const keyDataCodec: PayloadCodec<KeyDataPayload> = {
  kind: 'KEY',
  number: 20,
  clause: 'RFC 3830 6.13',
  read(reader) {
    const offset = reader.offset;
    const octet = reader.uint(1, 'type and KV');
    const type = octet >> 4;
    if (KEY_TYPES[type] === undefined) broken('BadField', `key data type ${String(type)} is not defined`, offset);
    const key = reader.take(reader.uint(2, 'key data length'), 'key data');
    const salt = hasSalt(type) ? { salt: reader.take(reader.uint(2, 'salt length'), 'salt') } : {};
    return { kind: 'KEY', type, key, ...salt, validity: readKeyValidity(reader, octet & 15, offset) };
  },
  write({ type, key, salt, validity }) {
    if (hasSalt(type) !== (salt !== undefined))
      throw new TypeError('key data: a salt stands with types 1, 3 and 5 only');
    const saltOctets = salt === undefined ? [] : [uint(salt.length, 2), salt];
    return concat(
      uint(type * 16 + validity.kv, 1),
      uint(key.length, 2),
      key,
      ...saltOctets,
      writeKeyValidity(validity),
    );
  },
};

export const secretKeyCodec: PayloadCodec<SecretKeyPayload> = {
  kind: 'SK',
  number: 24,
  clause: 'RFC 6267 6.1.5',
  read(reader) {
    const offset = reader.offset;
    const octet = reader.uint(1, 'type and KV');
    if (octet >> 4 !== 1) broken('BadField', `secret key type ${String(octet >> 4)} is not defined`, offset);
    const key = reader.take(reader.uint(2, 'key data length'), 'key data');
    return { kind: 'SK', key, validity: readKeyValidity(reader, octet & 15, offset) };
  },
  write: ({ key, validity }) => concat(uint(16 + validity.kv, 1), uint(key.length, 2), key, writeKeyValidity(validity)),
};
