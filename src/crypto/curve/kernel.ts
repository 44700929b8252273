/**
 * Whole operations on one curve: the seam behind which a WebAssembly kernel replaces BigInt. Every value that crosses
 * it is the same whichever kernel computed it.
 *
 * Public points, elements and exponents cross as bigint. Secrets (s, S_id, l and what is computed from them) cross as
 * big-endian octets of full length, which the caller owns and wipes: a scalar is of {@link Kernel.scalarOctets}, a
 * point is x || y, an element of F_p^2 is re || im, members of {@link Kernel.fieldOctets} each. A kernel never keeps
 * a secret but in {@link Lines}.
 */
import { concat, fromBigInt, HalfkeyError, toBigInt, type Random } from '../../foundation/base/index.ts';
import type { Fp2 } from './fp2.ts';
import type { Point } from './point.ts';

/** `fma`: WebAssembly with fused multiply-add; `scalar`: WebAssembly without; `bigint`: the reference. */
export type KernelKind = 'fma' | 'scalar' | 'bigint';

/** E: y^2 = x^3 + 1 over F_p with p = 11 mod 12, and the prime order q >= 5 of its subgroup; q divides p + 1. */
export interface Curve {
  readonly p: bigint;
  readonly q: bigint;
}

/** A's part of the pairing, for many B; as secret as A is. It belongs to the kernel that made it. */
export interface Lines {
  /** Wipes it where it can be wiped. Using it afterwards is a TypeError; repeated calls do nothing. */
  close(): void;
}

export interface Kernel extends Curve {
  readonly kind: KernelKind;
  /** Octets of a field element, ceil(bits(p)/8). */
  readonly fieldOctets: number;
  /** Octets of a scalar below q, ceil(bits(q)/8). */
  readonly scalarOctets: number;
  /** Octets of the memory of its module, tables included; 0 for BigInt, whose memory is nobody's. */
  readonly memoryOctets: number;

  // Public data: time depends on the values.

  /** Whether both coordinates are in [0, p) and satisfy the equation; octets are those of a secret point. */
  isOnCurve(A: Point | Uint8Array): boolean;
  /** [scalar]A, undefined for the point at infinity; scalar >= 0 and not reduced modulo q. A on the curve. */
  multiply(scalar: bigint, A: Point): Point | undefined;
  /** Whether [q]A is the point at infinity; A, or the octets of a secret A, on the curve. */
  hasOrderQ(A: Point | Uint8Array): boolean;
  /** The one point with this y in [0, p): x = (y^2-1)^(1/3) (RFC 5091 4.4.2 step 2). Its order is not q in general. */
  pointWithY(y: bigint): Point;
  /**
   * e'(A, B) of RFC 5091 4.5.2. A and B on the curve; B of any order, so that e'(A, [k]B) = e'(A, B)^k also for a
   * multiple k of the cofactor. @throws HalfkeyError `BadPoint` when A is not of order q, or B of order 2 or 3
   */
  pairing(A: Point, B: Point): Fp2;
  /** e'(A, B) from the lines of a public A. @throws HalfkeyError `BadPoint` when B is of order 2, 3 or 6 */
  pairingWithLines(lines: Lines, B: Point): Fp2;
  /** z^e for z of norm 1, such as a pairing's value, and e >= 0. */
  power(z: Fp2, e: bigint): Fp2;

  /** a * b^times, or a^(2^times) without b, product after product: for benches, and to plant a leak of time. */
  chain(a: bigint, b: bigint | undefined, times: number): bigint;

  // Secret data. A WebAssembly kernel takes a regular path; BigInt blinds what is used more than once, with `random`.

  /**
   * The lines of a public point, or of the octets of a secret one.
   * @throws HalfkeyError `BadPoint` when A is outside the field, off the curve or not of order q
   */
  lines(A: Point | Uint8Array): Lines;
  /**
   * The lines of [k]A for a public A of order q and a k that is not 0 modulo q.
   * @throws HalfkeyError `BadPoint` when A is off the curve, or its multiple not of order q
   */
  linesOfMultiple(k: bigint, A: Point): Lines;
  /** e'(A, B) from the lines of a secret A and a public B. @throws HalfkeyError `BadPoint` when B is of order 2, 3 or 6 */
  secretPairingWithLines(lines: Lines, B: Point, random: Random): Uint8Array;
  /** e'(A, B) from the lines of a public A and a secret B on the curve. @throws HalfkeyError `BadPoint` likewise */
  pairingWithSecret(lines: Lines, B: Uint8Array): Fp2;
  /** [scalar]A for A of order q and a scalar that is not 0 modulo q. @throws HalfkeyError `BadPoint` on the point at infinity */
  multiplySecret(scalar: Uint8Array, A: Point, random: Random): Uint8Array;
  /** [scalar]P by tables of P's multiples, which are kept for the P used last. @throws HalfkeyError `BadPoint` likewise */
  multiplyBase(scalar: Uint8Array, P: Point): Uint8Array;
  /** z^e for z of norm 1. */
  powerSecret(z: Fp2, e: Uint8Array): Uint8Array;
  /**
   * The sum of [c_i]A_i with public c_i in [1, q) and secret A_i on the curve. The A_i are not all multiples of each other
   * by small factors: BigInt would help out then. @throws HalfkeyError `BadPoint` on infinity
   */
  combine(terms: readonly { readonly scalar: bigint; readonly point: Uint8Array }[]): Uint8Array;
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

/** x || y of a point whose coordinates are in [0, p). */
export function pointToOctets({ fieldOctets }: Kernel, { x, y }: Point): Uint8Array {
  return concat(fromBigInt(x, fieldOctets), fromBigInt(y, fieldOctets));
}

/** The point of x || y; the coordinates are not looked at. For public points. */
export function pointFromOctets({ fieldOctets }: Kernel, octets: Uint8Array): Point {
  return { x: toBigInt(octets.subarray(0, fieldOctets)), y: toBigInt(octets.subarray(fieldOctets)) };
}
