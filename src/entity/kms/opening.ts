/**
 * Opening the encrypted parts of an authorised exchange with the target's private keys,
 * which live for the length of one opening.
 */
import { generalizedTimeToUnix } from '../../foundation/identity/index.ts';
import { createMessageOpener, discoverComponents, type Components } from '../../protocol/discovery/index.ts';
import type { Decryptor } from '../../crypto/ibe/index.ts';
import type { DistrictKeys } from './district-keys.ts';
import type { AuthorisedExchange } from './exchange-request.ts';

/** Key components and nonces of the exchange. @throws HalfkeyError what stands against it: for the log, not for the requester */
export function openExchange(keys: DistrictKeys, { exchange, role, target }: AuthorisedExchange): Components {
  const decryptors: Decryptor[] = [];
  try {
    const open = createMessageOpener({
      params: keys.parameters(),
      district: keys.district,
      decryptorFor(identity, notBefore) {
        const decryptor = keys.decryptor(identity, generalizedTimeToUnix(notBefore));
        decryptors.push(decryptor);
        return decryptor;
      },
    });
    return discoverComponents({ exchange, role, target, open });
  } finally {
    for (const decryptor of decryptors) decryptor.close();
  }
}
