/**
 * KEMAC: key data under a symmetric key (RFC 3830 6.2, RFC 6043 6.2). Neither decrypts nor verifies;
 * what the decrypted octets hold is provisioning/key-transport.ts.
 */
import { concat, uint } from '../../../foundation/base/index.ts';
import { broken } from '../field-reader.ts';
import { ENCRYPTION_NAMES, MAC_LENGTHS, MAC_NAMES, named } from '../registry.ts';
import { exactly, opaque, type PayloadCodec } from './codec.ts';

/** KEMAC. Encryption 0 NULL, 1 AES-CM-128, 2 AES-KW-128, 3 AES-CM-256; MAC 0 NULL, 1 20 octets, 2 32 octets. */
export interface KemacPayload {
  readonly kind: 'KEMAC';
  // Next payload (1) | Encr alg (1) | Encr data len (2) | Encr data | Mac alg (1) | MAC (0, 20 or 32)
  readonly encryption: number;
  readonly encrypted: Uint8Array;
  readonly macAlgorithm: number;
  readonly mac: Uint8Array;
}

export const kemacCodec: PayloadCodec<KemacPayload> = {
  kind: 'KEMAC',
  number: 1,
  clause: 'RFC 3830 6.2',
  read(reader) {
    const offset = reader.offset;
    const encryption = reader.uint(1, 'encryption algorithm', named(ENCRYPTION_NAMES));
    if (ENCRYPTION_NAMES[encryption] === undefined) {
      broken('InvalidEncryptionAlgorithm', `encryption algorithm ${String(encryption)} is not defined`, offset);
    }
    const encrypted = reader.take(reader.uint(2, 'encrypted data length'), 'encrypted data', opaque('key data'));
    const macOffset = reader.offset;
    const macAlgorithm = reader.uint(1, 'MAC algorithm', named(MAC_NAMES));
    const length = MAC_LENGTHS[macAlgorithm];
    if (length === undefined) broken('InvalidMac', `MAC algorithm ${String(macAlgorithm)} is not defined`, macOffset);
    return { kind: 'KEMAC', encryption, encrypted, macAlgorithm, mac: reader.take(length, 'MAC') };
  },
  write: ({ encryption, encrypted, macAlgorithm, mac }) =>
    concat(
      uint(encryption, 1),
      uint(encrypted.length, 2),
      encrypted,
      uint(macAlgorithm, 1),
      exactly(mac, MAC_LENGTHS[macAlgorithm], 'MAC'),
    ),
};
