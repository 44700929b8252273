import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../../src/foundation/base/bytes.ts';
import { isHalfkeyError } from '../../../src/foundation/base/errors.ts';
import {
  compareNtp,
  compareNtpToUnixMs,
  ntpFromUnixMs,
  ntpTime,
  ntpToUnixSeconds,
} from '../../../src/foundation/base/ntp.ts';

describe('NTP timestamps (RFC 4330 3)', () => {
  it('N76 reads and writes era 1, and orders it after era 0', () => {
    const lastOfEra0 = ntpTime(fromHex('ffffffffffffffff'));
    const firstOfEra1 = ntpTime(fromHex('0000000000000000'));
    expect(ntpToUnixSeconds(firstOfEra1)).toBe(Date.UTC(2036, 1, 7, 6, 28, 16) / 1000);
    expect(ntpToUnixSeconds(lastOfEra0) + 1).toBe(ntpToUnixSeconds(firstOfEra1));
    expect(compareNtp(lastOfEra0, firstOfEra1)).toBeLessThan(0);
    expect(toHex(ntpFromUnixMs(Date.UTC(2036, 1, 8)))).toBe('0000f68000000000');
    expect(ntpToUnixSeconds(ntpFromUnixMs(Date.UTC(2036, 1, 8)))).toBe(Date.UTC(2036, 1, 8) / 1000);
  });

  it('compares the fraction and ignores it for seconds', () => {
    const half = ntpTime(fromHex('eb1facc080000000'));
    const whole = ntpTime(fromHex('eb1facc000000000'));
    expect(compareNtp(half, whole)).toBeGreaterThan(0);
    expect(compareNtp(half, half)).toBe(0);
    expect(ntpToUnixSeconds(half)).toBe(ntpToUnixSeconds(whole));
    expect(toHex(ntpFromUnixMs(ntpToUnixSeconds(half) * 1000 + 500))).toBe('eb1facc080000000');
  });

  it('keeps the order of times across 1968 to 2104', () => {
    const ms = fc.integer({ min: Date.UTC(1968, 0, 21), max: Date.UTC(2104, 1, 26) });
    fc.assert(
      fc.property(ms, ms, (a, b) => {
        const order = Math.sign(compareNtp(ntpFromUnixMs(a), ntpFromUnixMs(b)));
        expect(order).toBe(Math.sign(a - b));
        expect(Math.sign(compareNtpToUnixMs(ntpFromUnixMs(a), b))).toBe(order);
        expect(ntpToUnixSeconds(ntpFromUnixMs(a))).toBe(Math.floor(a / 1000));
      }),
      { seed: 76, numRuns: 300 },
    );
  });

  it('has its place among times of any year, and none beside NaN', () => {
    const half = ntpTime(fromHex('eb1facc080000000'));
    const ms = ntpToUnixSeconds(half) * 1000 + 500;
    expect(compareNtpToUnixMs(half, ms)).toBe(0);
    for (const later of [ms + 1, Date.UTC(9999, 0, 1)]) expect(compareNtpToUnixMs(half, later)).toBeLessThan(0);
    for (const earlier of [ms - 1, Date.UTC(1, 0, 1)]) expect(compareNtpToUnixMs(half, earlier)).toBeGreaterThan(0);
    expect(compareNtpToUnixMs(half, NaN)).toBeNaN();
  });

  it.each(['eb1facc0800000', 'eb1facc08000000000'])('refuses %s, which is not 8 octets', (hex) => {
    let error: unknown;
    try {
      ntpTime(fromHex(hex));
    } catch (caught) {
      error = caught;
    }
    expect(isHalfkeyError(error)).toBe(true);
  });
});
