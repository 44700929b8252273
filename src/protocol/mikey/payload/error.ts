/** ERR: an error number (RFC 3830 6.12, RFC 4738 3.9.2, RFC 6043 6.9). Unauthenticated, it is a hint and nothing more. */
import { concat, uint } from '../../../foundation/base/index.ts';
import { broken } from '../field-reader.ts';
import { ERROR_NAMES, named } from '../registry.ts';
import type { PayloadCodec } from './codec.ts';

/** ERR. `error`: 0 to 255, defined up to 15; the reserved octets are zero. */
export interface ErrorPayload {
  readonly kind: 'ERR';
  // Next payload (1) | Error no (1) | Reserved (2) = 0
  readonly error: number;
}

export const errorCodec: PayloadCodec<ErrorPayload> = {
  kind: 'ERR',
  number: 12,
  clause: 'RFC 3830 6.12',
  read(reader) {
    const error = reader.uint(1, 'error number', named(ERROR_NAMES));
    const offset = reader.offset;
    if (reader.uint(2, 'reserved') !== 0) broken('BadField', 'the reserved octets are not zero', offset);
    return { kind: 'ERR', error };
  },
  write: ({ error }) => concat(uint(error, 1), uint(0, 2)),
};
