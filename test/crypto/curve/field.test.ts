import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createField, signedDigits } from '../../../src/crypto/curve/index.ts';
import { power } from './reference.ts';

const p = 12n * 65521n * 17n - 1n;
const prime = 1000003n;
const field = createField(prime);

describe('field', () => {
  it('agrees with the plain definitions for any representatives', () => {
    fc.assert(
      fc.property(fc.bigInt(-(2n ** 80n), 2n ** 80n), fc.bigInt(-(2n ** 80n), 2n ** 80n), (a, b) => {
        expect(field.canonical(field.mul(a, b))).toBe((((a * b) % prime) + prime) % prime);
        expect(field.isZero(field.product(a, b) - field.reduce(a) * field.reduce(b))).toBe(true);
      }),
    );
  });

  it('inverts, and refuses what has no inverse', () => {
    fc.assert(
      fc.property(fc.bigInt(1n, prime - 1n), (a) => {
        expect(field.canonical(field.product(a, field.inverse(a)))).toBe(1n);
        expect(field.inverse(a - prime)).toBe(field.inverse(a));
      }),
    );
    expect(() => field.inverse(0n)).toThrow(expect.objectContaining({ code: 'BadPoint' }));
    expect(() => field.inverse(5n * prime)).toThrow(expect.objectContaining({ code: 'BadPoint' }));
  });

  it('powers equal square and multiply', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, prime - 1n), fc.bigInt(0n, 2n ** 64n), (a, e) => {
        expect(field.pow(a, e)).toBe(power(a, e, prime));
      }),
    );
    expect(field.pow(0n, 0n)).toBe(1n);
  });

  it('Jacobi symbol equals the Euler criterion', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, prime - 1n), (a) => {
        const euler = power(a, (prime - 1n) / 2n, prime);
        expect(field.jacobi(a)).toBe(euler === prime - 1n ? -1 : Number(euler));
        expect(field.jacobi(a - prime)).toBe(field.jacobi(a));
      }),
    );
  });

  it('counts products and nothing else', () => {
    const counted = createField(p);
    counted.product(2n, 3n);
    counted.mul(2n, 3n);
    counted.reduce(2n);
    counted.inverse(2n);
    counted.canonical(-1n);
    expect(counted.multiplications).toBe(2);
  });
});

describe('signed digits', () => {
  it('give the number again, are odd or zero, small, and never closer than the width', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 2n ** 200n), fc.integer({ min: 2, max: 6 }), (k, width) => {
        const digits = signedDigits(k, width);
        expect(digits.reduceRight((sum, digit) => 2n * sum + BigInt(digit), 0n)).toBe(k);
        digits.forEach((digit, i) => {
          if (digit === 0) return;
          expect(Math.abs(digit % 2)).toBe(1);
          expect(Math.abs(digit)).toBeLessThan(2 ** (width - 1));
          expect(digits.slice(i + 1, i + width).every((next) => next === 0)).toBe(true);
        });
      }),
    );
  });

  it('of width 2 are the Solinas form 2^a + s*2^b + c itself', () => {
    const weights = (q: bigint): [number, number][] =>
      signedDigits(q, 2)
        .map((d, i): [number, number] => [i, d])
        .filter(([, d]) => d !== 0);
    expect(weights(2n ** 255n + 2n ** 41n + 1n)).toEqual([
      [0, 1],
      [41, 1],
      [255, 1],
    ]);
    expect(weights(2n ** 384n - 2n ** 60n + 1n)).toEqual([
      [0, 1],
      [60, -1],
      [384, 1],
    ]);
    expect(weights(2n ** 128n - 2n ** 18n - 1n)).toEqual([
      [0, -1],
      [18, -1],
      [128, 1],
    ]);
  });
});
