/**
 * What the judges of SRTP are given: a stream whose sequence numbers wrap, master keys of every suite, and the faults
 * that are planted so that a judge can be seen to object.
 */
import { concat, fromHex, uint } from '../../src/foundation/base/bytes.ts';
import { encodeRtcp } from '../../src/protocol/media/index.ts';
import {
  createSrtpReceiver,
  createSrtpSender,
  type SrtpStreamOptions,
  type SuiteName,
} from '../../src/protocol/srtp/index.ts';

export type JudgedStream = SrtpStreamOptions & { readonly ssrc: number };

/** The stream of a suite; the rollover counter begins with `roc`. */
export function streamOf(suite: SuiteName, roc = 0): JudgedStream {
  const masterKey = fromHex('8b1f3c5577e29a04d6b8014ef2a973c1'.repeat(suite === 'AES_256_CM_HMAC_SHA1_80' ? 2 : 1));
  return { suite, masterKey, masterSalt: fromHex('1d2c3b4a59687786950413f2e1d0'), ssrc: 0x5eed0bad, roc };
}

/** Sequence number of the first packet: the last twenty before the wrap. */
export const FIRST_SEQUENCE = 0x10000 - 20;
/** ffmpeg takes 0 for a timestamp that it has not seen yet. */
export const FIRST_TIMESTAMP = 4000;
const PACKETS = 40;
const OCTETS = 160;

/** Mu-law of 40 packets, no two of them equal. */
export const SPEECH = Uint8Array.from({ length: PACKETS * OCTETS }, (_, i) => (i * 31 + Math.floor(i / OCTETS)) & 0xff);

/** That speech as RTP packets (payload type 0), twenty on each side of the wrap. */
export function speechPackets({ ssrc }: JudgedStream): Uint8Array[] {
  return Array.from({ length: PACKETS }, (_, i) =>
    concat(
      fromHex('8000'),
      uint((FIRST_SEQUENCE + i) % 0x10000, 2),
      uint(FIRST_TIMESTAMP + OCTETS * i, 4),
      uint(ssrc, 4),
      SPEECH.subarray(OCTETS * i, OCTETS * (i + 1)),
    ),
  );
}

/** Compound RTCP packets of the same sender: two reports, then the end. */
export function controlPackets({ ssrc }: JudgedStream): Uint8Array[] {
  const report = { kind: 'RR', ssrc, reports: [] } as const;
  return [[report], [report], [report, { kind: 'BYE', sources: [ssrc] } as const]].map(encodeRtcp);
}

/** SRTP of ours. */
export function weProtect(packets: readonly Uint8Array[], stream: JudgedStream): Uint8Array[] {
  const sender = createSrtpSender(stream);
  return packets.map((packet) => sender.protect(packet));
}

/** RTP out of somebody's SRTP. @throws HalfkeyError at the first packet that is not authentic */
export function weOpen(packets: readonly Uint8Array[], stream: JudgedStream): Uint8Array[] {
  const receiver = createSrtpReceiver(stream);
  return packets.map((packet) => receiver.unprotect(packet));
}

/** Planted fault: the last bit of the master key is another. */
export function wrongKeyBit(stream: JudgedStream): JudgedStream {
  return {
    ...stream,
    masterKey: stream.masterKey.map((octet, i, { length }) => (i === length - 1 ? octet ^ 1 : octet)),
  };
}

/** Planted fault: one octet of the payload of packet `at` is another. */
export function wrongOctet(packets: readonly Uint8Array[], at: number): Uint8Array[] {
  return packets.map((packet, i) => (i === at ? packet.map((octet, k) => (k === 100 ? octet ^ 0x40 : octet)) : packet));
}
