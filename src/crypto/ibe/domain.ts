/** Levels, domain parameters and public parameters (RFC 5091 5.1.2, protocol profile 1.1). */
import {
  fromBigInt,
  HalfkeyError,
  randomBigInt,
  Secret,
  systemRandom,
  type Random,
} from '../../foundation/base/index.ts';
import { CURVE_PARAMETERS, kernelFor, pointFromOctets, type Kernel, type Point } from '../curve/index.ts';
import type { HashName } from './hash.ts';

/** The nominal size of F_p^2 in bits. 1024 is for tests. */
export type Level = 1024 | 2048 | 3072 | 7680;

/** What a district chooses before it has a key: curve, subgroup of order q, generator P, hash function. */
export interface Domain {
  readonly level: Level;
  readonly p: bigint;
  readonly q: bigint;
  readonly P: Point;
  readonly hash: HashName;
}

/** A domain and P_pub = [s]P. */
export interface PublicParameters extends Domain {
  readonly Ppub: Point;
}

/** The only tuples that are accepted (protocol profile 1.1): bits of p and q, and the hash function. */
export const LEVELS: Readonly<Record<Level, { readonly np: number; readonly nq: number; readonly hash: HashName }>> = {
  1024: { np: 512, nq: 160, hash: 'sha1' },
  2048: { np: 1024, nq: 224, hash: 'sha224' },
  3072: { np: 1536, nq: 256, hash: 'sha256' },
  7680: { np: 3840, nq: 384, hash: 'sha384' },
};

/**
 * The built-in domain of a level; also of 1024: validation is where a role refuses it.
 * @throws TypeError on another level
 */
export function domainParameters(level: Level): Domain {
  // Plain JavaScript may pass any number.
  const row = (LEVELS as Partial<typeof LEVELS>)[level];
  if (row === undefined) throw new TypeError('domainParameters: level is 1024, 2048, 3072 or 7680');
  return { level, ...CURVE_PARAMETERS[level], hash: row.hash };
}

/** BFsetup1: a fresh master secret s in [2, q-1] and its public parameters (RFC 5091 5.1.2). */
export function setup(domain: Domain, random: Random): { params: PublicParameters; masterSecret: bigint } {
  const masterSecret = randomBigInt(2n, domain.q - 1n, random);
  return { params: derivePublicParameters(domain, masterSecret), masterSecret };
}

/**
 * The public parameters of a master secret: a bigint, or its big-endian octets, which stay the caller's.
 * @throws HalfkeyError `BadParameters` unless s is in [2, q-1]
 */
export function derivePublicParameters(domain: Domain, masterSecret: bigint | Uint8Array): PublicParameters {
  const { level, p, q, P, hash } = domain;
  const kernel = kernelFor(domain);
  const Ppub = withScalar(kernel, masterSecret, (s) => kernel.multiplySecret(s, P, systemRandom));
  return { level, p, q, P, hash, Ppub: pointFromOctets(kernel, Ppub) };
}

/**
 * The master secret to keep: a copy of the one given (big endian) at the length of a scalar, or a fresh one.
 * @throws HalfkeyError `BadParameters` unless s is in [2, q-1]
 */
export function masterSecretFor(
  domain: Domain,
  given: Secret<'IbeMasterSecret'> | undefined,
  random: Random,
): Secret<'IbeMasterSecret'> {
  const kernel = kernelFor(domain);
  const copy = (s: Uint8Array): Uint8Array => withScalar(kernel, s, (scalar) => Uint8Array.from(scalar));
  if (given !== undefined) return new Secret('IbeMasterSecret', given.use(copy));
  const spareBits = 8 * kernel.scalarOctets - domain.q.toString(2).length;
  for (;;) {
    const s = random(kernel.scalarOctets);
    s[0] = (s[0] as number) & (0xff >> spareBits);
    if (isInRange(kernel, s)) return new Secret('IbeMasterSecret', s);
  }
}

/**
 * Lends a master secret to `fn` at the length of a scalar, and wipes the copy.
 * @throws HalfkeyError `BadParameters` unless s is in [2, q-1]
 */
export function withScalar<T>(kernel: Kernel, s: bigint | Uint8Array, fn: (scalar: Uint8Array) => T): T {
  const { q, scalarOctets } = kernel;
  if (typeof s === 'bigint' && (s < 2n || s >= q)) throw outOfRange();
  const given = typeof s === 'bigint' ? fromBigInt(s, scalarOctets) : s;
  const extra = Math.max(given.length - scalarOctets, 0);
  const scalar = new Uint8Array(scalarOctets);
  scalar.set(given.subarray(extra), scalarOctets - (given.length - extra));
  try {
    const excess = given.subarray(0, extra).reduce((any, octet) => any | octet, 0);
    if (excess !== 0 || !isInRange(kernel, scalar)) throw outOfRange();
    return fn(scalar);
  } finally {
    scalar.fill(0);
  }
}

function isInRange({ q, scalarOctets }: Kernel, scalar: Uint8Array): boolean {
  return isBelow(scalar, fromBigInt(q, scalarOctets)) && !isBelow(scalar, fromBigInt(2n, scalarOctets));
}

/** Whether a < b, big endian and of equal length, in time that depends on the length only. */
function isBelow(a: Uint8Array, b: Uint8Array): boolean {
  const borrow = a.reduceRight((carry, octet, i) => (octet - (b[i] as number) + carry) >> 8, 0);
  return borrow < 0;
}

function outOfRange(): HalfkeyError {
  return new HalfkeyError('BadParameters', 'master secret: not in the range 2 to q - 1');
}
