/**
 * One direction of one TCP connection as its receiver read it (RFC 9293 3.4, 3.10.7.4): every octet once and in order.
 * Where two copies of an octet differ, the one that was delivered first stays. Never holds without bound: a hole is skipped, and marked, when too much waits behind it.
 */

/** A piece of the stream. */
export interface StreamPiece {
  readonly timeMs: number;
  readonly payload: Uint8Array;
  /** Octets before this piece are missing from the capture. */
  readonly gap?: true;
  /** The direction ends after this piece. */
  readonly end?: true;
}

/** What counts of a segment's header. */
export interface TcpSegment {
  readonly sequence: number;
  readonly syn: boolean;
  readonly fin: boolean;
  readonly rst: boolean;
  readonly payload: Uint8Array;
}

/** Octets before or after the expected one in which a segment is believed to belong to the stream. */
const WINDOW = 16 * 1024 * 1024;
/** Bounds of what waits for a missing segment; when one is passed, the hole is skipped. */
const MAX_HELD_OCTETS = 1024 * 1024;
const MAX_HELD_SEGMENTS = 1024;
/** How long a hole stays open, in capture time: once acknowledged, and when nothing is known. */
const ACKNOWLEDGED_WAIT_MS = 1000;
const MAX_WAIT_MS = 10_000;
/** Successive segments outside the window after which the stream goes on there: the capture paused. */
const MAX_STRAYS = 8;

interface Held {
  readonly sequence: number;
  readonly timeMs: number;
  readonly payload: Uint8Array;
}

/** Distance from `from` to `to` modulo 2^32, -2^31 to 2^31 - 1. */
function distance(from: number, to: number): number {
  return (to - from) | 0;
}

export class TcpStream {
  /** Sequence number of the next octet; undefined before the first segment (RCV.NXT). */
  #next: number | undefined;
  /** Where the connection began: the SYN's number, or what a capture in mid-stream began with. */
  #base = 0;
  #end: number | undefined;
  #closed = false;
  #strays = 0;
  #waitingSinceMs: number | undefined;
  #acknowledged: number | undefined;
  readonly #held: Held[] = [];
  /** Octets that wait for a missing segment. */
  heldOctets = 0;
  /** Segments that were not believed. */
  ignored = 0;

  /** Takes a segment and returns what can be read now. The payload is copied only when it has to wait. */
  take(segment: TcpSegment, timeMs: number): StreamPiece[] {
    const pieces: StreamPiece[] = [];
    if (segment.rst) {
      // RFC 5961 3.2: a reset counts only at exactly the expected place.
      if (this.#next === undefined || this.#closed || distance(this.#next, segment.sequence) !== 0) return pieces;
      this.#drain(pieces, true);
      this.#close(pieces, timeMs);
      return pieces;
    }
    const start = (segment.sequence + (segment.syn ? 1 : 0)) >>> 0;
    if (segment.syn && (this.#next === undefined || start !== this.#base)) {
      if (this.#next !== undefined) pieces.push(...this.finish(timeMs)); // the ports are used again
      this.#restart(start);
    }
    // A lone acknowledgement tells nothing about where the data begins: a keep-alive stands one octet before it.
    if (this.#next === undefined) {
      if (segment.payload.length === 0 && !segment.fin) return pieces;
      this.#restart(start);
    }
    if (this.#closed) return pieces;
    if (segment.payload.length > 0 || segment.fin) this.#place(segment, start, timeMs, pieces);
    return pieces;
  }

  /** Notes what the receiving end acknowledged. */
  acknowledge(sequence: number): void {
    if (this.#acknowledged === undefined || distance(this.#acknowledged, sequence) > 0) this.#acknowledged = sequence;
  }

  /**
   * Skips the hole before what waits when it will not be filled any more: the receiving end has acknowledged what is
   * missing, so the capture lost it; or, when its acknowledgements are not captured, the hole is old. All holes if `all`.
   */
  skipHoles(nowMs: number, all: boolean): StreamPiece[] {
    const pieces: StreamPiece[] = [];
    if (all) this.#drain(pieces, true);
    const first = this.#held[0];
    if (first === undefined || this.#waitingSinceMs === undefined) return pieces;
    const waited = nowMs - this.#waitingSinceMs;
    const lost =
      this.#acknowledged === undefined
        ? waited > MAX_WAIT_MS
        : waited > ACKNOWLEDGED_WAIT_MS && distance(first.sequence, this.#acknowledged) >= 0;
    if (lost) this.#skip(pieces);
    return pieces;
  }

  /** All that waits, holes marked, and the end. Nothing when the end was told before. */
  finish(timeMs: number): StreamPiece[] {
    const pieces: StreamPiece[] = [];
    this.#drain(pieces, true);
    if (!this.#closed && this.#next !== undefined) this.#close(pieces, timeMs);
    return pieces;
  }

  #restart(start: number): void {
    this.#acknowledged = undefined;
    this.#base = this.#next = start;
    this.#end = undefined;
    this.#closed = false;
    this.#strays = 0;
  }

  #place(segment: TcpSegment, start: number, timeMs: number, pieces: StreamPiece[]): void {
    let gap = false;
    if (Math.abs(distance(this.#next as number, start)) > WINDOW) {
      this.ignored++;
      if (++this.#strays < MAX_STRAYS) return;
      this.#drain(pieces, true);
      this.#restart(start);
      gap = true;
    }
    this.#strays = 0;
    if (segment.fin) this.#end ??= (start + segment.payload.length) >>> 0;
    if (distance(this.#next as number, start) > 0 && segment.payload.length > 0) {
      this.#hold({ sequence: start, timeMs, payload: Uint8Array.from(segment.payload) });
      if (this.heldOctets > MAX_HELD_OCTETS || this.#held.length > MAX_HELD_SEGMENTS) this.#skip(pieces);
    } else {
      this.#deliver({ sequence: start, timeMs, payload: segment.payload }, gap, pieces);
      this.#drain(pieces, false);
    }
    if (!this.#closed && this.#end !== undefined && distance(this.#next as number, this.#end) <= 0) {
      this.#close(pieces, timeMs);
    }
  }

  /** Keeps the waiting segments in the order of their numbers; an exact repetition is dropped. */
  #hold(segment: Held): void {
    let at = this.#held.length;
    while (at > 0 && distance((this.#held[at - 1] as Held).sequence, segment.sequence) < 0) at--;
    const before = this.#held[at - 1];
    if (before?.sequence === segment.sequence && before.payload.length >= segment.payload.length) return;
    this.#held.splice(at, 0, segment);
    this.heldOctets += segment.payload.length;
    this.#waitingSinceMs ??= segment.timeMs;
  }

  /** Delivers what of the segment is new. */
  #deliver(segment: Held, gap: boolean, pieces: StreamPiece[]): void {
    const delivered = Math.max(0, distance(segment.sequence, this.#next as number));
    const payload = segment.payload.subarray(delivered);
    if (payload.length === 0) return;
    this.#next = (segment.sequence + segment.payload.length) >>> 0;
    pieces.push({ timeMs: segment.timeMs, payload, ...(gap ? { gap: true as const } : {}) });
  }

  /** Delivers waiting segments as long as they fit on, and beyond every hole when `all`. */
  #drain(pieces: StreamPiece[], all: boolean): void {
    for (let first = this.#held[0]; first !== undefined; first = this.#held[0]) {
      const hole = distance(this.#next as number, first.sequence) > 0;
      if (hole && !all) break;
      this.#held.shift();
      this.heldOctets -= first.payload.length;
      this.#deliver(first, hole, pieces);
    }
    this.#waitingSinceMs = this.#held[0] === undefined ? undefined : Math.min(...this.#held.map((held) => held.timeMs));
  }

  #skip(pieces: StreamPiece[]): void {
    const first = this.#held.shift();
    if (first === undefined) return;
    this.heldOctets -= first.payload.length;
    this.#deliver(first, true, pieces);
    this.#drain(pieces, false);
  }

  #close(pieces: StreamPiece[], timeMs: number): void {
    this.#closed = true;
    this.#held.length = 0;
    this.heldOctets = 0;
    this.#waitingSinceMs = undefined;
    const last = pieces.at(-1)?.end === true ? undefined : pieces.pop();
    pieces.push({ timeMs, payload: new Uint8Array(), ...last, end: true });
  }
}
