/** SRTP master keys of every crypto session of an exchange, from its session key (protocol profile 3.4). */
import { HalfkeyError, Secret } from '../../foundation/base/index.ts';
import { deriveSalt, deriveTek, deriveTgk, suiteOf, type SuiteName } from '../mikey/index.ts';
import { randOf, type Exchange } from './exchange.ts';

/** Keys of one direction of one m-line. `ssrc`: 32 bits, the only one of that direction. The caller wipes `masterKey`. */
export interface MediaKey {
  /** CS ID, 1 to 254: entry of the CS ID map, counted from 1. */
  readonly csId: number;
  /** m-line of the offer, counted from 0. */
  readonly mediaIndex: number;
  readonly direction: 'initiator-to-responder' | 'responder-to-initiator';
  readonly ssrc: number;
  /** Rollover counter that the map gives the stream. */
  readonly roc: number;
  readonly suite: SuiteName;
  readonly masterKey: Secret<'SrtpMasterKey'>;
  readonly masterSalt: Uint8Array;
}

/**
 * The keys of all streams that the latest CS ID map (of R2, else I2, else R1) names: m-line j, counted from 1, has
 * CS ID 2j-1 from the initiator and 2j from the responder. A slot with SSRC 0 has no stream.
 * @throws HalfkeyError `INCOMPLETE` when the map, RAND or the policies were not seen; `InvalidSecurityPolicy` when an
 *   entry names no policy that was sent; `InvalidSecurityPolicyParameter` for a policy that is refused
 */
export function deriveMediaKeys(exchange: Exchange, kSession: Secret<'SessionKey'>): MediaKey[] {
  const latest = exchange.r2 ?? exchange.i2 ?? exchange.r1;
  if (latest === undefined) throw new HalfkeyError('INCOMPLETE', 'need R_MESSAGE_1, which fills the CS ID map');
  const { prf, csbId, csMap } = latest;
  const rand = randOf(exchange);
  const policies = policiesOf(exchange);
  const streams = csMap.flatMap(({ policy, ssrc, roc }, i) => (ssrc === 0 ? [] : [{ csId: i + 1, policy, ssrc, roc }]));
  const suites = streams.map(({ policy }) => {
    const found = policies.find((offered) => offered.policy === policy);
    if (found === undefined) throw new HalfkeyError('InvalidSecurityPolicy', `policy ${String(policy)} was not sent`);
    return suiteOf(found);
  });
  const tgk = kSession.use((k) => deriveTgk(prf, k, rand));
  try {
    return streams.map(({ csId, ssrc, roc }, i) => {
      const { name, masterKeyLength, masterSaltLength } = suites[i] as (typeof suites)[number];
      return {
        csId,
        mediaIndex: Math.floor((csId - 1) / 2),
        direction: csId % 2 === 1 ? 'initiator-to-responder' : 'responder-to-initiator',
        ssrc,
        roc,
        suite: name,
        masterKey: new Secret('SrtpMasterKey', deriveTek(prf, tgk, csId, csbId, rand, masterKeyLength)),
        masterSalt: deriveSalt(prf, tgk, csId, csbId, rand, masterSaltLength),
      };
    });
  } finally {
    tgk.fill(0);
  }
}

/** I1's policies: I2 repeats them where the answering party could not verify I1 (profile 3.3, 6.2). */
function policiesOf({ i1, i2 }: Exchange): NonNullable<Exchange['i1']>['policies'] {
  const policies = i1?.policies ?? i2?.policies ?? [];
  if (policies.length === 0)
    throw new HalfkeyError('INCOMPLETE', 'need I_MESSAGE_1, which carries the security policies');
  return policies;
}
