/** SIGN: the signature over a message (RFC 3830 6.5). Nothing here verifies. */
import { concat, uint } from '../../../foundation/base/index.ts';
import { broken } from '../field-reader.ts';
import type { PayloadCodec } from './codec.ts';

/** SIGN: a signature of up to 4095 octets, always last and without Next payload; type 0 PKCS#1 v1.5, 1 PSS. */
export interface SignaturePayload {
  readonly kind: 'SIGN';
  // S type (4 bits), Signature len (12 bits) | Signature
  readonly type: number;
  readonly signature: Uint8Array;
}

export const signatureCodec: PayloadCodec<SignaturePayload> = {
  kind: 'SIGN',
  number: 4,
  clause: 'RFC 3830 6.5',
  read(reader) {
    const offset = reader.offset;
    const word = reader.uint(
      2,
      'type and signature length',
      (value) => `type ${String(value >> 12)}, ${String(value & 0xfff)} octets`,
    );
    if (word >> 12 > 1) broken('BadField', `signature type ${String(word >> 12)} is not defined`, offset);
    return { kind: 'SIGN', type: word >> 12, signature: reader.take(word & 0xfff, 'signature') };
  },
  write({ type, signature }) {
    if (signature.length > 0xfff) throw new TypeError('SIGN: at most 4095 octets');
    return concat(uint(type * 0x1000 + signature.length, 2), signature);
  },
};
