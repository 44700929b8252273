/** Checks of imported parameters and private keys (protocol profile 1.5). Nothing is used before they have passed. */
import { checkPrimeSync } from 'node:crypto';
import { HalfkeyError, isHalfkeyError, systemRandom, type Random } from '../../foundation/base/index.ts';
import {
  assertPoint,
  CURVE_PARAMETERS,
  kernelFor,
  pointFromOctets,
  signedDigits,
  type Fp2,
  type Kernel,
  type Lines,
  type Point,
} from '../curve/index.ts';
import { pairWithIdentity } from './boneh-franklin.ts';
import { LEVELS, type Domain, type PublicParameters } from './domain.ts';

/**
 * Checks public parameters: level, hash and sizes; p = 11 mod 12; q | p+1; q Solinas; p, q prime; P and P_pub on the
 * curve and of order q; P_pub not P. For a built-in domain the tests have proved what does not depend on P_pub.
 * @throws HalfkeyError `LevelRefused` for 1024 unless `allowTestLevels`
 * @throws HalfkeyError `BadParameters`; the message begins with the name of what failed the check
 */
export function validatePublicParameters(
  params: PublicParameters,
  options: { readonly allowTestLevels?: boolean } = {},
): void {
  if (params.level === 1024 && options.allowTestLevels !== true) {
    throw new HalfkeyError('LevelRefused', 'level 1024 is for tests only');
  }
  if (!isBuiltIn(params)) validateDomain(params);
  validatePoint(kernelFor(params), params.Ppub, 'P_pub');
  if (params.Ppub.x === params.P.x && params.Ppub.y === params.P.y) throw bad('P_pub', 'equals P');
}

/**
 * The part of {@link validatePublicParameters} without P_pub, in full for every domain.
 * @throws HalfkeyError `BadParameters`
 */
export function validateDomain({ level, p, q, P, hash }: Domain): void {
  const row = rowOf(level);
  if (hash !== row.hash) throw bad('hash', `level ${String(level)} goes with ${row.hash}`);
  if (p <= 0n || p.toString(2).length !== row.np) throw bad('p', `not of ${String(row.np)} bits`);
  if (q <= 0n || q.toString(2).length !== row.nq) throw bad('q', `not of ${String(row.nq)} bits`);
  if (p % 12n !== 11n) throw bad('p', 'not 11 modulo 12');
  if ((p + 1n) % q !== 0n) throw bad('q', 'does not divide p + 1');
  if (solinasForm(q) === undefined) throw bad('q', 'not of the form 2^a +- 2^b +- 1');
  if (!isPrime(q)) throw bad('q', 'not prime');
  if (!isPrime(p)) throw bad('p', 'not prime');
  validatePoint(kernelFor({ p, q }), P, 'P');
}

/**
 * Whether a private key, a point or its octets x || y, is that of `id`: e'(S, P) = e'(Q_id, P_pub) (protocol profile
 * 1.5). That S has order q is proved by its lines; `random` only blinds.
 * @throws HalfkeyError `BadPrivateKey`
 */
export function verifyPrivateKey(
  params: PublicParameters,
  id: Uint8Array,
  privateKey: Point | Uint8Array,
  random: Random = systemRandom,
): void {
  const kernel = kernelFor(params);
  const expected = pairWithIdentity(params, id);
  let got;
  try {
    if (!(privateKey instanceof Uint8Array)) assertPoint(kernel, privateKey);
    got = pairingOnce(kernel, privateKey, params.P, random);
  } catch (error) {
    if (!isHalfkeyError(error, 'BadPoint')) throw error;
    throw new HalfkeyError('BadPrivateKey', `the private key is ${error.message}`);
  }
  if (got.re !== expected.re || got.im !== expected.im) {
    throw new HalfkeyError('BadPrivateKey', 'the private key does not belong to this identity and these parameters');
  }
}

/** e'(A, B) for a secret A, whose lines are not kept. @throws HalfkeyError `BadPoint` as `lines` of {@link Kernel} */
export function pairingOnce(kernel: Kernel, A: Point | Uint8Array, B: Point, random: Random): Fp2 {
  const lines = kernel.lines(A);
  try {
    return pairingOfSecret(kernel, lines, B, random);
  } finally {
    lines.close();
  }
}

/** e'(A, B) from the lines of a secret A, where its value is public: a check compares it with what everybody can compute. */
export function pairingOfSecret(kernel: Kernel, lines: Lines, B: Point, random: Random): Fp2 {
  const { x: re, y: im } = pointFromOctets(kernel, kernel.secretPairingWithLines(lines, B, random));
  return { re, im };
}

/** @throws HalfkeyError `BadParameters` naming the point unless it is on the curve and of order q */
export function validatePoint(kernel: Kernel, point: Point, name: string): void {
  try {
    assertPoint(kernel, point);
  } catch (error) {
    if (!isHalfkeyError(error, 'BadPoint')) throw error;
    throw bad(name, error.message);
  }
  if (!kernel.hasOrderQ(point)) throw bad(name, 'not of order q');
}

/** Parameters reach the public functions from plain JavaScript too: "1024" is no level. */
function rowOf(level: Domain['level']): (typeof LEVELS)[Domain['level']] {
  if (typeof level !== 'number' || !Object.hasOwn(LEVELS, level)) throw bad('level', 'not 1024, 2048, 3072 or 7680');
  return LEVELS[level];
}

function isBuiltIn({ level, p, q, P, hash }: Domain): boolean {
  if (hash !== rowOf(level).hash) return false;
  const known = CURVE_PARAMETERS[level];
  return p === known.p && q === known.q && P.x === known.P.x && P.y === known.P.y;
}

/** q as 2^a + s*2^b + c, or undefined: q is odd, and its non-adjacent form has at most three digits that are not zero. */
export function solinasForm(q: bigint): string | undefined {
  const terms = signedDigits(q, 2).flatMap((digit, i) => (digit === 0 ? [] : [{ digit, i }]));
  if (q % 2n !== 1n || terms.length > 3) return undefined;
  const signed = terms.reverse().map(({ digit, i }) => `${digit < 0 ? '- ' : '+ '}${i === 0 ? '1' : `2^${String(i)}`}`);
  return signed.join(' ').replace(/^\+ /, '');
}

/** Miller-Rabin with random bases, so that a composite made for the purpose passes with probability 4^-64 at most. */
function isPrime(n: bigint): boolean {
  return checkPrimeSync(n, { checks: 64 });
}

function bad(check: string, why: string): HalfkeyError {
  return new HalfkeyError('BadParameters', `${check}: ${why}`);
}
