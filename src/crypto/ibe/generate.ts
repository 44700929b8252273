/**
 * New domain parameters (RFC 5091 5.1.2 steps 2 and 3): at random, or from a label, so that anybody can make them again
 * and nobody has chosen them (docs/parameters.md). There is no secret in either.
 * p = 12qr - 1 gets no special form: that would invite special number field sieves in F_p^2.
 */
import { checkPrimeSync, createHash, generatePrimeSync } from 'node:crypto';
import {
  ascii,
  concat,
  HalfkeyError,
  randomBigInt,
  systemRandom,
  toBigInt,
  uint,
  type Random,
} from '../../foundation/base/index.ts';
import { kernelFor, type Curve, type Point } from '../curve/index.ts';
import { LEVELS, type Domain, type Level } from './domain.ts';

/** A domain made from a label, and how many hashes were passed over on the way to r and to P. */
export interface LabelledDomain {
  readonly domain: Domain;
  readonly rCounter: number;
  readonly pCounter: number;
}

const VERSION = concat(ascii('halfkey domain parameters v1'), Uint8Array.of(0));

/** A domain at random: q one of the Solinas primes of its size, p by OpenSSL's prime generation. */
export function generateDomain(level: Level, random: Random = systemRandom): Domain {
  const { np, nq, hash } = LEVELS[level];
  const choices = solinasPrimes(nq);
  const q = choices[Number(randomBigInt(0n, BigInt(choices.length - 1), random))] as bigint;
  let p: bigint;
  // OpenSSL fixes the residue after the size: the sum may have one bit more or less.
  do p = generatePrimeSync(np, { add: 12n * q, rem: 12n * q - 1n, bigint: true });
  while (p.toString(2).length !== np);
  const { P } = generator({ p, q }, () => randomBigInt(0n, p - 1n, random));
  return { level, p, q, P, hash };
}

/**
 * The domain of a label: q, r and P from SHA-512 over label and counters. The same for everybody; takes seconds.
 * @throws TypeError for an empty label
 */
export function domainFromLabel(level: Level, label: string): LabelledDomain {
  if (label === '') throw new TypeError('domainFromLabel: an empty label');
  const { np, nq, hash } = LEVELS[level];
  // 64 bits and more beyond the range, so that the remainder is uniform in it.
  const draw = (tag: 'q' | 'r' | 'P', counter: number): bigint => expand(level, label, tag, counter, np / 8 + 16);

  const choices = solinasPrimes(nq);
  const q = choices[Number(draw('q', 0) % BigInt(choices.length))] as bigint;
  // The r for which p = 12qr - 1 has np bits.
  const low = 2n ** BigInt(np - 1) / (12n * q) + 1n;
  const high = 2n ** BigInt(np) / (12n * q);
  for (let rCounter = 0; ; rCounter++) {
    const p = 12n * q * (low + (draw('r', rCounter) % (high - low + 1n))) - 1n;
    if (!checkPrimeSync(p, { checks: 64 })) continue;
    const { P, tries } = generator({ p, q }, (counter) => draw('P', counter) % p);
    return { domain: { level, p, q, P, hash }, rCounter, pCounter: tries - 1 };
  }
}

/** The primes 2^a + s*2^b + c of `bits` bits, s and c 1 or -1, ascending. */
export function solinasPrimes(bits: number): bigint[] {
  const found = new Set<bigint>();
  for (let b = 1n; b < BigInt(bits - 1); b++) {
    for (const c of [1n, -1n]) {
      for (const q of [2n ** BigInt(bits - 1) + 2n ** b + c, 2n ** BigInt(bits) - 2n ** b + c]) {
        if (q.toString(2).length === bits && checkPrimeSync(q, { checks: 64 })) found.add(q);
      }
    }
  }
  return [...found].sort((a, b) => (a < b ? -1 : 1));
}

/** [12r](x, y) for the first y in [0, p) that leads to a point of order q (RFC 5091 5.1.2 step 3). */
function generator(curve: Curve, nextY: (counter: number) => bigint): { P: Point; tries: number } {
  const kernel = kernelFor(curve);
  for (let counter = 0; counter < 100; counter++) {
    const P = kernel.multiply((curve.p + 1n) / curve.q, kernel.pointWithY(nextY(counter)));
    if (P !== undefined) return { P, tries: counter + 1 };
  }
  throw new HalfkeyError('BadParameters', 'P: no point of order q was found');
}

/** SHA-512 in counter mode: the first `octets` of H(version || level || tag || counter || 0..) as a number. */
function expand(level: Level, label: string, tag: string, counter: number, octets: number): bigint {
  const blocks: Uint8Array[] = [];
  for (let block = 0; 64 * block < octets; block++) {
    const head = concat(VERSION, uint(level, 2), ascii(tag), uint(counter, 4), uint(block, 4));
    blocks.push(new Uint8Array(createHash('sha512').update(head).update(label, 'utf8').digest()));
  }
  return toBigInt(concat(...blocks).subarray(0, octets));
}
