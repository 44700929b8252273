/** The ground floor: octets, secrets, errors, time, randomness. */
export {
  ascii,
  concat,
  constantTimeEqual,
  equalBytes,
  fromBase64,
  fromBigInt,
  fromHex,
  latin1,
  printable,
  toBase64,
  toBigInt,
  toHex,
  uint,
  xor,
  type Brand,
} from './bytes.ts';
export { systemClock, systemScheduler, type Clock, type Scheduler } from './clock.ts';
export { HalfkeyError, isErrorCode, isHalfkeyError, type ErrorCode } from './errors.ts';
export { compareNtp, compareNtpToUnixMs, ntpFromUnixMs, ntpTime, ntpToUnixSeconds, type NtpTime } from './ntp.ts';
export { randomBigInt, systemRandom, type Random } from './random.ts';
export { ByteReader } from './reader.ts';
export { Secret } from './secret.ts';
