/**
 * Knows every secret that is made: a test file mocks the module of secrets by `trackSecrets` of this one (imported in the
 * factory of `vi.mock`), and asks what is left.
 */
import type * as SecretModule from '../../../src/foundation/base/secret.ts';

const made: { readonly kind: string; readonly wiped: boolean }[] = [];
/** Kinds that belong to the key store of a client, not to a call. */
const KEPT: ReadonlySet<string> = new Set(['MasterSecret', 'IbePrivateKey', 'IbeMasterSecret']);

export function trackSecrets({ Secret }: typeof SecretModule): typeof SecretModule {
  class TrackedSecret<Kind extends string> extends Secret<Kind> {
    constructor(kind: Kind, bytes: Uint8Array) {
      super(kind, bytes);
      made.push(this);
    }
    static override copyOf<K extends string>(kind: K, bytes: Uint8Array): TrackedSecret<K> {
      return new TrackedSecret(kind, Uint8Array.from(bytes));
    }
  }
  return { Secret: TrackedSecret };
}

/** Kinds of the secrets of calls that are not wiped. */
export function secretsLeft(): string[] {
  return made.filter(({ kind, wiped }) => !wiped && !KEPT.has(kind)).map(({ kind }) => kind);
}

/** How many secrets of calls were ever made: a test that made none has shown nothing. */
export function secretsMade(): number {
  return made.filter(({ kind }) => !KEPT.has(kind)).length;
}
