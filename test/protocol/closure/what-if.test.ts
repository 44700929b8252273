/** The table of 5.2 under other circumstances: with none it is the text's, and each switch does what it says. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  accessMatrix,
  asItIs,
  MESSAGES,
  minimalSets,
  whatIf,
  type Circumstances,
  type Entity,
  type Way,
  type WhatIfRow,
} from '../../../src/protocol/closure/index.ts';

const [I1, R1, I2, R2] = ['I_MESSAGE_1', 'R_MESSAGE_1', 'I_MESSAGE_2', 'R_MESSAGE_2'] as const;
const WAYS = ['3', '4/1', '4/2'] as const;
const TARGETS = ['A', 'B'] as const;

/** Which row of the text a row is. */
const ROWS: Readonly<Record<Way, Readonly<Partial<Record<Entity, string>>>>> = {
  '3': { kms: 'KMS, solution 3', df: 'DF, solution 3' },
  '4/1': { kms: 'KMS, solution 4', df: 'DF, solution 4, alternative 1' },
  '4/2': { kms: 'KMS, solution 4', df: 'DF, solution 4, alternative 2' },
};
const COMMON: Readonly<Partial<Record<Entity, string>>> = {
  target: 'endpoint',
  peerKms: "peer's KMS",
  provider: 'provider, not asked',
  providerAsked: 'provider, asked',
  network: 'network',
};

const knowing = (rows: readonly WhatIfRow[]): Entity[] =>
  rows.filter(({ access }) => access.K !== 'no').map(({ entity }) => entity);
const withChange = (way: Way, target: 'A' | 'B', change: Partial<Circumstances>): Entity[] =>
  knowing(whatIf({ ...asItIs(way, target), ...change }));

describe.each(WAYS)('solution %s', (way) => {
  it.each(TARGETS)('as it is, target %s: the rows of the text', (target) => {
    const text = new Map(accessMatrix(target).map(({ entity, access }) => [entity, access]));
    const named = { ...COMMON, ...ROWS[way] };
    const rows = whatIf(asItIs(way, target));
    expect(rows.map(({ entity }) => entity)).toEqual(
      way === '3'
        ? ['target', 'peer', 'kms', 'peerKms', 'df', 'network']
        : ['target', 'peer', 'kms', 'peerKms', 'provider', 'providerAsked', 'df', 'network'],
    );
    for (const { entity, access } of rows.filter(({ entity: one }) => one !== 'peer')) {
      expect([entity, access]).toEqual([entity, text.get(named[entity] ?? '')]);
    }
    expect(knowing(rows)).toEqual(way === '3' ? ['target', 'peer', 'kms', 'df'] : ['target', 'peer', 'df']);
  });

  it.each(TARGETS)('target %s: the DF gets the key from just the messages that suffice', (target) => {
    const sets = minimalSets([`PR_${target}`, `MS_${target}`]);
    for (let bits = 0; bits < 16; bits++) {
      const messages = MESSAGES.filter((_, i) => (bits >> i) % 2 === 1);
      const enough = sets.some((set) => set.every((type) => messages.includes(type)));
      expect([messages, withChange(way, target, { messages }).includes('df')]).toEqual([messages, enough]);
    }
  });

  it.each(TARGETS)('target %s: a seized device opens the call, unless either epoch was erased', (target) => {
    const seized = ['target'] as const;
    expect(withChange(way, target, { seized })).toContain('seizedTarget');
    for (const erased of [['PR'], ['MS'], ['PR', 'MS']] as const) {
      expect(withChange(way, target, { seized, erased })).not.toContain('seizedTarget');
    }
    expect(withChange(way, target, { seized: ['peer'], erased: ['PR', 'MS'] })).toContain('seizedPeer');
  });

  it.each(TARGETS)('target %s: with MS erased before anyone asked, nobody but the parties has the key', (target) => {
    expect(withChange(way, target, { erased: ['MS'] })).toEqual(['target', 'peer']);
  });
});

describe.each(TARGETS)('target %s, solution 4', (target) => {
  it('the provider opens the call with either KMS, or with a seized device of the peer, and with nobody else', () => {
    const seized = ['peer'] as const;
    const joined = (...together: Entity[]): boolean =>
      withChange('4/2', target, { together, seized, erased: ['PR'] }).includes('together');
    expect(joined('kms', 'provider')).toBe(true);
    expect(joined('peerKms', 'provider')).toBe(true);
    expect(joined('kms', 'peerKms', 'network')).toBe(false);
    expect(joined('provider', 'network')).toBe(false);
    expect(joined('provider', 'seizedTarget')).toBe(false);
  });

  it('one alone is no coalition, and who is not there does not count', () => {
    const rows = (together: Entity[]): Entity[] =>
      whatIf({ ...asItIs('4/2', target), together }).map((row) => row.entity);
    expect(rows(['kms'])).not.toContain('together');
    expect(rows(['kms', 'seizedTarget'])).not.toContain('together');
    expect(rows(['kms', 'network'])).toContain('together');
  });
});

it('a key is proved to who has R_MESSAGE_2', () => {
  const proved = (messages: Circumstances['messages']) =>
    whatIf({ ...asItIs('4/2', 'A'), messages }).find(({ entity }) => entity === 'df')?.confirmed;
  expect([proved(MESSAGES), proved([I1, R1, I2]), proved([R1, R2])]).toEqual([true, false, true]);
});

it('more recorded, seized or joined never takes anything away; more erased never gives anything', () => {
  const circumstances = fc.record({
    way: fc.constantFrom(...WAYS),
    target: fc.constantFrom(...TARGETS),
    messages: fc.subarray([...MESSAGES]),
    seized: fc.subarray(['target', 'peer'] as const),
    erased: fc.subarray(['PR', 'MS'] as const),
    together: fc.subarray<Entity>(['kms', 'peerKms', 'provider', 'df', 'network', 'seizedTarget', 'seizedPeer']),
  });
  fc.assert(
    fc.property(circumstances, circumstances, (a, b) => {
      const union = <T>(one: readonly T[], other: readonly T[]): T[] => [...new Set([...one, ...other])];
      const more: Circumstances = {
        ...a,
        messages: union(a.messages, b.messages),
        seized: union(a.seized, b.seized),
        together: union(a.together, b.together),
        erased: a.erased.filter((epoch) => b.erased.includes(epoch)),
      };
      const later = knowing(whatIf(more));
      expect(knowing(whatIf(a)).filter((entity) => !later.includes(entity))).toEqual([]);
    }),
  );
});
