/**
 * The cryptographic context of one SRTP stream (RFC 3711 3.2.1) that receiver and sender share:
 * suite, session keys, SSRC, index. Wiped by `close`, and of no use afterwards.
 */
import { HalfkeyError } from '../../foundation/base/errors.ts';
import { IndexTracker } from './packet-index.ts';
import type { SessionKeys } from './session-keys.ts';
import { srtpSuite, type SrtpSuite, type SuiteName } from './suite.ts';

/** How session keys come from a master key: `deriveSrtpKeys` or `deriveSrtcpKeys`. */
export type KeyDerivation = (suite: SrtpSuite, masterKey: Uint8Array, masterSalt: Uint8Array) => SessionKeys;

/** One direction of one stream. The octets of key, salt and MKI are read at once and stay the caller's. */
export interface SrtpStreamOptions {
  readonly suite: SuiteName;
  /** TEK: 16 octets, or 32 for AES_256_CM. */
  readonly masterKey: Uint8Array;
  /** 14 octets. */
  readonly masterSalt: Uint8Array;
  /** The only SSRC of the stream, 32 bits. */
  readonly ssrc?: number;
  /** Rollover counter at the first packet, 32 bits; 0 by default. */
  readonly roc?: number;
  /** Master key identifier that stands before the tag of every packet (RFC 3711 3.1); none by default. */
  readonly mki?: Uint8Array;
}

export interface StreamContext {
  readonly suite: SrtpSuite;
  readonly keys: SessionKeys;
  readonly index: IndexTracker;
  readonly mki: Uint8Array;
  /** @throws HalfkeyError `SRTP_MALFORMED` for another SSRC than the one given or bound */
  assertSsrc(ssrc: number, offset?: number): void;
  /** The stream is that SSRC's from now on: only after a packet of it was authenticated. */
  bindSsrc(ssrc: number): void;
  /** @throws TypeError after `close` */
  assertOpen(): void;
  close(): void;
}

function isUint32(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= 0xffffffff;
}

/** @throws TypeError, HalfkeyError `InvalidSecurityPolicy` as {@link srtpSuite} and `derive` do */
export function streamContext(options: SrtpStreamOptions, derive: KeyDerivation): StreamContext {
  const suite = srtpSuite(options.suite);
  let ssrc = options.ssrc;
  if (ssrc !== undefined && !isUint32(ssrc)) throw new TypeError('srtp: ssrc is not an unsigned 32-bit integer');
  if (options.roc !== undefined && !isUint32(options.roc))
    throw new TypeError('srtp: roc is not an unsigned 32-bit integer');
  const mki = Uint8Array.from(options.mki ?? []);
  const keys = derive(suite, options.masterKey, options.masterSalt);
  return {
    suite,
    keys,
    mki,
    index: new IndexTracker(options.roc ?? 0),
    assertSsrc(value, offset = 8) {
      if (ssrc !== undefined && value !== ssrc) {
        throw new HalfkeyError('SRTP_MALFORMED', 'the packet belongs to another SSRC', { offset });
      }
    },
    bindSsrc(value) {
      ssrc = value;
    },
    assertOpen() {
      if (keys.encryption.wiped) throw new TypeError('srtp: used after close');
    },
    close() {
      keys.encryption.wipe();
      keys.authentication.wipe();
      keys.salt.wipe();
    },
  };
}
