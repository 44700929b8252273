/**
 * GeneralizedTime texts and key epochs (protocol profile 2.3, RFC 5409 2.2.2's interval rule).
 * Reads no clock: every time is an argument.
 */
import { type Brand, HalfkeyError } from '../base/index.ts';

/** 15 characters `YYYYMMDDHHMMSSZ`, UTC, of a date that exists. */
export type GeneralizedTime = Brand<string, 'GeneralizedTime'>;

/** Text of a time in whole seconds since 1970. @throws RangeError outside the years 0000 to 9999 */
export function generalizedTime(unixSeconds: number): GeneralizedTime {
  const iso = Number.isInteger(unixSeconds) ? new Date(unixSeconds * 1000).toISOString() : '';
  if (iso.length !== 24) throw new RangeError('generalizedTime: not whole seconds of a four-digit year');
  return `${iso.slice(0, 19).replace(/[-:T]/g, '')}Z` as GeneralizedTime;
}

/**
 * Seconds since 1970 of exactly 15 characters `YYYYMMDDHHMMSSZ`; no fraction, no offset, no leap second.
 * @throws HalfkeyError `BadField`
 */
export function generalizedTimeToUnix(text: string): number {
  const iso = /^\d{14}Z$/.test(text) ? text.replace(/^(....)(..)(..)(..)(..)(..)Z$/, '$1-$2-$3T$4:$5:$6Z') : '';
  const unixMs = Date.parse(iso);
  // Date.parse turns 31 February or 24:00 into another date: only what prints the same is a date.
  if (Number.isNaN(unixMs) || generalizedTime(unixMs / 1000) !== text) {
    throw new HalfkeyError('BadField', 'not a GeneralizedTime of the form YYYYMMDDHHMMSSZ');
  }
  return unixMs / 1000;
}

/** Whether `text` is a {@link GeneralizedTime}. */
export function isGeneralizedTime(text: string): text is GeneralizedTime {
  try {
    generalizedTimeToUnix(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * Start of the key epoch that contains a time: floor(unix / interval) * interval (RFC 5409, profile 2.3).
 * Both in seconds. @throws RangeError unless the interval is a positive whole number
 */
export function keyEpochStart(unixSeconds: number, intervalSeconds: number): number {
  if (!Number.isSafeInteger(intervalSeconds) || intervalSeconds <= 0 || !Number.isFinite(unixSeconds)) {
    throw new RangeError('keyEpochStart: need a finite time and a positive whole interval');
  }
  return Math.floor(unixSeconds / intervalSeconds) * intervalSeconds;
}
