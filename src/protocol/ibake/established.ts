/**
 * What both sides have when V is right: K_SESSION and the SRTP master keys of every stream (RFC 6267 5, protocol profile
 * 3.4, 3.5). Keys on the way there are wiped as soon as the next one follows from them.
 */
import { HalfkeyError, Secret } from '../../foundation/base/index.ts';
import type { Identity } from '../../foundation/identity/index.ts';
import {
  deriveAuthKey,
  deriveMpk,
  deriveSalt,
  deriveTek,
  deriveTgk,
  suiteOf,
  type CsMapEntry,
  type SecurityPolicy,
  type SuiteName,
} from '../mikey/index.ts';

/** Keys of one direction of one m-line. */
export interface StreamKey {
  /** CS ID, 1 to 254: entry of the CS ID map, counted from 1. */
  readonly csId: number;
  /** m-line of the offer, counted from 0. */
  readonly mediaIndex: number;
  readonly direction: 'initiator-to-responder' | 'responder-to-initiator';
  /** 32 bits; of RTP and RTCP of that direction. */
  readonly ssrc: number;
  readonly roc: number;
  readonly suite: SuiteName;
  readonly masterKey: Secret<'SrtpMasterKey'>;
  readonly masterSalt: Uint8Array;
}

/** An exchange that has come to its end; the identities may be shown as verified. */
export interface Established {
  readonly role: 'initiator' | 'responder';
  /** Of the other side: of the party that answered, where that is the responder. */
  readonly peer: Identity;
  readonly csbId: Uint8Array;
  readonly kSession: Secret<'SessionKey'>;
  readonly streams: readonly StreamKey[];
  /** 4 octets that every SRTP and SRTCP packet carries, or none does (profile 6.4). */
  readonly mki?: Uint8Array;
  /** All secrets in here: see `dispose`. */
  readonly holds: readonly Secret<string>[];
}

/** What the key chain of an exchange runs over. */
export interface ChainInput {
  readonly prf: 0 | 1;
  readonly csbId: Uint8Array;
  readonly rand: Uint8Array;
}

/** Lends auth_key of V, 20 or 32 octets, to `fn`. */
export function withAuthKey<T>(
  kSession: Secret<'SessionKey'>,
  { prf, csbId, rand }: ChainInput,
  fn: (authKey: Uint8Array) => T,
): T {
  const mpk = kSession.use((k) => deriveMpk(prf, k, rand));
  const authKey = deriveAuthKey(prf, mpk, csbId, rand);
  mpk.fill(0);
  try {
    return fn(authKey);
  } finally {
    authKey.fill(0);
  }
}

/** Everything of an exchange that its result is made from. */
export interface Outcome extends ChainInput {
  readonly role: Established['role'];
  readonly peer: Identity;
  /** The map of R_MESSAGE_1, and the policies of I_MESSAGE_1. */
  readonly csMap: readonly CsMapEntry[];
  readonly policies: readonly SecurityPolicy[];
  readonly mki: Uint8Array | undefined;
}

/** The result of an exchange; takes a copy of K_SESSION. */
export function establish(outcome: Outcome, kSession: Secret<'SessionKey'>): Established {
  const { role, peer, csbId, mki } = outcome;
  const streams = streamKeys(outcome, kSession);
  const key = kSession.use((k) => Secret.copyOf('SessionKey', k));
  const holds = [key, ...streams.map(({ masterKey }) => masterKey)];
  return { role, peer, csbId, kSession: key, streams, ...(mki && { mki }), holds };
}

/** A key for every entry that has an SSRC. */
function streamKeys({ prf, csbId, rand, csMap, policies }: Outcome, kSession: Secret<'SessionKey'>): StreamKey[] {
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

/** Wipes every secret of a state or a result: at the end of the call, on timeout, on whatever ends the exchange early. */
export function dispose({ holds }: { readonly holds: readonly Secret<string>[] }): void {
  for (const secret of holds) secret.wipe();
}
