/** LI-MS, MS epochs and the ratchet (protocol profile 3.7, 4.2; P12). */
import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeLiMs,
  encodeLiMs,
  liMsEpochs,
  msEpochAt,
  ratchetStep,
  type LiMs,
} from '../../../src/crypto/nonce/index.ts';
import {
  fromHex,
  isHalfkeyError,
  ntpFromUnixMs,
  ntpToUnixSeconds,
  Secret,
  toHex,
} from '../../../src/foundation/base/index.ts';
import { identityFromText } from '../../../src/foundation/identity/index.ts';

const day = 86400;
const start = 1735689600;
const liMs: LiMs = {
  mode: 3,
  epoch: 7,
  intervalSeconds: day,
  validFrom: ntpFromUnixMs(start * 1000),
  validTo: ntpFromUnixMs((start + 30 * day) * 1000),
  masterSecret: new Secret('MasterSecret', new Uint8Array(32).fill(0xab)),
};
const wire = `01030000000700015180${toHex(liMs.validFrom)}${toHex(liMs.validTo)}${'ab'.repeat(32)}`;
const code = (name: string): unknown => expect.objectContaining({ code: name });

describe('LI-MS', () => {
  it('58 octets as profile 3.7 lays them out, both ways', () => {
    expect(wire).toHaveLength(116);
    expect(toHex(encodeLiMs(liMs))).toBe(wire);
    const decoded = decodeLiMs(fromHex(wire));
    expect({ ...decoded, masterSecret: undefined }).toEqual({ ...liMs, masterSecret: undefined });
    expect(decoded.masterSecret.equals(liMs.masterSecret)).toBe(true);
    expect(liMsEpochs(decoded)).toBe(30);
  });

  it('keeps nothing of its input', () => {
    const bytes = fromHex(wire);
    const decoded = decodeLiMs(bytes);
    bytes.fill(0);
    expect(toHex(encodeLiMs(decoded))).toBe(wire);
  });

  it.each([
    ['version', 0, '02', 'BadField'],
    ['mode 0', 1, '00', 'BadField'],
    ['mode 4', 1, '04', 'BadField'],
    ['interval below 3600', 6, '00000e0f', 'BadField'],
    ['interval above 2678400', 6, '0028de81', 'BadField'],
    ['interval that does not divide the validity', 6, '00015181', 'BadField'],
    ['a fraction in validFrom', 14, '00000001', 'BadField'],
    ['a fraction in validTo', 22, '80000000', 'BadField'],
    ['validTo = validFrom', 18, toHex(liMs.validFrom), 'BadField'],
    ['validTo before validFrom', 18, toHex(ntpFromUnixMs((start - day) * 1000)), 'BadField'],
    ['an epoch that runs over 32 bits', 2, 'fffffff0', 'BadField'],
  ])('%s: %s', (_what, at, hex, error) => {
    const bytes = fromHex(wire);
    bytes.set(fromHex(hex), at);
    expect(() => decodeLiMs(bytes)).toThrow(code(error));
  });

  it('every other length', () => {
    for (let length = 0; length < 58; length++)
      expect(() => decodeLiMs(fromHex(wire).subarray(0, length))).toThrow(code('Truncated'));
    expect(() => decodeLiMs(fromHex(`${wire}00`))).toThrow(code('TrailingData'));
  });

  it('any octets: a value that encodes to the same octets, or a HalfkeyError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 57, maxLength: 59 }), fc.boolean(), (bytes, plausible) => {
        if (plausible) bytes.set(fromHex(wire).subarray(0, 26));
        try {
          expect(toHex(encodeLiMs(decodeLiMs(bytes)))).toBe(toHex(bytes));
        } catch (error) {
          if (!isHalfkeyError(error)) throw error;
        }
      }),
      { numRuns: 200, seed: 1 },
    );
  });

  it('what cannot be decoded cannot be encoded', () => {
    expect(() => encodeLiMs({ ...liMs, intervalSeconds: 60 })).toThrow(code('BadField'));
    expect(() => encodeLiMs({ ...liMs, masterSecret: new Secret('MasterSecret', new Uint8Array(31)) })).toThrow(
      code('BadField'),
    );
  });
});

describe('MS epoch', () => {
  it('counts whole intervals from validFrom', () => {
    const offsets = [0, day - 1, day, 29 * day, -1, -day, -day - 1];
    expect(offsets.map((offset) => msEpochAt(liMs, start + offset))).toEqual([7, 7, 8, 36, 6, 6, 5]);
  });

  it('N76 goes on across the end of NTP era 0', () => {
    const validFrom = ntpFromUnixMs(2085955200_000);
    expect(validFrom[0]).toBe(0xff);
    const afterRollover = ntpFromUnixMs(2086041600_000 + 500);
    expect(afterRollover[0]).toBe(0x00);
    expect(msEpochAt({ ...liMs, validFrom }, ntpToUnixSeconds(afterRollover))).toBe(8);
    const bytes = encodeLiMs({ ...liMs, validFrom, validTo: ntpFromUnixMs((2085955200 + 2 * day) * 1000) });
    expect(liMsEpochs(decodeLiMs(bytes))).toBe(2);
  });
});

describe('P12 ratchet', () => {
  const alice = identityFromText('sip:alice@operator-a.example');
  const ms = liMs.masterSecret;

  it('is HKDF-Expand with the label, the identity and the new epoch', () => {
    const info = Buffer.from('LI-IBAKE MS ratchet v1\0sip:alice@operator-a.example\0\0\0\x08\x01', 'latin1');
    const expected = createHmac('sha256', new Uint8Array(32).fill(0xab)).update(info).digest('hex');
    expect(ratchetStep(ms, alice, 8).use(toHex)).toBe(expected);
  });

  it('depends on identity, epoch and secret', () => {
    const steps = [
      ratchetStep(ms, alice, 8),
      ratchetStep(ms, alice, 9),
      ratchetStep(ms, identityFromText('sip:bob@operator-a.example'), 8),
      ratchetStep(ratchetStep(ms, alice, 8), alice, 9),
    ].map((step) => step.use(toHex));
    expect(new Set(steps).size).toBe(4);
  });
});
