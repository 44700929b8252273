/**
 * V of R_MESSAGE_2, and of I_MESSAGE_1 and R_MESSAGE_1 in an update (RFC 3830 5.2, RFC 6267 5.4, profile 3.5).
 * The MAC covers the octets as received up to the Auth-alg octet, then the ID data of IDRi and IDRr; no timestamp (A12).
 */
import { constantTimeEqual } from '../../foundation/base/index.ts';
import { identityToWire } from '../../foundation/identity/index.ts';
import type { IbakeMessage } from './ibake-message.ts';
import { exactly } from './payload/codec.ts';
import { hashLength, prfHmac } from './prf.ts';

/**
 * The value that V must have; a sender calls it on its message with any V of the right length in place.
 * @param authKey auth_key, 20 octets with PRF 0 and 32 with PRF 1
 * @throws TypeError when the message has no V, or the key has another length
 */
export function computeV(message: IbakeMessage, authKey: Uint8Array): Uint8Array {
  const { bytes, places, prf, idri, idrr } = message;
  if (places.v === undefined) throw new TypeError('computeV: the message has no V payload');
  exactly(authKey, hashLength(prf), 'auth_key');
  // Next payload and Auth alg of V are covered, Ver data is left out.
  return prfHmac(prf, authKey, bytes.subarray(0, places.v + 2), identityToWire(idri), identityToWire(idrr));
}

/** Whether V is right, in time that does not depend on where it differs. @throws TypeError as {@link computeV} */
export function verifyV(message: IbakeMessage, authKey: Uint8Array): boolean {
  const expected = computeV(message, authKey);
  return message.v !== undefined && constantTimeEqual(expected, message.v.mac);
}
