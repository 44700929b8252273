/**
 * The modified Tate pairing of RFC 5091 4.5.2 as src/crypto/curve/miller.ts and final-exponentiation.ts explain it: the
 * second argument projected on the trace-zero part (X, iY), a Lucas ladder for the last exponent. With lines of half the
 * point, e'(A, B) = e'(A/2, B)^2 = e(A/2, 2T): no square root is left, whose sign would take a Jacobi symbol.
 */
import { combine, elementSize, mul, sqr } from './field';
import { invert } from './inverse';
import { jacobi } from './jacobi';
import {
  eighth,
  exponent,
  exponentBits,
  half,
  halfDigitCount,
  halfDigits,
  minusRoot3,
  one,
  orderDigitCount,
  orderDigits,
  release,
  take,
  takeMany,
  work,
} from './memory';
import { zeroMask } from './number';
import { addAffine, addJacobian, doublePoint, fromAffine, invertAll, takePoint, toAffine } from './point';
import { multiplyBy, square } from './quadratic';

/** (X, Y) = phi(B) - phi^2(B) without the i: -(x^3+4)/(3x^2) and -sqrt3 y (x^3-8)/(9x^3); all ones when x = 0. */
function traceZero(XY: usize, B: usize): i64 {
  const mark = take();
  const xxx = mark;
  const inverse = take();
  const t = take();
  sqr(xxx, B);
  mul(xxx, xxx, B);
  combine(t, 3, xxx, 0, xxx);
  combine(t, 3, t, 0, t);
  invert(inverse, t);
  const bad = zeroMask(t);
  mul(t, B, inverse);
  combine(t, -3, t, 0, t);
  combine(XY, 1, xxx, 4, one);
  mul(XY, XY, t);
  combine(xxx, 1, xxx, -4, one);
  combine(xxx, 1, xxx, -4, one);
  mul(t, minusRoot3, B + elementSize);
  mul(t, t, xxx);
  mul(XY + elementSize, t, inverse);
  release(mark);
  return bad;
}

/** Whether T is -d A for the last digit d of q: just then [q]A is infinity. */
export function closes(T: usize, A: usize): bool {
  return equals(T, A, -(<f64>load<i8>(orderDigits)));
}

/** Whether the Jacobian T is finite and the affine A, y of A times `sign`. */
function equals(T: usize, A: usize, sign: f64): bool {
  const mark = take();
  const t = mark;
  const ZZ = take();
  const Z = T + 2 * elementSize;
  sqr(ZZ, Z);
  mul(t, A, ZZ);
  combine(t, 1, t, -1, T);
  const x = zeroMask(t);
  mul(ZZ, ZZ, Z);
  mul(t, A + elementSize, ZZ);
  combine(t, sign, t, -1, T + elementSize);
  const y = zeroMask(t);
  const infinite = zeroMask(Z);
  release(mark);
  return (x & y & ~infinite) !== 0;
}

/** f_{q,A}(X, iY) up to factors in F_p, for public A; false when A is not of order q. */
function miller(f: usize, A: usize, XY: usize): bool {
  const mark = takePoint();
  const T = mark;
  const M = take();
  const B = take();
  const ZZ = take();
  const re = take();
  const im = take();
  const X = XY;
  const Y = XY + elementSize;
  fromAffine(T, A);
  memory.copy(f, one, elementSize);
  memory.fill(f + elementSize, 0, elementSize);
  for (let i = orderDigitCount - 2; i >= 0; i--) {
    // The tangent at T, scaled by 2YZ^3.
    sqr(ZZ, T + 2 * elementSize);
    mul(re, ZZ, X);
    combine(re, 1, T, -1, re);
    doublePoint(T, M, B);
    mul(re, M, re);
    combine(re, 1, re, -1, B);
    mul(im, T + 2 * elementSize, ZZ);
    mul(im, im, Y);
    if (i < orderDigitCount - 2) square(f);
    multiplyBy(f, f, re, im);

    const digit = <f64>load<i8>(orderDigits + <usize>i);
    if (digit !== 0 && i > 0) {
      // The chord through T and Q, scaled by the Z of their sum.
      addAffine(T, A, digit, M);
      combine(re, 1, A, -1, X);
      mul(re, M, re);
      mul(im, T + 2 * elementSize, A + elementSize);
      combine(re, 1, re, -digit, im);
      mul(im, T + 2 * elementSize, Y);
      multiplyBy(f, f, re, im);
    }
  }
  const closed = closes(T, A);
  release(mark);
  return closed;
}

/**
 * r = (conj(f)/f)^e for e = 6r, times the Jacobi symbol of the norm, which is the square root of order q; or for
 * e = 12r without a root (`rooted`). False when f is real or imaginary. src/crypto/curve/final-exponentiation.ts.
 */
function finalExponentiation(r: usize, f: usize, rooted: bool): bool {
  const mark = take();
  const aa = mark;
  const bb = take();
  const ab = take();
  const norm = take();
  const inverse = take();
  const trace = take();
  const low = take();
  const high = take();
  const middle = take();
  sqr(aa, f);
  sqr(bb, f + elementSize);
  mul(ab, f, f + elementSize);
  combine(norm, 1, aa, 1, bb);
  mul(trace, norm, ab);
  invert(inverse, trace);
  const degenerate = zeroMask(trace) !== 0;
  combine(trace, 2, aa, -2, bb);
  mul(trace, trace, ab);
  mul(trace, trace, inverse);

  combine(low, 2, one, 0, one);
  memory.copy(high, trace, elementSize);
  for (let i = exponentBits - 1; i >= (rooted ? -1 : 0); i--) {
    mul(middle, low, high);
    const bit = i >= 0 && ((load<u32>(exponent + (((<usize>i) >> 5) << 2)) >> (i & 31)) & 1) !== 0;
    if (bit) {
      combine(low, 1, middle, -1, trace);
      sqr(high, high);
      combine(high, 1, high, -2, one);
    } else {
      combine(high, 1, middle, -1, trace);
      sqr(low, low);
      combine(low, 1, low, -2, one);
    }
  }
  // low = trace of g^e, high = trace of g^(e+1): Im(g^e) = (2 high - trace low) N/(8ab).
  const sign: f64 = rooted ? 1 : <f64>jacobi(norm);
  sqr(norm, norm);
  mul(norm, norm, inverse);
  mul(norm, norm, eighth);
  mul(middle, trace, low);
  combine(high, 2, high, -1, middle);
  mul(r + elementSize, high, norm);
  mul(r, low, half);
  combine(r, sign, r, 0, r);
  combine(r + elementSize, sign, r + elementSize, 0, r);
  release(mark);
  return !degenerate;
}

/** r = e'(A, B); false when A is not of order q, or B of order 2, 3 or 6. Public. */
export function pair(r: usize, A: usize, B: usize): bool {
  const mark = takeMany(2);
  const XY = mark;
  const f = takeMany(2);
  const bad = traceZero(XY, B);
  const done = miller(f, A, XY) && finalExponentiation(r, f, false) && bad === 0;
  release(mark);
  return done;
}

/** Steps of the loop, and octets of a table of lines. */
function stepCount(): i32 {
  let steps = orderDigitCount - 1;
  for (let i = 1; i < orderDigitCount - 1; i++) if (load<i8>(orderDigits + <usize>i) !== 0) steps++;
  return steps;
}

export function linesSize(): usize {
  return <usize>(2 * stepCount()) * elementSize;
}

/*
 * While lines are made, the work area has four elements for each step of the loop: the point at which the line is drawn
 * and the Z of the sum. The numerator of the slope waits where the slope goes.
 */

function entry(step: i32): usize {
  return work + <usize>step * (elementSize << 2);
}

function lineAt(lines: usize, step: i32): usize {
  return lines + <usize>(2 * step) * elementSize;
}

/** The tangent at T; T = 2T. */
function drawTangent(lines: usize, step: i32, T: usize, M: usize, B: usize): void {
  memory.copy(entry(step), T, 3 * elementSize);
  doublePoint(T, M, B);
  memory.copy(lineAt(lines, step), M, elementSize);
  memory.copy(entry(step) + 3 * elementSize, T + 2 * elementSize, elementSize);
}

/** The chord through T and the affine H, y of H times `digit`; T becomes their sum. */
function drawChord(lines: usize, step: i32, T: usize, H: usize, digit: f64, M: usize): void {
  const at = entry(step);
  memory.copy(at, H, elementSize);
  combine(at + elementSize, digit, H + elementSize, 0, H);
  memory.copy(at + 2 * elementSize, one, elementSize);
  addAffine(T, H, digit, M);
  memory.copy(lineAt(lines, step), M, elementSize);
  memory.copy(at + 3 * elementSize, T + 2 * elementSize, elementSize);
}

/** The lines from `step` on, after the doubling that belongs to digit i; whether [q]H is infinity. */
function drawRest(lines: usize, T: usize, H: usize, i: i32, step: i32): bool {
  const mark = take();
  const M = mark;
  const B = take();
  for (;;) {
    const digit = <f64>load<i8>(orderDigits + <usize>i);
    if (digit !== 0 && i > 0) drawChord(lines, step++, T, H, digit, M);
    if (--i < 0) break;
    drawTangent(lines, step++, T, M, B);
  }
  release(mark);
  return closes(T, H);
}

/**
 * The lines of f_{q,H}, each divided by its leading coefficient: slope and c of (c - slope X) + Y i, in the order of the
 * loop. False when H is not of order q. Regular.
 */
export function makeLines(lines: usize, H: usize): bool {
  const mark = takePoint();
  const T = mark;
  const M = take();
  const B = take();
  fromAffine(T, H);
  drawTangent(lines, 0, T, M, B);
  const closed = drawRest(lines, T, H, orderDigitCount - 2, 1);
  settle(lines, false);
  release(mark);
  return closed;
}

/**
 * The same for H = A/2 = [(q+1)/2]A; false when 2H is not A either. As 2H = A, the walk of H begins with that of A, which
 * leads to H: most of it is done once. Regular.
 */
export function makeLinesOfDouble(lines: usize, A: usize): bool {
  const mark = takePoint();
  const T = mark;
  const H = takeMany(2);
  const sum = takePoint();
  const met = takePoint();
  const M = take();
  const B = take();
  // Tangents before the first chord of H's walk: at H, A, 2A, 4A ...
  let first = orderDigitCount - 2;
  while (first > 0 && load<i8>(orderDigits + <usize>first) === 0) first--;
  const shared = min(orderDigitCount - 1 - first, halfDigitCount);
  let summed = false;
  fromAffine(T, A);
  for (let k = 0; ; k++) {
    if (k === shared - 1) memory.copy(met, T, 3 * elementSize);
    const digit = <f64>load<i8>(halfDigits + <usize>k);
    if (digit !== 0 && summed) addJacobian(sum, T, digit);
    if (digit !== 0 && !summed) {
      memory.copy(sum, T, 3 * elementSize);
      combine(sum + elementSize, digit, sum + elementSize, 0, sum);
      summed = true;
    }
    if (k === halfDigitCount - 1) break;
    if (k < shared - 1) drawTangent(lines, k + 1, T, M, B);
    else doublePoint(T, M, B);
  }
  const infinite = zeroMask(sum + 2 * elementSize);
  toAffine(H, sum);
  fromAffine(T, H);
  drawTangent(lines, 0, T, M, B);
  const doubles = equals(T, A, 1);
  memory.copy(T, met, 3 * elementSize);
  const closed = drawRest(lines, T, H, orderDigitCount - 1 - shared, shared);
  settle(lines, true);
  release(mark);
  return doubles && closed && infinite === 0;
}

/** Slopes and constants from what was drawn; `affine`: the second tangent is at a point with Z = 1, not at the first sum. */
function settle(lines: usize, affine: bool): void {
  const t = take();
  const count = stepCount();
  invertAll(entry(0) + 3 * elementSize, elementSize << 2, count, entry(count));
  // 1/Z of the point of a tangent is that of the sum before it.
  let inverse = one;
  let step = 0;
  for (let i = orderDigitCount - 2; i >= 0; i--) {
    settleTangent(lineAt(lines, step), entry(step), inverse, t);
    inverse = affine && step === 0 ? one : entry(step) + 3 * elementSize;
    step++;
    if (i > 0 && load<i8>(orderDigits + <usize>i) !== 0) {
      settleChord(lineAt(lines, step), entry(step));
      inverse = entry(step) + 3 * elementSize;
      step++;
    }
  }
  release(t);
}

/**
 * Slope and c = slope x - y, from the numerator M and the step's entry (X, Y, Z) with 1/(Z of the sum) and `inverse` = 1/Z.
 * For a tangent the sum has Z' = 2YZ, so that y = B/(Z' Z^2) with B = 2Y^2, and c = (M X - B)/(Z' Z^2).
 */
function settleTangent(line: usize, at: usize, inverse: usize, t: usize): void {
  const c = line + elementSize;
  const next = at + 3 * elementSize;
  sqr(t, at + elementSize);
  mul(c, line, at);
  combine(c, 1, c, -2, t);
  sqr(t, inverse);
  mul(t, t, next);
  mul(c, c, t);
  mul(line, line, next);
}

/** The same for a chord, through an affine point. */
function settleChord(line: usize, at: usize): void {
  const c = line + elementSize;
  mul(line, line, at + 3 * elementSize);
  mul(c, line, at);
  combine(c, 1, c, -1, at + elementSize);
}

/** r = e'(A, B) from A's lines; false when B is of order 2, 3 or 6. Regular. */
export function pairWithLines(r: usize, lines: usize, B: usize): bool {
  const mark = takeMany(2);
  const XY = mark;
  const f = takeMany(2);
  const t = take();
  const bad = traceZero(XY, B);
  memory.copy(f, one, elementSize);
  memory.fill(f + elementSize, 0, elementSize);
  for (let i = orderDigitCount - 2; i >= 0; i--) {
    if (i < orderDigitCount - 2) square(f);
    lines = multiplyByLine(f, lines, XY, t);
    if (i > 0 && load<i8>(orderDigits + <usize>i) !== 0) lines = multiplyByLine(f, lines, XY, t);
  }
  const done = finalExponentiation(r, f, true) && bad === 0;
  release(mark);
  return done;
}

/** f times the line at `line`; returns where the next one is. */
function multiplyByLine(f: usize, line: usize, XY: usize, t: usize): usize {
  mul(t, line, XY);
  combine(t, 1, line + elementSize, -1, t);
  multiplyBy(f, f, t, XY + elementSize);
  return line + 2 * elementSize;
}
