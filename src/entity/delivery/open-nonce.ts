/**
 * Solution 4, second step of both alternatives (contribution 5.x.3): the provider opens the target's nonce and answers
 * with x or y. What it answers is checked against the target's point before it is used (discovery).
 */
import { createHash } from 'node:crypto';
import { fromHex, HalfkeyError, Secret, toHex } from '../../foundation/base/index.ts';
import { messagesOf, type Components } from '../../protocol/discovery/index.ts';
import { opened, openNonceRoute } from '../../contract/provider/index.ts';
import type { Asker } from './asking.ts';
import type { Case, Custody } from './case.ts';

/**
 * The scalar of the target's key component, as the provider recomputed it; the caller wipes it.
 * @param statement of the KMS, where it gave one: the provider wants it in nonce modes 1 and 2 (profile 5.3)
 * @throws HalfkeyError a refusal, `UNAVAILABLE`, `BAD_CONFIG`
 */
export async function askForSecret(
  { provider }: Custody,
  asker: Asker,
  { warrant, role, exchange }: Case,
  { curve, csbId, t1, ownNonce, ownPoint, idri, idrr }: Components,
  statement: string | undefined,
): Promise<Secret<'EcdhScalar'>> {
  if (provider === undefined) throw new HalfkeyError('BAD_CONFIG', 'solution 4 needs a provider');
  const { secret } = await asker.ask({
    holder: 'provider',
    client: provider,
    path: openNonceRoute.path,
    operation: 'open-nonce',
    warrant,
    members: {
      identity: (role === 'initiator' ? idri : idrr).text,
      role,
      curve,
      csbId: toHex(csbId),
      t1: toHex(t1),
      nonce: toHex(ownNonce),
      ownPoint: toHex(ownPoint),
      messageDigests: messagesOf(exchange).map(({ bytes }) => createHash('sha256').update(bytes).digest('hex')),
      ...(statement === undefined ? {} : { statement }),
    },
    answer: opened,
  });
  return new Secret('EcdhScalar', fromHex(secret));
}
