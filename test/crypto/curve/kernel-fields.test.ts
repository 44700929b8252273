/** The fields of the three kernels against plain arithmetic modulo p, at every size. */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { CURVE_PARAMETERS } from '../../../src/crypto/curve/index.ts';
import { edgeValues, LEVELS, plainField, type PlainField } from '../../support/kernels.ts';
import { describeNeeding, needsOfKernel } from '../../support/needs.ts';

/** Pairs in a run of the property: one call of fast-check costs more than one product. */
const PAIRS = 50;

for (const kind of ['fma', 'scalar', 'bigint'] as const) {
  describeNeeding(needsOfKernel(kind), `the field of the ${kind} kernel`, () => {
    describe.each(LEVELS)('at level %i', (level) => {
      const { p, q } = CURVE_PARAMETERS[level];
      const edges = edgeValues(p);
      const element = fc.oneof(fc.bigInt(0n, p - 1n), fc.constantFrom(...edges));
      let field: PlainField;

      beforeAll(() => {
        field = plainField(kind, { p, q });
      });

      it('product, square, sum and difference: edge values in pairs, and 10,000 pairs more', () => {
        const check = (a: bigint, b: bigint): void => {
          const got = field.basics(a, b);
          const wanted = [a * b, a * a, a + b, a - b + p].map((value) => value % p);
          if (got.some((value, i) => value !== wanted[i])) expect([a, b, got]).toEqual([a, b, wanted]);
        };
        for (const a of edges) for (const b of edges) check(a, b);
        const some = fc.array(element, { minLength: PAIRS, maxLength: PAIRS });
        fc.assert(
          fc.property(some, (values) => {
            values.forEach((a, i) => {
              check(a, values[(i + 1) % PAIRS]!);
            });
          }),
          { numRuns: 10_000 / PAIRS },
        );
      });

      it('inverses are inverses: edge values, and 1,000 more; 0 has none', () => {
        const check = (a: bigint): void => {
          const inverse = field.inverse(a);
          const right = inverse >= 0n && inverse < p && (a * inverse) % p === 1n;
          if (!right) expect([a, inverse]).toEqual([a, 'its inverse']);
        };
        edges.filter((a) => a !== 0n).forEach(check);
        const nonZero = element.filter((a) => a !== 0n);
        fc.assert(fc.property(nonZero, check), { numRuns: 1000 });
        if (kind === 'bigint') expect(() => field.inverse(0n)).toThrow(expect.objectContaining({ code: 'BadPoint' }));
        else expect(field.inverse(0n)).toBe(0n);
      });

      it('of a square and its negative exactly one is a square, as p = 3 mod 4', () => {
        fc.assert(
          fc.property(fc.bigInt(1n, p - 1n), (a) => {
            const square = (a * a) % p;
            expect([field.jacobi(square), field.jacobi(p - square)]).toEqual([1, -1]);
          }),
          { numRuns: 50 },
        );
        expect(field.jacobi(0n)).toBe(0);
      });
    });
  });
}
