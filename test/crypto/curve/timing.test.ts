/**
 * Secrets are not in the time (design rule: secret data takes regular paths). At p of 512 bits; 1536 in the soak. How the
 * harness decides is told in test/support/timing.ts. BigInt is not measured: it is not constant time, and blinded.
 */
import { describe, expect, it } from 'vitest';
import { createKernel, CURVE_PARAMETERS, kernelStatus } from '../../../src/crypto/curve/index.ts';
import { timedOperations, type TimedOperations } from '../../support/timed-operations.ts';
import { DETECTABLE, searchLeak } from '../../support/timing.ts';

const SAMPLES = 10_000;
const LIMIT_MS = 600_000;
const SECRET: readonly (keyof TimedOperations)[] = ['extract', 'decrypt', 'baseMultiple', 'power'];

describe.skipIf(kernelStatus().kind === 'bigint')('the time of secret operations', () => {
  const parameters = CURVE_PARAMETERS[1024];
  const operations = timedOperations(createKernel(parameters), parameters);

  it('a field multiplication more for each set bit is found', { timeout: LIMIT_MS }, () => {
    expect(searchLeak(operations.leaky, SAMPLES)).toMatchObject({ leak: true });
  });

  it.each(SECRET)('%s tells nothing, where half a per cent would be seen', { timeout: LIMIT_MS }, (name) => {
    const found = searchLeak(operations[name], SAMPLES);
    expect(found).toMatchObject({ leak: false });
    expect(found.samples).toBeGreaterThanOrEqual(SAMPLES);
    expect(found.detectable).toBeLessThanOrEqual(DETECTABLE);
  });
});
