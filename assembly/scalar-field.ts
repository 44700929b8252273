/**
 * The prime field on integers, for hosts without fused multiply-add: signed limbs of 28 bits in i32, products in i64. The
 * same functions as fma-field.ts, and the same elements but for the limb: Montgomery's a*R mod p, R = 2^(28 n), n a
 * multiple of four with at least 16 bits above p, a product in (-0.6 p, 0.6 p). Up to 148 limbs: then a column sums at
 * most 148 (2^55 + 2^54) < 2^63. No branch and no address depends on a limb.
 */

/** Bits of a limb. */
export const RADIX: i32 = 28;
/** Limbs of an element. */
export let limbs: i32 = 0;
/** Octets of an element. */
export let elementSize: usize = 0;

const HALF: i64 = (<i64>1) << (RADIX - 1);

/** p, and the m of the multiplication in progress. */
let modulus: usize = 0;
let quotient: usize = 0;
/** 2a, of the square in progress. */
let doubled: usize = 0;
/** -1/p mod 2^28. */
let negInverse: i64 = 0;
let blocks: i32 = 0;

/** Sets the size, for a p of that many bits, and takes memory from `at`; returns the first octet after it. */
export function configureField(bits: i32, at: usize): usize {
  blocks = (bits + 16 + 4 * RADIX - 1) / (4 * RADIX);
  limbs = 4 * blocks;
  elementSize = <usize>limbs * 4;
  modulus = at;
  quotient = modulus + elementSize;
  doubled = quotient + elementSize;
  return doubled + elementSize;
}

/** Takes p from an element that {@link setLimb} filled, and -1/p mod 2^28. */
export function setModulus(p: usize, inverse: u64): void {
  memory.copy(modulus, p, elementSize);
  negInverse = (<i64>inverse) & (((<i64>1) << RADIX) - 1);
}

export function limb(a: usize, i: i32): i64 {
  return <i64>load<i32>(a + ((<usize>i) << 2));
}

export function setLimb(a: usize, i: i32, value: i64): void {
  store<i32>(a + ((<usize>i) << 2), <i32>value);
}

export function modulusLimb(i: i32): i64 {
  return limb(modulus, i);
}

/**
 * r = a*b/R. One of a and b may be a sum of two normal elements that was not carried (limbs up to 2^28). r may be a or b.
 */
export function mul(r: usize, a: usize, b: usize): void {
  product(r, a, b, false);
}

/** r = a*a/R, of a normal a. r may be a. */
export function sqr(r: usize, a: usize): void {
  for (let i: usize = 0; i < elementSize; i += 4) store<i32>(doubled + i, load<i32>(a + i) << 1);
  product(r, a, doubled, true);
}

/** Montgomery multiplication by columns of 4x4 limbs, as in fma-field.ts. */
function product(r: usize, a: usize, b: usize, square: bool): void {
  const p0 = <i64>load<i32>(modulus);
  const p1 = <i64>load<i32>(modulus, 4);
  const p2 = <i64>load<i32>(modulus, 8);
  const p3 = <i64>load<i32>(modulus, 12);
  const last = blocks - 1;
  let t0: i64 = 0;
  let t1: i64 = 0;
  let t2: i64 = 0;
  let t3: i64 = 0;
  let t4: i64 = 0;
  let t5: i64 = 0;
  let t6: i64 = 0;

  for (let column = 0; column < 2 * blocks - 1; column++) {
    const low = max(column - last, 0);
    const pairs = min(column, last) - low + 1;
    let x = a + ((<usize>low) << 4);
    let y = b + ((<usize>(column - low)) << 4);
    let end = x + ((<usize>(square ? pairs >> 1 : pairs)) << 4);
    // Pairs of a and b, for a square then the diagonal, then pairs of m and p.
    for (let run = square && (pairs & 1) !== 0 ? 0 : 1; ; run++) {
      for (; x < end; x += 16, y -= 16) {
        const y0 = <i64>load<i32>(y);
        const y1 = <i64>load<i32>(y, 4);
        const y2 = <i64>load<i32>(y, 8);
        const y3 = <i64>load<i32>(y, 12);
        let factor = <i64>load<i32>(x);
        t0 += factor * y0;
        t1 += factor * y1;
        t2 += factor * y2;
        t3 += factor * y3;
        factor = <i64>load<i32>(x, 4);
        t1 += factor * y0;
        t2 += factor * y1;
        t3 += factor * y2;
        t4 += factor * y3;
        factor = <i64>load<i32>(x, 8);
        t2 += factor * y0;
        t3 += factor * y1;
        t4 += factor * y2;
        t5 += factor * y3;
        factor = <i64>load<i32>(x, 12);
        t3 += factor * y0;
        t4 += factor * y1;
        t5 += factor * y2;
        t6 += factor * y3;
      }
      if (run === 2) break;
      if (run === 0) {
        x = a + ((<usize>column) << 3);
        y = x;
        end = x + 16;
      } else {
        x = quotient + ((<usize>low) << 4);
        y = modulus + ((<usize>(column - low)) << 4);
        end = quotient + ((<usize>min(column, blocks)) << 4);
      }
    }

    if (column < blocks) {
      // Four limbs of m, each such that its multiple of p clears a limb of the column.
      const m0 = clearing(t0);
      t1 += m0 * p1 + ((t0 + m0 * p0) >> RADIX);
      const m1 = clearing(t1);
      t2 += m0 * p2 + m1 * p1 + ((t1 + m1 * p0) >> RADIX);
      const m2 = clearing(t2);
      t3 += m0 * p3 + m1 * p2 + m2 * p1 + ((t2 + m2 * p0) >> RADIX);
      const m3 = clearing(t3);
      t0 = t4 + m1 * p3 + m2 * p2 + m3 * p1 + ((t3 + m3 * p0) >> RADIX);
      t1 = t5 + m2 * p3 + m3 * p2;
      t2 = t6 + m3 * p3;
      const m = quotient + ((<usize>column) << 4);
      store<i32>(m, <i32>m0);
      store<i32>(m, <i32>m1, 4);
      store<i32>(m, <i32>m2, 8);
      store<i32>(m, <i32>m3, 12);
    } else {
      const out = r + ((<usize>(column - blocks)) << 4);
      let carry = (t0 + HALF) >> RADIX;
      store<i32>(out, <i32>(t0 - (carry << RADIX)));
      t1 += carry;
      carry = (t1 + HALF) >> RADIX;
      store<i32>(out, <i32>(t1 - (carry << RADIX)), 4);
      t2 += carry;
      carry = (t2 + HALF) >> RADIX;
      store<i32>(out, <i32>(t2 - (carry << RADIX)), 8);
      t3 += carry;
      carry = (t3 + HALF) >> RADIX;
      store<i32>(out, <i32>(t3 - (carry << RADIX)), 12);
      t0 = t4 + carry;
      t1 = t5;
      t2 = t6;
    }
    t3 = 0;
    t4 = 0;
    t5 = 0;
    t6 = 0;
  }

  const out = r + ((<usize>last) << 4);
  let carry = (t0 + HALF) >> RADIX;
  store<i32>(out, <i32>(t0 - (carry << RADIX)));
  t1 += carry;
  carry = (t1 + HALF) >> RADIX;
  store<i32>(out, <i32>(t1 - (carry << RADIX)), 4);
  t2 += carry;
  carry = (t2 + HALF) >> RADIX;
  store<i32>(out, <i32>(t2 - (carry << RADIX)), 8);
  store<i32>(out, <i32>carry, 12);
}

/** The m in [-2^27, 2^27) for which sum + m p is 0 modulo 2^28. */
function clearing(sum: i64): i64 {
  return ((sum * negInverse) << (64 - RADIX)) >> (64 - RADIX);
}

/** r = j a + k b, a normal element again, for |j| + |k| <= 7. r may be a or b. */
export function combine(r: usize, j: f64, a: usize, k: f64, b: usize): void {
  const jj = <i64>j;
  const kk = <i64>k;
  const end = elementSize - 4;
  let carry: i64 = 0;
  for (let i: usize = 0; i < end; i += 4) {
    const sum = jj * <i64>load<i32>(a + i) + kk * <i64>load<i32>(b + i) + carry;
    carry = (sum + HALF) >> RADIX;
    store<i32>(r + i, <i32>(sum - (carry << RADIX)));
  }
  store<i32>(r + end, <i32>(jj * <i64>load<i32>(a + end) + kk * <i64>load<i32>(b + end) + carry));
}

/** r becomes a where mask is all ones, and stays where it is 0; `size` octets. */
export function select(r: usize, a: usize, size: usize, mask: i64): void {
  for (let i: usize = 0; i < size; i += 8) {
    store<i64>(r + i, (load<i64>(a + i) & mask) | (load<i64>(r + i) & ~mask));
  }
}

/** Zeros what a multiplication leaves behind. */
export function wipeField(): void {
  memory.fill(quotient, 0, 2 * elementSize);
}

/** Nothing is fused here. */
export function fusedError(): f64 {
  return 0;
}
