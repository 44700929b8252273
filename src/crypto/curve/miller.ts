/**
 * Miller's loop for the modified Tate pairing (RFC 5091 3.5.2 and 4.5.2), with the second argument projected on
 * the trace-zero part so that no vertical line is left.
 *
 * phi(x, y) = (zeta x, y) with zeta = ((p-1)/2)(1 + i 3^((p+1)/4)), the corrected root of protocol profile 1.3
 * no. 1. x of phi(B) lies outside F_p, so the verticals of 3.5.2 would count (1.3 no. 4). But
 * 2 phi(B) = -B + 2T with 2T = phi(B) - phi^2(B) = (X, iY), X and Y in F_p, and the Tate pairing of A with -B is 1;
 * hence e'(A,B)^2 = e(A, 2T). At (X, iY) every vertical is in F_p and dies in the final exponent, which removes step
 * 4(b) and its misprint (1.3 no. 2) as well. The root is taken in final-exponentiation.ts.
 * Equality with the literal algorithm: test/crypto/curve/pairing.test.ts.
 */
import { HalfkeyError } from '../../foundation/base/index.ts';
import type { Field } from './field.ts';
import { multiplyFp2, squareFp2, type Fp2 } from './fp2.ts';
import { add, double, type Jacobian, type Point } from './point.ts';

/** The trace-zero point (X, iY); both coordinates are in F_p. */
export interface TraceZero {
  readonly X: bigint;
  readonly Y: bigint;
}

/** One line of the loop at (X, iY), divided by its leading coefficient: (c - slope*X) + Y*i. */
interface Line {
  readonly squareFirst: boolean;
  readonly slope: bigint;
  readonly c: bigint;
}

/** The lines of f_{q,A} for a fixed A: 2 numbers of p's size for each bit of q. As secret as A is. */
export interface LineTable {
  readonly steps: Line[];
}

/**
 * phi(B) - phi^2(B): X = -(x^3+4)/(3x^2), Y = -sqrt3*y*(x^3-8)/(9x^3). The other choice of zeta turns Y's sign, and
 * with it the pairing into its inverse. @throws HalfkeyError `BadPoint` when x = 0: B has order 3
 */
export function traceZero(field: Field, sqrt3: bigint, { x, y }: Point): TraceZero {
  const xxx = field.mul(field.mul(x, x), x);
  const inverse = field.inverse(9n * xxx);
  return {
    X: field.mul(field.mul(-3n * x, xxx + 4n), inverse),
    Y: field.mul(field.mul(field.mul(-sqrt3, y), xxx - 8n), inverse),
  };
}

/**
 * f_{q,A}(X, iY) up to factors in F_p. `digits` are those of q in non-adjacent form, least significant first.
 * The chord of the last digit is a vertical and left out; that it is one proves [q]A = O.
 * @throws HalfkeyError `BadPoint` when q does not annihilate A
 */
export function millerLoop(field: Field, digits: readonly number[], A: Point, B: TraceZero): Fp2 {
  let T: Jacobian = { X: A.x, Y: A.y, Z: 1n };
  let f: Fp2 = { re: 1n, im: 0n };
  for (let i = digits.length - 2; i >= 0; i--) {
    // RFC 5091 3.5.2 step 3, tangent at T scaled by 2YZ^3: the multiples M, YY, Z3 are those of the doubling.
    const ZZ = field.mul(T.Z, T.Z);
    const YY = field.mul(T.Y, T.Y);
    const S = field.mul(4n * T.X, YY);
    const M = 3n * field.mul(T.X, T.X);
    const Z3 = field.mul(2n * T.Y, T.Z);
    const tangent: Fp2 = {
      re: field.reduce(field.product(M, T.X - field.mul(ZZ, B.X)) - 2n * YY),
      im: field.mul(field.mul(Z3, ZZ), B.Y),
    };
    const X3 = field.reduce(field.product(M, M) - 2n * S);
    T = { X: X3, Y: field.reduce(field.product(M, S - X3) - 8n * field.product(YY, YY)), Z: Z3 };
    f = multiplyFp2(field, squareFp2(field, f), tangent);

    const digit = digits[i] as number;
    if (digit !== 0 && i > 0) {
      const Q = { X: A.x, Y: BigInt(digit) * A.y, Z: 1n };
      const sum = add(field, T, Q);
      // Chord through T and Q scaled by Z of the sum; a sum at infinity is caught below.
      const R = chordNumerator(field, T, Q);
      const chord: Fp2 = {
        re: field.reduce(-field.product(sum.Z, Q.Y) - field.product(R, B.X - Q.X)),
        im: field.mul(sum.Z, B.Y),
      };
      T = sum;
      f = multiplyFp2(field, f, chord);
    }
  }
  assertLastStepVertical(field, digits, A, T);
  return f;
}

/** The lines that {@link millerLoop} would draw for A, with one inversion. @throws HalfkeyError `BadPoint` likewise */
export function fixedLines(field: Field, digits: readonly number[], A: Point): LineTable {
  interface Step {
    readonly squareFirst: boolean;
    readonly numerator: bigint;
    /** A point of the line. */
    readonly on: Jacobian;
    /** The slope is numerator / next.Z. */
    readonly next: Jacobian;
  }
  const walk: Step[] = [];
  let T: Jacobian = { X: A.x, Y: A.y, Z: 1n };
  for (let i = digits.length - 2; i >= 0; i--) {
    const next = double(field, T);
    walk.push({ squareFirst: true, numerator: 3n * field.mul(T.X, T.X), on: T, next });
    T = next;
    const digit = digits[i] as number;
    if (digit !== 0 && i > 0) {
      const Q = { X: A.x, Y: BigInt(digit) * A.y, Z: 1n };
      const sum = add(field, T, Q);
      walk.push({ squareFirst: false, numerator: chordNumerator(field, T, Q), on: Q, next: sum });
      T = sum;
    }
  }
  assertLastStepVertical(field, digits, A, T);

  const inverses = invertAll(
    field,
    walk.map((step) => step.next.Z),
  );
  const inverseOf = new Map<Jacobian, bigint>(walk.map((step, i) => [step.next, inverses[i] as bigint]));
  const steps = walk.map(({ squareFirst, numerator, on, next }): Line => {
    const slope = field.mul(numerator, inverseOf.get(next) as bigint);
    const inverse = inverseOf.get(on) ?? 1n;
    const square = field.mul(inverse, inverse);
    const x = field.mul(on.X, square);
    return {
      squareFirst,
      slope,
      c: field.canonical(field.product(slope, x) - field.mul(field.mul(on.Y, square), inverse)),
    };
  });
  return { steps };
}

/** f_{q,A}(X, iY) from A's lines: six multiplications a bit. */
export function evaluateLines(field: Field, lines: LineTable, B: TraceZero): Fp2 {
  let f: Fp2 = { re: 1n, im: 0n };
  for (const { squareFirst, slope, c } of lines.steps) {
    if (squareFirst) f = squareFp2(field, f);
    f = multiplyFp2(field, f, { re: c - field.mul(slope, B.X), im: B.Y });
  }
  return f;
}

/** R of the chord through T and the affine Q: its slope is R / (Z of T + Q). */
function chordNumerator(field: Field, T: Jacobian, Q: Jacobian): bigint {
  const ZZZ = field.mul(field.mul(T.Z, T.Z), T.Z);
  return field.reduce(field.product(Q.Y, ZZZ) - T.Y);
}

function assertLastStepVertical(field: Field, digits: readonly number[], A: Point, T: Jacobian): void {
  const ZZ = field.mul(T.Z, T.Z);
  const opposite = field.product(BigInt(digits[0] as number) * A.y, field.mul(ZZ, T.Z));
  const ok = !field.isZero(T.Z) && field.isZero(field.product(A.x, ZZ) - T.X) && field.isZero(opposite + T.Y);
  if (!ok) throw new HalfkeyError('BadPoint', 'a point of wrong order');
}

/** Montgomery's trick: all inverses for one inversion and three multiplications each. */
function invertAll(field: Field, values: readonly bigint[]): bigint[] {
  const before: bigint[] = [];
  let product = 1n;
  for (const value of values) {
    before.push(product);
    product = field.mul(product, value);
  }
  let inverse = field.inverse(product);
  const out = new Array<bigint>(values.length);
  for (let i = values.length - 1; i >= 0; i--) {
    out[i] = field.mul(inverse, before[i] as bigint);
    inverse = field.mul(inverse, values[i] as bigint);
  }
  return out;
}
