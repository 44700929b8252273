/**
 * K_SESSION from components and the scalar of the target's nonce, and the proof that it is right (protocol profile
 * 4.1, 4.4; RFC 6267 5). Keys are wiped here as soon as the next one follows from them; nothing is stored.
 */
import { HalfkeyError, type Secret } from '../../foundation/base/index.ts';
import { assertPoint, commitmentHolds, ecCurve, sharedPoint } from '../../crypto/ecdh/index.ts';
import { deriveAuthKey, deriveMpk, verifyV } from '../mikey/index.ts';
import type { Components } from './components.ts';
import { randOf, type Exchange } from './exchange.ts';

/**
 * K_SESSION = [x]yP = [y]xP as 04 || X || Y; the caller wipes it. The scalar is checked against the target's point
 * again, whoever opened it.
 * @throws HalfkeyError `NONCE_COMMITMENT_MISMATCH`, `InvalidDh`, `InvalidPoint`
 */
export function recoverSessionKey(components: Components, scalar: Secret<'EcdhScalar'>): Secret<'SessionKey'> {
  const curve = ecCurve(components.curve);
  assertPoint(curve, components.ownPoint);
  if (!commitmentHolds(curve, scalar, components.ownPoint)) {
    throw new HalfkeyError('NONCE_COMMITMENT_MISMATCH', 'the scalar does not give the point of the target');
  }
  return sharedPoint(curve, scalar, components.peerPoint);
}

/** For a target on both sides: both ways must give the same key (profile 6.6). @throws HalfkeyError `BOTH_SIDES_DIFFER` */
export function crossCheck(a: Secret<'SessionKey'>, b: Secret<'SessionKey'>): void {
  if (!a.equals(b)) throw new HalfkeyError('BOTH_SIDES_DIFFER', 'the two ways to recover the key gave different keys');
}

/**
 * Verifies V of R_MESSAGE_2 under MPK of a recovered key.
 * @returns true when V is right, false when R_MESSAGE_2 was not seen: then nothing is proved before the first SRTP tag
 * @throws HalfkeyError `KEY_CONFIRMATION_FAILED` (N65); `INCOMPLETE` when no message with RAND was seen
 */
export function confirmSessionKey(exchange: Exchange, kSession: Secret<'SessionKey'>): boolean {
  const { r2 } = exchange;
  if (r2 === undefined) return false;
  const rand = randOf(exchange);
  const mpk = kSession.use((k) => deriveMpk(r2.prf, k, rand));
  const authKey = deriveAuthKey(r2.prf, mpk, r2.csbId, rand);
  const verified = verifyV(r2, authKey);
  mpk.fill(0);
  authKey.fill(0);
  if (!verified)
    throw new HalfkeyError('KEY_CONFIRMATION_FAILED', 'V of R_MESSAGE_2 does not verify under the recovered key');
  return true;
}
