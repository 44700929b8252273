/** The operations of `halfkey bench arithmetic`, on the kernel of this process and through the functions the roles use. */
import { ascii, fromBigInt, Secret, systemRandom } from '../../foundation/base/index.ts';
import { kernelFor } from '../../crypto/curve/index.ts';
import {
  createDecryptor,
  createIssuer,
  encrypt,
  hashToPoint,
  verifyPrivateKeys,
  type Decryptor,
} from '../../crypto/ibe/index.ts';
import type { Sample } from './sample.ts';

/** In the order they are shown. */
export const OPERATIONS = [
  'mul',
  'sqr',
  'pairing',
  'pairing-fixed',
  'hash-to-point',
  'extract',
  'encrypt-new',
  'encrypt-cached',
  'decrypt',
] as const;
export type Operation = (typeof OPERATIONS)[number];

/** What the checks need besides, and a comparator does not have. */
export const MORE_OPERATIONS = ['decrypt-first', 'check-31'] as const;
export type AnyOperation = Operation | (typeof MORE_OPERATIONS)[number];

/** Products in one `mul` or `sqr`, for a comparator as well: one alone is less than a call costs. */
export const PRODUCTS = 100;
/** Keys of a `check-31`. */
const KEYS = 31;

/**
 * Runs an operation so often and returns the nanoseconds of processor time, in which another process that takes the
 * processor away does not count. What an operation only needs is made before.
 */
export function createOperations({ params, masterSecret, id }: Sample): (what: AnyOperation, count: number) => number {
  const kernel = kernelFor(params);
  const { P, Ppub } = params;
  const Qid = hashToPoint(params, id);
  const lines = kernel.lines(Ppub);
  const issuer = createIssuer(params, new Secret('IbeMasterSecret', fromBigInt(masterSecret, kernel.scalarOctets)));
  const newDecryptor = (): Decryptor => createDecryptor(params, issuer.issue(id));
  const decryptor = newDecryptor();
  const key = systemRandom(16);
  const ciphertext = encrypt(params, id, key, systemRandom);
  let peers = 0;
  const peer = (): Uint8Array => ascii(`halfkey bench: peer ${String(peers++)}`);
  const lazyClaims = lazily(() =>
    Array.from({ length: KEYS }, peer).map((claimed) => ({ id: claimed, privateKey: issuer.issue(claimed) })),
  );
  // A decryptor takes its key over, and a first use is what follows.
  const keysToCome: Secret<'IbePrivateKey'>[] = [];

  const run: Readonly<Record<AnyOperation, () => void>> = {
    mul: () => void kernel.chain(P.x, P.y, PRODUCTS),
    sqr: () => void kernel.chain(P.x, undefined, PRODUCTS),
    pairing: () => void kernel.pairing(Ppub, Qid),
    'pairing-fixed': () => void kernel.pairingWithLines(lines, Qid),
    'hash-to-point': () => void hashToPoint(params, id),
    extract: () => {
      issuer.issue(id).wipe();
    },
    'encrypt-new': () => void encrypt(params, peer(), key, systemRandom),
    'encrypt-cached': () => void encrypt(params, id, key, systemRandom),
    decrypt: () => void decryptor.decrypt(ciphertext),
    'decrypt-first': () => {
      const first = createDecryptor(params, keysToCome.pop() ?? issuer.issue(id));
      first.decrypt(ciphertext);
      first.close();
    },
    'check-31': () => {
      verifyPrivateKeys(params, lazyClaims());
    },
  };
  return (what, count) => {
    const operation = run[what];
    if (what === 'decrypt-first') for (let i = 0; i < count; i++) keysToCome.push(issuer.issue(id));
    // A thousand new peers push the known one out of the cache.
    if (what === 'encrypt-cached') operation();
    if (what === 'check-31') lazyClaims();
    const from = process.cpuUsage();
    for (let i = 0; i < count; i++) operation();
    const { user, system } = process.cpuUsage(from);
    return 1000 * (user + system);
  };
}

function lazily<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}
