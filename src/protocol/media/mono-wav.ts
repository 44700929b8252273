/**
 * What one party received as a mono WAV file without decoding: G.711, 8000 Hz, each packet where its RTP timestamp puts
 * it, relative to the first packet. Gaps are silence; of packets that overlap, the one received first stays; packets that
 * would make the file longer than allowed (a jumping timestamp) are dropped and counted.
 */
import { concat } from '../../foundation/base/bytes.ts';
import type { RtpPacket } from './rtp.ts';
import { ENCODINGS, SAMPLE_RATE, wavHeader } from './wav-header.ts';

export interface MonoWav {
  /** Places a clear packet; its payload is copied. False when it was dropped. */
  add(packet: RtpPacket): boolean;
  readonly dropped: number;
  /** Samples, an octet each, from the first packet to the last, without a header. */
  samples(): Uint8Array;
  /** The file: header, `fact`, samples. */
  toBytes(): Uint8Array;
}

/** A new recording, at most `maxSeconds` long, 4 hours by default. @throws TypeError when `maxSeconds` is not positive */
export function createMonoWav(encoding: keyof typeof ENCODINGS, maxSeconds = 4 * 3600): MonoWav {
  const { tag, silence, payloadType } = ENCODINGS[encoding];
  const maxSamples = SAMPLE_RATE * maxSeconds;
  if (!(maxSamples > 0)) throw new TypeError('createMonoWav: maxSeconds is not positive');
  const placed: { readonly at: number; readonly payload: Uint8Array }[] = [];
  let origin: number | undefined;
  let first = 0;
  let end = 0;
  let dropped = 0;

  function add(packet: RtpPacket): boolean {
    const { timestamp, payload } = packet;
    const at = (timestamp - (origin ?? timestamp)) | 0; // modulo 2^32, signed: also late packets and the wrap
    const [newFirst, newEnd] = [Math.min(first, at), Math.max(end, at + payload.length)];
    if (packet.payloadType !== payloadType || payload.length === 0 || newEnd - newFirst > maxSamples) {
      dropped++;
      return false;
    }
    origin ??= timestamp;
    [first, end] = [newFirst, newEnd];
    placed.push({ at, payload: Uint8Array.from(payload) });
    return true;
  }

  function samples(): Uint8Array {
    const data = new Uint8Array(end - first).fill(silence);
    for (const { at, payload } of placed.toReversed()) data.set(payload, at - first);
    return data;
  }

  return {
    add,
    samples,
    toBytes() {
      const data = samples();
      return concat(wavHeader(tag, 1, data.length), data);
    },
    get dropped() {
      return dropped;
    },
  };
}
