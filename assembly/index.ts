/**
 * What the host calls (src/crypto/curve/wasm-kernel.ts). Arguments and results are numbers in slots; a call tells whether
 * it has a result. Regular are onCurve, hasOrder, makeLines, makeLinesOfHalf, pairLines, power, multiplyBySecret, makeComb, multiplyWithComb,
 * and makeTerm and sum but for the digits: for secret data. The others are for public data.
 */
import { combine, elementSize, limbs, mul, RADIX, setModulus, sqr } from './field';
import { invert } from './inverse';
import { jacobi } from './jacobi';
import {
  eighth,
  exponent,
  half,
  minusRoot3,
  modulusWords,
  montgomerySquare,
  octets,
  one,
  orderDigitCount,
  orderDigits,
  orderWords,
  plainOne,
  release,
  scalarWords,
  setCounts,
  slot,
  take,
  takeMany,
  words,
  work,
} from './memory';
import { belowMask, toElement, toNumber, unpack, zeroMask } from './number';
import { closes, makeLines as makeLinesOf, makeLinesOfDouble, pair, pairWithLines } from './pairing';
import { addAffine, doublePoint, fromAffine, takePoint } from './point';
import { powerNorm1 } from './power';
import {
  makeComb as makeCombOf,
  multiplyComb,
  multiplyPublic,
  multiplySecret,
  oddMultiples,
  sumOfMultiples,
} from './scalar';

export { fusedError } from './field';
export { halfDigits, layOut, octets, octetsCapacity, orderDigits, reserve, slot, tables, wipe } from './memory';
export { exponent } from './memory';
export { linesSize } from './pairing';
export { combSize, termSize } from './scalar';

/**
 * Takes the constants of the curve: p, R^2, 1/2 and 1/8 modulo p, and q in slots 0 to 4; the digits of q and of (q+1)/2
 * and 6r lie in their places.
 */
export function start(halfCount: i32, exponentBits: i32): void {
  memory.copy(modulusWords, slot(0), (<usize>words) << 2);
  memory.copy(orderWords, slot(4), (<usize>scalarWords) << 2);
  setCounts(halfCount, exponentBits);
  // -1/p modulo 2^64 by Newton's iteration; each doubles the right bits, of which p has three.
  const low = load<u64>(modulusWords);
  let inverse = low;
  for (let i = 0; i < 5; i++) inverse *= 2 - low * inverse;
  const mark = take();
  unpack(mark, modulusWords);
  setModulus(mark, 0 - inverse);
  release(mark);
  unpack(montgomerySquare, slot(1));
  memory.fill(slot(5), 0, (<usize>words) << 2);
  store<u32>(slot(5), 1);
  unpack(plainOne, slot(5));
  mul(one, montgomerySquare, plainOne);
  toElement(half, slot(2));
  toElement(eighth, slot(3));
}

/** Takes sqrt(3) = 3^((p+1)/4) from slot 0. */
export function takeRoot3(): void {
  toElement(minusRoot3, slot(0));
  combine(minusRoot3, -1, minusRoot3, 0, one);
}

/** Bits of R, for the host to compute R^2. */
export function montgomeryBits(): i32 {
  return limbs * RADIX;
}

/** A = the point in slots `at` and `at + 1`. */
function readPoint(A: usize, at: i32): void {
  toElement(A, slot(at));
  toElement(A + elementSize, slot(at + 1));
}

/** Slots 0 and 1 = the two elements at A. */
function write(A: usize, done: bool): bool {
  toNumber(slot(0), A);
  toNumber(slot(1), A + elementSize);
  return done;
}

/** Whether slots 0 and 1 are coordinates below p that satisfy the equation. */
export function onCurve(): bool {
  const mark = takeMany(2);
  const t = take();
  const inField = belowMask(slot(0), modulusWords, words) & belowMask(slot(1), modulusWords, words);
  readPoint(mark, 0);
  sqr(t, mark);
  mul(t, t, mark);
  combine(t, 1, t, 1, one);
  sqr(mark, mark + elementSize);
  combine(t, 1, t, -1, mark);
  const fits = zeroMask(t);
  release(mark);
  return (inField & fits) !== 0;
}

/** [k]A for `count` signed digits of k among the octets. */
export function multiply(count: i32): bool {
  const A = takeMany(2);
  readPoint(A, 0);
  const done = multiplyPublic(A, A, octets, count);
  write(A, done);
  release(A);
  return done;
}

/** The table of a term of {@link sum}, at `at`, from the point in slots 0 and 1. */
export function makeTerm(at: usize): bool {
  const A = takeMany(2);
  readPoint(A, 0);
  const done = oddMultiples(at, A, 8, work);
  release(A);
  return done;
}

/** The sum of multiples of `count` terms at `at`, with `length` signed digits for each at `digits`. */
export function sum(at: usize, digits: usize, count: i32, length: i32): bool {
  const result = takeMany(2);
  const done = sumOfMultiples(result, at, digits, count, length);
  if (done) write(result, done);
  release(result);
  return done;
}

/** 1 when q is the order of the point in slots 0 and 1 or a multiple of it, 0 when not, -1 where that takes another way. */
export function hasOrder(): i32 {
  const A = takeMany(2);
  const T = takePoint();
  const M = take();
  const B = take();
  readPoint(A, 0);
  fromAffine(T, A);
  for (let i = orderDigitCount - 2; i >= 0; i--) {
    doublePoint(T, M, B);
    const digit = <f64>load<i8>(orderDigits + <usize>i);
    if (digit !== 0 && i > 0) addAffine(T, A, digit, M);
  }
  const result = zeroMask(T + 2 * elementSize) !== 0 ? -1 : closes(T, A) ? 1 : 0;
  release(A);
  return result;
}

/** Slot 0 to the power of the number of `bits` bits among the octets: windows of four bits. */
export function powerOfElement(bits: i32): void {
  const mark = take();
  const result = mark;
  const table = takeMany(16);
  toElement(table + elementSize, slot(0));
  memory.copy(table, one, elementSize);
  for (let i = 2; i < 16; i++) {
    const at = table + <usize>i * elementSize;
    mul(at, at - elementSize, table + elementSize);
  }
  memory.copy(result, one, elementSize);
  for (let i = ((bits + 3) >> 2) - 1; i >= 0; i--) {
    for (let j = 0; j < 4; j++) sqr(result, result);
    const digit = (load<u8>(octets + ((<usize>i) >> 1)) >> (<u8>((i & 1) << 2))) & 15;
    if (digit !== 0) mul(result, result, table + <usize>digit * elementSize);
  }
  toNumber(slot(0), result);
  release(mark);
}

/** e'(A, B) of the points in slots 0 to 3. */
export function pairing(): bool {
  const A = takeMany(2);
  const B = takeMany(2);
  readPoint(A, 0);
  readPoint(B, 2);
  const done = pair(A, A, B);
  write(A, done);
  release(A);
  return done;
}

/** A table of lines at `at` of the point in slots 0 and 1: those of half of it. */
export function makeLines(at: usize): bool {
  const A = takeMany(2);
  readPoint(A, 0);
  // With 2H = A and [q]H = O, A is of order q.
  const done = makeLinesOfDouble(at, A);
  release(A);
  return done;
}

/** The same from the half itself. */
export function makeLinesOfHalf(at: usize): bool {
  const H = takeMany(2);
  readPoint(H, 0);
  const done = makeLinesOf(at, H);
  release(H);
  return done;
}

/** e'(A, B) from A's lines at `at` and B in slots 0 and 1. */
export function pairLines(at: usize): bool {
  const B = takeMany(2);
  readPoint(B, 0);
  const done = pairWithLines(B, at, B);
  write(B, done);
  release(B);
  return done;
}

/** z^e for z in slots 0 and 1, e of `count` windows of five bits in `eWords` words among the octets. */
export function power(count: i32, eWords: i32): void {
  const z = takeMany(2);
  readPoint(z, 0);
  powerNorm1(z, z, octets, count, eWords);
  write(z, true);
  release(z);
}

/** [k]A for k in slot 2. */
export function multiplyBySecret(): bool {
  const A = takeMany(2);
  readPoint(A, 0);
  const done = multiplySecret(A, A, slot(2));
  write(A, done);
  release(A);
  return done;
}

/** The comb of the point in slots 0 and 1, at `at`. */
export function makeComb(at: usize): bool {
  const P = takeMany(2);
  readPoint(P, 0);
  const done = makeCombOf(at, P);
  release(P);
  return done;
}

/** [k]P for k in slot 2 and the comb at `at`. */
export function multiplyWithComb(at: usize): bool {
  const P = takeMany(2);
  const done = multiplyComb(P, at, slot(2));
  write(P, done);
  release(P);
  return done;
}

/** Slot 2 = slot 0 operated with slot 1: a product, square, sum, difference or inverse; for the tests of the field. */
export function fieldOperation(operation: i32): i32 {
  const a = take();
  const b = take();
  let symbol = 0;
  toElement(a, slot(0));
  toElement(b, slot(1));
  if (operation === 0) mul(a, a, b);
  else if (operation === 1) sqr(a, a);
  else if (operation === 2) combine(a, 1, a, 1, b);
  else if (operation === 3) combine(a, 1, a, -1, b);
  else if (operation === 4) invert(a, a);
  else symbol = jacobi(a);
  toNumber(slot(2), a);
  release(a);
  return symbol;
}

/** Slot 0 = slot 0 times slot 1, or its square, so many times over: what benches measure. */
export function chain(squares: bool, times: i32): void {
  const a = take();
  const b = take();
  toElement(a, slot(0));
  toElement(b, slot(1));
  for (let i = 0; i < times; i++) {
    if (squares) sqr(a, a);
    else mul(a, a, b);
  }
  toNumber(slot(0), a);
  release(a);
}
