/**
 * Between field elements and plain numbers in 32-bit words, least significant first. Regular: no branch and no
 * address depends on a value.
 */
import { elementSize, limb, limbs, modulusLimb, mul, RADIX, setLimb } from './field';
import { montgomerySquare, plainOne, release, take, takeMany, words } from './memory';

const MASK: u64 = ((<u64>1) << RADIX) - 1;
const HALF: i64 = (<i64>1) << (RADIX - 1);

/** The limbs of a number below 2^(32 words) as they are, in balanced form; not Montgomery's. */
export function unpack(r: usize, number: usize): void {
  let carry: i64 = 0;
  for (let i = 0; i < limbs; i++) {
    const from = i * RADIX;
    let at = from >> 5;
    let value = wordAt(number, at) >> (<u64>(from & 31));
    for (let got = 32 - (from & 31); got < RADIX; got += 32) value |= wordAt(number, ++at) << (<u64>got);
    const sum = <i64>(value & MASK) + carry;
    carry = (sum + HALF) >> RADIX;
    setLimb(r, i, sum - (carry << RADIX));
  }
}

/** Word i of a number, 0 above it. */
export function wordAt(number: usize, i: i32): u64 {
  return i < words ? <u64>load<u32>(number + ((<usize>i) << 2)) : 0;
}

/** The element of a number below p. */
export function toElement(r: usize, number: usize): void {
  unpack(r, number);
  mul(r, r, montgomerySquare);
}

/** The number in [0, p) of an element. */
export function toNumber(number: usize, a: usize): void {
  const mark = take();
  const plain = takeMany(2);
  const raised = takeMany(2);
  mul(mark, a, plainOne); // in (-p, p): either that or p more is the number
  let sign: i64 = 0;
  let carry: i64 = 0;
  for (let i = 0; i < limbs; i++) {
    const at = (<usize>i) << 3;
    sign += limb(mark, i);
    store<i64>(plain + at, sign & (<i64>MASK));
    sign >>= RADIX;
    carry += limb(mark, i) + modulusLimb(i);
    store<i64>(raised + at, carry & (<i64>MASK));
    carry >>= RADIX;
  }
  for (let i = 0; i < limbs; i++) {
    const at = (<usize>i) << 3;
    store<i64>(plain + at, (load<i64>(raised + at) & sign) | (load<i64>(plain + at) & ~sign));
  }
  for (let j = 0; j < words; j++) {
    const from = j << 5;
    let i = from / RADIX;
    let value = load<u64>(plain + ((<usize>i) << 3)) >> (<u64>(from % RADIX));
    for (let got = RADIX - (from % RADIX); got < 32 && ++i < limbs; got += RADIX) {
      value |= load<u64>(plain + ((<usize>i) << 3)) << (<u64>got);
    }
    store<u32>(number + ((<usize>j) << 2), <u32>value);
  }
  release(mark);
}

/** All ones when the element is 0, else 0. */
export function zeroMask(a: usize): i64 {
  const mark = take();
  toNumber(mark, a);
  const any = anyBits(mark, words);
  release(mark);
  return (any - 1) >> 63; // any is below 2^32: only 0 turns negative
}

/** All bits of a number, as one value below 2^32 that is 0 when it is 0. */
export function anyBits(number: usize, count: i32): i64 {
  let any: u32 = 0;
  for (let i = 0; i < count; i++) any |= load<u32>(number + ((<usize>i) << 2));
  return <i64>any;
}

/** All ones when a < b, else 0; both of `count` words. */
export function belowMask(a: usize, b: usize, count: i32): i64 {
  let borrow: i64 = 0;
  for (let i = 0; i < count; i++) {
    const at = (<usize>i) << 2;
    borrow = (<i64>load<u32>(a + at) - <i64>load<u32>(b + at) + borrow) >> 32;
  }
  return borrow;
}
