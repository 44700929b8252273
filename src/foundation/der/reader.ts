/**
 * Strict DER reader: definite lengths in the fewest octets, minimal non-negative integers, primitive strings,
 * nothing after the last element (X.690 10 and 11; protocol profile 1.5). Total: any octets give a value or
 * `BadDer` with the offset, counted from the first octet of the outermost input. It never accepts a second
 * encoding of a value: what it reads, the writer writes again octet for octet.
 */
import { HalfkeyError, latin1, toBigInt } from '../base/index.ts';
import { isGeneralizedTime, OID_MAX_OCTETS, TAG, type DerTag } from './tags.ts';

/** Reads the elements of one SEQUENCE, or of the outermost octets, from left to right. */
export class DerReader {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  #offset: number;

  /** Reads `bytes` from `start` (included) to `end` (excluded); keeps a view, copies nothing. */
  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#offset = start;
    this.#end = end;
  }

  /** Where the next element begins. */
  get offset(): number {
    return this.#offset;
  }

  /** Identifier octet of the next element, without reading it; undefined at the end: for OPTIONAL members. */
  get nextTag(): number | undefined {
    return this.#offset < this.#end ? this.#bytes[this.#offset] : undefined;
  }

  /**
   * A reader over the elements of the next SEQUENCE; the caller calls {@link finish} on it.
   * @throws HalfkeyError `BadDer`
   */
  sequence(): DerReader {
    const { start, end } = this.#element(TAG.sequence, 'SEQUENCE');
    return new DerReader(this.#bytes, start, end);
  }

  /** A non-negative INTEGER. @throws HalfkeyError `BadDer` */
  integer(): bigint {
    return toBigInt(this.integerOctets());
  }

  /** The octets of a non-negative INTEGER, most significant first, as a view of the input. @throws HalfkeyError `BadDer` */
  integerOctets(): Uint8Array {
    const at = this.#offset;
    const octets = this.#contents(TAG.integer, 'INTEGER');
    const first = octets[0];
    const second = octets[1];
    if (first === undefined) throw bad('an INTEGER without octets', at);
    if (first > 0x7f) throw bad('a negative INTEGER', at);
    if (first === 0 && second !== undefined && second < 0x80) throw bad('an INTEGER with a needless leading zero', at);
    return octets;
  }

  /** Contents of an OCTET STRING, as a view of the input. @throws HalfkeyError `BadDer` */
  octetString(): Uint8Array {
    return this.#contents(TAG.octetString, 'OCTET STRING');
  }

  /** An OBJECT IDENTIFIER as dotted text. @throws HalfkeyError `BadDer` */
  oid(): string {
    const at = this.#offset;
    const arcs: bigint[] = [];
    let arc = 0n;
    let fresh = true;
    const octets = this.#contents(TAG.oid, 'OBJECT IDENTIFIER');
    if (octets.length > OID_MAX_OCTETS) throw bad('an OBJECT IDENTIFIER of more than 128 octets', at);
    for (const octet of octets) {
      if (fresh && octet === 0x80) throw bad('an arc with a needless leading octet', at);
      arc = (arc << 7n) | BigInt(octet & 0x7f);
      fresh = octet < 0x80;
      if (fresh) {
        arcs.push(arc);
        arc = 0n;
      }
    }
    const [first, ...rest] = arcs;
    if (first === undefined || !fresh) throw bad('an OBJECT IDENTIFIER that ends inside an arc', at);
    const root = first < 80n ? first / 40n : 2n;
    return [root, first - root * 40n, ...rest].join('.');
  }

  /** An IA5String. @throws HalfkeyError `BadDer` */
  ia5String(): string {
    const at = this.#offset;
    const octets = this.#contents(TAG.ia5String, 'IA5String');
    if (octets.some((octet) => octet > 0x7f)) throw bad('an IA5String with an octet above 7F', at);
    return latin1(octets);
  }

  /** A GeneralizedTime, always 15 characters YYYYMMDDHHMMSSZ of an existing moment. @throws HalfkeyError `BadDer` */
  generalizedTime(): string {
    const at = this.#offset;
    const text = latin1(this.#contents(TAG.generalizedTime, 'GeneralizedTime'));
    if (!isGeneralizedTime(text)) throw bad('a GeneralizedTime that is not YYYYMMDDHHMMSSZ', at);
    return text;
  }

  /** @throws HalfkeyError `BadDer` when elements are left */
  finish(): void {
    if (this.#offset < this.#end) throw bad('octets after the last element', this.#offset);
  }

  #contents(tag: DerTag, what: string): Uint8Array {
    const { start, end } = this.#element(tag, what);
    return this.#bytes.subarray(start, end);
  }

  #element(tag: DerTag, what: string): { start: number; end: number } {
    const at = this.#offset;
    if (this.nextTag !== tag) throw bad(`expected ${what}`, at);
    let start = at + 2;
    let length = this.#octet(at + 1);
    if (length >= 0x80) {
      const octets = length - 0x80;
      // Four octets address more than any input that fits in memory here; 80 is the indefinite form.
      if (octets === 0 || octets > 4) throw bad('an indefinite or oversized length', at);
      length = 0;
      for (let i = 0; i < octets; i++) length = length * 256 + this.#octet(start + i);
      start += octets;
      if (length < 0x80 || length < 256 ** (octets - 1)) throw bad('a length that is not minimal', at);
    }
    if (length > this.#end - start) throw bad(`${what} runs past the end`, at);
    this.#offset = start + length;
    return { start, end: this.#offset };
  }

  #octet(at: number): number {
    const octet = at < this.#end ? this.#bytes[at] : undefined;
    if (octet === undefined) throw bad('a length that runs past the end', this.#offset);
    return octet;
  }
}

/**
 * Reads `bytes` as exactly one SEQUENCE: `read` takes its elements, and must take all of them.
 * @throws HalfkeyError `BadDer`
 */
export function decodeDer<T>(bytes: Uint8Array, read: (sequence: DerReader) => T): T {
  const outer = new DerReader(bytes);
  const sequence = outer.sequence();
  outer.finish();
  const value = read(sequence);
  sequence.finish();
  return value;
}

function bad(what: string, offset: number): HalfkeyError {
  return new HalfkeyError('BadDer', `not DER: ${what}`, { offset });
}
