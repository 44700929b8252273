/** The pairing for public use, with every check; the roles inside use a kernel and check what they have to. */
import { HalfkeyError } from '../../foundation/base/index.ts';
import type { Fp2 } from './fp2.ts';
import { assertPoint, type Curve } from './kernel.ts';
import { kernelFor } from './load.ts';
import type { Point } from './point.ts';

/**
 * The modified Tate pairing e'(A, B) of RFC 5091 4.5.2 with the corrected zeta (protocol profile 1.3 no. 1), for any
 * type-1 curve; an element of order q of F_p^2, members in [0, p). p and q are taken as prime.
 * @throws HalfkeyError `BadPoint` when a point is off the curve, outside the field or not of order q
 * @throws HalfkeyError `BadParameters` when p is not 11 modulo 12 or q does not divide p + 1
 */
export function pairing(curve: Curve, A: Point, B: Point): Fp2 {
  const kernel = kernelFor(curve);
  for (const point of [A, B]) {
    assertPoint(kernel, point);
    if (!kernel.hasOrderQ(point)) throw new HalfkeyError('BadPoint', 'a point of wrong order');
  }
  return kernel.pairing(A, B);
}
