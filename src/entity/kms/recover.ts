/**
 * XkRecover, solution 3 (contribution 5.x.2): opens the target's messages and nonce, computes the session
 * key, checks it against R_MESSAGE_2 when that was sent, and answers with K_SESSION.
 */
import { isHalfkeyError, HalfkeyError, toHex, type Secret } from '../../foundation/base/index.ts';
import { confirmSessionKey, recoverSessionKey, type Components } from '../../protocol/discovery/index.ts';
import type { ReleaseSteps } from '../../trust/release/index.ts';
import type { RecoverRequest, Recovered } from '../../contract/xk/index.ts';
import { authoriseExchange, timeOf, type AuthorisedExchange, type WarrantCheck } from './exchange-request.ts';
import type { DistrictKeys } from './district-keys.ts';
import { openExchange } from './opening.ts';
import type { NonceOpener } from './ports.ts';

/** Codes that a Delivery Function must see to report a terminal or a call rightly; every other one is `XK_REFUSED`. */
const VISIBLE = [
  'NONCE_ABSENT',
  'NONCE_NOT_RETURNED',
  'NONCE_COMMITMENT_MISMATCH',
  'NONCE_CONTEXT_MISMATCH',
  'MS_EPOCH_ERASED',
  'MS_UNKNOWN_SUBSCRIBER',
  'KEY_CONFIRMATION_FAILED',
  'POLICY_REFUSED',
  'RetargetRefused',
  'UNAVAILABLE',
] as const;

/** The error as the requester sees it: one uniform code for everything that the encrypted part decides. */
export function outward(error: HalfkeyError): HalfkeyError {
  return VISIBLE.some((code) => isHalfkeyError(error, code))
    ? error
    : new HalfkeyError('XK_REFUSED', 'the messages do not open for this target');
}

export function recoverSteps(
  check: WarrantCheck,
  keys: DistrictKeys,
  openNonce: NonceOpener,
  request: RecoverRequest,
): ReleaseSteps<AuthorisedExchange> {
  return {
    authorise: () => authoriseExchange(check, 'recover', request),
    outward,
    async answer(authorised): Promise<Recovered> {
      const { exchange, role } = authorised;
      const components = openExchange(keys, authorised);
      const scalar = await openNonce({
        identity: role === 'initiator' ? components.idri : components.idrr,
        role,
        curve: components.curve,
        csbId: components.csbId,
        t1: components.t1,
        nonce: components.ownNonce,
        ownPoint: components.ownPoint,
      });
      const kSession = keyFrom(components, scalar);
      try {
        const confirmed = confirmSessionKey(exchange, kSession);
        return {
          kSession: kSession.use(toHex),
          confirmed,
          csbId: toHex(components.csbId),
          t1: toHex(timeOf(exchange)),
        };
      } finally {
        kSession.wipe();
      }
    },
  };
}

/** K_SESSION; the scalar is wiped in any case. */
function keyFrom(components: Components, scalar: Secret<'EcdhScalar'>): Secret<'SessionKey'> {
  try {
    return recoverSessionKey(components, scalar);
  } finally {
    scalar.wipe();
  }
}
