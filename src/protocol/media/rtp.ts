/** RTP packets (RFC 3550 5.1): read with CSRC list, extension and padding taken off, written without them. */
import { concat, uint } from '../../foundation/base/bytes.ts';
import { HalfkeyError } from '../../foundation/base/errors.ts';

/** A clear RTP packet. */
export interface RtpPacket {
  readonly payloadType: number;
  readonly marker: boolean;
  /** 16 bits. */
  readonly sequence: number;
  /** 32 bits, in units of the payload's clock. */
  readonly timestamp: number;
  /** 32 bits. */
  readonly ssrc: number;
  /** A view into the packet, without padding. */
  readonly payload: Uint8Array;
}

/** Reads an RTP packet. @throws HalfkeyError `SRTP_MALFORMED` with the offset of the field that is wrong or cut */
export function parseRtp(packet: Uint8Array): RtpPacket {
  const view = new DataView(packet.buffer, packet.byteOffset, packet.length);
  if (packet.length < 12)
    throw new HalfkeyError('SRTP_MALFORMED', 'shorter than an RTP header', { offset: packet.length });
  const first = view.getUint8(0);
  const second = view.getUint8(1);
  if (first >> 6 !== 2) throw new HalfkeyError('SRTP_MALFORMED', 'the version is not 2', { offset: 0 });
  let start = 12 + 4 * (first & 0x0f);
  if ((first & 0x10) !== 0) {
    if (start + 4 > packet.length)
      throw new HalfkeyError('SRTP_MALFORMED', 'the header extension is cut', { offset: start });
    start += 4 + 4 * view.getUint16(start + 2);
  }
  if (start > packet.length) throw new HalfkeyError('SRTP_MALFORMED', 'the header is cut', { offset: packet.length });
  const padding = (first & 0x20) === 0 ? 0 : view.getUint8(packet.length - 1);
  const end = packet.length - padding;
  if (end < start || ((first & 0x20) !== 0 && padding === 0)) {
    throw new HalfkeyError('SRTP_MALFORMED', 'the padding is longer than the payload', { offset: packet.length - 1 });
  }
  return {
    payloadType: second & 0x7f,
    marker: (second & 0x80) !== 0,
    sequence: view.getUint16(2),
    timestamp: view.getUint32(4),
    ssrc: view.getUint32(8),
    payload: packet.subarray(start, end),
  };
}

/**
 * The octets of a packet without CSRC list, extension and padding; parsing them gives the same value.
 * @throws RangeError when a number does not fit its field
 */
export function encodeRtp({ payloadType, marker, sequence, timestamp, ssrc, payload }: RtpPacket): Uint8Array {
  if (payloadType > 0x7f) throw new RangeError('encodeRtp: the payload type has 7 bits');
  const head = Uint8Array.of(0x80, (marker ? 0x80 : 0) | payloadType);
  return concat(head, uint(sequence, 2), uint(timestamp, 4), uint(ssrc, 4), payload);
}
