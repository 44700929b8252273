/**
 * Scalars and points of the key agreement of RFC 6267 4.2: x, [x]P, [x]yP, and the check that binds a nonce
 * to its key component (protocol profile 4.2).
 * A scalar only ever enters OpenSSL: it is never turned into a BigInt, whose arithmetic takes a time of its own.
 */
import { createECDH, type ECDH } from 'node:crypto';
import { constantTimeEqual, fromBigInt, Secret, type Random } from '../../foundation/base/index.ts';
import { decodePoint, opensslName, pointsWithX, type EcCurve } from './curves.ts';

/** Whether a scalar of the right length lies in [1, n-1]. Reads every octet whatever they are. */
function inRange(curve: EcCurve, scalar: Uint8Array): boolean {
  const order = fromBigInt(curve.order, curve.scalarLength);
  let borrow = 0;
  let any = 0;
  for (let i = curve.scalarLength - 1; i >= 0; i--) {
    const octet = scalar[i] as number;
    borrow = octet - (order[i] as number) - borrow < 0 ? 1 : 0;
    any |= octet;
  }
  return borrow === 1 && any !== 0;
}

function assertScalar(curve: EcCurve, scalar: Uint8Array): void {
  if (scalar.length !== curve.scalarLength || !inRange(curve, scalar)) {
    throw new TypeError(`a scalar of ${curve.name} is ${String(curve.scalarLength)} octets, from 1 to n-1`);
  }
}

/** An OpenSSL key pair; OpenSSL wipes its copy of the scalar when the object goes. */
function keyPair(curve: EcCurve, scalar: Uint8Array): ECDH {
  const ecdh = createECDH(opensslName(curve));
  ecdh.setPrivateKey(scalar);
  return ecdh;
}

/**
 * A uniform scalar in [1, n-1] by rejection sampling (profile 4.3): `curve.scalarLength` octets, big endian.
 * The caller wipes it.
 */
export function randomScalar(curve: EcCurve, random: Random): Secret<'EcdhScalar'> {
  // Only P-521 has an order shorter than its octets: 521 bits of 528.
  const mask = curve.name === 'P-521' ? 0x01 : 0xff;
  for (;;) {
    const scalar = random(curve.scalarLength);
    scalar[0] = (scalar[0] as number) & mask;
    if (inRange(curve, scalar)) return new Secret('EcdhScalar', scalar);
    scalar.fill(0);
  }
}

/**
 * [x]P as 04 || X || Y. @throws TypeError unless the scalar has the curve's length and lies in [1, n-1]
 */
export function publicPoint(curve: EcCurve, scalar: Secret<'EcdhScalar'>): Uint8Array {
  return scalar.use((octets) => {
    assertScalar(curve, octets);
    return new Uint8Array(keyPair(curve, octets).getPublicKey());
  });
}

/**
 * K_SESSION = [x]Q as 04 || X || Y (RFC 6267 5, profile 3.6 A5), Q the other party's key component. The caller wipes it.
 * OpenSSL gives X of [x]Q; which of the two Y belongs to it follows from X of [x+1]Q, that is of [x]Q + Q.
 * @throws HalfkeyError `InvalidPoint`; TypeError for a scalar outside [1, n-1]
 */
export function sharedPoint(curve: EcCurve, scalar: Secret<'EcdhScalar'>, point: Uint8Array): Secret<'SessionKey'> {
  const Q = decodePoint(curve, point);
  return scalar.use((x) => {
    assertScalar(curve, x);
    const next = increment(x);
    const X = new Uint8Array(keyPair(curve, x).computeSecret(point));
    try {
      const [even, odd] = pointsWithX(curve, X);
      // x = n-1: [x]Q is -Q, and x+1 is no scalar.
      const negated = !inRange(curve, next);
      const wanted = negated ? X : new Uint8Array(keyPair(curve, next).computeSecret(point));
      const isEven = negated ? even.equals(Q.negate()) : xEquals(curve, even.add(Q).toAffine().x, wanted);
      wanted.fill(0);
      return new Secret('SessionKey', (isEven ? even : odd).toBytes(false));
    } finally {
      next.fill(0);
      X.fill(0);
    }
  });
}

function xEquals(curve: EcCurve, x: bigint, octets: Uint8Array): boolean {
  const bytes = fromBigInt(x, curve.scalarLength);
  const equal = constantTimeEqual(bytes, octets);
  bytes.fill(0);
  return equal;
}

/** x + 1, in a new array of the same length. */
function increment(x: Uint8Array): Uint8Array {
  const sum = Uint8Array.from(x);
  let carry = 1;
  for (let i = sum.length - 1; i >= 0; i--) {
    carry += sum[i] as number;
    sum[i] = carry & 0xff;
    carry >>= 8;
  }
  return sum;
}

/**
 * Whether [x]P is `point`, compared in constant time: the check before anything of an opened nonce is returned
 * (profile 4.2). False for x = 0, x >= n and a wrong length (N64); these cost a multiplication as well.
 */
export function commitmentHolds(curve: EcCurve, scalar: Secret<'EcdhScalar'>, point: Uint8Array): boolean {
  return scalar.use((octets) => {
    const usable = octets.length === curve.scalarLength && inRange(curve, octets);
    const own = keyPair(curve, usable ? octets : fromBigInt(1n, curve.scalarLength)).getPublicKey();
    return constantTimeEqual(new Uint8Array(own), point) && usable;
  });
}
