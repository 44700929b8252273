/**
 * The group of E: y^2 = x^3 + 1 in Jacobian coordinates (RFC 5091 3.2 and 3.3): x = X/Z^2, y = Y/Z^3, Z = 0 is
 * the point at infinity. Not regular: a secret scalar must come blinded (protocol profile 1.6).
 */
import { signedDigits } from './digits.ts';
import type { Field } from './field.ts';

/** An affine point, coordinates in [0, p); the point at infinity has no such form. */
export interface Point {
  readonly x: bigint;
  readonly y: bigint;
}

/** Jacobian coordinates, any representatives. */
export interface Jacobian {
  readonly X: bigint;
  readonly Y: bigint;
  readonly Z: bigint;
}

export const INFINITY: Jacobian = { X: 1n, Y: 1n, Z: 0n };

/** Whether both coordinates are in [0, p) and satisfy the equation. */
export function isOnCurve(field: Field, { x, y }: Point): boolean {
  const { p } = field;
  if (x < 0n || x >= p || y < 0n || y >= p) return false;
  return field.isZero(field.product(y, y) - field.product(field.mul(x, x), x) - 1n);
}

/** 2T. Infinity gives infinity, and so does a point with Y = 0. */
export function double(field: Field, { X, Y, Z }: Jacobian): Jacobian {
  const YY = field.mul(Y, Y);
  const S = field.mul(4n * X, YY);
  const M = 3n * field.mul(X, X);
  const X3 = field.reduce(field.product(M, M) - 2n * S);
  const Y3 = field.reduce(field.product(M, S - X3) - 8n * field.product(YY, YY));
  return { X: X3, Y: Y3, Z: field.mul(2n * Y, Z) };
}

/** T + Q for any two points. */
export function add(field: Field, T: Jacobian, Q: Jacobian): Jacobian {
  if (field.isZero(T.Z)) return Q;
  if (field.isZero(Q.Z)) return T;
  const ZZ = field.mul(T.Z, T.Z);
  const QQ = field.mul(Q.Z, Q.Z);
  const U = field.mul(T.X, QQ);
  const S = field.mul(field.mul(T.Y, Q.Z), QQ);
  const H = field.reduce(field.product(Q.X, ZZ) - U);
  const R = field.reduce(field.product(field.mul(Q.Y, T.Z), ZZ) - S);
  if (field.isZero(H)) return field.isZero(R) ? double(field, T) : INFINITY;
  const HH = field.mul(H, H);
  const HHH = field.mul(H, HH);
  const V = field.mul(U, HH);
  const X3 = field.reduce(field.product(R, R) - HHH - 2n * V);
  const Y3 = field.reduce(field.product(R, V - X3) - field.product(S, HHH));
  return { X: X3, Y: Y3, Z: field.mul(field.mul(T.Z, Q.Z), H) };
}

export function negate({ X, Y, Z }: Jacobian): Jacobian {
  return { X, Y: -Y, Z };
}

/** The affine point, or undefined for infinity. */
export function toAffine(field: Field, { X, Y, Z }: Jacobian): Point | undefined {
  if (field.isZero(Z)) return undefined;
  const inverse = field.inverse(Z);
  const square = field.mul(inverse, inverse);
  return {
    x: field.canonical(field.product(X, square)),
    y: field.canonical(field.product(field.mul(Y, square), inverse)),
  };
}

/**
 * [scalar]A for scalar >= 0 and any A on the curve, undefined for infinity (RFC 5091 3.2.2): width-5 windows over
 * odd multiples. The scalar is not reduced: A may have any order.
 */
export function multiply(field: Field, scalar: bigint, { x, y }: Point): Point | undefined {
  const A: Jacobian = { X: x, Y: y, Z: 1n };
  const twice = double(field, A);
  const odd = [A];
  for (let i = 1; i < 8; i++) odd.push(add(field, odd[i - 1] as Jacobian, twice));
  let T = INFINITY;
  for (const digit of signedDigits(scalar, 5).reverse()) {
    T = double(field, T);
    if (digit > 0) T = add(field, T, odd[digit >> 1] as Jacobian);
    if (digit < 0) T = add(field, T, negate(odd[-digit >> 1] as Jacobian));
  }
  return toAffine(field, T);
}
