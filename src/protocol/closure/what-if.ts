/**
 * The table of protocol profile 5.2 for one solution, when something is otherwise: a message was not captured, a device
 * is seized, an epoch was erased before anyone asked, some entities join what they have. With nothing changed it is the
 * table of the text. report.html computes it in the reader's browser.
 */
import type { IbakeType } from '../mikey/ibake-message.ts';
import { derivable, DIRECT, MESSAGES, type Exchange, type Fact } from './knowledge.ts';
import { accessOf, factsOf, type AccessRow, type Columns } from './matrices.ts';

/** Solution 3, or solution 4 with its alternative. */
export type Way = '3' | '4/1' | '4/2';

/** Who may know something. `provider` is the one that nobody asks, `providerAsked` the same when the DF has asked it. */
export type Entity =
  | 'target'
  | 'peer'
  | 'kms'
  | 'peerKms'
  | 'provider'
  | 'providerAsked'
  | 'df'
  | 'network'
  | 'seizedTarget'
  | 'seizedPeer'
  | 'together';

export interface Circumstances {
  readonly way: Way;
  /** The side that the warrant names. */
  readonly target: 'A' | 'B';
  /** What was recorded of the call, by everybody who sees the network. */
  readonly messages: readonly IbakeType[];
  /** Devices that somebody takes after the call. */
  readonly seized: readonly ('target' | 'peer')[];
  /** What of the target was erased after the call, before anyone asked: PR in its device; MS wherever it is kept. */
  readonly erased: readonly ('PR' | 'MS')[];
  /** Who joins what they have; fewer than two of those in the table make no row `together`. */
  readonly together: readonly Entity[];
}

/** A row: what the entity has of the target's secrets, and whether V proves the key to it. */
export interface WhatIfRow {
  readonly entity: Entity;
  readonly access: AccessRow['access'];
  readonly confirmed: boolean;
}

/** Everything recorded, nothing seized, nothing erased, nobody joined. */
export function asItIs(way: Way, target: 'A' | 'B'): Circumstances {
  return { way, target, messages: MESSAGES, seized: [], erased: [], together: [] };
}

/** What the Delivery Function is given under its warrant, and the provider with the request; nothing when K is out of reach. */
function answered(
  { way, messages, erased }: Circumstances,
  { PR, MS, ownPoint, peerPoint, ownNonce, peerNonce, scalar }: Columns,
  exchange: Exchange,
): { df: readonly Fact[]; provider: readonly Fact[] } {
  // It asks nobody when the messages do not suffice for the target's side (4.1).
  if (!derivable([PR, MS, ...messages], exchange).has('K')) return { df: [], provider: [] };
  const opened = !erased.includes('MS');
  if (way === '3') return { df: opened ? ['K'] : [], provider: [] };
  const read = derivable([PR, ...messages], exchange);
  const components = [ownPoint, peerPoint, ownNonce, peerNonce].filter((fact) => read.has(fact));
  const first = way === '4/1' ? [PR] : components;
  return { df: [...first, ...(opened ? [scalar] : [])], provider: [ownPoint, ownNonce] };
}

/** The table under these circumstances; the rows of a provider only where there is one (solution 4). */
export function whatIf(circumstances: Circumstances, exchange: Exchange = DIRECT): WhatIfRow[] {
  const { way, target, messages, seized, erased, together } = circumstances;
  const { keys, peerS } = factsOf(target);
  const { keys: peers } = factsOf(target === 'A' ? 'B' : 'A');
  const PR: readonly Fact[] = erased.includes('PR') ? [] : [keys.PR];
  const MS: readonly Fact[] = erased.includes('MS') ? [] : [keys.MS];
  const asked = answered(circumstances, keys, exchange);
  const given: [Entity, readonly Fact[]][] = [
    // The parties as they speak: what is erased afterwards they had.
    ['target', [keys.PR, keys.MS, keys.scalar, keys.ownPoint, keys.ownNonce, ...messages]],
    ['peer', [peers.PR, peers.MS, peers.scalar, peers.ownPoint, peers.ownNonce, ...messages]],
    ['kms', [keys.s, ...(way === '3' ? MS : []), ...messages]],
    ['peerKms', [peerS, ...messages]],
  ];
  if (way !== '3') {
    given.push(['provider', [...MS, ...messages]]);
    // On the way of a request it sees what it is sent, not the network.
    given.push(['providerAsked', [...MS, ...asked.provider]]);
  }
  given.push(['df', [...asked.df, ...messages]], ['network', messages]);
  if (seized.includes('target')) given.push(['seizedTarget', [...PR, ...MS, ...messages]]);
  if (seized.includes('peer')) given.push(['seizedPeer', [peers.PR, peers.MS, ...messages]]);
  const joined = given.filter(([entity]) => together.includes(entity));
  if (joined.length > 1) given.push(['together', [...new Set(joined.flatMap(([, facts]) => facts))]]);
  return given.map(([entity, facts]) => {
    const known = derivable(facts, exchange);
    return { entity, access: accessOf(keys, facts, known), confirmed: known.has('confirmed') };
  });
}
