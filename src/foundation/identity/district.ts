/**
 * A district: the KMS that serves an identity, by the name under which its parameters are published
 * (RFC 5408 3, protocol profile 2.3 and 2.4). The name is an octet string and is never normalised.
 */
import { HalfkeyError } from '../base/index.ts';

/** `name`: districtName (IA5, a PPS URI); `serial`: districtSerial, 0 to 2^63 - 1; interval of its key epochs in seconds. */
export interface District {
  readonly name: string;
  readonly serial: bigint;
  readonly keyEpochSeconds: number;
}

/** Interval where the district publishes none (profile 2.3), in seconds. */
export const DEFAULT_KEY_EPOCH_SECONDS = 86400;

/**
 * A checked district: name of 1 to 1024 ASCII characters, serial below 2^63, interval 900 to 2678400 s.
 * @throws HalfkeyError `BadField`, naming the member
 */
export function district(name: string, serial: bigint, keyEpochSeconds: number = DEFAULT_KEY_EPOCH_SECONDS): District {
  if (!/^[\x21-\x7e]{1,1024}$/.test(name)) throw new HalfkeyError('BadField', 'districtName is not printable ASCII');
  if (serial < 0n || serial >= 1n << 63n) throw new HalfkeyError('BadField', 'districtSerial is outside 0 to 2^63 - 1');
  if (!Number.isInteger(keyEpochSeconds) || keyEpochSeconds < 900 || keyEpochSeconds > 2678400) {
    throw new HalfkeyError('BadField', 'the key epoch interval is outside 900 to 2678400 seconds');
  }
  return { name, serial, keyEpochSeconds };
}
