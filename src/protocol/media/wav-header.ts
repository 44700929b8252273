/** The head of a G.711 WAV file: RIFF header, `fmt ` of 18 octets, `fact`, and the head of `data`; little endian. */
import { ascii } from '../../foundation/base/bytes.ts';

/** Samples a second and channel: all that G.711 knows. */
export const SAMPLE_RATE = 8000;

/** Format tags, silence and static payload types of the two laws (RFC 3551 6). */
export const ENCODINGS = {
  PCMU: { tag: 7, silence: 0xff, payloadType: 0 },
  PCMA: { tag: 6, silence: 0xd5, payloadType: 8 },
} as const;

/** 58 octets; `samples` counts those of one channel, an octet each. */
export function wavHeader(tag: number, channels: number, samples: number): Uint8Array {
  const octets = channels * samples;
  const header = new Uint8Array(58);
  const view = new DataView(header.buffer);
  header.set(ascii('RIFF'), 0);
  view.setUint32(4, 50 + octets, true);
  header.set(ascii('WAVEfmt '), 8);
  view.setUint32(16, 18, true);
  view.setUint16(20, tag, true);
  view.setUint16(22, channels, true);
  view.setUint32(24, SAMPLE_RATE, true);
  view.setUint32(28, channels * SAMPLE_RATE, true); // octets a second
  view.setUint16(32, channels, true); // octets a frame
  view.setUint16(34, 8, true); // bits a sample
  header.set(ascii('fact'), 38);
  view.setUint32(42, 4, true);
  view.setUint32(46, samples, true);
  header.set(ascii('data'), 50);
  view.setUint32(54, octets, true);
  return header;
}
