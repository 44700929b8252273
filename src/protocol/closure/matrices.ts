/**
 * The tables of protocol profile 4.1 and 5.2 and the statements of 5.1, computed by the closure. A test compares them
 * with the text; report.html shows them.
 */
import type { IbakeType } from '../mikey/index.ts';
import {
  answererOf,
  derivable,
  DIRECT,
  MESSAGES,
  RETARGETED,
  type Exchange,
  type Fact,
  type Party,
} from './knowledge.ts';

/**
 * The smallest sets of messages from which K follows, smaller ones first; none of them contains another.
 * @param keys what is known beside the messages
 */
export function minimalSets(keys: readonly Fact[], exchange: Exchange = DIRECT): IbakeType[][] {
  const all = Array.from({ length: 2 ** MESSAGES.length }, (_, bits) =>
    MESSAGES.filter((_, i) => (bits >> i) % 2 === 1),
  );
  const enough = all
    .filter((set) => derivable([...keys, ...set], exchange).has('K'))
    .sort((a, b) => a.length - b.length);
  return enough.filter(
    (set) => !enough.some((other) => other.length < set.length && other.every((type) => set.includes(type))),
  );
}

const ownKeys = (party: Party): Fact[] => [`PR_${party}`, `MS_${party}`];

/** A row of the table of 4.1. */
export interface RecoveryRow {
  readonly target: string;
  readonly sets: readonly (readonly IbakeType[])[];
}

/**
 * Which messages K follows from with a target's own private key and master secret (4.1). `change` may alter the grammar:
 * without the returned nonces nothing is left of the table.
 */
export function recoveryMatrix(change: (exchange: Exchange) => Exchange = (exchange) => exchange): RecoveryRow[] {
  const [direct, retargeted] = [change(DIRECT), change(RETARGETED)];
  return [
    { target: 'initiator A', sets: minimalSets(ownKeys('A'), direct) },
    { target: 'responder B', sets: minimalSets(ownKeys('B'), direct) },
    { target: 'both sides', sets: minimalSets([...ownKeys('A'), ...ownKeys('B')], direct) },
    { target: 'initiator A, retargeted', sets: minimalSets(ownKeys('A'), retargeted) },
    { target: 'answering C, retargeted', sets: minimalSets(ownKeys('C'), retargeted) },
    { target: 'called B, retargeted', sets: minimalSets(ownKeys('B'), retargeted) },
  ];
}

/** `given`: it was handed to the entity; `derived`: the entity computes it; `no`: it cannot. */
export type Access = 'given' | 'derived' | 'no';

/** A row of the table of 5.2, for one target. */
export interface AccessRow {
  readonly entity: string;
  /** Columns in the order of the text; of the pairs, the target's own part first. */
  readonly access: Readonly<
    Record<'s' | 'PR' | 'MS' | 'ownPoint' | 'peerPoint' | 'ownNonce' | 'peerNonce' | 'scalar' | 'K', Access>
  >;
}

/** The facts of one side of a call as the columns of 5.2 name them. */
export type Columns = Readonly<Record<keyof AccessRow['access'], Fact>>;

/** The columns for a target, and the master secret of the peer's district. */
export function factsOf(target: 'A' | 'B'): { readonly keys: Columns; readonly peerS: Fact } {
  const own = target === 'A' ? (['s_A', 'x', 'xP', 'NA'] as const) : (['s_B', 'y', 'yP', 'NB'] as const);
  const peer = target === 'A' ? (['s_B', 'yP', 'NB'] as const) : (['s_A', 'xP', 'NA'] as const);
  const [s, scalar, ownPoint, ownNonce] = own;
  const [peerS, peerPoint, peerNonce] = peer;
  const keys: Columns = {
    s,
    PR: `PR_${target}`,
    MS: `MS_${target}`,
    ownPoint,
    peerPoint,
    ownNonce,
    peerNonce,
    scalar,
    K: 'K',
  };
  return { keys, peerS };
}

/** How somebody who was given `given`, and so knows `known`, comes to each column. */
export function accessOf(keys: Columns, given: readonly Fact[], known: ReadonlySet<Fact>): AccessRow['access'] {
  const access = (fact: Fact): Access => (given.includes(fact) ? 'given' : known.has(fact) ? 'derived' : 'no');
  const columns = Object.entries(keys).map(([column, fact]) => [column, access(fact)]);
  return Object.fromEntries(columns) as AccessRow['access'];
}

/** What each entity is given: by its office, and in the course of a warranted request (4.4). */
function entities(target: 'A' | 'B'): readonly (readonly [entity: string, given: readonly Fact[]])[] {
  const { keys, peerS } = factsOf(target);
  const { s, PR, MS, ownPoint, peerPoint, ownNonce, peerNonce, scalar } = keys;
  const asked: readonly Fact[] = [MS, ownPoint, ownNonce];
  return [
    ['endpoint', [PR, MS, scalar, ownPoint, ownNonce, ...MESSAGES]],
    ['KMS, solution 3', [s, MS, ...MESSAGES]],
    ['KMS, solution 4', [s, ...MESSAGES]],
    ["peer's KMS", [peerS, ...MESSAGES]],
    ['provider, not asked', [MS, ...MESSAGES]],
    ['provider, asked', asked],
    ['provider, asked for the shared point', [...asked, peerPoint]],
    ['DF, solution 3', ['K', ...MESSAGES]],
    ['DF, solution 4, alternative 1', [PR, scalar, ...MESSAGES]],
    ['DF, solution 4, alternative 2', [ownPoint, peerPoint, ownNonce, peerNonce, scalar, ...MESSAGES]],
    ['network', MESSAGES],
  ];
}

/** What each entity can know of a call of the target (5.2), passively, from what it is given. */
export function accessMatrix(target: 'A' | 'B', exchange: Exchange = DIRECT): AccessRow[] {
  const { keys } = factsOf(target);
  return entities(target).map(([entity, given]) => ({
    entity,
    access: accessOf(keys, given, derivable(given, exchange)),
  }));
}

/** A statement of 5.1: who joins what, and whether K of a recorded call follows. */
export interface Statement {
  readonly name: string;
  readonly given: readonly Fact[];
  readonly recovers: boolean;
}

/** The statements of 5.1 on forward secrecy and on what two holders can do together. */
export function statements(target: 'A' | 'B', exchange: Exchange = DIRECT): Statement[] {
  const { keys, peerS } = factsOf(target);
  const { s, PR, MS } = keys;
  const peer = target === 'A' ? answererOf(exchange.scenario) : 'A';
  const cases: readonly (readonly [string, readonly Fact[]])[] = [
    ['device seized with PR and MS', [PR, MS]],
    ['device seized, PR of that key epoch erased', [MS]],
    ['device seized, MS of that epoch erased', [PR]],
    ['KMS alone', [s]],
    ['provider alone', [MS]],
    ['KMS and provider', [s, MS]],
    ["peer's KMS and provider", [peerS, MS]],
    ["provider and the peer's private key", [MS, `PR_${peer}`]],
    ['both KMS', [s, peerS]],
  ];
  return cases.map(([name, known]) => {
    const given = [...known, ...MESSAGES];
    return { name, given, recovers: derivable(given, exchange).has('K') };
  });
}
