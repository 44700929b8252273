/**
 * Solution 3, consolidated: the KMS also has the master secrets of the subscribers. It answers with the session key.
 *
 *   DF ---> KMS  the captured messages
 *   DF <--- KMS  K
 *
 * One holder can recover every call of everybody. That is what solution 4 avoids.
 *
 * Run it: npx tsx examples/solution-3.ts
 */
import type { Secret } from 'halfkey';
import {
  confirmSessionKey,
  createMessageOpener,
  deriveMediaKeys,
  discoverComponents,
  exchangeFrom,
  recoverSessionKey,
} from 'halfkey/discovery';
import { ecCurve } from 'halfkey/ecdh';
import { createDecryptor, createIssuer, identityInfo } from 'halfkey/ibe';
import { readIbakeMessage } from 'halfkey/mikey';
import { openCommittedNonce } from 'halfkey/nonce';
import { captured, heldByKms, heldByProvider, operatorA, target } from './support/golden-call.ts';

// ---------------------------------------------------------------------------------------------------------------- KMS
/** XkRecover: messages in, session key out; PR_T and x never leave this function. */
function kmsRecover(messages: readonly Uint8Array[]): Secret<'SessionKey'> {
  const issuer = createIssuer(operatorA.params, heldByKms());
  const exchange = exchangeFrom(messages.map(readIbakeMessage));
  // PR_T = [s]Q_id opens R_MESSAGE_1, in which the peer returned xP and NA beside yP and NB.
  const open = createMessageOpener({
    ...operatorA,
    decryptorFor(identity, notBefore) {
      const { name, serial } = operatorA.district;
      const privateKey = issuer.issue(identityInfo({ district: name, serial, identity, notBefore }));
      return createDecryptor(operatorA.params, privateKey);
    },
  });
  const components = discoverComponents({ exchange, role: 'initiator', target, open });
  issuer.close();

  // x = Dec(MS_T, NA), and only if [x]P is xP.
  const { csbId, t1, ownNonce: nonce, ownPoint } = components;
  const context = { role: 1, curve: ecCurve(components.curve), csbId, t1, identity: target } as const;
  const x = openCommittedNonce({ ...heldByProvider(), context, nonce, ownPoint });

  // K = [x]yP; nothing is released that V of R_MESSAGE_2 does not prove.
  const kSession = recoverSessionKey(components, x);
  confirmSessionKey(exchange, kSession);
  x.wipe();
  return kSession;
}

// -------------------------------------------------------------------------------------------------- Delivery Function
//   DF ---> KMS, DF <--- KMS
const kSession = kmsRecover(captured);
console.log(`KMS: ${kSession.toString()}, proved by V of R_MESSAGE_2`);

const exchange = exchangeFrom(captured.map(readIbakeMessage));
for (const { csId, direction, suite, masterKey } of deriveMediaKeys(exchange, kSession)) {
  console.log(`DF:  CS ${String(csId)}, ${direction}: ${suite}, ${masterKey.toString()}`);
  masterKey.wipe();
}
kSession.wipe();
