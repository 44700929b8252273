/**
 * The prime field on doubles: signed limbs of 51 bits, products split exactly by fused multiply-add.
 *
 * An element is Montgomery's a*R mod p, R = 2^(51 n), as n limbs in f64 with any sign; n is a multiple of four and
 * leaves at least 16 bits above p. Elements are never brought into [0, p): a product lies in (-0.6 p, 0.6 p), a sum
 * of few products is what it is. Two bounds carry everything, and stand at the lines that need them:
 *   limbs   a normal element has limbs of at most 2^50 + 2 in magnitude, the top one less;
 *   values  |a| < 2^7 p, so that |ab|/R < 2^14 p^2/R <= p/4 where R >= 2^16 p.
 * No branch and no address depends on a limb.
 */

/** Bits of a limb. */
export const RADIX: i32 = 51;
/** Limbs of an element. */
export let limbs: i32 = 0;
/** Octets of an element. */
export let elementSize: usize = 0;

/** p, and the m of the multiplication in progress. */
let modulus: usize = 0;
let quotient: usize = 0;
/** 2a, of the square in progress. */
let doubled: usize = 0;
/** Where the accumulators of each column start, for products and for squares. */
let productStart: usize = 0;
let squareStart: usize = 0;
/** -1/p mod 2^51. */
let negInverse: u64 = 0;
let blocks: i32 = 0;

/*
 * 1.5 * 2^103 has an ulp of 2^51: adding it to a product rounds the product to a multiple of 2^51 (the high half), and
 * the bits of the sum are those of the constant plus the high half in units of 2^51. Likewise 1.5 * 2^52 for the low
 * half. So the halves are added up as integers, and the bits of the constants are subtracted once, before.
 */
const HIGH_BITS: u64 = ((<u64>0x466) << 52) + ((<u64>1) << 51);
const LOW_BITS: u64 = ((<u64>0x433) << 52) + ((<u64>1) << 51);
/** 1.5 * 2^52: adding and subtracting it rounds to an integer. */
const ROUND: f64 = 6755399441055744.0;
const HALF: i64 = (<i64>1) << (RADIX - 1);
/** 2^51 and its inverse. */
const UNIT: f64 = 2251799813685248.0;
const UNIT_INVERSE: f64 = 1.0 / UNIT;

/** Sets the size, for a p of that many bits, and takes memory from `at`; returns the first octet after it. */
export function configureField(bits: i32, at: usize): usize {
  blocks = (bits + 16 + 4 * RADIX - 1) / (4 * RADIX);
  limbs = 4 * blocks;
  elementSize = <usize>limbs * 8;
  modulus = at;
  quotient = modulus + elementSize;
  doubled = quotient + elementSize;
  productStart = doubled + elementSize;
  squareStart = productStart + <usize>(2 * blocks) * 112;
  return squareStart + <usize>(2 * blocks) * 112;
}

/** Takes p from an element that {@link setLimb} filled, and -1/p mod 2^51. */
export function setModulus(p: usize, inverse: u64): void {
  memory.copy(modulus, p, elementSize);
  negInverse = inverse & (((<u64>1) << RADIX) - 1);
  for (let column = 0; column < 2 * blocks - 1; column++) {
    const pairs = column < blocks ? column + 1 : 2 * blocks - 1 - column;
    const reductions = column < blocks ? column : pairs;
    storeStart(productStart + <usize>column * 112, pairs + reductions);
    storeStart(squareStart + <usize>column * 112, (pairs + 1) / 2 + reductions);
  }
}

/** What cancels the constants' bits after `count` blocks: a block adds them so often to each accumulator. */
function storeStart(at: usize, count: i32): void {
  const n = <u64>count;
  v128.store(at, i64x2.splat(<i64>(0 - n * LOW_BITS)), 0);
  v128.store(at, i64x2.splat(<i64>(0 - n * (2 * LOW_BITS + HIGH_BITS))), 16);
  v128.store(at, i64x2.splat(<i64>(0 - n * (LOW_BITS + 2 * HIGH_BITS))), 32);
  v128.store(at, i64x2.splat(<i64>(0 - n * HIGH_BITS)), 48);
  v128.store(at, i64x2.splat(<i64>(0 - n * (LOW_BITS + HIGH_BITS))), 64);
  v128.store(at, i64x2.splat(<i64>(0 - n * (2 * LOW_BITS + 2 * HIGH_BITS))), 80);
  v128.store(at, i64x2.splat(<i64>(0 - n * (LOW_BITS + HIGH_BITS))), 96);
}

export function limb(a: usize, i: i32): i64 {
  return <i64>load<f64>(a + ((<usize>i) << 3));
}

export function setLimb(a: usize, i: i32, value: i64): void {
  store<f64>(a + ((<usize>i) << 3), <f64>value);
}

export function modulusLimb(i: i32): i64 {
  return limb(modulus, i);
}

/**
 * r = a*b/R. One of a and b may be a sum of two normal elements that was not carried (limbs up to 2^51 + 4): then a
 * product of limbs stays below 2^102, the most that HIGH_BITS takes. r may be a or b.
 */
export function mul(r: usize, a: usize, b: usize): void {
  product(r, a, b, productStart, false);
}

/** r = a*a/R, of a normal a. r may be a. */
export function sqr(r: usize, a: usize): void {
  for (let i: usize = 0; i < elementSize; i += 16) {
    const v = v128.load(a + i);
    v128.store(doubled + i, f64x2.add(v, v));
  }
  product(r, a, doubled, squareStart, true);
}

/**
 * Montgomery multiplication by columns of 4x4 limbs; `b` is 2a for a square, which takes each pair once and the
 * diagonal by itself. A column of limbs sums at most 2n halves of each kind of magnitude 2^51: below 2^60 in i64.
 * Column `c` of the result is written after its operands' columns were read for the last time, so r may be a or b.
 */
function product(r: usize, a: usize, b: usize, start: usize, square: bool): void {
  const highConstant = f64x2.splat(reinterpret<f64>(HIGH_BITS));
  const bothConstants = f64x2.splat(reinterpret<f64>(HIGH_BITS) + ROUND);
  const highBits = i64x2.splat(<i64>HIGH_BITS);
  const lowBits = i64x2.splat(<i64>LOW_BITS);
  const p01 = v128.load(modulus);
  const p23 = v128.load(modulus, 16);
  const last = blocks - 1;
  // What the columns before leave to the four limbs of this one.
  let t0: i64 = 0;
  let t1: i64 = 0;
  let t2: i64 = 0;
  let t3: i64 = 0;

  for (let column = 0; column < 2 * blocks - 1; column++) {
    // e0..e3 hold the limbs 0,1 2,3 4,5 6,7 of the column, o0..o2 the limbs 1,2 3,4 5,6.
    let e0 = v128.load(start, 0);
    let e1 = v128.load(start, 16);
    let e2 = v128.load(start, 32);
    let e3 = v128.load(start, 48);
    let o0 = v128.load(start, 64);
    let o1 = v128.load(start, 80);
    let o2 = v128.load(start, 96);
    start += 112;

    const low = max(column - last, 0);
    const pairs = min(column, last) - low + 1;
    let x = a + ((<usize>low) << 5);
    let y = b + ((<usize>(column - low)) << 5);
    let end = x + ((<usize>(square ? pairs >> 1 : pairs)) << 5);
    // Pairs of a and b, for a square then the diagonal, then pairs of m and p.
    for (let run = square && (pairs & 1) !== 0 ? 0 : 1; ; run++) {
      for (; x < end; x += 32, y -= 32) {
        const y01 = v128.load(y);
        const y23 = v128.load(y, 16);
        let factor = v128.load64_splat(x);
        let high = f64x2.relaxed_madd(factor, y01, highConstant);
        o0 = i64x2.add(o0, high);
        e0 = i64x2.add(e0, f64x2.relaxed_madd(factor, y01, f64x2.sub(bothConstants, high)));
        high = f64x2.relaxed_madd(factor, y23, highConstant);
        o1 = i64x2.add(o1, high);
        e1 = i64x2.add(e1, f64x2.relaxed_madd(factor, y23, f64x2.sub(bothConstants, high)));

        factor = v128.load64_splat(x, 8);
        high = f64x2.relaxed_madd(factor, y01, highConstant);
        e1 = i64x2.add(e1, high);
        o0 = i64x2.add(o0, f64x2.relaxed_madd(factor, y01, f64x2.sub(bothConstants, high)));
        high = f64x2.relaxed_madd(factor, y23, highConstant);
        e2 = i64x2.add(e2, high);
        o1 = i64x2.add(o1, f64x2.relaxed_madd(factor, y23, f64x2.sub(bothConstants, high)));

        factor = v128.load64_splat(x, 16);
        high = f64x2.relaxed_madd(factor, y01, highConstant);
        o1 = i64x2.add(o1, high);
        e1 = i64x2.add(e1, f64x2.relaxed_madd(factor, y01, f64x2.sub(bothConstants, high)));
        high = f64x2.relaxed_madd(factor, y23, highConstant);
        o2 = i64x2.add(o2, high);
        e2 = i64x2.add(e2, f64x2.relaxed_madd(factor, y23, f64x2.sub(bothConstants, high)));

        factor = v128.load64_splat(x, 24);
        high = f64x2.relaxed_madd(factor, y01, highConstant);
        e2 = i64x2.add(e2, high);
        o1 = i64x2.add(o1, f64x2.relaxed_madd(factor, y01, f64x2.sub(bothConstants, high)));
        high = f64x2.relaxed_madd(factor, y23, highConstant);
        e3 = i64x2.add(e3, high);
        o2 = i64x2.add(o2, f64x2.relaxed_madd(factor, y23, f64x2.sub(bothConstants, high)));
      }
      if (run === 2) break;
      if (run === 0) {
        x = a + ((<usize>column) << 4);
        y = x;
        end = x + 32;
      } else {
        x = quotient + ((<usize>low) << 5);
        y = modulus + ((<usize>(column - low)) << 5);
        end = quotient + ((<usize>min(column, blocks)) << 5);
      }
    }

    if (column < blocks) {
      // Four limbs of m, each such that its multiple of p clears a limb of the column.
      const m = quotient + ((<usize>column) << 5);
      let sum = i64x2.extract_lane(e0, 0) + t0;
      let factor = clearing(sum);
      store<f64>(m, f64x2.extract_lane(factor, 0));
      let high = f64x2.relaxed_madd(factor, p01, highConstant);
      o0 = i64x2.add(o0, i64x2.sub(high, highBits));
      let low = f64x2.relaxed_madd(factor, p01, f64x2.sub(bothConstants, high));
      e0 = i64x2.add(e0, i64x2.sub(low, lowBits));
      high = f64x2.relaxed_madd(factor, p23, highConstant);
      o1 = i64x2.add(o1, i64x2.sub(high, highBits));
      low = f64x2.relaxed_madd(factor, p23, f64x2.sub(bothConstants, high));
      e1 = i64x2.add(e1, i64x2.sub(low, lowBits));

      t1 += (i64x2.extract_lane(e0, 0) + t0) >> RADIX;
      sum = i64x2.extract_lane(e0, 1) + i64x2.extract_lane(o0, 0) + t1;
      factor = clearing(sum);
      store<f64>(m, f64x2.extract_lane(factor, 0), 8);
      high = f64x2.relaxed_madd(factor, p01, highConstant);
      e1 = i64x2.add(e1, i64x2.sub(high, highBits));
      low = f64x2.relaxed_madd(factor, p01, f64x2.sub(bothConstants, high));
      o0 = i64x2.add(o0, i64x2.sub(low, lowBits));
      high = f64x2.relaxed_madd(factor, p23, highConstant);
      e2 = i64x2.add(e2, i64x2.sub(high, highBits));
      low = f64x2.relaxed_madd(factor, p23, f64x2.sub(bothConstants, high));
      o1 = i64x2.add(o1, i64x2.sub(low, lowBits));

      t2 += (i64x2.extract_lane(e0, 1) + i64x2.extract_lane(o0, 0) + t1) >> RADIX;
      sum = i64x2.extract_lane(o0, 1) + i64x2.extract_lane(e1, 0) + t2;
      factor = clearing(sum);
      store<f64>(m, f64x2.extract_lane(factor, 0), 16);
      high = f64x2.relaxed_madd(factor, p01, highConstant);
      o1 = i64x2.add(o1, i64x2.sub(high, highBits));
      low = f64x2.relaxed_madd(factor, p01, f64x2.sub(bothConstants, high));
      e1 = i64x2.add(e1, i64x2.sub(low, lowBits));
      high = f64x2.relaxed_madd(factor, p23, highConstant);
      o2 = i64x2.add(o2, i64x2.sub(high, highBits));
      low = f64x2.relaxed_madd(factor, p23, f64x2.sub(bothConstants, high));
      e2 = i64x2.add(e2, i64x2.sub(low, lowBits));

      t3 += (i64x2.extract_lane(o0, 1) + i64x2.extract_lane(e1, 0) + t2) >> RADIX;
      sum = i64x2.extract_lane(e1, 1) + i64x2.extract_lane(o1, 0) + t3;
      factor = clearing(sum);
      store<f64>(m, f64x2.extract_lane(factor, 0), 24);
      high = f64x2.relaxed_madd(factor, p01, highConstant);
      e2 = i64x2.add(e2, i64x2.sub(high, highBits));
      low = f64x2.relaxed_madd(factor, p01, f64x2.sub(bothConstants, high));
      o1 = i64x2.add(o1, i64x2.sub(low, lowBits));
      high = f64x2.relaxed_madd(factor, p23, highConstant);
      e3 = i64x2.add(e3, i64x2.sub(high, highBits));
      low = f64x2.relaxed_madd(factor, p23, f64x2.sub(bothConstants, high));
      o2 = i64x2.add(o2, i64x2.sub(low, lowBits));

      t0 = (i64x2.extract_lane(e1, 1) + i64x2.extract_lane(o1, 0) + t3) >> RADIX;
    } else {
      const out = r + ((<usize>(column - blocks)) << 5);
      let sum = i64x2.extract_lane(e0, 0) + t0;
      let carry = (sum + HALF) >> RADIX;
      store<f64>(out, <f64>(sum - (carry << RADIX)));
      sum = i64x2.extract_lane(e0, 1) + i64x2.extract_lane(o0, 0) + t1 + carry;
      carry = (sum + HALF) >> RADIX;
      store<f64>(out, <f64>(sum - (carry << RADIX)), 8);
      sum = i64x2.extract_lane(o0, 1) + i64x2.extract_lane(e1, 0) + t2 + carry;
      carry = (sum + HALF) >> RADIX;
      store<f64>(out, <f64>(sum - (carry << RADIX)), 16);
      sum = i64x2.extract_lane(e1, 1) + i64x2.extract_lane(o1, 0) + t3 + carry;
      t0 = (sum + HALF) >> RADIX;
      store<f64>(out, <f64>(sum - (t0 << RADIX)), 24);
    }
    t0 += i64x2.extract_lane(o1, 1) + i64x2.extract_lane(e2, 0);
    t1 = i64x2.extract_lane(e2, 1) + i64x2.extract_lane(o2, 0);
    t2 = i64x2.extract_lane(o2, 1) + i64x2.extract_lane(e3, 0);
    t3 = i64x2.extract_lane(e3, 1);
  }

  const out = r + ((<usize>last) << 5);
  let carry = (t0 + HALF) >> RADIX;
  store<f64>(out, <f64>(t0 - (carry << RADIX)));
  t1 += carry;
  carry = (t1 + HALF) >> RADIX;
  store<f64>(out, <f64>(t1 - (carry << RADIX)), 8);
  t2 += carry;
  carry = (t2 + HALF) >> RADIX;
  store<f64>(out, <f64>(t2 - (carry << RADIX)), 16);
  store<f64>(out, <f64>(t3 + carry), 24);
}

/** The m in [-2^50, 2^50), in both lanes, for which sum + m p is 0 modulo 2^51. */
function clearing(sum: i64): v128 {
  return f64x2.splat(<f64>(((<i64>(<u64>sum * negInverse)) << (64 - RADIX)) >> (64 - RADIX)));
}

/**
 * r = j a + k b, a normal element again, for |j| + |k| <= 7: all sums stay below 2^53 and exact, a limb passes at most
 * 4 on to the next. r may be a or b.
 */
export function combine(r: usize, j: f64, a: usize, k: f64, b: usize): void {
  const jj = f64x2.splat(j);
  const kk = f64x2.splat(k);
  const round = f64x2.splat(ROUND);
  const inverse = f64x2.splat(UNIT_INVERSE);
  const minusUnit = f64x2.splat(-UNIT);
  const end = elementSize - 16;
  let before = f64x2.splat(0);
  for (let i: usize = 0; i < end; i += 16) {
    const sum = f64x2.add(f64x2.mul(jj, v128.load(a + i)), f64x2.mul(kk, v128.load(b + i)));
    const carry = f64x2.sub(f64x2.add(f64x2.mul(sum, inverse), round), round);
    const rest = f64x2.add(sum, f64x2.mul(carry, minusUnit));
    v128.store(r + i, f64x2.add(rest, v128.shuffle<f64>(before, carry, 1, 2)));
    before = carry;
  }
  const sum = f64x2.add(f64x2.mul(jj, v128.load(a + end)), f64x2.mul(kk, v128.load(b + end)));
  const rounded = f64x2.sub(f64x2.add(f64x2.mul(sum, inverse), round), round);
  const carry = f64x2.replace_lane(rounded, 1, 0); // the top limb keeps what it has
  const rest = f64x2.add(sum, f64x2.mul(carry, minusUnit));
  v128.store(r + end, f64x2.add(rest, v128.shuffle<f64>(before, carry, 1, 2)));
}

/** r becomes a where mask is all ones, and stays where it is 0; `size` octets. */
export function select(r: usize, a: usize, size: usize, mask: i64): void {
  const m = i64x2.splat(mask);
  for (let i: usize = 0; i < size; i += 16) {
    v128.store(r + i, v128.bitselect(v128.load(a + i), v128.load(r + i), m));
  }
}

/** Zeros what a multiplication leaves behind. */
export function wipeField(): void {
  memory.fill(quotient, 0, 2 * elementSize);
}

/** Whether relaxed_madd is fused here: then the error of the rounded square of 2^27 + 1, which is 1, comes out. */
export function fusedError(): f64 {
  const x = f64x2.splat(fusedProbe);
  const square = f64x2.mul(x, x);
  return f64x2.extract_lane(f64x2.relaxed_madd(x, x, f64x2.neg(square)), 0);
}
/** 2^27 + 1; not a constant, so that no compiler computes the error itself. */
let fusedProbe: f64 = 134217729.0;
