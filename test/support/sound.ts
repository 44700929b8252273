/** WAV files of mu-law: their samples, and how loud they are. */
import { parseRtp, type TransportEvent } from '../../src/protocol/media/index.ts';

/** Octets of the `data` chunk. */
export const dataOf = (wav: Buffer): Buffer => {
  const at = wav.indexOf('data');
  return wav.subarray(at + 8, at + 8 + wav.readUInt32LE(at + 4));
};

/** Left and right of a stereo file of one octet a sample. */
export function channelsOf(wav: Buffer): [Buffer, Buffer] {
  const data = dataOf(wav);
  const channel = (first: 0 | 1): Buffer => Buffer.from(data.filter((_, i) => i % 2 === first));
  return [channel(0), channel(1)];
}

/** Where in the file of a call the packets of a stream lie, in samples; `to` is after the last one. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/**
 * The spans of the streams (by SSRC, hex) that decrypted packets make: the first packet of a call begins the file, of
 * other streams the capture time says how much later they begin; within a stream the RTP timestamp counts.
 */
export function spansOf(events: readonly TransportEvent[]): ReadonlyMap<string, Span> {
  const spans = new Map<string, Span & { readonly origin: number }>();
  const beginMs = events[0]?.timeMs ?? 0;
  for (const { timeMs, payload: packet } of events) {
    const { ssrc, timestamp, payload } = parseRtp(packet);
    const name = ssrc.toString(16).padStart(8, '0');
    const from = Math.round((timeMs - beginMs) * 8);
    const span = spans.get(name) ?? { from, to: from, origin: timestamp };
    const end = span.from + ((timestamp - span.origin) >>> 0) + payload.length;
    spans.set(name, { ...span, to: Math.max(span.to, end) });
  }
  return spans;
}

/** One sample of mu-law, 16 bits (G.711, table 2b). */
export function muLawSample(octet: number): number {
  const inverted = ~octet & 0xff;
  const magnitude = (((inverted & 0x0f) << 3) + 0x84) << ((inverted >> 4) & 7);
  return inverted & 0x80 ? 0x84 - magnitude : magnitude - 0x84;
}

/** Root mean square of mu-law, in decibels of full scale. */
export function rmsDbfs(samples: Uint8Array): number {
  const sum = samples.reduce((total, octet) => total + muLawSample(octet) ** 2, 0);
  return 20 * Math.log10(Math.sqrt(sum / samples.length) / 32_768);
}
