/**
 * NTP-UTC timestamps of the MIKEY T payload: 64 bits, seconds since 1900 and fraction,
 * across the end of era 0 in 2036 (RFC 4330 3, mandatory in RFC 6043 6.3).
 */
import { ByteReader } from './reader.ts';
import { concat, uint, type Brand } from './bytes.ts';

/** An NTP timestamp as it stands on the wire: 8 octets, big endian. */
export type NtpTime = Brand<Uint8Array, 'NtpTime'>;

const ERA_0_OFFSET = 2208988800;
const ERA_1_OFFSET = 2085978496;

/** Takes 8 octets as a timestamp. @throws HalfkeyError `Truncated`, `TrailingData` */
export function ntpTime(bytes: Uint8Array): NtpTime {
  const reader = new ByteReader(bytes);
  const value = reader.take(8, 'NTP timestamp');
  reader.finish('NTP timestamp');
  return value as NtpTime;
}

/** Whole seconds since 1970; the fraction is ignored (RFC 4330 3: bit 31 tells the era). */
export function ntpToUnixSeconds(time: NtpTime): number {
  const seconds = new ByteReader(time).uint(4);
  return seconds >= 0x80000000 ? seconds - ERA_0_OFFSET : seconds + ERA_1_OFFSET;
}

/** Whole seconds since 1970 of a time in milliseconds, and the rest in units of 2^-32 s, rounded down. */
function partsOf(unixMs: number): { seconds: number; fraction: number } {
  const seconds = Math.floor(unixMs / 1000);
  return { seconds, fraction: Math.floor(((unixMs - seconds * 1000) / 1000) * 2 ** 32) };
}

/** The timestamp of a time in milliseconds since 1970. @throws RangeError outside 1968 to 2104 */
export function ntpFromUnixMs(unixMs: number): NtpTime {
  const { seconds, fraction } = partsOf(unixMs);
  const wire = seconds + ERA_0_OFFSET;
  return concat(uint(wire < 2 ** 32 ? wire : seconds - ERA_1_OFFSET, 4), uint(fraction, 4)) as NtpTime;
}

/** Order of two timestamps, fraction included: negative when `a` is earlier. */
export function compareNtp(a: NtpTime, b: NtpTime): number {
  const seconds = ntpToUnixSeconds(a) - ntpToUnixSeconds(b);
  return seconds !== 0 ? seconds : new ByteReader(a, 4).uint(4) - new ByteReader(b, 4).uint(4);
}

/**
 * Order of a timestamp and a time in milliseconds since 1970, of any year: negative when the timestamp is earlier, 0 when
 * it is the one that {@link ntpFromUnixMs} makes of that time, NaN for NaN.
 */
export function compareNtpToUnixMs(time: NtpTime, unixMs: number): number {
  const { seconds, fraction } = partsOf(unixMs);
  return ntpToUnixSeconds(time) - seconds || new ByteReader(time, 4).uint(4) - fraction;
}
