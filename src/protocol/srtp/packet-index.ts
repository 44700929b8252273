/**
 * Packet index i = 2^16 * ROC + SEQ: its estimate (RFC 3711 3.3.1, Appendix A) and the replay list (3.3.2).
 * State changes in `accept` only, which must be called for authenticated packets only.
 */
import { HalfkeyError } from '../../foundation/base/errors.ts';

/** Packets that the replay list remembers: the least that RFC 3711 3.3.2 allows. */
export const REPLAY_WINDOW = 64;
const LAST_ROC = 0xffffffff;

/** The 48-bit index of a packet; exact as a number. */
export function packetIndex(roc: number, sequence: number): number {
  return roc * 0x10000 + sequence;
}

export class IndexTracker {
  readonly #firstRoc: number;
  #highest: number | undefined;
  readonly #seen = new Uint8Array(REPLAY_WINDOW);

  /** `firstRoc`: the rollover counter that key management gave, 0 at the start of a stream. */
  constructor(firstRoc: number) {
    this.#firstRoc = firstRoc;
  }

  /**
   * Indices that a packet with this sequence number may have, likeliest first. There is one, by Appendix A, once a
   * packet has been accepted. Before that s_l is unknown, and the packets around a wrap may arrive in any order or be
   * lost: then the neighbour on the near side of the wrap is possible too, and the authentication tag decides.
   * Departure: with ROC 0 there is no ROC-1 (the RFC counts modulo 2^32), and after the last ROC there is no next one.
   */
  candidates(sequence: number): readonly number[] {
    const rocs: number[] = [];
    if (this.#highest === undefined) {
      rocs.push(this.#firstRoc, sequence < 0x8000 ? this.#firstRoc + 1 : this.#firstRoc - 1);
    } else {
      const roc = Math.floor(this.#highest / 0x10000);
      const last = this.#highest % 0x10000;
      if (last < 0x8000) rocs.push(sequence - last > 0x8000 && roc > 0 ? roc - 1 : roc);
      else rocs.push(last - 0x8000 > sequence ? roc + 1 : roc);
    }
    return rocs.filter((roc) => roc >= 0 && roc <= LAST_ROC).map((roc) => packetIndex(roc, sequence));
  }

  /** Whether the index was accepted before or is older than the window (RFC 3711 3.3.2). */
  replayed(index: number): boolean {
    if (this.#highest === undefined || index > this.#highest) return false;
    return index <= this.#highest - REPLAY_WINDOW || this.#seen[index % REPLAY_WINDOW] === 1;
  }

  /** Notes an authenticated packet: moves ROC, s_l and the window (RFC 3711 3.3.1, 3.3 step 7). */
  accept(index: number): void {
    const highest = this.#highest ?? index;
    if (index - highest >= REPLAY_WINDOW) this.#seen.fill(0);
    else for (let i = highest + 1; i < index; i++) this.#seen[i % REPLAY_WINDOW] = 0;
    this.#seen[index % REPLAY_WINDOW] = 1;
    this.#highest = Math.max(highest, index);
  }
}

/** The error of an index that cannot be used (again). */
export function replayError(what: string): HalfkeyError {
  return new HalfkeyError('SRTP_REPLAYED', what);
}
