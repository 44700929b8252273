/**
 * RFC 5091 taken literally, as slow as it is: affine points, Miller's algorithm with numerator and denominator and
 * every vertical line (3.5), the distortion map of 4.5.2 with the corrected zeta, the exponent (p^2-1)/q by plain
 * square and multiply. Shares nothing with src: it is what the fast pairing is compared with.
 */
export interface RefPoint {
  readonly x: bigint;
  readonly y: bigint;
}
type Fp2 = readonly [bigint, bigint];

const mod = (a: bigint, p: bigint): bigint => ((a % p) + p) % p;

export function power(base: bigint, exponent: bigint, p: bigint): bigint {
  let result = 1n;
  for (const bit of exponent.toString(2)) {
    result = (result * result) % p;
    if (bit === '1') result = mod(result * base, p);
  }
  return result;
}

function inverse(a: bigint, p: bigint): bigint {
  let [r, next, t, tNext] = [p, mod(a, p), 0n, 1n];
  while (next !== 0n) {
    const quotient = r / next;
    [r, next, t, tNext] = [next, r - quotient * next, tNext, t - quotient * tNext];
  }
  if (r !== 1n) throw new Error('reference: no inverse');
  return mod(t, p);
}

const tangent = (T: RefPoint, p: bigint): bigint => mod(3n * T.x * T.x * inverse(2n * T.y, p), p);
const chord = (T: RefPoint, Q: RefPoint, p: bigint): bigint => mod((Q.y - T.y) * inverse(Q.x - T.x, p), p);

/** RFC 5091 3.1.1. Undefined is the point at infinity. */
export function refAdd(A: RefPoint | undefined, B: RefPoint | undefined, p: bigint): RefPoint | undefined {
  if (A === undefined) return B;
  if (B === undefined) return A;
  if (A.x === B.x && mod(A.y + B.y, p) === 0n) return undefined;
  const slope = A.x === B.x ? tangent(A, p) : chord(A, B, p);
  const x = mod(slope * slope - A.x - B.x, p);
  return { x, y: mod(slope * (A.x - x) - A.y, p) };
}

export function refMultiply(k: bigint, A: RefPoint | undefined, p: bigint): RefPoint | undefined {
  let result: RefPoint | undefined;
  for (const bit of k.toString(2)) {
    result = refAdd(result, result, p);
    if (bit === '1') result = refAdd(result, A, p);
  }
  return result;
}

const multiply = ([a, b]: Fp2, [c, d]: Fp2, p: bigint): Fp2 => [mod(a * c - b * d, p), mod(a * d + b * c, p)];
const invert = ([a, b]: Fp2, p: bigint): Fp2 => {
  const n = inverse(a * a + b * b, p);
  return [mod(a * n, p), mod(-b * n, p)];
};

export function refPower(base: Fp2, exponent: bigint, p: bigint): Fp2 {
  let result: Fp2 = [1n, 0n];
  for (const bit of exponent.toString(2)) {
    result = multiply(result, result, p);
    if (bit === '1') result = multiply(result, base, p);
  }
  return result;
}

/** e'(A, B) = f_{q,A}(phi(B))^((p^2-1)/q) for A and B of order q. */
export function refPairing(p: bigint, q: bigint, A: RefPoint, B: RefPoint): { re: bigint; im: bigint } {
  const half = (p - 1n) / 2n;
  const zeta: Fp2 = [half, mod(half * power(3n, (p + 1n) / 4n, p), p)];
  const x = multiply(zeta, [B.x, 0n], p);
  const line = (T: RefPoint, slope: bigint): Fp2 => [mod(B.y - T.y - slope * (x[0] - T.x), p), mod(-slope * x[1], p)];
  const vertical = (T: RefPoint): Fp2 => [mod(x[0] - T.x, p), x[1]];

  let numerator: Fp2 = [1n, 0n];
  let denominator: Fp2 = [1n, 0n];
  let T: RefPoint | undefined = A;
  const step = (slope: bigint, on: RefPoint, next: RefPoint | undefined): void => {
    numerator = multiply(numerator, line(on, slope), p);
    if (next !== undefined) denominator = multiply(denominator, vertical(next), p);
    T = next;
  };
  for (const bit of q.toString(2).slice(1)) {
    numerator = multiply(numerator, numerator, p);
    denominator = multiply(denominator, denominator, p);
    step(tangent(T as RefPoint, p), T as RefPoint, refAdd(T, T, p));
    if (bit === '1') {
      const at = T as unknown as RefPoint;
      if (at.x === A.x) {
        numerator = multiply(numerator, vertical(A), p);
        T = undefined;
      } else {
        step(chord(at, A, p), at, refAdd(at, A, p));
      }
    }
  }
  if (T !== undefined) throw new Error('reference: q does not annihilate A');
  const [re, im] = refPower(multiply(numerator, invert(denominator, p), p), (p * p - 1n) / q, p);
  return { re, im };
}
