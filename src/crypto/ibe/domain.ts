/** Levels, domain parameters and public parameters (RFC 5091 5.1.2, protocol profile 1.1). */
import { HalfkeyError, randomBigInt, systemRandom, type Random } from '../../foundation/base/index.ts';
import { CURVE_PARAMETERS, kernelFor, type Kernel, type Point } from '../curve/index.ts';
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

/** The public parameters of a master secret. @throws HalfkeyError `BadParameters` unless s is in [2, q-1] */
export function derivePublicParameters(domain: Domain, masterSecret: bigint): PublicParameters {
  const { level, p, q, P, hash } = domain;
  const Ppub = multiplySecret(kernelFor(domain), masterSecret, P, systemRandom);
  return { level, p, q, P, hash, Ppub };
}

/**
 * [s]A for a secret s and A of order q. BigInt is not constant time: the scalar is s + kq with 128 random bits k, so
 * that no two computations walk the same digits (protocol profile 1.6). `random` does not influence the result.
 * @throws HalfkeyError `BadParameters` unless s is in [2, q-1]; `BadPoint` when A is of an order that divides s + kq
 */
export function multiplySecret(kernel: Kernel, s: bigint, A: Point, random: Random): Point {
  if (s < 2n || s >= kernel.q) throw new HalfkeyError('BadParameters', 'master secret: not in the range 2 to q - 1');
  const k = randomBigInt(1n << 127n, (1n << 128n) - 1n, random);
  const product = kernel.multiply(s + k * kernel.q, A);
  if (product === undefined) throw new HalfkeyError('BadPoint', 'a point of wrong order');
  return product;
}
