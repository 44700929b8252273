/**
 * The LI-MS structure that provisions a master secret, and its epochs (protocol profile 3.7).
 * In solution 4 it never passes the KMS. An MS epoch is not a key epoch of the identity-based encryption.
 *
 *   version 1 (=1) | mode 1 | epoch 4 | interval 4 | validFrom 8 | validTo 8 | MS 32      58 octets
 */
import {
  ByteReader,
  concat,
  HalfkeyError,
  ntpTime,
  ntpToUnixSeconds,
  Secret,
  uint,
  type NtpTime,
} from '../../foundation/base/index.ts';
import type { NonceMode } from './context.ts';
import { MASTER_SECRET_LENGTH } from './derive.ts';

/** Octets of an encoded LI-MS. */
export const LI_MS_LENGTH = 58;

/**
 * `masterSecret` is MS of `epoch`, which begins at `validFrom`; `intervalSeconds` 3600 to 2678400;
 * valid for validFrom <= T < validTo, whose difference is a multiple of the interval. Both are whole seconds.
 */
export interface LiMs {
  readonly mode: NonceMode;
  readonly epoch: number;
  readonly intervalSeconds: number;
  readonly validFrom: NtpTime;
  readonly validTo: NtpTime;
  readonly masterSecret: Secret<'MasterSecret'>;
}

/** How many epochs an LI-MS covers. */
export function liMsEpochs(liMs: Pick<LiMs, 'intervalSeconds' | 'validFrom' | 'validTo'>): number {
  return (ntpToUnixSeconds(liMs.validTo) - ntpToUnixSeconds(liMs.validFrom)) / liMs.intervalSeconds;
}

/** @throws HalfkeyError `BadField`, with the offset of the field */
export function assertLiMs(liMs: LiMs): void {
  const bad = (message: string, offset: number): never => {
    throw new HalfkeyError('BadField', message, { offset });
  };
  if (![1, 2, 3].includes(liMs.mode)) bad('the nonce mode is not 1, 2 or 3', 1);
  if (!Number.isInteger(liMs.epoch) || liMs.epoch < 0 || liMs.epoch > 0xffffffff) bad('the epoch has 32 bits', 2);
  const { intervalSeconds } = liMs;
  if (!Number.isInteger(intervalSeconds) || intervalSeconds < 3600 || intervalSeconds > 2678400) {
    bad('the interval is outside 3600 to 2678400 seconds', 6);
  }
  // A fraction would make the first second of an epoch belong to two: epochs ignore it, validity would not.
  if (liMs.validFrom.subarray(4).some((octet) => octet !== 0)) bad('validFrom is not a whole second', 10);
  if (liMs.validTo.subarray(4).some((octet) => octet !== 0)) bad('validTo is not a whole second', 18);
  const epochs = liMsEpochs(liMs);
  if (!Number.isInteger(epochs) || epochs < 1) bad('the validity is not a positive multiple of the interval', 18);
  if (liMs.epoch + epochs > 0x100000000) bad('the epochs do not fit 32 bits', 2);
  if (liMs.masterSecret.length !== MASTER_SECRET_LENGTH) bad('a master secret has 32 octets', 26);
}

/** 58 octets that hold the master secret: the caller wipes them. @throws HalfkeyError `BadField` */
export function encodeLiMs(liMs: LiMs): Uint8Array {
  assertLiMs(liMs);
  const { mode, epoch, intervalSeconds, validFrom, validTo, masterSecret } = liMs;
  return masterSecret.use((ms) =>
    concat(uint(1, 1), uint(mode, 1), uint(epoch, 4), uint(intervalSeconds, 4), validFrom, validTo, ms),
  );
}

/** Copies what it takes: the caller wipes `bytes`. @throws HalfkeyError `Truncated`, `TrailingData`, `BadField` */
export function decodeLiMs(bytes: Uint8Array): LiMs {
  const reader = new ByteReader(bytes);
  if (reader.uint(1, 'version') !== 1) throw new HalfkeyError('BadField', 'LI-MS version is not 1', { offset: 0 });
  const mode = reader.uint(1, 'mode') as NonceMode;
  const epoch = reader.uint(4, 'epoch');
  const intervalSeconds = reader.uint(4, 'interval');
  const validFrom = ntpTime(Uint8Array.from(reader.take(8, 'validFrom')));
  const validTo = ntpTime(Uint8Array.from(reader.take(8, 'validTo')));
  const ms = reader.take(MASTER_SECRET_LENGTH, 'MS');
  reader.finish('LI-MS');
  const liMs: LiMs = {
    mode,
    epoch,
    intervalSeconds,
    validFrom,
    validTo,
    masterSecret: Secret.copyOf('MasterSecret', ms),
  };
  try {
    assertLiMs(liMs);
  } catch (error) {
    liMs.masterSecret.wipe();
    throw error;
  }
  return liMs;
}

/**
 * MS epoch that contains a time: epoch + floor((unix - validFrom) / interval). Seconds since 1970, the fraction of
 * T ignored. Total: a time outside the validity gives an epoch that the LI-MS does not cover.
 */
export function msEpochAt(liMs: Pick<LiMs, 'epoch' | 'intervalSeconds' | 'validFrom'>, unixSeconds: number): number {
  return liMs.epoch + Math.floor((unixSeconds - ntpToUnixSeconds(liMs.validFrom)) / liMs.intervalSeconds);
}
