import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCubeRoot } from '../../../src/crypto/curve/cube-root.ts';
import { createField, CURVE_PARAMETERS } from '../../../src/crypto/curve/index.ts';

describe('the cube root by OpenSSL', () => {
  it.each([1024, 2048, 3072] as const)('is that of BigInt at level %i, at both ends of the field too', (level) => {
    const { p } = CURVE_PARAMETERS[level];
    const field = createField(p);
    const cubeRoot = createCubeRoot(p);
    fc.assert(
      fc.property(fc.bigInt(0n, p - 1n), (a) => {
        expect(cubeRoot(a)).toBe(field.pow(a, (2n * p - 1n) / 3n));
      }),
      { numRuns: 10, examples: [[0n], [1n], [2n], [p - 1n], [p - 2n]] },
    );
  });

  it('is none where OpenSSL takes no such key, or p is no prime', () => {
    expect(createCubeRoot(CURVE_PARAMETERS[7680].p)(8n)).toBeUndefined();
    const composite = CURVE_PARAMETERS[1024].p * 3n + 2n;
    expect(createCubeRoot(composite)(7n)).toBeUndefined();
  });
});
