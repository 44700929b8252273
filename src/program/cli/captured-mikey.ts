/**
 * The MIKEY messages in a capture: from SIP over TCP and UDP, each different one once, in order.
 */
import { createTransport, readCapture, type TransportEvent } from '../../protocol/media/index.ts';
import { createCallTracker, createSipCarriers } from '../../protocol/signalling/index.ts';

/** @throws HalfkeyError `BadCapture` */
export async function capturedMikey(
  chunks: AsyncIterable<Uint8Array>,
): Promise<{ label: string; bytes: Uint8Array }[]> {
  const transport = createTransport();
  const carriers = createSipCarriers();
  const tracker = createCallTracker();
  const found: { label: string; bytes: Uint8Array }[] = [];

  function take(event: TransportEvent): void {
    for (const message of carriers.take(event) ?? []) {
      const what = message.kind === 'request' ? message.method : `${String(message.status)} to ${message.cseq.method}`;
      for (const { bytes } of tracker.feed(message, event.timeMs)?.newMikey ?? []) {
        found.push({ label: `${new Date(event.timeMs).toISOString()} ${what}`, bytes });
      }
    }
  }

  for await (const packet of readCapture(chunks)) for (const event of transport.feed(packet)) take(event);
  for (const event of transport.flush()) take(event);
  return found;
}
