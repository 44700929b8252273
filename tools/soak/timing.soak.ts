/** Secrets are not in the time, at p of 1536 bits: as test/crypto/curve/timing.test.ts at 512. Takes some minutes. */
import { describe, expect, it } from 'vitest';
import { createKernel, CURVE_PARAMETERS, kernelStatus } from '../../src/crypto/curve/index.ts';
import { timedOperations, type TimedOperations } from '../../test/support/timed-operations.ts';
import { DETECTABLE, searchLeak } from '../../test/support/timing.ts';

const SAMPLES = 10_000;
const SECRET: readonly (keyof TimedOperations)[] = ['extract', 'decrypt', 'baseMultiple', 'power'];

describe.skipIf(kernelStatus().kind === 'bigint')('the time of secret operations at 1536 bits', () => {
  const parameters = CURVE_PARAMETERS[3072];
  const operations = timedOperations(createKernel(parameters), parameters);

  it('a field multiplication more for each set bit is found', () => {
    const found = searchLeak(operations.leaky, SAMPLES);
    console.log('planted leak', found);
    expect(found.leak).toBe(true);
  });

  it.each(SECRET)('%s', (name) => {
    const found = searchLeak(operations[name], SAMPLES);
    console.log(name, found);
    expect(found.leak).toBe(false);
    expect(found.detectable).toBeLessThanOrEqual(DETECTABLE);
  });
});
