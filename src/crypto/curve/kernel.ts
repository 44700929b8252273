/**
 * Whole operations on one curve: the seam behind which a faster kernel replaces BigInt. Points and field elements
 * cross it as bigint in [0, p), and every value that crosses is the same whichever kernel computed it.
 * A kernel knows public constants only; it keeps no secret between calls (a caller may keep {@link Lines}).
 */
import { HalfkeyError } from '../../foundation/base/index.ts';
import { signedDigits } from './digits.ts';
import { createField, type Field } from './field.ts';
import { finalExponentiation } from './final-exponentiation.ts';
import { powerNorm1, type Fp2 } from './fp2.ts';
import { evaluateLines, fixedLines, millerLoop, traceZero, type Lines } from './miller.ts';
import { isOnCurve, multiply, type Point } from './point.ts';

export type { Lines } from './miller.ts';

/** E: y^2 = x^3 + 1 over F_p with p = 11 mod 12, and the prime order q >= 5 of its subgroup; q divides p + 1. */
export interface Curve {
  readonly p: bigint;
  readonly q: bigint;
}

export interface Kernel extends Curve {
  /** Whether both coordinates are in [0, p) and satisfy the equation. The order is not looked at. */
  isOnCurve(A: Point): boolean;
  /** [scalar]A, undefined for the point at infinity; scalar >= 0 and not reduced modulo q. A on the curve. */
  multiply(scalar: bigint, A: Point): Point | undefined;
  /** Whether [q]A is the point at infinity; A on the curve. */
  hasOrderQ(A: Point): boolean;
  /** The one point with this y in [0, p): x = (y^2-1)^(1/3) (RFC 5091 4.4.2 step 2). Its order is not q in general. */
  pointWithY(y: bigint): Point;
  /**
   * e'(A, B) of RFC 5091 4.5.2. A and B on the curve; B of any order, so that e'(A, [k]B) = e'(A, B)^k also for a
   * multiple k of the cofactor. @throws HalfkeyError `BadPoint` when A is not of order q, or B of order 2 or 3
   */
  pairing(A: Point, B: Point): Fp2;
  /**
   * A's part of the pairing, for many B. As secret as A is.
   * @throws HalfkeyError `BadPoint` when A is not of order q
   */
  lines(A: Point): Lines;
  /** e'(A, B) from A's lines. @throws HalfkeyError `BadPoint` when B is of order 2, 3 or 6 */
  pairingWithLines(lines: Lines, B: Point): Fp2;
  /** z^e for z of norm 1, such as a pairing's value, and e >= 0. */
  power(z: Fp2, e: bigint): Fp2;
}

/**
 * A BigInt kernel. `field` may be passed to count its multiplications.
 * @throws HalfkeyError `BadParameters` unless p = 11 mod 12, q odd, q >= 5, q | p+1, and 3 has a root modulo p
 */
export function createKernel({ p, q }: Curve, field: Field = createField(p)): Kernel {
  if (p <= 0n || p % 12n !== 11n) throw new HalfkeyError('BadParameters', 'p is not 11 modulo 12');
  if (q < 5n || q % 2n === 0n || (p + 1n) % q !== 0n)
    throw new HalfkeyError('BadParameters', 'q does not divide p + 1');
  const sqrt3 = field.pow(3n, (p + 1n) / 4n);
  if (!field.isZero(sqrt3 * sqrt3 - 3n)) throw new HalfkeyError('BadParameters', 'p is not prime');
  const digits = signedDigits(q, 2);
  const exponent = (p + 1n) / (2n * q);
  const inverse8 = field.inverse(8n);
  const cubeRoot = (2n * p - 1n) / 3n;
  const finish = (f: Fp2): Fp2 => finalExponentiation(field, exponent, inverse8, f);

  return {
    p,
    q,
    isOnCurve: (A) => isOnCurve(field, A),
    multiply: (scalar, A) => multiply(field, scalar, A),
    hasOrderQ: (A) => multiply(field, q, A) === undefined,
    pointWithY: (y) => ({ x: field.pow(y * y - 1n, cubeRoot), y }),
    pairing: (A, B) => finish(millerLoop(field, digits, A, traceZero(field, sqrt3, B))),
    lines: (A) => fixedLines(field, digits, A),
    pairingWithLines: (lines, B) => finish(evaluateLines(field, lines, traceZero(field, sqrt3, B))),
    power: (z, e) => powerNorm1(field, z, e),
  };
}

const recent: Kernel[] = [];
const RECENT_MAX = 8;

/** The kernel of a curve; the eight used last are kept. @throws HalfkeyError `BadParameters` as {@link createKernel} */
export function kernelFor({ p, q }: Curve): Kernel {
  const at = recent.findIndex((kernel) => kernel.p === p && kernel.q === q);
  const kernel = at >= 0 ? (recent.splice(at, 1)[0] as Kernel) : createKernel({ p, q });
  recent.unshift(kernel);
  recent.length = Math.min(recent.length, RECENT_MAX);
  return kernel;
}

/** @throws HalfkeyError `BadPoint` unless A has two coordinates in [0, p) that satisfy the equation */
export function assertPoint(kernel: Kernel, A: Point): void {
  // Points reach the public functions from plain JavaScript too: null, or "no coordinates" for infinity.
  const given = A as { readonly x?: unknown; readonly y?: unknown } | null | undefined;
  if (typeof given?.x !== 'bigint' || typeof given.y !== 'bigint') {
    throw new HalfkeyError('BadPoint', 'a point needs two bigint coordinates; infinity has none and is refused');
  }
  if (!kernel.isOnCurve(A)) throw new HalfkeyError('BadPoint', 'a point outside the field or off the curve');
}
