/**
 * What binds an envelope to its message: the associated data of IBAKE and of ESK (protocol profile 2.1).
 * Made from the octets as received; must never be made from a re-encoded message.
 */
import { ascii, concat, uint } from '../../foundation/base/index.ts';
import type { IbakeMessage } from './ibake-message.ts';

const IBAKE_LABEL = 'LI-IBAKE env v1\0';
const ESK_LABEL = 'LI-IBAKE esk v1\0';

/**
 * AAD of the IBAKE payload: label || DER(IBEIdentityInfo of the recipient) || prefix || suffix.
 * A sender calls it on its message with any Encr data and any V in place, since neither is covered.
 * @param recipient DER of the recipient's IBEIdentityInfo
 * @returns new octets
 * @throws TypeError when the message has no IBAKE payload
 */
export function ibakeAad(message: IbakeMessage, recipient: Uint8Array): Uint8Array {
  const { bytes, encrypted, places } = message;
  if (places.ibake === undefined || encrypted === undefined)
    throw new TypeError('ibakeAad: the message has no IBAKE payload');
  // HDR up to and including IBAKE's Next payload; Encr data len is in neither part.
  const prefix = bytes.subarray(0, places.ibake + 1);
  const suffix = bytes.subarray(places.ibake + 3 + encrypted.length, places.v ?? bytes.length);
  return concat(ascii(IBAKE_LABEL), recipient, prefix, suffix);
}

/**
 * AAD of the ESK payload, which a mailbox stores apart from its message: label || DER(recipient) || CSB ID || RAND.
 * @param csbId 4 octets
 * @param rand 16 to 255 octets
 */
export function eskAad(csbId: Uint8Array, rand: Uint8Array, recipient: Uint8Array): Uint8Array {
  return concat(ascii(ESK_LABEL), recipient, csbId, uint(rand.length, 1), rand);
}
