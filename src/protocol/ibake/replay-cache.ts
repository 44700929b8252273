/**
 * The replay cache of I_MESSAGE_1 (protocol profile 5.3 T3, RFC 3830 5.4): a value, not an object with a life of its
 * own. Entries are never dropped before their time: when it is full, new ones are refused.
 */
import { createHash } from 'node:crypto';
import { concat, ntpToUnixSeconds, toHex, uint } from '../../foundation/base/index.ts';
import { identityToWire, type Identity } from '../../foundation/identity/index.ts';
import type { IbakeMessage } from '../mikey/index.ts';
import { IBAKE_LIMITS } from './limits.ts';

/** What an I_MESSAGE_1 is remembered by; both are SHA-256 in hex, so that a stored cache holds no identity in clear. */
export interface ReplayKey {
  readonly digest: string;
  /** Of IDRi. */
  readonly caller: string;
  /** T in seconds since 1970. */
  readonly sentAt: number;
}

export type ReplayVerdict = 'fresh' | 'seen' | 'full';

/** Plain data: it may be stored and loaded again. */
export interface ReplayCache {
  /** I_MESSAGE_1 with an earlier T count as seen, in seconds since 1970: for a start without the cache of before. */
  readonly refuseBefore: number;
  readonly entries: ReadonlyMap<string, { readonly caller: string; readonly untilMs: number }>;
}

function identityOctets(identity: Identity): Uint8Array {
  const text = identityToWire(identity);
  return concat(uint(identity.type, 1), uint(text.length, 2), text);
}

function sha256(octets: Uint8Array): string {
  return toHex(createHash('sha256').update(octets).digest());
}

/**
 * (IDRi, IDRr, CSB ID, T, SHA-256(Encr data)) and no other octet: the envelope cannot be altered, so nobody can block a
 * caller's I_MESSAGE_1 by one of his own under the caller's header (T3).
 */
export function replayKeyOf({ idri, idrr, csbId, t, encrypted }: IbakeMessage): ReplayKey {
  const caller = identityOctets(idri);
  const envelope = createHash('sha256')
    .update(encrypted ?? new Uint8Array(0))
    .digest();
  return {
    digest: sha256(concat(caller, identityOctets(idrr), csbId, t, envelope)),
    caller: sha256(caller),
    sentAt: ntpToUnixSeconds(t),
  };
}

/** An empty cache. `refuseBefore`: start of the process + window, where no cache was kept across the restart; else 0. */
export function emptyReplayCache(refuseBefore = 0): ReplayCache {
  return { refuseBefore, entries: new Map() };
}

function living(cache: ReplayCache, nowMs: number): [string, { caller: string; untilMs: number }][] {
  return [...cache.entries].filter(([, { untilMs }]) => untilMs > nowMs);
}

/**
 * What to do with an I_MESSAGE_1. `full`: its caller, or all together, have no room left; over a SIP hop that is not
 * authenticated already at three quarters of the limits.
 */
export function replayVerdict(
  cache: ReplayCache,
  { digest, caller, sentAt }: ReplayKey,
  nowMs: number,
  authenticatedHop: boolean,
): ReplayVerdict {
  const entries = living(cache, nowMs);
  if (sentAt < cache.refuseBefore || entries.some(([key]) => key === digest)) return 'seen';
  const share = authenticatedHop ? 1 : IBAKE_LIMITS.replayShareUnauthenticated;
  const ofCaller = entries.filter(([, entry]) => entry.caller === caller).length;
  const full = entries.length >= IBAKE_LIMITS.replayInAll * share || ofCaller >= IBAKE_LIMITS.replayPerCaller * share;
  return full ? 'full' : 'fresh';
}

/**
 * The cache with an I_MESSAGE_1 that was opened; entries whose time is over are left out. It is kept for as long as its T
 * is within the window, and 60 s more.
 */
export function enterReplay(
  cache: ReplayCache,
  { digest, caller, sentAt }: ReplayKey,
  nowMs: number,
  skewSeconds: number = IBAKE_LIMITS.skewSeconds,
): ReplayCache {
  const untilMs = (sentAt + skewSeconds + IBAKE_LIMITS.replayMarginSeconds) * 1000;
  return { ...cache, entries: new Map([...living(cache, nowMs), [digest, { caller, untilMs }]]) };
}
