/**
 * The plaintext of an ESK payload: IDRi SK (RFC 6267 6.1.2, 6.1.5, protocol profile 3.3).
 * Says nothing about who made it: an ESK authenticates nobody (profile 6.3).
 */
import type { Identity } from '../../../foundation/identity/index.ts';
import { IMPLICIT_IDR, INNER, readChain, writeChain } from '../chain.ts';
import { broken, FieldReader } from '../field-reader.ts';
import { identityOf } from '../grammar.ts';
import { idrOf } from '../ibake-plaintext.ts';
import type { KeyValidity } from '../payload/key-validity.ts';

/** The initiator and SK, up to 65535 octets (32 in our profile). */
export interface EskPlaintext {
  readonly idri: Identity;
  readonly key: Uint8Array;
  readonly validity: KeyValidity;
}

/** Decodes an ESK plaintext; views of `bytes`. @throws HalfkeyError `BadIbakeOrder` and those of the payloads */
export function decodeEskPlaintext(bytes: Uint8Array): EskPlaintext {
  const [first, second, ...more] = readChain(new FieldReader(bytes), IMPLICIT_IDR, INNER, 'encrypted part');
  if (first?.payload.kind !== 'IDR' || first.payload.role !== 1 || second?.payload.kind !== 'SK' || more.length > 0) {
    return broken('BadIbakeOrder', 'an ESK holds IDRi and SK', 0);
  }
  const { key, validity } = second.payload;
  return { idri: identityOf({ ...first, payload: first.payload }), key, validity };
}

/** The plaintext of an ESK payload, new octets. */
export function encodeEskPlaintext({ idri, key, validity }: EskPlaintext): Uint8Array {
  return writeChain([idrOf(1, idri), { kind: 'SK', key, validity }]);
}
