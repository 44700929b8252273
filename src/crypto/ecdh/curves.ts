/**
 * The three elliptic curves of MIKEY-IBAKE key components (RFC 6267 6.1.2, protocol profile 3.1), and the check
 * that octets are a point of one: before any arithmetic, everywhere a point arrives (profile 5.3 T5).
 */
import { p256, p384, p521 } from '@noble/curves/nist.js';
import { HalfkeyError } from '../../foundation/base/index.ts';

/** ECC curve number of an ECCPT sub-payload: 8 P-256, 11 P-384, 14 P-521. */
export type CurveNumber = 8 | 11 | 14;

/** `scalarLength` and `pointLength` in octets (32, 48, 66 and 65, 97, 133); `order` is the prime n. */
export interface EcCurve {
  readonly number: CurveNumber;
  readonly name: 'P-256' | 'P-384' | 'P-521';
  readonly scalarLength: number;
  readonly pointLength: number;
  readonly order: bigint;
}

type WeierstrassCurve = typeof p256;

const known: readonly { readonly curve: EcCurve; readonly group: WeierstrassCurve; readonly openssl: string }[] = [
  { curve: describe(8, 'P-256', 32, p256), group: p256, openssl: 'prime256v1' },
  { curve: describe(11, 'P-384', 48, p384), group: p384, openssl: 'secp384r1' },
  { curve: describe(14, 'P-521', 66, p521), group: p521, openssl: 'secp521r1' },
];

function describe(number: CurveNumber, name: EcCurve['name'], scalarLength: number, group: WeierstrassCurve): EcCurve {
  return { number, name, scalarLength, pointLength: 1 + 2 * scalarLength, order: group.Point.Fn.ORDER };
}

function lookUp(numberOrName: number | string): (typeof known)[number] {
  const found = known.find(({ curve }) => curve.number === numberOrName || curve.name === numberOrName);
  // The value may come from inside an encrypted part: a number is harmless, a text is not repeated.
  if (found === undefined) throw new HalfkeyError('InvalidDh', 'the elliptic curve is not P-256, P-384 or P-521');
  return found;
}

/** The curve of an ECC curve number or of a name `P-256`, `P-384`, `P-521`. @throws HalfkeyError `InvalidDh` (N36) */
export function ecCurve(numberOrName: number | string): EcCurve {
  return lookUp(numberOrName).curve;
}

/** The name under which OpenSSL has the curve. Internal to this folder. */
export function opensslName(curve: EcCurve): string {
  return lookUp(curve.number).openssl;
}

/**
 * Checks the SEC1 uncompressed form 04 || X || Y, its length, X and Y below p, and the curve equation (profile 3.6 A3).
 * The groups have prime order, so such a point has order n; infinity has no such form.
 * @throws HalfkeyError `InvalidPoint`
 */
export function assertPoint(curve: EcCurve, bytes: Uint8Array): void {
  decodePoint(curve, bytes);
}

/** The point of {@link assertPoint} for arithmetic. Internal to this folder. */
export function decodePoint(curve: EcCurve, bytes: Uint8Array): InstanceType<WeierstrassCurve['Point']> {
  if (bytes.length !== curve.pointLength || bytes[0] !== 0x04) {
    throw new HalfkeyError('InvalidPoint', 'expected 04, X and Y of the curve');
  }
  try {
    const point = lookUp(curve.number).group.Point.fromBytes(bytes);
    point.assertValidity();
    return point;
  } catch {
    throw new HalfkeyError('InvalidPoint', 'the coordinates are not a point of the curve');
  }
}

/** The two points with this X (`curve.scalarLength` octets, big endian). Internal to this folder. */
export function pointsWithX(
  curve: EcCurve,
  x: Uint8Array,
): [even: ReturnType<typeof decodePoint>, odd: ReturnType<typeof decodePoint>] {
  const compressed = new Uint8Array(1 + x.length);
  compressed[0] = 0x02;
  compressed.set(x, 1);
  const even = lookUp(curve.number).group.Point.fromBytes(compressed);
  compressed.fill(0);
  return [even, even.negate()];
}
