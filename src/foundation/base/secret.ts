/**
 * Secret octets: never printed, lent for the length of a call, wiped after use.
 */
import { inspect } from 'node:util';
import { constantTimeEqual } from './bytes.ts';

/**
 * Octets that must not leak. `Kind` keeps two kinds of secret apart at compile time.
 * Prints, inspects and serialises as `[secret MasterSecret 32B]`.
 */
export class Secret<Kind extends string> {
  readonly kind: Kind;
  readonly length: number;
  #bytes: Uint8Array | undefined;

  /** Takes ownership of `bytes`: the caller must not keep or change them. */
  constructor(kind: Kind, bytes: Uint8Array) {
    this.kind = kind;
    this.length = bytes.length;
    this.#bytes = bytes;
  }

  /** A secret over a copy of `bytes`; the caller keeps, and wipes, its own. */
  static copyOf<K extends string>(kind: K, bytes: Uint8Array): Secret<K> {
    return new Secret(kind, Uint8Array.from(bytes));
  }

  /** Lends the octets to `fn`, which must not keep them. @throws TypeError after {@link wipe} */
  use<T>(fn: (bytes: Uint8Array) => T): T {
    if (this.#bytes === undefined) throw new TypeError(`${this.kind}: used after it was wiped`);
    return fn(this.#bytes);
  }

  get wiped(): boolean {
    return this.#bytes === undefined;
  }

  /** Overwrites the octets with zeros; the secret cannot be used afterwards. Repeated calls do nothing. */
  wipe(): void {
    this.#bytes?.fill(0);
    this.#bytes = undefined;
  }

  /** Equality in constant time. */
  equals(other: Secret<Kind>): boolean {
    return this.use((a) => other.use((b) => constantTimeEqual(a, b)));
  }

  toString(): string {
    return `[secret ${this.kind} ${String(this.length)}B]`;
  }

  toJSON(): string {
    return this.toString();
  }

  [inspect.custom](): string {
    return this.toString();
  }
}
