/** Randomness as an argument: a known-answer test patches nothing. */
import { randomBytes } from 'node:crypto';
import { toBigInt } from './bytes.ts';

/** Returns that many fresh octets; the caller owns them. */
export type Random = (octets: number) => Uint8Array;

/** The platform's CSPRNG. */
export const systemRandom: Random = (octets) => new Uint8Array(randomBytes(octets));

/**
 * A uniform integer in [min, max] by rejection sampling: draws as many octets as `max` has,
 * masks the excess bits of the first, draws again when the value is out of range.
 * @throws RangeError unless 0 <= min <= max
 */
export function randomBigInt(min: bigint, max: bigint, random: Random): bigint {
  if (min < 0n || max < min) throw new RangeError('randomBigInt: need 0 <= min <= max');
  const bits = max.toString(2).length;
  const octets = Math.ceil(bits / 8);
  const mask = (1n << BigInt(bits)) - 1n;
  for (;;) {
    const value = toBigInt(random(octets)) & mask;
    if (value >= min && value <= max) return value;
  }
}
