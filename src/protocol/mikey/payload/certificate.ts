/** CERT: a certificate as octets (RFC 3830 6.7). Nothing here parses or trusts one. */
import { concat, uint } from '../../../foundation/base/index.ts';
import { broken } from '../field-reader.ts';
import { named } from '../registry.ts';
import { opaque, type PayloadCodec } from './codec.ts';

/** CERT: type 0 X.509v3, 1 its URL, 2 for signatures, 3 for encryption; up to 65535 octets. */
export interface CertificatePayload {
  readonly kind: 'CERT';
  // Next payload (1) | Cert type (1) | Cert len (2) | Cert data
  readonly type: number;
  readonly data: Uint8Array;
}

const CERTIFICATE_TYPES = { 0: 'X.509v3', 1: 'X.509v3 URL', 2: 'X.509v3 signing', 3: 'X.509v3 encryption' };

export const certificateCodec: PayloadCodec<CertificatePayload> = {
  kind: 'CERT',
  number: 7,
  clause: 'RFC 3830 6.7',
  read(reader) {
    const offset = reader.offset;
    const type = reader.uint(1, 'certificate type', named(CERTIFICATE_TYPES));
    if (type > 3) broken('BadField', `certificate type ${String(type)} is not defined`, offset);
    return {
      kind: 'CERT',
      type,
      data: reader.take(reader.uint(2, 'certificate length'), 'certificate', opaque('certificate')),
    };
  },
  write: ({ type, data }) => concat(uint(type, 1), uint(data.length, 2), data),
};
