/**
 * Solution 4, alternative 1: the KMS gives out the target's private key of one key epoch and sees no message; the
 * Provider's Database opens one nonce; the Delivery Function opens the messages itself.
 *
 *   DF ---> KMS       target and key epoch
 *   DF <--- KMS       PR_T: it opens every message to the target in that epoch, and lets its holder answer as the target
 *   DF ---> Provider  the target's nonce, its point, CSB ID and T
 *   DF <--- Provider  x
 *
 * What is a call of a function here goes over XK in the product: mutually authenticated, under a warrant that the holder
 * verifies, after a record in its log.
 *
 * Run it: npx tsx examples/solution-4-alternative-1.ts
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

/** XkPrivateKey: PR_T of one key epoch, [s]Q_id. It leaves the KMS; no message comes here. */
function kmsPrivateKey(identity: Identity, notBefore: GeneralizedTime): Secret<'IbePrivateKey'> {
  const { name, serial } = operatorA.district;
  return issuer.issue(identityInfo({ district: name, serial, identity, notBefore }));
}

// ----------------------------------------------------------------------------------------------------------- Provider
/** PdbOpen: x of one nonce, and only if [x]P is the point that stands beside it. */
function providerOpen(question: Pick<Components, 'curve' | 'csbId' | 't1' | 'ownNonce' | 'ownPoint'>) {
  const { csbId, t1, ownNonce: nonce, ownPoint } = question;
  const context = { role: 1, curve: ecCurve(question.curve), csbId, t1, identity: target } as const;
  return openCommittedNonce({ ...heldByProvider(), context, nonce, ownPoint });
}

// -------------------------------------------------------------------------------------------------- Delivery Function
/** Reads the messages that were sent to the target; what the KMS does in alternative 2. */
function openMessages(messages: readonly Uint8Array[]): Components {
  const open = createMessageOpener({
    ...operatorA,
    //   DF ---> KMS, DF <--- KMS
    decryptorFor: (identity, notBefore) => createDecryptor(operatorA.params, kmsPrivateKey(identity, notBefore)),
  });
  return discoverComponents({
    exchange: exchangeFrom(messages.map(readIbakeMessage)),
    role: 'initiator',
    target,
    open,
  });
}
const components = openMessages(captured);
console.log(
  `DF:       xP ${short(components.ownPoint)}, yP ${short(components.peerPoint)}, NA ${short(components.ownNonce)}`,
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
