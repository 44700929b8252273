/**
 * What both sides have when V is right: K_SESSION and the SRTP master keys of every stream (RFC 6267 5, protocol profile
 * 3.4, 3.5). Keys on the way there are wiped as soon as the next one follows from them.
 */
import { Secret } from '../../foundation/base/index.ts';
import type { Identity } from '../../foundation/identity/index.ts';
import { deriveAuthKey, deriveMpk } from '../mikey/index.ts';
import { deriveStreamKeys, type StreamInput, type StreamKey } from '../mikey/exchange/index.ts';

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

/** Lends auth_key of V, 20 or 32 octets, to `fn`. */
export function withAuthKey<T>(
  kSession: Secret<'SessionKey'>,
  { prf, csbId, rand }: Pick<StreamInput, 'prf' | 'csbId' | 'rand'>,
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

/** Everything of an exchange that its result is made from: the map of R_MESSAGE_1, the policies of I_MESSAGE_1. */
export interface Outcome extends StreamInput {
  readonly role: Established['role'];
  readonly peer: Identity;
  readonly mki: Uint8Array | undefined;
}

/** The result of an exchange; takes a copy of K_SESSION. */
export function establish(outcome: Outcome, kSession: Secret<'SessionKey'>): Established {
  const { role, peer, csbId, mki } = outcome;
  const streams = deriveStreamKeys(outcome, kSession);
  const key = kSession.use((k) => Secret.copyOf('SessionKey', k));
  const holds = [key, ...streams.map(({ masterKey }) => masterKey)];
  return { role, peer, csbId, kSession: key, streams, ...(mki && { mki }), holds };
}

/** Wipes every secret of a state or a result: at the end of the call, on timeout, on whatever ends the exchange early. */
export function dispose({ holds }: { readonly holds: readonly Secret<string>[] }): void {
  for (const secret of holds) secret.wipe();
}
