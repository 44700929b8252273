/**
 * Sorts the MIKEY messages of one call into candidate exchanges: by CSB ID and level, then by order (a new
 * I_MESSAGE_1 begins a round, protocol profile 6.4), then by To-tag (forking, 6.1). Nothing is ever overwritten;
 * the same octets seen again, on another leg or in a retransmission, add nothing.
 */
import { equalBytes } from '../../foundation/base/bytes.ts';
import type { CarriedMikey, Exchange, Party } from './call.ts';

const SLOTS = { 22: 'i1', 23: 'r1', 24: 'i2', 25: 'r2' } as const;
type Slot = (typeof SLOTS)[keyof typeof SLOTS];
const ORDER: readonly Slot[] = ['i1', 'r1', 'i2', 'r2'];

/** Early dialogs of one I_MESSAGE_1 (protocol profile 3.8: at most 8; later ones are refused). */
const MAX_BRANCHES = 8;
const MAX_VARIANTS = 4;
const MAX_EXCHANGES = 64;
const MAX_OTHER = 16;

type Candidate = { -readonly [K in keyof Exchange]: Exchange[K] } & {
  /** I_MESSAGE_1 was sent outside a dialog, so that several may answer it. */
  open: boolean;
};

export class ExchangeBook {
  readonly exchanges: Candidate[] = [];
  readonly other: CarriedMikey[] = [];
  /** Octets held, for the bound on memory. */
  octets = 0;

  /** Whether the message was new, already known, or over a limit. Takes ownership of the octets. */
  add(message: CarriedMikey, timeMs: number): 'new' | 'known' | 'refused' {
    const slot = (SLOTS as Readonly<Record<number, Slot>>)[message.type];
    const result = slot === undefined ? this.#addOther(message) : this.#addTo(slot, message, timeMs);
    if (result === 'new') this.octets += message.bytes.length;
    return result;
  }

  #addOther(message: CarriedMikey): 'new' | 'known' | 'refused' {
    if (this.other.some((known) => equalBytes(known.bytes, message.bytes))) return 'known';
    if (this.other.length >= MAX_OTHER) return 'refused';
    this.other.push(message);
    return 'new';
  }

  #addTo(slot: Slot, message: CarriedMikey, timeMs: number): 'new' | 'known' | 'refused' {
    const { sender, branch, bytes } = message;
    const initiator = slot === 'i1' || slot === 'i2' ? sender : other(sender);
    const group = this.exchanges.filter(
      (e) => e.mediaIndex === message.mediaIndex && equalBytes(e.csbId, message.csbId),
    );
    const own = group.filter((e) => e.initiator === initiator);
    const repeats = (e: Candidate): boolean => (slot === 'i1' || e.branch === branch) && sameOctets(e[slot], bytes);
    if (own.some(repeats)) return 'known';
    const fits = (e: Candidate): boolean => e.open || e.branch === branch;
    // A reordered capture may show an answer before its I_MESSAGE_1; any later message would belong to an older round.
    const early = (e: Candidate): boolean => e.i1 === undefined && e.i2 === undefined && e.r2 === undefined;
    const last = own.findLast((e) => (slot === 'i1' ? early(e) && (branch ?? e.branch) === e.branch : fits(e)));
    const round = last === undefined ? [] : own.filter((e) => e.round === last.round);
    if (round.length > 0 && slot !== 'i1') return this.#addToRound(round, slot, message);
    if (round.length > 0) {
      for (const candidate of round) candidate.open = branch === undefined;
      return fill(round, slot, bytes);
    }
    return this.#push({
      csbId: message.csbId,
      ...(message.mediaIndex === undefined ? {} : { mediaIndex: message.mediaIndex }),
      round: Math.max(-1, ...group.map((e) => e.round)) + 1,
      initiator,
      ...(branch === undefined ? {} : { branch }),
      startedMs: timeMs,
      open: slot === 'i1' && branch === undefined,
      [slot]: bytes,
    });
  }

  #addToRound(round: readonly Candidate[], slot: Slot, message: CarriedMikey): 'new' | 'refused' {
    const { branch, bytes } = message;
    const mine = round.filter((e) => e.branch === branch);
    const free = mine.filter((e) => e[slot] === undefined);
    if (free.length > 0) return fill(free, slot, bytes);
    const unanswered = round.find((e) => e.branch === undefined);
    if (mine.length === 0 && unanswered !== undefined && branch !== undefined) {
      unanswered.branch = branch;
      return fill([unanswered], slot, bytes);
    }
    const crowded =
      mine.length === 0 ? new Set(round.map((e) => e.branch)).size >= MAX_BRANCHES : mine.length >= MAX_VARIANTS;
    if (crowded) return 'refused';
    const model = mine.at(-1) ?? round[0];
    if (model === undefined) return 'refused';
    // Of another dialog only I_MESSAGE_1 is shared; of the same dialog what came before this message.
    const shared = ORDER.slice(0, mine.length === 0 ? 1 : ORDER.indexOf(slot));
    const { csbId, mediaIndex, initiator, startedMs, open } = model;
    return this.#push({
      csbId,
      ...(mediaIndex === undefined ? {} : { mediaIndex }),
      round: model.round,
      initiator,
      ...(branch === undefined ? {} : { branch }),
      startedMs,
      open,
      ...Object.fromEntries(
        shared.flatMap((earlier) => (model[earlier] === undefined ? [] : [[earlier, model[earlier]]])),
      ),
      [slot]: bytes,
    });
  }

  #push(candidate: Candidate): 'new' | 'refused' {
    if (this.exchanges.length >= MAX_EXCHANGES) return 'refused';
    this.exchanges.push(candidate);
    return 'new';
  }
}

function fill(candidates: readonly Candidate[], slot: Slot, bytes: Uint8Array): 'new' {
  for (const candidate of candidates) candidate[slot] = bytes;
  return 'new';
}

function sameOctets(a: Uint8Array | undefined, b: Uint8Array): boolean {
  return a !== undefined && equalBytes(a, b);
}

/** The other side. */
export function other(party: Party): Party {
  return party === 'caller' ? 'callee' : 'caller';
}
