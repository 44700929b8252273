/**
 * What a client does once before its first call: it encrypts to itself and opens that, as every call will. A client whose
 * keys, parameters and arithmetic do not fit together does not come up, and no call pays for what is computed first.
 */
import { ascii, equalBytes, HalfkeyError, systemRandom, type Clock, type Random } from '../../foundation/base/index.ts';
import { generalizedTime, keyEpochStart } from '../../foundation/identity/index.ts';
import { identityInfo, openEnvelope, sealEnvelope } from '../../crypto/ibe/index.ts';
import type { Federation } from './federation.ts';
import type { EndpointKeys } from './ports.ts';

/** Districts that are made ready at the start; the others when they are called first. */
const PREPARED_DISTRICTS = 4;

/**
 * Seals 32 octets to the client's own identity in the key epoch of now, by the federation table as a peer would, and opens
 * them with its private key.
 * @throws HalfkeyError `IbeDecryptFailed`, `NoKeyForEpoch`; what {@link Federation.peer} throws for the client itself
 */
export function rehearse(
  keys: EndpointKeys,
  federation: Federation,
  clock: Clock,
  random: Random = systemRandom,
): void {
  federation.prepare(PREPARED_DISTRICTS);
  const { district, params } = federation.peer(keys.identity);
  const { name, serial, keyEpochSeconds } = district;
  const notBefore = generalizedTime(keyEpochStart(Math.floor(clock() / 1000), keyEpochSeconds));
  const recipient = identityInfo({ district: name, serial, identity: keys.identity, notBefore });
  const [aad, plaintext] = [ascii('rehearsal'), random(32)];
  const envelope = sealEnvelope({ params, serial, notBefore, recipient, aad, plaintext, random });
  const decryptor = keys.decryptorFor(keys.identity, notBefore);
  const opened = openEnvelope({ envelope, params, decryptor, serial, notBefore, aad });
  if (!equalBytes(opened, plaintext)) throw new HalfkeyError('INTERNAL', 'what was sealed opens to something else');
}
