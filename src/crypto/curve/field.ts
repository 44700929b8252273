/**
 * The prime field F_p on BigInt. Elements are bigint representatives: any integer congruent to the element, so
 * that sums stay unreduced and only products are brought back below p in magnitude.
 * BigInt is not constant time: secrets must be blinded before they come here (protocol profile 1.6).
 */
import { HalfkeyError } from '../../foundation/base/index.ts';

export interface Field {
  readonly p: bigint;
  /** Field multiplications so far, squarings included; an inversion is not decomposed. */
  readonly multiplications: number;
  /** a*b without reduction: one multiplication. */
  product(a: bigint, b: bigint): bigint;
  /** A representative between -p and p. */
  reduce(a: bigint): bigint;
  /** a*b, reduced. */
  mul(a: bigint, b: bigint): bigint;
  /** The representative in [0, p). */
  canonical(a: bigint): bigint;
  isZero(a: bigint): boolean;
  /** 1/a in [0, p). @throws HalfkeyError `BadPoint` when a has no inverse: only degenerate points lead there */
  inverse(a: bigint): bigint;
  /** a^e for e >= 0, in [0, p); time depends on e. */
  pow(a: bigint, e: bigint): bigint;
  /** Jacobi symbol (a/p): 1 for a square, -1 for a non-square, 0 for zero. */
  jacobi(a: bigint): 1 | 0 | -1;
}

/** Arithmetic modulo the odd prime `p` (primality is the caller's affair). */
export function createField(p: bigint): Field {
  let multiplications = 0;
  const canonical = (a: bigint): bigint => {
    const r = a % p;
    return r < 0n ? r + p : r;
  };
  const product = (a: bigint, b: bigint): bigint => {
    multiplications++;
    return a * b;
  };
  const mul = (a: bigint, b: bigint): bigint => product(a, b) % p;

  return {
    p,
    get multiplications() {
      return multiplications;
    },
    product,
    mul,
    canonical,
    reduce: (a) => a % p,
    isZero: (a) => a % p === 0n,
    inverse: (a) => inverseModulo(canonical(a), p),
    pow(a, e) {
      // Sliding window of five bits over the odd powers.
      const base = canonical(a);
      const square = mul(base, base);
      const odd = [base];
      for (let i = 1; i < 16; i++) odd.push(mul(odd[i - 1] as bigint, square));
      const bits = e.toString(2);
      let result = 1n;
      for (let i = 0; i < bits.length;) {
        if (bits[i] === '0') {
          result = mul(result, result);
          i++;
          continue;
        }
        let end = Math.min(i + 5, bits.length);
        while (bits[end - 1] === '0') end--;
        const digit = parseInt(bits.slice(i, end), 2);
        for (; i < end; i++) result = mul(result, result);
        result = mul(result, odd[digit >> 1] as bigint);
      }
      return e === 0n ? 1n % p : canonical(result);
    },
    jacobi: (a) => jacobiSymbol(canonical(a), p),
  };
}

/** Extended Euclid; 0 <= a < modulus. */
function inverseModulo(a: bigint, modulus: bigint): bigint {
  let [r0, r1, t0, t1] = [modulus, a, 0n, 1n];
  while (r1 !== 0n) {
    const quotient = r0 / r1;
    [r0, r1] = [r1, r0 - quotient * r1];
    [t0, t1] = [t1, t0 - quotient * t1];
  }
  if (r0 !== 1n) throw new HalfkeyError('BadPoint', 'a point of wrong order');
  return t0 < 0n ? t0 + modulus : t0;
}

/** Binary-free Jacobi algorithm with quadratic reciprocity; n odd and positive, 0 <= a < n. */
function jacobiSymbol(a: bigint, n: bigint): 1 | 0 | -1 {
  let [top, bottom, sign] = [a, n, 1];
  while (top !== 0n) {
    let twos = 0;
    for (; (top & 0xffffn) === 0n; twos += 16) top >>= 16n;
    for (; (top & 1n) === 0n; twos++) top >>= 1n;
    const residue = Number(bottom & 7n);
    if (twos % 2 === 1 && (residue === 3 || residue === 5)) sign = -sign;
    if (residue % 4 === 3 && (top & 3n) === 3n) sign = -sign;
    [top, bottom] = [bottom % top, top];
  }
  return bottom !== 1n ? 0 : sign === 1 ? 1 : -1;
}
