/**
 * SRTP master keys of every stream of an exchange, from its session key (RFC 6267 5.1, RFC 3830 4.1.3, profile 3.4).
 * Both who takes part in a call and who recovers its key derive them here. TGK is wiped before this returns.
 */
import { HalfkeyError, Secret } from '../../foundation/base/index.ts';
import type { CsMapEntry } from './header.ts';
import { deriveSalt, deriveTek, deriveTgk } from './key-chain.ts';
import type { SecurityPolicy } from './payload/security-policy.ts';
import { suiteOf, type SuiteName } from './suite.ts';

/** Keys of one direction of one m-line. Whoever has it wipes `masterKey`. */
export interface StreamKey {
  /** CS ID, 1 to 254: entry of the CS ID map, counted from 1. */
  readonly csId: number;
  /** m-line of the offer, counted from 0. */
  readonly mediaIndex: number;
  readonly direction: 'initiator-to-responder' | 'responder-to-initiator';
  /** 32 bits; of RTP and RTCP of that direction, which has no other. */
  readonly ssrc: number;
  /** Rollover counter that the map gives the stream. */
  readonly roc: number;
  readonly suite: SuiteName;
  readonly masterKey: Secret<'SrtpMasterKey'>;
  readonly masterSalt: Uint8Array;
}

/** What the keys of the streams follow from, beside the session key. */
export interface StreamInput {
  readonly prf: 0 | 1;
  readonly csbId: Uint8Array;
  readonly rand: Uint8Array;
  readonly csMap: readonly CsMapEntry[];
  readonly policies: readonly SecurityPolicy[];
}

/**
 * A key for every entry of the map that has an SSRC: m-line j, counted from 1, has CS ID 2j-1 from the initiator and 2j
 * from the responder.
 * @throws HalfkeyError `InvalidSecurityPolicy` when an entry names no policy that was sent;
 *   `InvalidSecurityPolicyParameter` for a policy that is refused
 */
export function deriveStreamKeys(input: StreamInput, kSession: Secret<'SessionKey'>): StreamKey[] {
  const { prf, csbId, rand, csMap, policies } = input;
  const streams = csMap.flatMap((entry, i) => (entry.ssrc === 0 ? [] : [{ ...entry, csId: i + 1 }]));
  const suites = streams.map(({ policy }) => suiteOf(policyOf(policies, policy)));
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

function policyOf(policies: readonly SecurityPolicy[], number: number): SecurityPolicy {
  const found = policies.find(({ policy }) => policy === number);
  if (found === undefined) throw new HalfkeyError('InvalidSecurityPolicy', `policy ${String(number)} was not sent`);
  return found;
}
