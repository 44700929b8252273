/**
 * Solution 3 (contribution 5.x.2): the consolidated KMS computes the session key and answers with it.
 * The KMS is not believed about which exchange its answer belongs to.
 */
import { fromHex, HalfkeyError, Secret, toHex } from '../../foundation/base/index.ts';
import { recovered, recoverRoute } from '../../contract/xk/index.ts';
import type { Asker } from './asking.ts';
import { aboutExchange, clearParts, type Case, type Custody } from './case.ts';

/** K_SESSION as the KMS computed it; the caller wipes it. @throws HalfkeyError a refusal, `XK_REFUSED`, `UNAVAILABLE` */
export async function askForKey({ kms }: Custody, asker: Asker, subject: Case): Promise<Secret<'SessionKey'>> {
  const { csbId, t1 } = clearParts(subject.exchange);
  const answer = await asker.ask({
    holder: 'kms',
    client: kms,
    path: recoverRoute.path,
    operation: 'recover',
    warrant: subject.warrant,
    members: aboutExchange(subject),
    answer: recovered,
  });
  if (answer.csbId !== toHex(csbId) || answer.t1 !== toHex(t1)) {
    throw new HalfkeyError('XK_REFUSED', 'the KMS answered about another exchange');
  }
  return new Secret('SessionKey', fromHex(answer.kSession));
}
