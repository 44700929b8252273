/**
 * Solution 4, alternative 2 (contribution 5.x.3), first step: the KMS decrypts what was sent to the target, and
 * answers with key components and nonces. It is not believed about which exchange that is: the octets we hold decide.
 * What it says of the points is proved by the provider's secret ([x]P) and by V of R_MESSAGE_2.
 */
import { fromHex, HalfkeyError, toHex } from '../../foundation/base/index.ts';
import type { Components } from '../../protocol/discovery/index.ts';
import { decrypted, decryptRoute } from '../../contract/xk/index.ts';
import type { Asker } from './asking.ts';
import { aboutExchange, clearParts, type Case, type Custody } from './case.ts';

/**
 * The components as the KMS read them, and its signed statement for the provider.
 * @throws HalfkeyError a refusal, `XK_REFUSED` when it answered about something else, `NONCE_ABSENT`
 */
export async function askForComponents(
  { kms }: Custody,
  asker: Asker,
  subject: Case,
): Promise<{ components: Components; statement: string }> {
  const { role, exchange } = subject;
  const clear = clearParts(exchange);
  const answer = await asker.ask({
    holder: 'kms',
    client: kms,
    path: decryptRoute.path,
    operation: 'decrypt',
    warrant: subject.warrant,
    members: aboutExchange(subject),
    answer: decrypted,
  });
  const sameExchange =
    answer.role === role &&
    answer.csbId === toHex(clear.csbId) &&
    answer.t1 === toHex(clear.t1) &&
    answer.idri === clear.idri.text &&
    answer.idrr === clear.idrr.text;
  if (!sameExchange) throw new HalfkeyError('XK_REFUSED', 'the KMS answered about another exchange');
  const na = answer.ni === undefined ? undefined : fromHex(answer.ni);
  const nb = answer.nr === undefined ? undefined : fromHex(answer.nr);
  const ownNonce = role === 'initiator' ? na : nb;
  if (ownNonce === undefined) throw new HalfkeyError('NONCE_ABSENT', 'the target sent no nonce');
  const components: Components = {
    role,
    curve: answer.curve,
    ownPoint: fromHex(answer.ownPoint),
    peerPoint: fromHex(answer.peerPoint),
    ownNonce,
    ...(na === undefined ? {} : { na }),
    ...(nb === undefined ? {} : { nb }),
    ...clear,
  };
  return { components, statement: answer.statement };
}
