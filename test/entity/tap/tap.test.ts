/** A tap's capture holds what passed, octet for octet, and its feed never makes the relay wait. */
import { describe, expect, it } from 'vitest';
import { createFeed, createRecorder } from '../../../src/entity/tap/index.ts';
import { createTransport, readCapture, type TransportEvent } from '../../../src/protocol/media/index.ts';

const A = { address: '192.0.2.1', port: 5060 };
const B = { address: '192.0.2.2', port: 5062 };

async function eventsOf(records: readonly Uint8Array[]): Promise<TransportEvent[]> {
  const transport = createTransport();
  const events: TransportEvent[] = [];
  for await (const packet of readCapture(records)) events.push(...transport.feed(packet));
  return [...events, ...transport.flush()];
}

describe('recorder', () => {
  it('records both directions of a connection so that they read back octet for octet', async () => {
    const recorder = createRecorder();
    const long = new Uint8Array(5000).map((_, i) => i);
    const records = [
      recorder.header,
      ...recorder.octets(1000, A, B, long),
      ...recorder.octets(1001, B, A, Uint8Array.of(1, 2, 3)),
      ...recorder.octets(1002, A, B, Uint8Array.of(9)),
      recorder.end(1003, A, B),
    ];
    const events = await eventsOf(records);
    const sent = events.filter((event) => event.kind === 'tcp' && event.source.port === A.port);
    expect(Buffer.concat(sent.map(({ payload }) => payload))).toEqual(Buffer.concat([long, Uint8Array.of(9)]));
    expect(events.some((event) => event.kind === 'tcp' && event.gap === true)).toBe(false);
    const back = events.filter((event) => event.source.port === B.port);
    expect(Buffer.concat(back.map(({ payload }) => payload))).toEqual(Buffer.of(1, 2, 3));
  });

  it('begins a new connection between the same addresses at its beginning', async () => {
    const recorder = createRecorder();
    const records = [
      recorder.header,
      ...recorder.octets(1, A, B, Uint8Array.of(1)),
      recorder.end(2, A, B),
      ...recorder.octets(3, A, B, Uint8Array.of(2)),
    ];
    const payloads = (await eventsOf(records)).map(({ payload }) => [...payload]).filter((octets) => octets.length > 0);
    expect(payloads).toEqual([[1], [2]]);
  });

  it('records datagrams with their addresses and times', async () => {
    const recorder = createRecorder();
    const events = await eventsOf([recorder.header, recorder.datagram(1234.5, A, B, Uint8Array.of(7, 8))]);
    expect(events).toMatchObject([{ kind: 'udp', timeMs: 1234.5, source: A, destination: B }]);
    expect([...(events[0]?.payload ?? [])]).toEqual([7, 8]);
  });
});

describe('feed', () => {
  it('gives the header first and ends when it is told', async () => {
    const feed = createFeed(Uint8Array.of(0));
    feed.push([Uint8Array.of(1), Uint8Array.of(2)]);
    setImmediate(() => {
      feed.push([Uint8Array.of(3)]);
      feed.end();
    });
    const chunks: number[] = [];
    for await (const chunk of feed.chunks) chunks.push(...chunk);
    expect(chunks).toEqual([0, 1, 2, 3]);
    feed.push([Uint8Array.of(4)]);
    expect(feed.dropped).toBe(1);
  });

  it('drops and counts what does not fit, and takes more once there is room', async () => {
    const feed = createFeed(Uint8Array.of(0), 2);
    feed.push([Uint8Array.of(1, 1), Uint8Array.of(2)]);
    expect(feed.dropped).toBe(1);
    const reader = feed.chunks[Symbol.asyncIterator]();
    await reader.next();
    await reader.next();
    feed.push([Uint8Array.of(3)]);
    expect((await reader.next()).value).toEqual(Uint8Array.of(3));
    expect(feed.dropped).toBe(1);
  });

  it('gives a long queue back in its order: taking a record does not touch those behind it, or this takes minutes', async () => {
    const count = 500_000;
    const feed = createFeed(new Uint8Array(0));
    feed.push(Array.from({ length: count }, (_, i) => Uint8Array.of(i & 0xff)));
    feed.end();
    let read = -1;
    let inOrder = true;
    for await (const [octet] of feed.chunks) {
      inOrder &&= octet === (read < 0 ? undefined : read & 0xff);
      read += 1;
    }
    expect([read, inOrder, feed.dropped]).toEqual([count, true, 0]);
  });
});
