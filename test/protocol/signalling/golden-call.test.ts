/**
 * A call carried by Kamailio over TCP, captured on both legs: every message stands in the capture twice.
 * The four MIKEY messages are those of the golden file, octet for octet.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { fromHex } from '../../../src/foundation/base/bytes.ts';
import {
  createCallTracker,
  createSipStream,
  encodeSipMessage,
  parseSipMessage,
  type CallUpdate,
} from '../../../src/protocol/signalling/index.ts';

const vector = (name: string): URL => new URL(`../../vectors/${name}`, import.meta.url);
const golden = JSON.parse(readFileSync(vector('golden-n3072-mode3-P-256.json'), 'utf8')) as {
  csbId: string;
  messages: Record<string, string>;
};

/** TCP payloads of a little-endian Ethernet capture without loss: enough for this file, and independent of the reader. */
function* segments(file: Buffer): Generator<{ timeMs: number; connection: string; payload: Uint8Array }> {
  for (let at = 24; at < file.length; at += 16 + file.readUInt32LE(at + 8)) {
    const timeMs = file.readUInt32LE(at) * 1000 + file.readUInt32LE(at + 4) / 1000;
    const ip = file.subarray(at + 16 + 14, at + 16 + file.readUInt32LE(at + 8));
    if (ip[9] !== 6) continue;
    const tcp = ip.subarray(((ip[0] as number) & 15) * 4, ip.readUInt16BE(2));
    const payload = tcp.subarray(((tcp[12] as number) >> 4) * 4);
    if (payload.length > 0) yield { timeMs, connection: tcp.subarray(0, 4).toString('hex'), payload };
  }
}

function play(): { updates: CallUpdate[]; messages: number; skipped: number } {
  const tracker = createCallTracker();
  const streams = new Map<string, ReturnType<typeof createSipStream>>();
  const updates: CallUpdate[] = [];
  let messages = 0;
  for (const { timeMs, connection, payload } of segments(readFileSync(vector('golden-call.pcap')))) {
    const stream = streams.get(connection) ?? createSipStream();
    streams.set(connection, stream);
    for (const message of stream.push(payload)) {
      messages++;
      const again = encodeSipMessage(message);
      expect(parseSipMessage(again)).toEqual({ ...message, octets: again.length });
      const update = tracker.feed(message, timeMs);
      if (update !== undefined) updates.push(update);
    }
  }
  return { updates, messages, skipped: [...streams.values()].reduce((sum, stream) => sum + stream.skippedOctets, 0) };
}

describe('the golden capture', () => {
  const { updates, messages, skipped } = play();
  const call = updates[0]?.call;

  it('is read whole', () => {
    expect([messages, skipped]).toEqual([17, 0]);
  });

  it('holds one call with one exchange: the four messages of the golden file', () => {
    expect(new Set(updates.map((update) => update.call)).size).toBe(1);
    expect(call?.exchanges).toHaveLength(1);
    const { I_MESSAGE_1, R_MESSAGE_1, I_MESSAGE_2, R_MESSAGE_2 } = golden.messages;
    expect(call?.exchanges[0]).toMatchObject({
      csbId: fromHex(golden.csbId),
      round: 0,
      initiator: 'caller',
      branch: '8715B1',
      i1: fromHex(I_MESSAGE_1 as string),
      r1: fromHex(R_MESSAGE_1 as string),
      i2: fromHex(I_MESSAGE_2 as string),
      r2: fromHex(R_MESSAGE_2 as string),
    });
  });

  it('reports each message once, in order, from INVITE, 183, PRACK and its 200', () => {
    expect(
      updates.flatMap(({ newMikey }) => newMikey.map(({ type, sender, protocols }) => [type, sender, ...protocols])),
    ).toEqual([
      [22, 'caller', 'mikey'],
      [23, 'callee', 'mikey'],
      [24, 'caller', 'mikey'],
      [25, 'callee', 'mikey'],
    ]);
    expect(updates.map(({ ended }) => ended)).toEqual([undefined, undefined, undefined, undefined, true]);
  });

  it('knows the parties, where they receive, and that the call ended', () => {
    expect(call).toMatchObject({
      fromUri: 'sip:alice@operator-a.example',
      toUri: 'sip:bob@operator-b.example',
      initiator: 'caller',
      problems: [],
    });
    expect(call?.media).toMatchObject([
      {
        index: 0,
        kind: 'audio',
        protocol: 'RTP/SAVP',
        formats: [{ payloadType: 0, encoding: 'PCMU', clockRate: 8000 }],
        initiator: [{ address: '127.0.0.1', port: 6000 }],
        responder: [{ address: '127.0.0.1', port: 6010 }],
      },
    ]);
    expect(call?.ended).toMatchObject({ reason: 'bye' });
  });
});
