/**
 * A bounded Dolev-Yao closure of one MIKEY-IBAKE exchange (protocol profile 4.1, 5.2, 7.1): what follows from what
 * somebody knows, if encryption is perfect. The messages are taken from the grammar tables of the codec, so that a
 * change of the grammar changes what can be derived. It says nothing about keys that were guessed, stolen or broken.
 */
import type { IbakePlaintext, IbakeType } from '../mikey/index.ts';
import { IBAKE_GRAMMARS, IBAKE_RECIPIENTS, type IbakeGrammars } from '../mikey/ibake-grammar.ts';

/** A calls B; C answers in B's place in a retargeted call. */
export type Party = 'A' | 'B' | 'C';

/**
 * Something that can be known: master secrets of the two districts (that of A, that of B and C), private keys of the key
 * epoch, master secrets of the MS epoch, scalars, points, nonces, the session key, the messages, and that V verified.
 */
export type Fact =
  's_A' | 's_B' | `PR_${Party}` | `MS_${Party}` | 'x' | 'y' | 'xP' | 'yP' | 'NA' | 'NB' | 'K' | 'confirmed' | IbakeType;

export const MESSAGES: readonly IbakeType[] = ['I_MESSAGE_1', 'R_MESSAGE_1', 'I_MESSAGE_2', 'R_MESSAGE_2'];

/** `direct`: the called party answers; `retargeted`: another does, which cannot open I_MESSAGE_1 (6.2, 6.3). */
export type Scenario = 'direct' | 'retargeted';

/** What an exchange looks like: the plan of the call, and the grammar of its messages. */
export interface Exchange {
  readonly scenario: Scenario;
  readonly grammars: IbakeGrammars;
}

/** The exchange of the profile. */
export const DIRECT: Exchange = { scenario: 'direct', grammars: IBAKE_GRAMMARS };
export const RETARGETED: Exchange = { scenario: 'retargeted', grammars: IBAKE_GRAMMARS };

/** Premises, all of which are needed, and what they give. */
interface Rule {
  readonly from: readonly Fact[];
  readonly to: readonly Fact[];
}

/** The components that are worth knowing; the identities beside them stand in clear as well. */
const COMPONENTS: Readonly<Partial<Record<keyof IbakePlaintext, Fact>>> = {
  eccpti: 'xP',
  na: 'NA',
  eccptr: 'yP',
  nb: 'NB',
};

/** Who answers. */
export function answererOf(scenario: Scenario): Party {
  return scenario === 'direct' ? 'B' : 'C';
}

/** For whom a message is encrypted: I_MESSAGE_1 names the called party, the others the one that answered. */
function recipientOf(type: IbakeType, scenario: Scenario): Party {
  if (IBAKE_RECIPIENTS[type] === 'idri') return 'A';
  return type === 'I_MESSAGE_1' ? 'B' : answererOf(scenario);
}

/** Whether the initiator's half comes back in this message: in R1 by who could open I1, else in I2 and R2. */
function carriesInitiatorsHalf(type: IbakeType, scenario: Scenario): boolean {
  return type === 'I_MESSAGE_1' || (type === 'R_MESSAGE_1') === (scenario === 'direct');
}

/** What the recipient of a message reads in it. */
function contentsOf(type: IbakeType, { scenario, grammars }: Exchange): Fact[] {
  return grammars[type].flatMap((slot) => {
    const fact = COMPONENTS[slot.replace('?', '') as keyof IbakePlaintext];
    const initiators = fact === 'xP' || fact === 'NA';
    return fact === undefined || (initiators && !carriesInitiatorsHalf(type, scenario)) ? [] : [fact];
  });
}

function rulesOf(exchange: Exchange): Rule[] {
  const answerer = answererOf(exchange.scenario);
  return [
    // Extraction: whoever has a district's master secret has the private keys of its identities.
    { from: ['s_A'], to: ['PR_A'] },
    { from: ['s_B'], to: ['PR_B', 'PR_C'] },
    // Decryption of a message with the private key of its recipient.
    ...MESSAGES.map((type): Rule => ({
      from: [type, `PR_${recipientOf(type, exchange.scenario)}`],
      to: contentsOf(type, exchange),
    })),
    // Opening of a nonce with the master secret of its owner.
    { from: ['NA', 'MS_A'], to: ['x'] },
    { from: ['NB', `MS_${answerer}`], to: ['y'] },
    // The group: a scalar gives its point, and with the other's point K; nothing leads back.
    { from: ['x'], to: ['xP'] },
    { from: ['y'], to: ['yP'] },
    { from: ['x', 'yP'], to: ['K'] },
    { from: ['y', 'xP'], to: ['K'] },
    // V of R_MESSAGE_2 proves K.
    { from: ['K', 'R_MESSAGE_2'], to: ['confirmed'] },
  ];
}

/** Everything that follows from `known`, which is part of it. */
export function derivable(known: Iterable<Fact>, exchange: Exchange = DIRECT): ReadonlySet<Fact> {
  const rules = rulesOf(exchange);
  const facts = new Set(known);
  for (let before = -1; before < facts.size;) {
    before = facts.size;
    for (const { from, to } of rules) {
      if (from.every((fact) => facts.has(fact))) for (const fact of to) facts.add(fact);
    }
  }
  return facts;
}
