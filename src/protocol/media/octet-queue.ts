/**
 * Octets that arrive in chunks of any size, read in fields of known size: what the streaming capture readers stand on.
 * Never holds more than one field and the chunk in which it ends.
 */
import { concat } from '../../foundation/base/bytes.ts';

export class OctetQueue {
  readonly #source: AsyncIterator<Uint8Array> | Iterator<Uint8Array>;
  #chunk: Uint8Array = new Uint8Array();
  #offset = 0;
  #ended = false;

  constructor(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>) {
    this.#source = Symbol.asyncIterator in chunks ? chunks[Symbol.asyncIterator]() : chunks[Symbol.iterator]();
  }

  /** Octets taken so far, counted from the start of the stream. */
  get offset(): number {
    return this.#offset;
  }

  /**
   * The next `length` octets, or as many as are left when the stream ends before them. A view: valid for as long as
   * the source leaves its chunks alone.
   */
  async take(length: number): Promise<Uint8Array> {
    if (this.#chunk.length < length) await this.#fill(length);
    const taken = this.#chunk.subarray(0, length);
    this.#chunk = this.#chunk.subarray(taken.length);
    this.#offset += taken.length;
    return taken;
  }

  /** Lets the source go (closes a file stream) when reading stops before its end. */
  async close(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await this.#source.return?.();
  }

  async #fill(length: number): Promise<void> {
    const parts = [this.#chunk];
    let held = this.#chunk.length;
    while (held < length && !this.#ended) {
      const next = await this.#source.next();
      if (next.done === true) {
        this.#ended = true;
      } else {
        parts.push(next.value);
        held += next.value.length;
      }
    }
    this.#chunk = parts.length === 2 && held === parts[1]?.length ? parts[1] : concat(...parts);
  }
}
