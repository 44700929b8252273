/** Writing of pcap files (draft-ietf-opsawg-pcap-04): little endian, microseconds. Header first, then a record a packet. */
import { concat } from '../../foundation/base/bytes.ts';
import { MAX_PACKET } from './captured-packet.ts';
import { LINK_TYPE } from './link-layer.ts';

/** The 24 octets of the file header; Ethernet by default. */
export function pcapHeader(linkType: number = LINK_TYPE.ethernet): Uint8Array {
  const header = new DataView(new ArrayBuffer(24));
  header.setUint32(0, 0xa1b2c3d4, true);
  header.setUint16(4, 2, true);
  header.setUint16(6, 4, true);
  header.setUint32(16, MAX_PACKET, true);
  header.setUint32(20, linkType, true);
  return new Uint8Array(header.buffer);
}

/**
 * One record. `timeMs` counts from 1970 and is rounded to a microsecond.
 * @throws TypeError when the time is not within 1970 to 2106 or the frame is longer than the reader takes
 */
export function pcapRecord(timeMs: number, frame: Uint8Array): Uint8Array {
  const wholeSeconds = Math.floor(timeMs / 1000);
  const microseconds = Math.round((timeMs - wholeSeconds * 1000) * 1000);
  const carry = microseconds === 1_000_000 ? 1 : 0;
  const seconds = wholeSeconds + carry;
  if (!(seconds >= 0 && seconds <= 0xffffffff)) throw new TypeError('pcapRecord: the time does not fit');
  if (frame.length > MAX_PACKET) throw new TypeError('pcapRecord: the frame is too long');
  const header = new DataView(new ArrayBuffer(16));
  header.setUint32(0, seconds, true);
  header.setUint32(4, microseconds - carry * 1_000_000, true);
  header.setUint32(8, frame.length, true);
  header.setUint32(12, frame.length, true);
  return concat(new Uint8Array(header.buffer), frame);
}
