/**
 * XkDecrypt, solution 4 alternative 2 (contribution 5.x.3): decrypts the messages destined to the target and
 * answers with key components, nonces and identities, never with raw plaintext. Beside them goes the KMS's
 * signed statement, by which a provider knows what the nonce belongs to (protocol profile 5.3).
 */
import { toHex } from '../../foundation/base/index.ts';
import { signStatement, type ReleaseSteps, type StatementSigner } from '../../trust/release/index.ts';
import type { Decrypted, DecryptRequest } from '../../contract/xk/index.ts';
import { authoriseExchange, timeOf, type AuthorisedExchange, type WarrantCheck } from './exchange-request.ts';
import type { DistrictKeys } from './district-keys.ts';
import { openExchange } from './opening.ts';
import { outward } from './recover.ts';

export function decryptSteps(
  check: WarrantCheck,
  keys: DistrictKeys,
  signer: StatementSigner,
  request: DecryptRequest,
): ReleaseSteps<AuthorisedExchange> {
  return {
    authorise: () => authoriseExchange(check, 'decrypt', request),
    outward,
    async answer(authorised): Promise<Decrypted> {
      const { role, curve, ownPoint, peerPoint, ownNonce, na, nb, csbId, idri, idrr } = openExchange(keys, authorised);
      const t1 = timeOf(authorised.exchange);
      const statement = await signStatement(signer, {
        warrantDigest: authorised.warrantDigest,
        target: (role === 'initiator' ? idri : idrr).text,
        role,
        csbId,
        t1,
        nonce: ownNonce,
        ownPoint,
      });
      return {
        role,
        curve,
        ownPoint: toHex(ownPoint),
        peerPoint: toHex(peerPoint),
        ...(na === undefined ? {} : { ni: toHex(na) }),
        ...(nb === undefined ? {} : { nr: toHex(nb) }),
        idri: idri.text,
        idrr: idrr.text,
        csbId: toHex(csbId),
        t1: toHex(t1),
        statement,
      };
    },
  };
}
