/** The hash-based functions of RFC 5091 4.1 to 4.3. */
import { createHash } from 'node:crypto';
import { concat, fromBigInt, toBigInt } from '../../foundation/base/index.ts';
import type { Fp2 } from '../curve/index.ts';

export type HashName = 'sha1' | 'sha224' | 'sha256' | 'sha384';

/** Object identifier and output octets (hashlen) of each hash function. */
export const HASHES: Readonly<Record<HashName, { readonly oid: string; readonly octets: number }>> = {
  sha1: { oid: '1.3.14.3.2.26', octets: 20 },
  sha224: { oid: '2.16.840.1.101.3.4.2.4', octets: 28 },
  sha256: { oid: '2.16.840.1.101.3.4.2.1', octets: 32 },
  sha384: { oid: '2.16.840.1.101.3.4.2.2', octets: 48 },
};

export function digest(hash: HashName, ...parts: readonly Uint8Array[]): Uint8Array {
  const state = createHash(hash);
  for (const part of parts) state.update(part);
  return new Uint8Array(state.digest());
}

/**
 * HashToRange: an integer in [0, n) (RFC 5091 4.1.1). Literal: 2*hashlen octets are all that reach the reduction, so
 * for n = p the result is not uniform over F_p (protocol profile 1.3 no. 5); kept for interworking.
 */
export function hashToRange(s: Uint8Array, n: bigint, hash: HashName): bigint {
  const h1 = digest(hash, new Uint8Array(HASHES[hash].octets), s);
  const h2 = digest(hash, h1, s);
  return toBigInt(concat(h1, h2)) % n;
}

/**
 * HashToRange for a result that is secret: its octets, ceil(bits(n)/8) of them. Regular: long division bit by bit over
 * limbs of 24 bits, with a masked subtraction at each.
 */
export function hashToScalar(s: Uint8Array, n: bigint, hash: HashName): Uint8Array {
  const h1 = digest(hash, new Uint8Array(HASHES[hash].octets), s);
  const h2 = digest(hash, h1, s);
  const octets = Math.ceil(n.toString(2).length / 8);
  const count = Math.ceil((octets * 8 + 1) / 24);
  const modulus = Array.from({ length: count }, (_, i) => Number((n >> BigInt(24 * i)) & 0xffffffn));
  const rest = new Uint32Array(count);
  const difference = new Uint32Array(count);
  const dividend = concat(h1, h2);
  for (const octet of dividend) {
    for (let bit = 7; bit >= 0; bit--) {
      let carry = (octet >> bit) & 1;
      let borrow = 0;
      for (let i = 0; i < count; i++) {
        const doubled = ((rest[i] as number) << 1) | carry;
        carry = doubled >>> 24;
        rest[i] = doubled & 0xffffff;
        const limb = (rest[i] as number) - (modulus[i] as number) + borrow;
        borrow = limb >> 24;
        difference[i] = limb & 0xffffff;
      }
      // borrow is -1 where rest < n: then rest stays.
      for (let i = 0; i < count; i++) rest[i] = ((rest[i] as number) & borrow) | ((difference[i] as number) & ~borrow);
    }
  }
  const out = new Uint8Array(octets);
  for (let i = 0; i < octets; i++) out[octets - 1 - i] = ((rest[Math.floor(i / 3)] as number) >> (8 * (i % 3))) & 0xff;
  for (const part of [h1, h2, dividend, rest, difference]) part.fill(0);
  return out;
}

/**
 * HashBytes: `length` octets from a seed (RFC 5091 4.2.1).
 * @throws TypeError for more than hashlen octets, the limit of the text
 */
export function hashBytes(length: number, seed: Uint8Array, hash: HashName): Uint8Array {
  const { octets } = HASHES[hash];
  if (length > octets) throw new TypeError(`hashBytes: at most ${String(octets)} octets`);
  // One block always suffices under that limit: r_1 = H(h_1 || K) with h_1 = H(0^hashlen) and K = H(seed).
  const h1 = digest(hash, new Uint8Array(octets));
  return digest(hash, h1, digest(hash, seed)).subarray(0, length);
}

/** Canonical1: 2*ceil(bits(p)/8) octets of an element; order 0 is re || im, order 1 is im || re (RFC 5091 4.3.2). */
export function canonical(p: bigint, order: 0 | 1, { re, im }: Fp2): Uint8Array {
  const length = Math.ceil(p.toString(2).length / 8);
  const [first, second] = order === 0 ? [re, im] : [im, re];
  return concat(fromBigInt(first, length), fromBigInt(second, length));
}
