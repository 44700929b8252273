/**
 * The group of E: y^2 = x^3 + 1. A Jacobian point is three elements X, Y, Z in a row, an affine one two. The formulas are
 * incomplete, and safely so: an addition of equal or opposite points, or of infinity, gives Z = 0, and so does
 * everything that is computed from that. Whoever ends with Z = 0 does not have a result.
 */
import { combine, elementSize, mul, sqr } from './field';
import { invert } from './inverse';
import { one, release, take, takeMany } from './memory';

export function takePoint(): usize {
  return takeMany(3);
}

/** T = the affine A. */
export function fromAffine(T: usize, A: usize): void {
  memory.copy(T, A, 2 * elementSize);
  memory.copy(T + 2 * elementSize, one, elementSize);
}

/** T = 2T, with M = 3X^2 and B = 2Y^2 of the point that T was. T must not be one of them. */
export function doublePoint(T: usize, M: usize, B: usize): void {
  const X = T;
  const Y = T + elementSize;
  const Z = Y + elementSize;
  const mark = take();
  const S = mark;
  const t = take();
  sqr(t, X);
  combine(M, 3, t, 0, t);
  sqr(t, Y);
  combine(B, 2, t, 0, t);
  mul(S, X, B); // 2XY^2: a half of the textbook's S
  mul(t, Y, Z);
  combine(Z, 2, t, 0, t);
  sqr(t, M);
  combine(X, 1, t, -4, S);
  combine(t, 2, S, -1, X);
  mul(t, M, t);
  sqr(S, B);
  combine(Y, 1, t, -2, S);
  release(mark);
}

/** T = T + Q for affine Q, y of Q times `sign`; R is left in `R`: the chord's slope is R / (the new Z). */
export function addAffine(T: usize, Q: usize, sign: f64, R: usize): void {
  const X = T;
  const Y = T + elementSize;
  const Z = Y + elementSize;
  const mark = take();
  const H = mark;
  const HH = take();
  const V = take();
  const t = take();
  sqr(HH, Z);
  mul(H, Q, HH);
  combine(H, 1, H, -1, X);
  mul(HH, HH, Z);
  mul(R, Q + elementSize, HH);
  combine(R, sign, R, -1, Y);
  mul(Z, Z, H);
  sqr(HH, H);
  mul(H, H, HH);
  mul(V, X, HH);
  sqr(X, R);
  combine(X, 1, X, -1, H);
  combine(X, 1, X, -2, V);
  combine(V, 1, V, -1, X);
  mul(V, R, V);
  mul(t, Y, H);
  combine(Y, 1, V, -1, t);
  release(mark);
}

/** T = T + Q for a Jacobian Q, y of Q times `sign`: T on the curve that Q's Z makes of E, where Q is affine. */
export function addJacobian(T: usize, Q: usize, sign: f64): void {
  const Z = Q + 2 * elementSize;
  const mark = take();
  const t = mark;
  const R = take();
  sqr(t, Z);
  mul(T, T, t);
  mul(t, t, Z);
  mul(T + elementSize, T + elementSize, t);
  addAffine(T, Q, sign, R);
  mul(T + 2 * elementSize, T + 2 * elementSize, Z);
  release(mark);
}

/** The affine point of T; (0, 0) when Z is 0. */
export function toAffine(A: usize, T: usize): void {
  const inverse = take();
  invert(inverse, T + 2 * elementSize);
  scaleToAffine(A, T, inverse);
  release(inverse);
}

/** The affine point of T from 1/Z. A may be T. */
export function scaleToAffine(A: usize, T: usize, inverse: usize): void {
  const square = take();
  sqr(square, inverse);
  mul(A, T, square);
  mul(square, square, inverse);
  mul(A + elementSize, T + elementSize, square);
  release(square);
}

/**
 * All inverses of `count` elements that lie `stride` octets apart, in place, for one inversion (Montgomery's trick);
 * `products` has room for `count` elements. All become 0 when one is 0.
 */
export function invertAll(first: usize, stride: usize, count: i32, products: usize): void {
  const mark = take();
  const inverse = mark;
  const t = take();
  memory.copy(products, first, elementSize);
  for (let i = 1; i < count; i++) {
    const before = products + <usize>(i - 1) * elementSize;
    mul(before + elementSize, before, first + <usize>i * stride);
  }
  invert(inverse, products + <usize>(count - 1) * elementSize);
  for (let i = count - 1; i > 0; i--) {
    const at = first + <usize>i * stride;
    mul(t, inverse, products + <usize>(i - 1) * elementSize);
    mul(inverse, inverse, at);
    memory.copy(at, t, elementSize);
  }
  memory.copy(first, inverse, elementSize);
  release(mark);
}
