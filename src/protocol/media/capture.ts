/**
 * Reading of capture files as they stream in: pcap (draft-ietf-opsawg-pcap) and pcapng (draft-ietf-opsawg-pcapng).
 * Never trusts a length in the file: a field longer than MAX_PACKET or MAX_BLOCK ends the reading.
 */
import { HalfkeyError } from '../../foundation/base/errors.ts';
import { OctetQueue } from './octet-queue.ts';
import { readPcap } from './pcap-read.ts';
import { readPcapng } from './pcapng-read.ts';
import type { CapturedPacket } from './captured-packet.ts';

/**
 * The packets of a capture in file order, each as soon as it is whole. The source is closed when the caller stops
 * early. Every packet before a fault in the file is given out before the fault is thrown.
 * @throws HalfkeyError `BadCapture` at once when the file is no capture; at the first record that is cut off or makes no
 * sense otherwise. Its offset is that record's first octet in the file.
 */
export async function* readCapture(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<CapturedPacket> {
  const queue = new OctetQueue(chunks);
  try {
    const magic = await queue.take(4);
    const number = magic.length < 4 ? 0 : new DataView(magic.buffer, magic.byteOffset, 4).getUint32(0);
    switch (number) {
      case 0xa1b2c3d4:
      case 0xa1b23c4d:
        yield* readPcap(queue, false, number === 0xa1b23c4d);
        return;
      case 0xd4c3b2a1:
      case 0x4d3cb2a1:
        yield* readPcap(queue, true, number === 0x4d3cb2a1);
        return;
      case 0x0a0d0d0a:
        yield* readPcapng(queue);
        return;
      default:
        throw new HalfkeyError('BadCapture', 'neither pcap nor pcapng', { offset: 0 });
    }
  } finally {
    await queue.close();
  }
}
