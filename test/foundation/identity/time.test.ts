import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isHalfkeyError } from '../../../src/foundation/base/errors.ts';
import {
  district,
  generalizedTime,
  generalizedTimeToUnix,
  isGeneralizedTime,
  keyEpochStart,
} from '../../../src/foundation/identity/index.ts';

describe('GeneralizedTime', () => {
  it('agrees with RFC 5409 2.2.2: 1017273600 is 20020328000000Z', () => {
    expect(generalizedTime(1017273600)).toBe('20020328000000Z');
    expect(generalizedTimeToUnix('20020401000000Z')).toBe(1017619200);
  });

  it('returns every second it prints', () => {
    fc.assert(
      fc.property(fc.integer({ min: -62167219200, max: 253402300799 }), (unix) => {
        const text = generalizedTime(unix);
        expect(text).toMatch(/^\d{14}Z$/);
        expect(generalizedTimeToUnix(text)).toBe(unix);
      }),
      { seed: 1, numRuns: 500 },
    );
  });

  it.each([
    '20250230000000Z',
    '20250101240000Z',
    '20250101235960Z',
    '20251301000000Z',
    '20250101000000',
    '20250101000000.0Z',
    '202501010000Z',
    '20250101000000+0000',
    ' 20250101000000Z',
    '20250101000000Z\n',
    '',
  ])('refuses %j as BadField', (text) => {
    expect(isGeneralizedTime(text)).toBe(false);
    expect(() => generalizedTimeToUnix(text)).toThrow(expect.objectContaining({ code: 'BadField' }) as Error);
  });

  it('treats a fraction or a five-digit year as misuse', () => {
    expect(() => generalizedTime(1.5)).toThrow(RangeError);
    expect(() => generalizedTime(253402300800)).toThrow(RangeError);
    expect(isGeneralizedTime('20250101000000Z')).toBe(true);
  });
});

describe('key epochs', () => {
  it('P13 agrees with the sample of RFC 5409 2.2.2, also at the printed (wrong) total-time', () => {
    expect(keyEpochStart(1017619200, 604800)).toBe(1017273600);
    expect(keyEpochStart(1017612000, 604800)).toBe(1017273600);
  });

  it('P13 is monotone, contains its time and is a fixed point', () => {
    const interval = fc.integer({ min: 900, max: 2678400 });
    fc.assert(
      fc.property(interval, fc.integer({ min: 0, max: 2 ** 32 }), fc.nat(10 ** 7), (seconds, unix, later) => {
        const start = keyEpochStart(unix, seconds);
        expect(start).toBeLessThanOrEqual(unix);
        expect(unix - start).toBeLessThan(seconds);
        expect(keyEpochStart(start, seconds)).toBe(start);
        expect(keyEpochStart(unix + later, seconds)).toBeGreaterThanOrEqual(start);
      }),
      { seed: 13, numRuns: 300 },
    );
  });

  it('refuses an interval that is no positive whole number', () => {
    expect(() => keyEpochStart(0, 0)).toThrow(RangeError);
    expect(() => keyEpochStart(0, 0.5)).toThrow(RangeError);
    expect(() => keyEpochStart(Number.NaN, 900)).toThrow(RangeError);
  });
});

describe('districts', () => {
  const name = 'https://pps.operator-a.example/ibe/pp';

  it('defaults to a day and takes the limits', () => {
    expect(district(name, 1n)).toEqual({ name, serial: 1n, keyEpochSeconds: 86400 });
    expect(district(name, 2n ** 63n - 1n, 900).keyEpochSeconds).toBe(900);
    expect(district(name, 0n, 2678400).serial).toBe(0n);
  });

  it.each([
    ['', 1n, 86400],
    ['a b', 1n, 86400],
    ['\u00e4', 1n, 86400],
    [name, -1n, 86400],
    [name, 2n ** 63n, 86400],
    [name, 1n, 899],
    [name, 1n, 2678401],
    [name, 1n, 1000.5],
  ])('refuses %j %s %s as BadField', (bad, serial, interval) => {
    let error: unknown;
    try {
      district(bad, serial, interval);
    } catch (caught) {
      error = caught;
    }
    expect(isHalfkeyError(error, 'BadField')).toBe(true);
  });
});
