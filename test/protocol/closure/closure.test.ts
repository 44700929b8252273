/** The closure against the tables of protocol profile 4.1, 5.1 and 5.2, typed out here as the text has them. */
import { describe, expect, it } from 'vitest';
import {
  accessMatrix,
  derivable,
  DIRECT,
  MESSAGES,
  minimalSets,
  recoveryMatrix,
  RETARGETED,
  statements,
  type Access,
  type AccessRow,
  type Exchange,
} from '../../../src/protocol/closure/index.ts';

const [I1, R1, I2, R2] = ['I_MESSAGE_1', 'R_MESSAGE_1', 'I_MESSAGE_2', 'R_MESSAGE_2'] as const;

/** The exchange without the nonces that are returned to their owner's peer: NA in R1, NB in I2. */
const withoutReturn = (exchange: Exchange): Exchange => ({
  ...exchange,
  grammars: {
    ...exchange.grammars,
    R_MESSAGE_1: exchange.grammars.R_MESSAGE_1.filter((slot) => slot !== 'na?'),
    I_MESSAGE_2: exchange.grammars.I_MESSAGE_2.filter((slot) => slot !== 'nb?'),
  },
});

describe('4.1: minimal sets of messages for K', () => {
  const text = [
    ['initiator A', [[R1]]],
    ['responder B', [[I1, I2]]],
    ['both sides', [[R1], [I1, I2]]],
    ['initiator A, retargeted', [[R1, R2]]],
    ['answering C, retargeted', [[I2]]],
    ['called B, retargeted', []],
  ];

  it('are those of the text', () => {
    expect(recoveryMatrix().map(({ target, sets }) => [target, sets])).toEqual(text);
  });

  it('planted: without the returned nonce in R1 and I2 the table differs, and nobody is recovered by his own key', () => {
    const planted = recoveryMatrix(withoutReturn).map(({ target, sets }) => [target, sets]);
    expect(planted).not.toEqual(text);
    expect(planted.slice(0, 2)).toEqual([
      ['initiator A', []],
      ['responder B', []],
    ]);
  });

  it('planted: each returned nonce is the matter of one side', () => {
    const only = (type: typeof R1 | typeof I2, slot: string) => (exchange: Exchange) => ({
      ...exchange,
      grammars: { ...exchange.grammars, [type]: exchange.grammars[type].filter((other) => other !== slot) },
    });
    const sets = (change: (exchange: Exchange) => Exchange) => recoveryMatrix(change).map((row) => row.sets);
    expect(sets(only(R1, 'na?')).slice(0, 2)).toEqual([[], [[I1, I2]]]);
    expect(sets(only(I2, 'nb?')).slice(0, 2)).toEqual([[[R1]], []]);
  });

  it("6.4: I1 and R1 alone do not give the responder's K, which needs the peer's private key then", () => {
    expect(derivable(['PR_B', 'MS_B', I1, R1]).has('K')).toBe(false);
    expect(derivable(['PR_A', 'MS_B', I1, R1]).has('K')).toBe(true);
  });

  it('R2 gives the check of V where it was captured', () => {
    expect(derivable(['PR_A', 'MS_A', R1]).has('confirmed')).toBe(false);
    expect(derivable(['PR_A', 'MS_A', R1, R2]).has('confirmed')).toBe(true);
    expect(derivable(['PR_A', R1, R2]).has('confirmed')).toBe(false);
  });

  it('every set that is a superset of a minimal one recovers, every other does not', () => {
    for (const exchange of [DIRECT, RETARGETED]) {
      const minimal = minimalSets(['PR_A', 'MS_A'], exchange);
      for (let bits = 0; bits < 16; bits++) {
        const set = MESSAGES.filter((_, i) => (bits >> i) % 2 === 1);
        const covered = minimal.some((needed) => needed.every((type) => set.includes(type)));
        expect([set, derivable(['PR_A', 'MS_A', ...set], exchange).has('K')]).toEqual([set, covered]);
      }
    }
  });
});

describe.each(['A', 'B'] as const)('5.2: what each entity knows of a call of target %s', (target) => {
  // s | PR_T | MS_T | own point, peer's point | own nonce, peer's nonce | x or y | K; + given, d derived, - no
  const text: readonly (readonly [entity: string, row: string])[] = [
    ['endpoint', '- + + +d +d + d'],
    ['KMS, solution 3', '+ d + dd dd d d'],
    ['KMS, solution 4', '+ d - dd dd - -'],
    ["peer's KMS", '- - - dd dd - -'],
    ['provider, not asked', '- - + -- -- - -'],
    ['provider, asked', '- - + +- +- d -'],
    ['provider, asked for the shared point', '- - + ++ +- d d'],
    ['DF, solution 3', '- - - -- -- - +'],
    ['DF, solution 4, alternative 1', '- + - dd dd + d'],
    ['DF, solution 4, alternative 2', '- - - ++ ++ + d'],
    ['network', '- - - -- -- - -'],
  ];
  const signs: Record<Access, string> = { given: '+', derived: 'd', no: '-' };
  const written = ({ access }: AccessRow): string => {
    const [s, pr, ms, own, peer, ownNonce, peerNonce, scalar, k] = Object.values(access).map((cell) => signs[cell]);
    return [s, pr, ms, `${own ?? ''}${peer ?? ''}`, `${ownNonce ?? ''}${peerNonce ?? ''}`, scalar, k].join(' ');
  };

  it('is what the text says', () => {
    expect(accessMatrix(target).map((row) => [row.entity, written(row)])).toEqual(text);
  });

  it('planted: without the returned nonces the KMS of solution 3 reads the nonce of the peer only, and has no K', () => {
    const planted = accessMatrix(target, withoutReturn(DIRECT)).map((row) => [row.entity, written(row)]);
    expect(planted).not.toEqual(text);
    expect(planted[1]).toEqual(['KMS, solution 3', '+ d + dd -d - -']);
  });

  it('5.1: forward secrecy towards the device, and who can do what together', () => {
    expect(statements(target).map(({ name, recovers }) => [name, recovers])).toEqual([
      ['device seized with PR and MS', true],
      ['device seized, PR of that key epoch erased', false],
      ['device seized, MS of that epoch erased', false],
      ['KMS alone', false],
      ['provider alone', false],
      ['KMS and provider', true],
      ["peer's KMS and provider", true],
      ["provider and the peer's private key", true],
      ['both KMS', false],
    ]);
  });
});

it('knowledge only grows, and what is derived derives nothing more', () => {
  for (const { given } of [...statements('A'), ...statements('B')]) {
    const once = derivable(given);
    expect([...once]).toEqual(expect.arrayContaining([...given]));
    expect([...derivable(once)].sort()).toEqual([...once].sort());
    for (const fact of given) {
      const less = derivable(given.filter((other) => other !== fact));
      expect([...less].filter((other) => !once.has(other))).toEqual([]);
    }
  }
});
