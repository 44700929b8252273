/**
 * From Miller's value f to e'(A, B): the final exponent (p^2-1)/q of RFC 5091 3.5.2 step 6, halved for the square
 * root that the trace-zero projection leaves.
 *
 * g = f^(p-1) = conj(f)/f has norm 1, and e(A, 2T) = g^(12r). Of its two roots +-g^(6r) the pairing is the one of odd
 * order q; as (g^(6r))^q = f^((p-1)(p+1)/2) = N^((p-1)/2) with N the norm of f, the sign is the Jacobi symbol (N/p).
 */
import { HalfkeyError } from '../../foundation/base/index.ts';
import type { Field } from './field.ts';
import type { Fp2 } from './fp2.ts';

/**
 * (N/p) * (conj(f)/f)^exponent with exponent = 6r = (p+1)/(2q), canonical. A Lucas ladder on the trace: one
 * multiplication and one squaring a bit; the imaginary part comes from the last two traces, and all quotients from
 * one inversion.
 * @throws HalfkeyError `BadPoint` when f is real or imaginary: the pairing would be 1, which no points of order q give
 */
export function finalExponentiation(field: Field, exponent: bigint, inverse8: bigint, f: Fp2): Fp2 {
  const aa = field.mul(f.re, f.re);
  const bb = field.mul(f.im, f.im);
  const ab = field.mul(f.re, f.im);
  const norm = aa + bb;
  if (field.isZero(ab)) throw new HalfkeyError('BadPoint', 'a point of wrong order');
  const inverse = field.inverse(field.product(norm, ab));
  // g = alpha + beta*i with alpha = (aa-bb)/N and beta = -2ab/N; its trace is 2*alpha.
  const trace = field.mul(field.mul(2n * (aa - bb), ab), inverse);

  let [low, high] = [2n, trace];
  for (const bit of exponent.toString(2)) {
    const middle = field.reduce(field.product(low, high) - trace);
    if (bit === '1') {
      low = middle;
      high = field.reduce(field.product(high, high) - 2n);
    } else {
      high = middle;
      low = field.reduce(field.product(low, low) - 2n);
    }
  }
  // low = trace of g^e, high = trace of g^(e+1): Im(g^e) = (2*high - trace*low) / (-4*beta), -1/(4*beta) = N/(8ab).
  const scale = field.mul(field.mul(field.mul(norm, norm), inverse), inverse8);
  const re = field.mul(low, 4n * inverse8);
  const im = field.mul(2n * high - field.mul(trace, low), scale);
  const sign = BigInt(field.jacobi(norm));
  return { re: field.canonical(sign * re), im: field.canonical(sign * im) };
}
