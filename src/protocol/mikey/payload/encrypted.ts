/**
 * IBAKE and ESK: what is encrypted to an identity (RFC 6267 6.1.1, 6.1.2). The encrypted data is the DER envelope of
 * profile 2.1; here it is octets. The AAD of the envelope is aad.ts.
 */
import { concat, uint } from '../../../foundation/base/index.ts';
import { opaque, type PayloadCodec } from './codec.ts';

/** IBAKE or ESK; `encrypted`: up to 65535 octets. */
export interface EncryptedPayload<Kind extends 'IBAKE' | 'ESK'> {
  readonly kind: Kind;
  // Next payload (1) | Encr data len (2) | Encr data
  readonly encrypted: Uint8Array;
}

function encryptedCodec<Kind extends 'IBAKE' | 'ESK'>(
  kind: Kind,
  number: number,
  clause: string,
): PayloadCodec<EncryptedPayload<Kind>> {
  return {
    kind,
    number,
    clause,
    read(reader) {
      const length = reader.uint(2, 'encrypted data length');
      return { kind, encrypted: reader.take(length, 'encrypted data', opaque('IBE envelope (DER)')) };
    },
    write: ({ encrypted }) => concat(uint(encrypted.length, 2), encrypted),
  };
}

export const ibakeCodec = encryptedCodec('IBAKE', 22, 'RFC 6267 6.1.1');
export const eskCodec = encryptedCodec('ESK', 23, 'RFC 6267 6.1.2');
