/**
 * SIP over a stream (RFC 3261 18.3, 7.5): messages framed by Content-Length, keep-alive CRLFs skipped, and
 * resynchronisation at the next plausible start line after garbage, a malformed message or a gap.
 * The result does not depend on how the octets are cut into chunks. It holds at most one message
 * (64 KiB header, 1 MiB body) beside the chunk that it is given.
 */
import { latin1 } from '../../foundation/base/bytes.ts';
import { isHalfkeyError } from '../../foundation/base/errors.ts';
import type { SipMessage } from './sip-message.ts';
import {
  endOfHeader,
  matchStartLine,
  MAX_SIP_HEADER,
  readSipFields,
  readSipLines,
  withBody,
  type SipHead,
} from './sip-parse.ts';

/** Below this size a buffer is not given back, octets. */
const SMALL_BUFFER = 16_384;
/** A start line that is longer is taken for garbage, octets. */
const MAX_START_LINE = 8192;
const METHODS = 'INVITE|ACK|BYE|CANCEL|OPTIONS|REGISTER|PRACK|UPDATE|INFO|SUBSCRIBE|NOTIFY|REFER|MESSAGE|PUBLISH';
// The start of a message inside a line: after a gap the rest of a body may stand before it.
const embedded = new RegExp(
  `(?:(?:${METHODS}) [A-Za-z][A-Za-z0-9+.-]*:[\\x21-\\x7e]+ SIP/2\\.0|SIP/2\\.0 [1-6][0-9]{2} [^\\r\\n]*)$`,
  'i',
);

/** Whether octets begin like a SIP message (after keep-alive CRLFs): cheap, for telling SIP from RTP and the rest. */
export function looksLikeSip(bytes: Uint8Array): boolean {
  const text = latin1(bytes.subarray(0, MAX_START_LINE)).replace(/^(?:\r\n)+/, '');
  const end = text.indexOf('\r\n');
  return end > 0 && matchStartLine(text.slice(0, end)) !== undefined;
}

/** One direction of one connection. */
export interface SipStream {
  /** The messages that `bytes` completes, in order; never throws for any octets. */
  push(bytes: Uint8Array): SipMessage[];
  /** Octets were lost here: an unfinished message is dropped, and the next start line is searched for. */
  gap(): void;
  /** Octets that belong to no message; empty lines, which are keep-alives, are not counted. */
  readonly skippedOctets: number;
  /** Start lines that no message followed. */
  readonly malformed: number;
  /** Octets that wait for the rest of a message. */
  readonly bufferedOctets: number;
}

/** A framer at an unknown place of a stream: the first start line may stand anywhere. */
export function createSipStream(): SipStream {
  return new Framer();
}

class Framer implements SipStream {
  skippedOctets = 0;
  malformed = 0;
  #buffer: Uint8Array = new Uint8Array(0);
  #start = 0;
  #end = 0;
  /** Whether `#start` is just behind a message: a start line with an unknown method is believed there. */
  #synced = false;
  /** Whether a plausible start line stands at `#start`. */
  #started = false;
  #head: SipHead | undefined;
  /** Octets from the start line to the body of `#head`. */
  #headLength = 0;
  /** No line ends before this index of the buffer. */
  #lineScanned = 0;
  /** No blank line begins before this index: kept over failed attempts, so that octets are not scanned again. */
  #blankScanned = 0;

  get bufferedOctets(): number {
    return this.#end - this.#start;
  }

  push(bytes: Uint8Array): SipMessage[] {
    const messages: SipMessage[] = [];
    // By pieces, so that the buffer stays bounded whatever the chunk.
    for (let at = 0; at < bytes.length; at += MAX_SIP_HEADER) {
      this.#append(bytes.subarray(at, at + MAX_SIP_HEADER));
      while (this.#step(messages));
    }
    // Most connections of a capture are no SIP: what waits in them must not cost more than it is.
    if (this.#buffer.length > Math.max(SMALL_BUFFER, 8 * this.bufferedOctets)) this.#resize(4 * this.bufferedOctets);
    return messages;
  }

  gap(): void {
    this.skippedOctets += this.bufferedOctets;
    this.#start = this.#end = this.#lineScanned = this.#blankScanned = 0;
    this.#synced = this.#started = false;
    this.#head = undefined;
  }

  #append(bytes: Uint8Array): void {
    if (this.#end + bytes.length > this.#buffer.length) {
      const needed = 2 * (this.bufferedOctets + bytes.length);
      this.#resize(Math.max(needed, this.#buffer.length));
    }
    this.#buffer.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  /** Moves what is held to the start of a buffer of `length` octets. */
  #resize(length: number): void {
    const held = this.#buffer.subarray(this.#start, this.#end);
    const room = length === this.#buffer.length ? this.#buffer : new Uint8Array(length);
    room.set(held);
    this.#buffer = room;
    this.#lineScanned -= this.#start;
    this.#blankScanned -= this.#start;
    this.#end = held.length;
    this.#start = 0;
  }

  /** One step of progress; false when more octets are needed. */
  #step(messages: SipMessage[]): boolean {
    if (this.#head !== undefined) return this.#takeBody(this.#head, messages);
    return this.#started ? this.#takeHead() : this.#findStartLine();
  }

  #moveTo(index: number): void {
    this.#start = index;
    this.#lineScanned = Math.max(this.#lineScanned, index);
    this.#blankScanned = Math.max(this.#blankScanned, index);
  }

  #findStartLine(): boolean {
    const held = this.#buffer.subarray(0, this.#end);
    if (held[this.#start] === 0x0d) {
      if (this.bufferedOctets < 2) return false;
      if (held[this.#start + 1] === 0x0a) {
        this.#moveTo(this.#start + 2);
        return true;
      }
    }
    let lineEnd = held.indexOf(0x0d, this.#lineScanned);
    while (lineEnd >= 0 && lineEnd + 1 < this.#end && held[lineEnd + 1] !== 0x0a)
      lineEnd = held.indexOf(0x0d, lineEnd + 1);
    const complete = lineEnd >= 0 && lineEnd + 1 < this.#end;
    // Of a longer line only the last octets can hold a start line.
    const known = lineEnd >= 0 ? lineEnd : this.#end;
    if (known - this.#start > MAX_START_LINE) {
      this.#skip(known - MAX_START_LINE);
      this.#synced = false;
    }
    this.#lineScanned = Math.max(known, this.#start);
    if (!complete) return false;
    const line = latin1(held.subarray(this.#start, lineEnd));
    const at = startIn(line, this.#synced);
    if (at < 0) {
      this.#skip(lineEnd + 2);
      this.#synced = false;
    } else {
      this.#skip(this.#start + at);
      this.#started = true;
    }
    return true;
  }

  /** Gives octets up to `index` up as garbage. */
  #skip(index: number): void {
    this.skippedOctets += index - this.#start;
    this.#moveTo(index);
  }

  #takeHead(): boolean {
    const limit = this.#start + MAX_SIP_HEADER;
    const held = this.#buffer.subarray(0, this.#end);
    const bodyStart = endOfHeader(held, this.#blankScanned, limit);
    // A blank line may have begun in the last three octets.
    this.#blankScanned = bodyStart < 0 ? Math.max(this.#start, Math.min(this.#end, limit) - 3) : bodyStart - 4;
    if (bodyStart < 0 && this.#end < limit) return false;
    const firstLine = held.indexOf(0x0d, this.#start) + 2;
    if (bodyStart < 0) {
      this.#giveUp(firstLine);
      return true;
    }
    let resume = firstLine;
    try {
      // Up to a bad line there were header lines, and a header line is no start line: the search goes on there.
      const lines = readSipLines(held, this.#start, bodyStart);
      resume = bodyStart;
      this.#head = readSipFields(lines);
      this.#headLength = bodyStart - this.#start;
    } catch (error) {
      if (!isHalfkeyError(error, 'BadSip')) throw error;
      this.#giveUp(Math.max(resume, error.offset ?? 0));
    }
    return true;
  }

  /** What began with a start line is no message. */
  #giveUp(resume: number): void {
    this.malformed++;
    this.#started = this.#synced = false;
    this.#skip(resume);
  }

  #takeBody(head: SipHead, messages: SipMessage[]): boolean {
    // RFC 3261 20.14 demands Content-Length on streams; without it a message ends with its header.
    const bodyStart = this.#start + this.#headLength;
    const bodyEnd = bodyStart + (head.contentLength ?? 0);
    if (this.#end < bodyEnd) return false;
    messages.push(withBody(head, this.#headLength, this.#buffer.subarray(bodyStart, bodyEnd)));
    this.#head = undefined;
    this.#started = false;
    this.#synced = true;
    this.#moveTo(bodyEnd);
    return true;
  }
}

/** Index of a start line that ends the line, -1 when there is none. */
function startIn(line: string, synced: boolean): number {
  const whole = matchStartLine(line) !== undefined;
  const inside = synced && whole ? 0 : line.search(embedded);
  return inside < 0 && whole ? 0 : inside;
}
