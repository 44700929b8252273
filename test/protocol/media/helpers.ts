/** What the tests of captures share. */
import { concat } from '../../../src/foundation/base/bytes.ts';
import {
  createTransport,
  readCapture,
  type CapturedPacket,
  type TcpEvent,
  type TransportEvent,
} from '../../../src/protocol/media/index.ts';

/** Packets of a file given in chunks, and the error that ended it. */
export async function readAll(chunks: Iterable<Uint8Array>): Promise<{ packets: CapturedPacket[]; error?: unknown }> {
  const packets: CapturedPacket[] = [];
  try {
    for await (const packet of readCapture(chunks)) packets.push(packet);
  } catch (error) {
    return { packets, error };
  }
  return { packets };
}

/** All events of a capture, flush included, and how many frames brought nothing. */
export function transported(packets: readonly CapturedPacket[]): { events: TransportEvent[]; ignored: number } {
  const transport = createTransport();
  const events = packets.flatMap((packet) => transport.feed(packet));
  return { events: [...events, ...transport.flush()], ignored: transport.ignored };
}

/** Ethernet frames, a millisecond apart. */
export function ethernet(...frames: readonly Uint8Array[]): CapturedPacket[] {
  return frames.map((bytes, i) => ({ timeMs: 1_700_000_000_000 + i, linkType: 1, bytes }));
}

/** The octets of a TCP direction: events of `source` joined. */
export function octetsOf(events: readonly TransportEvent[], port: number): Uint8Array {
  const pieces = events.filter((event): event is TcpEvent => event.kind === 'tcp' && event.source.port === port);
  return concat(...pieces.map((event) => event.payload));
}
