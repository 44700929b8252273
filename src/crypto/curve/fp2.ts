/**
 * F_p^2 = F_p[i]/(i^2 + 1) (RFC 5091 2.1; the sign of the real part printed there is wrong, protocol profile 1.1).
 */
import type { Field } from './field.ts';

/** The element re + im*i. In results both members are in [0, p). */
export interface Fp2 {
  readonly re: bigint;
  readonly im: bigint;
}

/** a*b with three multiplications. */
export function multiplyFp2(field: Field, a: Fp2, b: Fp2): Fp2 {
  const re = field.product(a.re, b.re);
  const im = field.product(a.im, b.im);
  const cross = field.product(a.re + a.im, b.re + b.im);
  return { re: field.reduce(re - im), im: field.reduce(cross - re - im) };
}

/** a^2 with two multiplications. */
export function squareFp2(field: Field, a: Fp2): Fp2 {
  return { re: field.mul(a.re + a.im, a.re - a.im), im: field.mul(2n * a.re, a.im) };
}

/**
 * z^e for z of norm 1 and e >= 0, canonical: four bits at a time. In norm 1, z^2 = (2 re^2 - 1) + ((re + im)^2 - 1) i.
 */
export function powerNorm1(field: Field, z: Fp2, e: bigint): Fp2 {
  const powers: Fp2[] = [{ re: 1n, im: 0n }, z];
  for (let i = 2; i < 16; i++) powers.push(multiplyFp2(field, powers[i - 1] as Fp2, z));
  let result: Fp2 = { re: 1n, im: 0n };
  for (const digit of e.toString(16)) {
    for (let i = 0; i < 4; i++) {
      const sum = result.re + result.im;
      result = {
        re: field.reduce(2n * field.product(result.re, result.re) - 1n),
        im: field.reduce(field.product(sum, sum) - 1n),
      };
    }
    if (digit !== '0') result = multiplyFp2(field, result, powers[parseInt(digit, 16)] as Fp2);
  }
  return { re: field.canonical(result.re), im: field.canonical(result.im) };
}
