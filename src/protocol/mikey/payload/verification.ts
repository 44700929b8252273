/**
 * V: the verification message (RFC 3830 6.9), always the last payload. The value is made and checked in
 * verification.ts of the folder above; nothing is verified while decoding.
 */
import { concat, uint } from '../../../foundation/base/index.ts';
import { broken, type FieldReader } from '../field-reader.ts';
import { MAC_LENGTHS, MAC_NAMES, named } from '../registry.ts';
import { exactly, type PayloadCodec } from './codec.ts';

/** V. Algorithm 0 NULL (no octets), 1 HMAC-SHA-1-160 (20), 2 HMAC-SHA-256-256 (32). */
export interface VerificationPayload {
  readonly kind: 'V';
  // Next payload (1) = 0 | Auth alg (1) | Ver data (0, 20 or 32)
  readonly algorithm: number;
  readonly mac: Uint8Array;
}

function readVerification(reader: FieldReader, lengths = MAC_LENGTHS): VerificationPayload {
  const offset = reader.offset;
  const algorithm = reader.uint(1, 'authentication algorithm', named(MAC_NAMES));
  const length = lengths[algorithm];
  if (length === undefined) broken('InvalidMac', `authentication algorithm ${String(algorithm)} is refused`, offset);
  return { kind: 'V', algorithm, mac: reader.take(length, 'verification data') };
}

export const verificationCodec: PayloadCodec<VerificationPayload> = {
  kind: 'V',
  number: 9,
  clause: 'RFC 3830 6.9',
  read: (reader) => readVerification(reader),
  write: ({ algorithm, mac }) => concat(uint(algorithm, 1), exactly(mac, MAC_LENGTHS[algorithm], 'verification data')),
};

/** V of the messages of RFC 6267: HMAC-SHA-1-160 with PRF 0, HMAC-SHA-256-256 with PRF 1, nothing else (profile 3.5). */
export function verificationCodecFor(prf: 0 | 1): PayloadCodec<VerificationPayload> {
  return { ...verificationCodec, read: (reader) => readVerification(reader, prf === 0 ? { 1: 20 } : { 2: 32 }) };
}
