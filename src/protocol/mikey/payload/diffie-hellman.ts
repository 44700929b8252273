/** DH: a value of the finite-field groups of RFC 3830 6.4, for messages of other methods. Nothing here computes with it. */
import { concat, uint } from '../../../foundation/base/index.ts';
import { broken } from '../field-reader.ts';
import { named } from '../registry.ts';
import { exactly, type PayloadCodec } from './codec.ts';
import { readKeyValidity, writeKeyValidity, type KeyValidity } from './key-validity.ts';

/** DH: a Diffie-Hellman value; group 0 OAKLEY 5 (192 octets), 1 OAKLEY 1 (96), 2 OAKLEY 2 (128). */
export interface DiffieHellmanPayload {
  readonly kind: 'DH';
  // Next payload (1) | DH-Group (1) | DH-value | Reserved (4 bits) = 0, KV (4 bits) | [KV data]
  readonly group: number;
  readonly value: Uint8Array;
  readonly validity: KeyValidity;
}

const GROUP_LENGTHS: Readonly<Record<number, number>> = { 0: 192, 1: 96, 2: 128 };

export const diffieHellmanCodec: PayloadCodec<DiffieHellmanPayload> = {
  kind: 'DH',
  number: 3,
  clause: 'RFC 3830 6.4',
  read(reader) {
    const offset = reader.offset;
    const group = reader.uint(1, 'DH group', named({ 0: 'OAKLEY 5', 1: 'OAKLEY 1', 2: 'OAKLEY 2' }));
    const length = GROUP_LENGTHS[group];
    if (length === undefined) broken('InvalidDh', `DH group ${String(group)} is refused`, offset);
    const value = reader.take(length, 'DH value');
    const kvOffset = reader.offset;
    const kv = reader.uint(1, 'reserved and KV');
    if (kv > 15) broken('BadField', 'the reserved bits are not zero', kvOffset);
    return { kind: 'DH', group, value, validity: readKeyValidity(reader, kv, kvOffset) };
  },
  write: ({ group, value, validity }) =>
    concat(
      uint(group, 1),
      exactly(value, GROUP_LENGTHS[group], 'DH value'),
      uint(validity.kv, 1),
      writeKeyValidity(validity),
    ),
};
