/**
 * 1/a modulo p by the division steps of Bernstein and Yang ("Fast constant-time gcd computation and modular inversion",
 * 2019), thirty at a time on the low bits: always the (49 b + 57)/17 steps that theorem 11.2 asks for numbers of b >= 46
 * bits. Regular. Numbers are signed limbs of 30 bits in i32, the top one with the sign.
 */
import { fieldBits, modulusWords, release, take, words } from './memory';
import { toElement, toNumber, wordAt } from './number';

const BITS: i32 = 30;
const MASK: i64 = ((<i64>1) << BITS) - 1;

/** The matrix of thirty steps, times 2^30. */
let u: i64 = 0;
let v: i64 = 0;
let q: i64 = 0;
let r: i64 = 0;

/** inverse = 1/a, and 0 for a = 0. */
export function invert(inverse: usize, a: usize): void {
  const count = fieldBits / BITS + 1;
  const number = take();
  const p = take();
  const f = take();
  const g = take();
  const d = take();
  const e = take();
  toNumber(number, a);
  split(g, number, count);
  split(p, modulusWords, count);
  split(f, modulusWords, count);
  for (let i = 0; i < count; i++) {
    store<i32>(d + ((<usize>i) << 2), 0);
    store<i32>(e + ((<usize>i) << 2), i === 0 ? 1 : 0);
  }
  // 1/p modulo 2^30 by Newton's iteration; each doubles the right bits, of which p has three.
  const low = load<u32>(modulusWords);
  let pInverse = low;
  for (let i = 0; i < 4; i++) pInverse *= 2 - low * pInverse;

  let eta: i64 = -1;
  const rounds = ((49 * fieldBits + 57) / 17 + BITS - 1) / BITS;
  for (let i = 0; i < rounds; i++) {
    eta = divide(eta, <i64>load<i32>(f), <i64>load<i32>(g));
    updateCofactors(d, e, p, (<i64>pInverse) & MASK, count);
    updateValues(f, g, count);
  }
  // Now g = 0 and f = 1 or -1, and d*a = f: 1/a is d or -d, in (-2p, p).
  settle(number, d, (<i64>load<i32>(f + ((<usize>(count - 1)) << 2))) >> 31, p, count);
  toElement(inverse, number);
  release(number);
}

/** Thirty division steps on the low bits of f and g (f odd): the matrix, and the new eta = -delta. */
function divide(eta: i64, f: i64, g: i64): i64 {
  u = 1;
  v = 0;
  q = 0;
  r = 1;
  for (let i = 0; i < BITS; i++) {
    const positive = eta >> 63; // delta > 0
    const odd = -(g & 1);
    g += ((f ^ positive) - positive) & odd;
    q += ((u ^ positive) - positive) & odd;
    r += ((v ^ positive) - positive) & odd;
    const swap = positive & odd;
    eta = (eta ^ swap) - (swap + 1);
    f += g & swap;
    u += q & swap;
    v += r & swap;
    g >>= 1;
    u <<= 1;
    v <<= 1;
  }
  return eta;
}

/** (f, g) = matrix (f, g) / 2^30, which is exact. Below 2^62: entries of at most 2^30 by limbs of 30 bits. */
function updateValues(f: usize, g: usize, count: i32): void {
  let fCarry: i64 = 0;
  let gCarry: i64 = 0;
  for (let i = 0; i < count; i++) {
    const at = (<usize>i) << 2;
    const fi = <i64>load<i32>(f + at);
    const gi = <i64>load<i32>(g + at);
    fCarry += u * fi + v * gi;
    gCarry += q * fi + r * gi;
    if (i > 0) {
      store<i32>(f + at - 4, <i32>(fCarry & MASK));
      store<i32>(g + at - 4, <i32>(gCarry & MASK));
    }
    fCarry >>= BITS;
    gCarry >>= BITS;
  }
  const top = (<usize>(count - 1)) << 2;
  store<i32>(f + top, <i32>fCarry);
  store<i32>(g + top, <i32>gCarry);
}

/** (d, e) = matrix (d, e) / 2^30 modulo p; both stay in (-2p, p). */
function updateCofactors(d: usize, e: usize, p: usize, pInverse: i64, count: i32): void {
  const top = (<usize>(count - 1)) << 2;
  const dSign = (<i64>load<i32>(d + top)) >> 31;
  const eSign = (<i64>load<i32>(e + top)) >> 31;
  const d0 = <i64>load<i32>(d);
  const e0 = <i64>load<i32>(e);
  let dCarry = u * d0 + v * e0;
  let eCarry = q * d0 + r * e0;
  // p is added so often that the low limb clears; and once more where an input was negative.
  let dTimes = (u & dSign) + (v & eSign);
  let eTimes = (q & dSign) + (r & eSign);
  dTimes -= (pInverse * dCarry + dTimes) & MASK;
  eTimes -= (pInverse * eCarry + eTimes) & MASK;
  const p0 = <i64>load<i32>(p);
  dCarry = (dCarry + p0 * dTimes) >> BITS;
  eCarry = (eCarry + p0 * eTimes) >> BITS;
  for (let i = 1; i < count; i++) {
    const at = (<usize>i) << 2;
    const di = <i64>load<i32>(d + at);
    const ei = <i64>load<i32>(e + at);
    const pi = <i64>load<i32>(p + at);
    dCarry += u * di + v * ei + pi * dTimes;
    eCarry += q * di + r * ei + pi * eTimes;
    store<i32>(d + at - 4, <i32>(dCarry & MASK));
    store<i32>(e + at - 4, <i32>(eCarry & MASK));
    dCarry >>= BITS;
    eCarry >>= BITS;
  }
  store<i32>(d + top, <i32>dCarry);
  store<i32>(e + top, <i32>eCarry);
}

/** The words of d in [0, p), or of -d where `negative` is all ones, for d in (-2p, p). */
function settle(number: usize, d: usize, negative: i64, p: usize, count: i32): void {
  const top = (<usize>(count - 1)) << 2;
  addWhere(d, p, count, (<i64>load<i32>(d + top)) >> 31);
  let carry: i64 = 0;
  for (let i = 0; i < count; i++) {
    const at = (<usize>i) << 2;
    carry += ((<i64>load<i32>(d + at)) ^ negative) - negative;
    store<i32>(d + at, <i32>(i < count - 1 ? carry & MASK : carry));
    carry >>= BITS;
  }
  addWhere(d, p, count, (<i64>load<i32>(d + top)) >> 31);
  for (let j = 0; j < words; j++) {
    let i = (j << 5) / BITS;
    const off = (j << 5) % BITS;
    let value = (<u64>load<u32>(d + ((<usize>i) << 2))) >> (<u64>off);
    for (let got = BITS - off; got < 32 && ++i < count; got += BITS) {
      value |= (<u64>load<u32>(d + ((<usize>i) << 2))) << (<u64>got);
    }
    store<u32>(number + ((<usize>j) << 2), <u32>value);
  }
}

/** d += p where the mask is all ones. */
function addWhere(d: usize, p: usize, count: i32, mask: i64): void {
  let carry: i64 = 0;
  for (let i = 0; i < count; i++) {
    const at = (<usize>i) << 2;
    carry += <i64>load<i32>(d + at) + ((<i64>load<i32>(p + at)) & mask);
    store<i32>(d + at, <i32>(i < count - 1 ? carry & MASK : carry));
    carry >>= BITS;
  }
}

/** The 30-bit limbs of a number in words. */
function split(limbs: usize, number: usize, count: i32): void {
  for (let i = 0; i < count; i++) {
    const at = (i * BITS) >> 5;
    const offset: u64 = (i * BITS) & 31;
    let value = wordAt(number, at) >> offset;
    if (offset > 2) value |= wordAt(number, at + 1) << (32 - offset);
    store<i32>(limbs + ((<usize>i) << 2), <i32>((<i64>value) & MASK));
  }
}
