/** Which messages the SRTP master keys of a recovered exchange follow from (protocol profile 3.4). */
import { HalfkeyError, type Secret } from '../../foundation/base/index.ts';
import { deriveStreamKeys, type StreamKey } from '../mikey/exchange/index.ts';
import { randOf, type Exchange } from './exchange.ts';

/** Keys of one direction of one m-line. The caller wipes `masterKey`. */
export type MediaKey = StreamKey;

/**
 * The keys of all streams that the latest CS ID map (of R2, else I2, else R1) names; a slot with SSRC 0 has no stream.
 * @throws HalfkeyError `INCOMPLETE` when the map, RAND or the policies were not seen; `InvalidSecurityPolicy` when an
 *   entry names no policy that was sent; `InvalidSecurityPolicyParameter` for a policy that is refused
 */
export function deriveMediaKeys(exchange: Exchange, kSession: Secret<'SessionKey'>): MediaKey[] {
  const latest = exchange.r2 ?? exchange.i2 ?? exchange.r1;
  if (latest === undefined) throw new HalfkeyError('INCOMPLETE', 'need R_MESSAGE_1, which fills the CS ID map');
  const { prf, csbId, csMap } = latest;
  return deriveStreamKeys({ prf, csbId, csMap, rand: randOf(exchange), policies: policiesOf(exchange) }, kSession);
}

/** I1's policies: I2 repeats them where the answering party could not verify I1 (profile 3.3, 6.2). */
function policiesOf({ i1, i2 }: Exchange): NonNullable<Exchange['i1']>['policies'] {
  const policies = i1?.policies ?? i2?.policies ?? [];
  if (policies.length === 0)
    throw new HalfkeyError('INCOMPLETE', 'need I_MESSAGE_1, which carries the security policies');
  return policies;
}
