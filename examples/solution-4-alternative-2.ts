/**
 * Solution 4, alternative 2: the KMS opens messages and has no master secret of a subscriber; the Provider's Database
 * opens one nonce and sees no message; the Delivery Function joins what they answer.
 *
 *   DF ---> KMS       the captured messages
 *   DF <--- KMS       xP, yP, NA, NB
 *   DF ---> Provider  the target's nonce, its point, CSB ID and T
 *   DF <--- Provider  x
 *
 * What is a call of a function here goes over XK in the product: mutually authenticated, under a warrant that the holder
 * verifies, after a record in its log.
 *
 * Run it: npx tsx examples/solution-4-alternative-2.ts
 */
import { toHex, type Secret } from 'halfkey';
import {
  confirmSessionKey,
  createMessageOpener,
  deriveMediaKeys,
  discoverComponents,
  exchangeFrom,
  recoverSessionKey,
  type Components,
} from 'halfkey/discovery';
import { ecCurve } from 'halfkey/ecdh';
import { createDecryptor, createIssuer, identityInfo } from 'halfkey/ibe';
import type { GeneralizedTime, Identity } from 'halfkey/identity';
import { readIbakeMessage } from 'halfkey/mikey';
import { openCommittedNonce } from 'halfkey/nonce';
import { captured, heldByKms, heldByProvider, operatorA, target } from './support/golden-call.ts';

// ---------------------------------------------------------------------------------------------------------------- KMS
const issuer = createIssuer(operatorA.params, heldByKms());

/** PR_T of one key epoch: [s]Q_id. It stays here. */
function privateKey(identity: Identity, notBefore: GeneralizedTime): Secret<'IbePrivateKey'> {
  const { name, serial } = operatorA.district;
  return issuer.issue(identityInfo({ district: name, serial, identity, notBefore }));
}

/** XkDecrypt: reads the messages that were sent to the target, and no nonce. */
function kmsDecrypt(messages: readonly Uint8Array[]): Components {
  const open = createMessageOpener({
    ...operatorA,
    decryptorFor: (identity, notBefore) => createDecryptor(operatorA.params, privateKey(identity, notBefore)),
  });
  return discoverComponents({
    exchange: exchangeFrom(messages.map(readIbakeMessage)),
    role: 'initiator',
    target,
    open,
  });
}

// ----------------------------------------------------------------------------------------------------------- Provider
/** PdbOpen: x of one nonce, and only if [x]P is the point that stands beside it. */
function providerOpen(question: Pick<Components, 'curve' | 'csbId' | 't1' | 'ownNonce' | 'ownPoint'>) {
  const { csbId, t1, ownNonce: nonce, ownPoint } = question;
  const context = { role: 1, curve: ecCurve(question.curve), csbId, t1, identity: target } as const;
  return openCommittedNonce({ ...heldByProvider(), context, nonce, ownPoint });
}

// -------------------------------------------------------------------------------------------------- Delivery Function
//   DF ---> KMS, DF <--- KMS
const components = kmsDecrypt(captured);
console.log(
  `KMS:      xP ${short(components.ownPoint)}, yP ${short(components.peerPoint)}, NA ${short(components.ownNonce)}`,
);

//   DF ---> Provider, DF <--- Provider
const x = providerOpen(components);
console.log(`Provider: x, ${String(x.length)} octets, and [x]P is xP`);

// K = [x]yP. V of R_MESSAGE_2 proves it, then the keys of the media follow.
const exchange = exchangeFrom(captured.map(readIbakeMessage));
const kSession = recoverSessionKey(components, x);
console.log(
  `DF:       K = [x]yP; V of R_MESSAGE_2 ${confirmSessionKey(exchange, kSession) ? 'proves' : 'does not prove'} it`,
);
for (const { csId, direction, suite, masterKey } of deriveMediaKeys(exchange, kSession)) {
  console.log(`DF:       CS ${String(csId)}, ${direction}: ${suite}, ${masterKey.toString()}`);
  masterKey.wipe();
}

for (const secret of [x, kSession]) secret.wipe();
issuer.close();

function short(octets: Uint8Array): string {
  return `${toHex(octets.subarray(0, 4))}... (${String(octets.length)} octets)`;
}
