/**
 * The captured call from end to end of these two modules: file -> frames -> SIP octets and SRTP -> RTP -> sound.
 *
 *   A --TCP--> proxy --TCP--> B     (each SIP message is captured on both legs)
 *   A ==SRTP== B                    (216 packets each way, UDP source port 0)
 */
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { concat, fromHex, latin1, toHex } from '../../../src/foundation/base/bytes.ts';
import {
  createStereoWav,
  parseRtp,
  pcapHeader,
  pcapRecord,
  udpFrame,
  type TransportEvent,
  type UdpEvent,
} from '../../../src/protocol/media/index.ts';
import { createSrtpReceiver, createSrtpSender } from '../../../src/protocol/srtp/index.ts';
import { readAll, transported } from './helpers.ts';

interface Golden {
  ssrc: { A: string; B: string };
  cs: Record<'1' | '2', { TEK: string; SALT: string }>;
}
const vector = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`../../vectors/${name}`, import.meta.url)));
const golden = JSON.parse(latin1(vector('golden-n3072-mode3-P-256.json'))) as Golden;
const streams = [
  { side: 'initiator', ssrc: Number.parseInt(golden.ssrc.A, 16), port: 6010, keys: golden.cs['1'] },
  { side: 'responder', ssrc: Number.parseInt(golden.ssrc.B, 16), port: 6000, keys: golden.cs['2'] },
] as const;

let events: TransportEvent[] = [];
let ignored = 0;
beforeAll(async () => {
  ({ events, ignored } = transported((await readAll([vector('golden-call.pcap')])).packets));
});

function datagramsTo(port: number): UdpEvent[] {
  return events.filter((event): event is UdpEvent => event.kind === 'udp' && event.destination.port === port);
}
function optionsOf({ ssrc, keys }: (typeof streams)[number]) {
  return {
    suite: 'AES_CM_128_HMAC_SHA1_80',
    masterKey: fromHex(keys.TEK),
    masterSalt: fromHex(keys.SALT),
    ssrc,
  } as const;
}

/** Start lines of the SIP messages in one direction of a TCP connection, framed by Content-Length. */
function startLines(octets: string): string[] {
  const lines: string[] = [];
  for (let rest = octets; rest !== '';) {
    const headEnd = rest.indexOf('\r\n\r\n');
    expect(headEnd).toBeGreaterThan(0);
    const head = rest.slice(0, headEnd);
    const length = Number(/^(?:content-length|l)\s*:\s*(\d+)/im.exec(head)?.[1] ?? Number.NaN);
    expect(rest.length).toBeGreaterThanOrEqual(headEnd + 4 + length);
    lines.push(head.slice(0, head.indexOf('\r\n')).replace(/^(SIP\/2\.0 \d+|\S+).*$/, '$1'));
    rest = rest.slice(headEnd + 4 + length);
  }
  return lines;
}

describe('the golden call', () => {
  it('every SRTP packet of both SSRCs decrypts, and nothing was ignored', () => {
    expect(ignored).toBe(0);
    for (const stream of streams) {
      const receiver = createSrtpReceiver(optionsOf(stream));
      const clear = datagramsTo(stream.port).map((event) => parseRtp(receiver.unprotect(event.payload)));
      expect(clear).toHaveLength(216);
      expect(new Set(clear.map(({ ssrc, payloadType }) => `${String(ssrc)} ${String(payloadType)}`))).toEqual(
        new Set([`${String(stream.ssrc)} 0`]),
      );
      expect(
        clear.every(({ sequence }, i) => i === 0 || sequence === (((clear[i - 1]?.sequence ?? 0) + 1) & 0xffff)),
      ).toBe(true);
    }
  });

  it('a sender with the same keys makes the captured octets again', () => {
    for (const stream of streams) {
      const receiver = createSrtpReceiver(optionsOf(stream));
      const sender = createSrtpSender(optionsOf(stream));
      for (const { payload } of datagramsTo(stream.port)) {
        expect(toHex(sender.protect(receiver.unprotect(payload)))).toBe(toHex(payload));
      }
    }
  });

  it("the other direction's key opens nothing", () => {
    const [a, b] = streams;
    const receiver = createSrtpReceiver({ ...optionsOf(a), ssrc: b.ssrc });
    for (const { payload } of datagramsTo(b.port)) {
      expect(() => receiver.unprotect(payload)).toThrow(expect.objectContaining({ code: 'SRTP_AUTH_FAILED' }));
    }
  });

  it('the RTP has source port 0', () => {
    const media = events.filter((event) => event.kind === 'udp');
    expect(media).toHaveLength(432);
    expect(new Set(media.map((event) => event.source.port))).toEqual(new Set([0]));
  });

  it('the SIP streams are whole messages, each seen on both legs', () => {
    const directions = new Map<string, string>();
    for (const event of events) {
      if (event.kind !== 'tcp') continue;
      expect(event.gap).toBeUndefined();
      const key = `${String(event.source.port)}>${String(event.destination.port)}`;
      directions.set(key, (directions.get(key) ?? '') + latin1(event.payload));
    }
    const seen = [...directions.values()].flatMap(startLines);
    const requests = ['INVITE', 'PRACK', 'ACK', 'BYE'];
    expect(requests.map((method) => seen.filter((line) => line === method).length)).toEqual([2, 2, 2, 2]);
    expect(seen.filter((line) => line === 'SIP/2.0 183')).toHaveLength(2);
    const mikey = [...directions.values()].join('').match(/a=key-mgmt:mikey \S+/g) ?? [];
    expect(mikey).toHaveLength(8);
    expect(new Set(mikey).size).toBe(4);
  });

  it('becomes a stereo file with one sound on each side, every octet at its place', () => {
    const wav = createStereoWav({ encoding: 'PCMU' });
    const payloads = streams.map((stream) => {
      const receiver = createSrtpReceiver(optionsOf(stream));
      return concat(
        ...datagramsTo(stream.port).map((event) => {
          const rtp = parseRtp(receiver.unprotect(event.payload));
          expect(wav.add(stream.side, rtp, event.timeMs)).toBe(true);
          return rtp.payload;
        }),
      );
    });
    const data = wav.toBytes().subarray(58);
    for (const [channel, payload] of payloads.entries()) {
      const samples = data.filter((_, i) => i % 2 === channel);
      expect(latin1(samples)).toContain(latin1(payload)); // no gap in either stream
      expect(samples.length).toBeLessThan(payload.length + 8000);
    }
  });

  it('written in clear it is a capture again', async () => {
    const [stream] = streams;
    const receiver = createSrtpReceiver(optionsOf(stream));
    const records = datagramsTo(stream.port).map((event) => ({ ...event, payload: receiver.unprotect(event.payload) }));
    const file = concat(
      pcapHeader(),
      ...records.map((event) => pcapRecord(event.timeMs, udpFrame(event.source, event.destination, event.payload))),
    );
    const { packets, error } = await readAll([file]);
    expect(error).toBeUndefined();
    expect(transported(packets)).toEqual({ events: records, ignored: 0 });
  });
});
