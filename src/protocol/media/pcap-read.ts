/**
 * The pcap file format (draft-ietf-opsawg-pcap-04), both byte orders, micro- and nanoseconds.
 * Header after the magic: major 2, minor 2, reserved 8, snapshot length 4, FCS and link type 4.
 * Record: seconds 4, fraction 4, captured length 4, original length 4, octets.
 */
import { badCapture, MAX_PACKET, type CapturedPacket } from './captured-packet.ts';
import type { OctetQueue } from './octet-queue.ts';

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** Reads on after the magic. @throws HalfkeyError `BadCapture` */
export async function* readPcap(
  queue: OctetQueue,
  littleEndian: boolean,
  nanoseconds: boolean,
): AsyncGenerator<CapturedPacket> {
  const header = await queue.take(20);
  if (header.length < 20) throw badCapture('the file header is cut off', 0);
  if (view(header).getUint16(0, littleEndian) !== 2) throw badCapture('a pcap version other than 2', 4);
  const linkType = view(header).getUint32(16, littleEndian) & 0xffff; // the upper bits tell the FCS length
  for (;;) {
    const start = queue.offset;
    const record = await queue.take(16);
    if (record.length === 0) return;
    if (record.length < 16) throw badCapture('a record header is cut off', start);
    const fields = view(record);
    const fraction = fields.getUint32(4, littleEndian);
    const timeMs = fields.getUint32(0, littleEndian) * 1000 + fraction / (nanoseconds ? 1e6 : 1e3);
    const length = fields.getUint32(8, littleEndian);
    if (length > MAX_PACKET) throw badCapture(`a packet of ${String(length)} octets`, start);
    const bytes = await queue.take(length);
    if (bytes.length < length) throw badCapture('a packet is cut off', start);
    yield { timeMs, linkType, bytes };
  }
}
