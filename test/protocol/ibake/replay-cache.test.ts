/** The replay cache of I_MESSAGE_1 (protocol profile 5.3 T3, P16). */
import { beforeAll, describe, expect, it } from 'vitest';
import {
  createInitiator,
  emptyReplayCache,
  enterReplay,
  IBAKE_LIMITS,
  inspectI1,
  replayVerdict,
  type Invitation,
  type ReplayCache,
} from '../../../src/protocol/ibake/index.ts';
import { decodeMessage } from '../../../src/protocol/mikey/index.ts';
import {
  altered,
  call,
  carol,
  endpoint,
  ends,
  invited,
  NOW,
  operatorA,
  taken,
  withPayloads,
  withT,
} from './support.ts';

type Key = Invitation['replayKey'];
const { a, b } = ends();
const keyOf = (octets: Uint8Array): Key => {
  let seen: Key | undefined;
  inspectI1(b, { ...invited, octets, replay: (key) => ((seen = key), 'fresh') });
  if (seen === undefined) throw new Error('the replay key was not asked for');
  return seen;
};
const verdict = (cache: ReplayCache, key: Key, nowMs = NOW, hop = true) => replayVerdict(cache, key, nowMs, hop);
/** A key that differs from others by its numbers. */
const made = (n: number, caller: number, sentAt = NOW / 1000): Key => ({
  digest: `d${String(n)}`,
  caller: `c${String(caller)}`,
  sentAt,
});
const filled = (count: number, caller: (n: number) => number): ReplayCache => ({
  refuseBefore: 0,
  entries: new Map(
    Array.from({ length: count }, (_, n) => [
      `d${String(n)}`,
      { caller: `c${String(caller(n))}`, untilMs: NOW + 1000 },
    ]),
  ),
});

describe('the key', () => {
  let i1: Uint8Array;
  beforeAll(() => {
    i1 = createInitiator(a, call).message;
  });

  it('is the same for the same I1, and for one with other octets beside identities, CSB ID, T and Encr data', () => {
    const key = keyOf(i1);
    expect(keyOf(Uint8Array.from(i1))).toEqual(key);
    const otherRand = withPayloads(i1, (p) => (p.kind === 'RAND' ? [{ ...p, value: new Uint8Array(16) }] : [p]));
    expect(keyOf(otherRand)).toEqual(key);
    expect(keyOf(altered(i1, () => ({ v: false })))).toEqual(key);
  });

  it('is another with another T, CSB ID, caller, or Encr data; so nobody blocks a caller by an I1 under its header', () => {
    const renamed = createInitiator(endpoint(carol, operatorA), call).message;
    const other = createInitiator(a, call).message;
    const { payloads } = decodeMessage(other);
    const theirs = payloads.find((p) => p.kind === 'IBAKE');
    const underOurHeader = withPayloads(i1, (p) => (p.kind === 'IBAKE' && theirs ? [theirs] : [p]));
    const all = [i1, withT(i1, NOW + 5), altered(i1, () => ({ csbId: new Uint8Array(4) })), renamed, underOurHeader];
    expect(new Set(all.map((octets) => keyOf(octets).digest)).size).toBe(all.length);
  });

  it('shows no identity', () => {
    expect(JSON.stringify(keyOf(i1))).not.toMatch(/alice|bob|operator/);
  });
});

describe('the cache', () => {
  it('P16 has seen what was entered, until its T is out of the window by a minute; then T itself is refused', () => {
    const { replayKey } = taken(inspectI1(b, { ...invited, octets: createInitiator(a, call).message })).invitation;
    const empty = emptyReplayCache();
    const cache = enterReplay(empty, replayKey, NOW);
    expect([verdict(empty, replayKey), verdict(cache, replayKey)]).toEqual(['fresh', 'seen']);
    const sentMs = replayKey.sentAt * 1000;
    expect([359_999, 360_000].map((ms) => verdict(cache, replayKey, sentMs + ms))).toEqual(['seen', 'fresh']);
    const late = inspectI1(b, { ...invited, octets: createInitiator(a, call).message, nowMs: NOW + 360_000 });
    expect(late).toMatchObject({ ok: false, error: { code: 'InvalidTimestamp' } });
  });

  it('an I1 from ahead of our clock is kept as long as it could be played again', () => {
    const key = made(1, 1, NOW / 1000 + 300);
    expect(verdict(enterReplay(emptyReplayCache(), key, NOW), key, NOW + 600_000)).toBe('seen');
  });

  it('started without the cache of before, it refuses I1 of before start and window', () => {
    const cache = emptyReplayCache(NOW / 1000 + 300);
    expect([299, 300].map((s) => verdict(cache, made(1, 1, NOW / 1000 + s)))).toEqual(['seen', 'fresh']);
    expect(enterReplay(cache, made(2, 2), NOW).refuseBefore).toBe(cache.refuseBefore);
  });

  it.each([
    ['of one caller', IBAKE_LIMITS.replayPerCaller, () => 1],
    ['of all', IBAKE_LIMITS.replayInAll, (n: number) => n],
  ] as const)(
    'full %s: new ones are refused, over hops that are not authenticated first; nothing is dropped',
    (_, limit, caller) => {
      const fresh = made(99_999, 1);
      const early = limit * IBAKE_LIMITS.replayShareUnauthenticated;
      const verdicts = [early - 1, early, limit - 1, limit].map((count) => {
        const cache = filled(count, caller);
        return [verdict(cache, fresh, NOW, false), verdict(cache, fresh)];
      });
      expect(verdicts).toEqual([
        ['fresh', 'fresh'],
        ['full', 'fresh'],
        ['full', 'fresh'],
        ['full', 'full'],
      ]);
      const full = filled(limit, caller);
      expect(verdict(full, made(0, 1))).toBe('seen');
      expect(verdict(full, fresh, NOW + 1000)).toBe('fresh');
      expect(enterReplay(full, fresh, NOW).entries.size).toBe(limit + 1);
      expect(enterReplay(full, fresh, NOW + 1000).entries.size).toBe(1);
    },
  );

  it('another caller has room while one has none', () => {
    expect(
      verdict(
        filled(IBAKE_LIMITS.replayPerCaller, () => 1),
        made(99_999, 2),
      ),
    ).toBe('fresh');
  });

  it('entering leaves the cache of before as it was', () => {
    const cache = filled(3, () => 1);
    enterReplay(cache, made(9, 1), NOW + 5000);
    expect(cache.entries.size).toBe(3);
  });
});
