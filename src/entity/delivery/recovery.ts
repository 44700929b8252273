/**
 * The three ways to the session key of one exchange, seen from the Delivery Function (contribution 5.x.2 and
 * 5.x.3; protocol profile 4.4). Each ends with K_SESSION in hand and nothing else kept: x or y is wiped as soon as
 * K is derived, private keys when the exchange is open.
 */
import { HalfkeyError, isHalfkeyError, type Secret } from '../../foundation/base/index.ts';
import type { Identity } from '../../foundation/identity/index.ts';
import { crossCheck, recoverSessionKey, type Role } from '../../protocol/discovery/index.ts';
import { openWithPrivateKey } from './alternative-1.ts';
import { askForComponents } from './alternative-2.ts';
import type { Asker } from './asking.ts';
import type { Case, Custody } from './case.ts';
import { askForSecret } from './open-nonce.ts';
import { askForKey } from './solution-3.ts';

/** K_SESSION of the exchange; the caller wipes it. @throws HalfkeyError what stands against it */
export async function recoverKey(custody: Custody, asker: Asker, subject: Case): Promise<Secret<'SessionKey'>> {
  if (custody.solution === 3) return askForKey(custody, asker, subject);
  const { components, statement } =
    custody.alternative === 1
      ? { components: await openWithPrivateKey(custody, asker, subject), statement: undefined }
      : await askForComponents(custody, asker, subject);
  const scalar = await askForSecret(custody, asker, subject, components, statement);
  try {
    return recoverSessionKey(components, scalar);
  } finally {
    scalar.wipe();
  }
}

/**
 * Where both sides are targets, one of them is enough when the other cannot be opened (protocol profile 5.3 T1, 6.6):
 * its nonce is absent or false, or its district is another holder's.
 */
const CANNOT_BE_OPENED: readonly string[] = [
  'NONCE_ABSENT',
  'NONCE_NOT_RETURNED',
  'NONCE_COMMITMENT_MISMATCH',
  'NONCE_CONTEXT_MISMATCH',
  'MS_EPOCH_ERASED',
  'MS_UNKNOWN_SUBSCRIBER',
  'XK_REFUSED',
  'IbeDecryptFailed',
];

/**
 * K_SESSION from each of the sides that are targets: each is asked for, and all must give the same (profile 6.6).
 * @param keyOf the key of one side, which is wiped here when it is not returned
 * @returns the key, which the caller wipes, and what an operator must know when one side gave none
 * @throws HalfkeyError what stands against it; `BOTH_SIDES_DIFFER`
 */
export async function keyOfSides(
  keyOf: (subject: Case) => Promise<Secret<'SessionKey'>>,
  subject: Pick<Case, 'warrant' | 'exchange'>,
  sides: readonly (readonly [Role, Identity])[],
): Promise<{ key: Secret<'SessionKey'>; note?: string }> {
  const keys: Secret<'SessionKey'>[] = [];
  let failure: HalfkeyError | undefined;
  try {
    for (const [role, target] of sides) {
      try {
        keys.push(await keyOf({ ...subject, target, role }));
      } catch (error) {
        if (!isHalfkeyError(error) || sides.length === 1 || !CANNOT_BE_OPENED.includes(error.code)) throw error;
        failure ??= error;
      }
    }
    const [key, second] = keys;
    if (key === undefined) throw failure ?? new HalfkeyError('TARGET_MISMATCH', 'no side of the exchange is a target');
    if (second !== undefined) crossCheck(key, second);
    second?.wipe();
    if (failure === undefined) return { key };
    return { key, note: `the key was found from one of two targets only: ${failure.code}` };
  } catch (error) {
    for (const key of keys) key.wipe();
    throw error;
  }
}
