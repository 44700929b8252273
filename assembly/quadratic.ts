/** F_p^2 = F_p[i]/(i^2 + 1): an element is re and im in a row. */
import { combine, elementSize, mul, sqr } from './field';
import { one, release, take } from './memory';

/** r = a (c + d i), three multiplications. r may be a, and neither c nor d. */
export function multiplyBy(r: usize, a: usize, c: usize, d: usize): void {
  const mark = take();
  const re = mark;
  const im = take();
  const sum = take();
  mul(re, a, c);
  mul(im, a + elementSize, d);
  combine(sum, 1, c, 1, d);
  combine(r, 1, a, 1, a + elementSize);
  mul(sum, r, sum);
  combine(r, 1, re, -1, im);
  combine(re, 1, re, 1, im);
  combine(r + elementSize, 1, sum, -1, re);
  release(mark);
}

/** a = a^2, two multiplications. */
export function square(a: usize): void {
  const sum = take();
  const difference = take();
  combine(sum, 1, a, 1, a + elementSize);
  combine(difference, 1, a, -1, a + elementSize);
  mul(a + elementSize, a, a + elementSize);
  combine(a + elementSize, 2, a + elementSize, 0, a);
  mul(a, sum, difference);
  release(sum);
}

/** z = z^2 for z of norm 1: (2 re^2 - 1) + ((re + im)^2 - 1) i, two squarings. */
export function squareNorm1(z: usize): void {
  const sum = take();
  combine(sum, 1, z, 1, z + elementSize);
  sqr(z, z);
  combine(z, 2, z, -1, one);
  sqr(sum, sum);
  combine(z + elementSize, 1, sum, -1, one);
  release(sum);
}
