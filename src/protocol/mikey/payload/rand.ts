/**
 * RAND and RANDR: random strings (RFC 3830 6.11, RFC 6043 6.8). RANDR carries the nonces NA and NB (profile 4.1),
 * which are opaque here: nothing in this folder may parse or judge one.
 */
import { concat, uint } from '../../../foundation/base/index.ts';
import { broken } from '../field-reader.ts';
import { named, RAND_ROLES } from '../registry.ts';
import { opaque, type PayloadCodec } from './codec.ts';

/** RAND of 16 to 255 octets. */
export interface RandPayload {
  readonly kind: 'RAND';
  // Next payload (1) | RAND len (1) | RAND
  readonly value: Uint8Array;
}

/** RANDR of 0 to 255 octets; role 1 initiator, 2 responder, 3 KMS, 240 to 254 private (240 NSK, 241 challenge). */
export interface RoleRandPayload {
  readonly kind: 'RANDR';
  // Next payload (1) | RAND role (1) | RAND len (1) | RAND
  readonly role: number;
  readonly value: Uint8Array;
}

export const randCodec: PayloadCodec<RandPayload> = {
  kind: 'RAND',
  number: 11,
  clause: 'RFC 3830 6.11',
  read(reader) {
    const offset = reader.offset;
    const length = reader.uint(1, 'RAND length');
    const value = reader.take(length, 'RAND');
    // RFC 3830 says SHOULD; the profile (3.2) refuses less.
    if (length < 16) broken('RandTooShort', `RAND has ${String(length)} octets`, offset);
    return { kind: 'RAND', value };
  },
  write: ({ value }) => concat(uint(value.length, 1), value),
};

export const roleRandCodec: PayloadCodec<RoleRandPayload> = {
  kind: 'RANDR',
  number: 15,
  clause: 'RFC 6043 6.8',
  read(reader) {
    const role = reader.uint(1, 'RAND role', named(RAND_ROLES));
    return { kind: 'RANDR', role, value: reader.take(reader.uint(1, 'RAND length'), 'RAND', opaque('opaque')) };
  },
  write: ({ role, value }) => concat(uint(role, 1), uint(value.length, 1), value),
};
