/** Scalar multiplication: fast for public scalars, regular for secret ones, and by tables of P's multiples. */
import { combine, elementSize, select } from './field';
import { zeroMask } from './number';
import { one, orderWords, release, scalarBits, scalarWords, take, takeMany, work } from './memory';
import { addAffine, doublePoint, fromAffine, invertAll, scaleToAffine, takePoint, toAffine } from './point';

/** Bits of a window of a regular multiplication, and the odd multiples 1, 3, .. 31 that a table has. */
export const WINDOW: i32 = 5;
export const ENTRIES: i32 = 16;

/**
 * The affine odd multiples 1, 3, .. of affine A, `count` of them, into `table`; false when one is at infinity. `room` has
 * `4 count` elements.
 */
export function oddMultiples(table: usize, A: usize, count: i32, room: usize): bool {
  const mark = take();
  const M = mark;
  const B = take();
  const twice = takePoint();
  const point = takePoint();
  fromAffine(twice, A);
  doublePoint(twice, M, B);
  const infinite = zeroMask(twice + 2 * elementSize);
  toAffine(twice, twice);
  fromAffine(point, A);
  for (let i = 0; i < count; i++) {
    if (i > 0) addAffine(point, twice, 1, M);
    memory.copy(room + <usize>(3 * i) * elementSize, point, 3 * elementSize);
  }
  const lastZ = room + <usize>(3 * count - 1) * elementSize;
  const finite = (infinite | zeroMask(lastZ)) === 0; // a Z that is 0 stays 0
  invertAll(room + 2 * elementSize, 3 * elementSize, count, room + <usize>(3 * count) * elementSize);
  for (let i = 0; i < count; i++) {
    const at = room + <usize>(3 * i) * elementSize;
    scaleToAffine(table + <usize>(2 * i) * elementSize, at, at + 2 * elementSize);
  }
  release(mark);
  return finite;
}

/**
 * result = [k]A, affine, for a public k in `count` signed digits of width 5, the last one positive; false when that is
 * infinity or the formulas do not reach it. result may be A.
 */
export function multiplyPublic(result: usize, A: usize, digits: usize, count: i32): bool {
  const mark = takePoint();
  const T = mark;
  const M = take();
  const B = take();
  const table = takeMany(16);
  if (!oddMultiples(table, A, 8, work)) {
    release(mark);
    return false;
  }
  for (let i = count - 1; i >= 0; i--) {
    const digit = <i32>load<i8>(digits + <usize>i);
    if (i < count - 1) doublePoint(T, M, B);
    if (digit === 0) continue;
    const entry = table + <usize>(abs(digit) - 1) * elementSize; // (|digit| - 1)/2 points of two elements
    if (i === count - 1) fromAffine(T, entry);
    else addAffine(T, entry, digit > 0 ? 1 : -1, M);
  }
  const finite = zeroMask(T + 2 * elementSize) === 0;
  if (finite) toAffine(result, T);
  release(mark);
  return finite;
}

/** Octets of a term's table: the odd multiples 1, 3, .. 15. */
export function termSize(): usize {
  return 16 * elementSize;
}

/**
 * result = the sum of [k_i]A_i, affine, for `count` tables of {@link oddMultiples} at `tables` and `length` signed digits
 * of width 5 each at `digits`; false when that is infinity or the formulas do not reach it. The k_i are public, the A_i
 * may be secret.
 */
export function sumOfMultiples(result: usize, tables: usize, digits: usize, count: i32, length: i32): bool {
  const mark = takePoint();
  const T = mark;
  const M = take();
  const B = take();
  let begun = false;
  for (let i = length - 1; i >= 0; i--) {
    if (begun) doublePoint(T, M, B);
    for (let term = 0; term < count; term++) {
      const digit = <i32>load<i8>(digits + <usize>(term * length + i));
      if (digit === 0) continue;
      const entry = tables + <usize>term * termSize() + <usize>(abs(digit) - 1) * elementSize;
      const sign: f64 = digit > 0 ? 1 : -1;
      if (begun) {
        addAffine(T, entry, sign, M);
      } else {
        fromAffine(T, entry);
        combine(T + elementSize, sign, T + elementSize, 0, T);
        begun = true;
      }
    }
  }
  const finite = begun && zeroMask(T + 2 * elementSize) === 0;
  if (finite) toAffine(result, T);
  release(mark);
  return finite;
}

/**
 * The signed odd digits of an odd k in `kWords` words: digit i is ((k >> 5i) | 1) mod 64, less 32, the top one
 * without that (Joye and Tunstall, "Exponent recoding and regular exponentiation algorithms", 2009).
 */
export function oddDigit(k: usize, i: i32, count: i32, kWords: i32): i32 {
  const from = i * WINDOW;
  const at = from >> 5;
  let bits = <u64>load<u32>(k + ((<usize>at) << 2));
  if (at + 1 < kWords) bits |= (<u64>load<u32>(k + ((<usize>(at + 1)) << 2))) << 32;
  const window = (<i32>(bits >> (<u64>(from & 31)))) & (2 * ENTRIES * 2 - 1);
  return i === count - 1 ? (window & (2 * ENTRIES - 1)) | 1 : (window | 1) - 2 * ENTRIES;
}

/** entry = the entry of a secret odd digit: every one is read. The sign is left to the caller. */
export function lookUp(entry: usize, table: usize, size: usize, digit: i32): void {
  const wanted = <i64>((abs(digit) - 1) >> 1);
  for (let i = 0; i < ENTRIES; i++) {
    const difference = wanted - <i64>i;
    const mask = ~((difference | -difference) >> 63);
    select(entry, table + <usize>i * size, size, mask);
  }
}

/**
 * result = [k]A, affine, for A of order q and a secret k in [1, q), which becomes q - k where k is even; false for k = 0
 * and where the formulas do not reach the result, which takes A of another order or a k within 64 of 0 or q.
 */
export function multiplySecret(result: usize, A: usize, k: usize): bool {
  const mark = takePoint();
  const T = mark;
  const M = take();
  const B = take();
  const entry = takeMany(2);
  const table = takeMany(2 * ENTRIES);
  const even = makeOdd(k);
  const count = digitCount();
  let done = oddMultiples(table, A, ENTRIES, work);
  for (let i = count - 1; i >= 0; i--) {
    const digit = oddDigit(k, i, count, scalarWords);
    lookUp(entry, table, 2 * elementSize, digit);
    if (i === count - 1) {
      fromAffine(T, entry);
      continue;
    }
    for (let j = 0; j < WINDOW; j++) doublePoint(T, M, B);
    addAffine(T, entry, signOf((<i64>digit) >> 63), M);
  }
  done = finish(result, T, even) && done;
  release(mark);
  return done;
}

/** Tables of a comb: every fourth window has its own. */
const SPACING: i32 = 4;

export function combSize(): usize {
  return <usize>(combTables() * 2 * ENTRIES) * elementSize;
}

function combTables(): i32 {
  return (digitCount() + SPACING - 1) / SPACING;
}

/** The odd multiples of [2^(20 i)]P for each table i; false when one is at infinity. */
export function makeComb(comb: usize, P: usize): bool {
  const mark = takePoint();
  const T = mark;
  const M = take();
  const B = take();
  let done = true;
  memory.copy(T, P, 2 * elementSize);
  for (let i = 0; i < combTables(); i++) {
    const table = comb + <usize>(i * 2 * ENTRIES) * elementSize;
    if (i > 0) {
      memory.copy(T + 2 * elementSize, one, elementSize);
      for (let j = 0; j < SPACING * WINDOW; j++) doublePoint(T, M, B);
      done = zeroMask(T + 2 * elementSize) === 0 && done;
      toAffine(T, T);
    }
    done = oddMultiples(table, T, ENTRIES, work) && done;
  }
  release(mark);
  return done;
}

/** [k]P from P's comb, as {@link multiplySecret}: three times five doublings instead of all. */
export function multiplyComb(result: usize, comb: usize, k: usize): bool {
  const mark = takePoint();
  const T = mark;
  const M = take();
  const B = take();
  const entry = takeMany(2);
  const even = makeOdd(k);
  const count = digitCount();
  let begun = false;
  for (let offset = SPACING - 1; offset >= 0; offset--) {
    if (begun) for (let j = 0; j < WINDOW; j++) doublePoint(T, M, B);
    for (let i = 0; i < combTables(); i++) {
      const at = i * SPACING + offset;
      if (at >= count) continue;
      const digit = oddDigit(k, at, count, scalarWords);
      lookUp(entry, comb + <usize>(i * 2 * ENTRIES) * elementSize, 2 * elementSize, digit);
      const sign = signOf((<i64>digit) >> 63);
      if (begun) {
        addAffine(T, entry, sign, M);
      } else {
        fromAffine(T, entry);
        combine(T + elementSize, sign, T + elementSize, 0, T);
        begun = true;
      }
    }
  }
  const done = finish(result, T, even);
  release(mark);
  return done;
}

/** Windows of a scalar. */
export function digitCount(): i32 {
  return (scalarBits + WINDOW - 1) / WINDOW;
}

/** k = q - k where k is even; returns all ones then. */
function makeOdd(k: usize): i64 {
  const even = -(1 - <i64>(load<u32>(k) & 1));
  let borrow: i64 = 0;
  for (let i = 0; i < scalarWords; i++) {
    const at = (<usize>i) << 2;
    const own = <i64>load<u32>(k + at);
    borrow += <i64>load<u32>(orderWords + at) - own;
    store<u32>(k + at, <u32>((own & ~even) | (borrow & even)));
    borrow >>= 32;
  }
  return even;
}

/** 1, or -1 where the mask is all ones. */
export function signOf(mask: i64): f64 {
  return <f64>((mask << 1) | 1);
}

/** result = T, or -T where the mask is all ones; false when Z is 0. */
function finish(result: usize, T: usize, negative: i64): bool {
  const finite = zeroMask(T + 2 * elementSize) === 0;
  toAffine(result, T);
  combine(result + elementSize, signOf(negative), result + elementSize, 0, result);
  return finite;
}
