/**
 * A call's two G.711 streams as one stereo WAV file without decoding: format tag 7 (mu-law) or 6 (A-law), 8000 Hz,
 * left = initiator, right = responder.
 *
 * Placement. Within a stream a packet stands where its RTP timestamp puts it, relative to the stream's first packet.
 * The two first packets stand apart by the difference of their capture times. The file begins with the earliest sample.
 * A timestamp that jumps by more than {@link MAX_JUMP_MS} against the capture clock (a re-started or hostile stream) is
 * not believed: the stream starts again, at its capture time. Octets that no packet covers are silence. Of packets that
 * overlap, the one received first stays, so repeated packets change nothing. Packets beyond the maximal length of the
 * file are dropped and counted.
 */
import { concat } from '../../foundation/base/bytes.ts';
import type { RtpPacket } from './rtp.ts';
import { ENCODINGS, SAMPLE_RATE, wavHeader } from './wav-header.ts';

const SAMPLES_PER_MS = SAMPLE_RATE / 1000;
/** How far a stream's own clock may depart from the capture clock between two packets: a buffer in the network, a pause. */
const MAX_JUMP_MS = 10_000;
const DEFAULT_MAX_SECONDS = 4 * 3600;

export interface StereoWavOptions {
  readonly encoding: keyof typeof ENCODINGS;
  /** The payload type that carries the encoding, 0 or 8 by default (RFC 3551 6); packets of another type are dropped. */
  readonly payloadType?: number;
  /** Longest file, in seconds; 4 hours by default, which are 230 million octets. */
  readonly maxSeconds?: number;
}

export interface StereoWav {
  /** Places a clear packet, captured at `timeMs`; its payload is copied. False when it was dropped. */
  add(side: 'initiator' | 'responder', packet: RtpPacket, timeMs: number): boolean;
  /** Packets that were dropped: of another payload type, empty, or beyond the maximal length. */
  readonly dropped: number;
  /** The file: header, `fact`, samples. Packets may be added afterwards for a longer one. */
  toBytes(): Uint8Array;
}

interface Placed {
  /** In samples, relative to the first packet of the first stream by capture time; may be negative. */
  readonly at: number;
  readonly payload: Uint8Array;
}

interface Stream {
  readonly placed: Placed[];
  /** The newest packet that the clocks agreed on. */
  reference?: { readonly timestamp: number; readonly at: number; readonly timeMs: number };
}

/** A new file for one call. @throws TypeError when `maxSeconds` is not a positive number */
export function createStereoWav(options: StereoWavOptions): StereoWav {
  const { tag, silence, payloadType: defaultType } = ENCODINGS[options.encoding];
  const payloadType = options.payloadType ?? defaultType;
  const maxSamples = SAMPLE_RATE * (options.maxSeconds ?? DEFAULT_MAX_SECONDS);
  if (!(maxSamples > 0)) throw new TypeError('createStereoWav: maxSeconds is not positive');
  const streams: Record<'initiator' | 'responder', Stream> = { initiator: { placed: [] }, responder: { placed: [] } };
  let originMs: number | undefined;
  let first = Infinity;
  let end = -Infinity;
  let dropped = 0;

  /** Where the packet belongs, by its timestamp if that can be believed, else by its capture time. */
  function position(stream: Stream, timestamp: number, timeMs: number): number {
    const byCapture = Math.round((timeMs - (originMs ?? timeMs)) * SAMPLES_PER_MS);
    const { reference } = stream;
    if (reference === undefined) return byCapture;
    const delta = (timestamp - reference.timestamp) | 0; // modulo 2^32, signed: also late packets and the wrap
    const jumpMs = Math.abs(delta / SAMPLES_PER_MS - (timeMs - reference.timeMs));
    return jumpMs <= MAX_JUMP_MS ? reference.at + delta : byCapture;
  }

  function add(side: 'initiator' | 'responder', packet: RtpPacket, timeMs: number): boolean {
    const { timestamp, payload } = packet;
    const stream = streams[side];
    const at = position(stream, timestamp, timeMs);
    const newFirst = Math.min(first, at);
    const newEnd = Math.max(end, at + payload.length);
    const wanted = packet.payloadType === payloadType && payload.length > 0;
    if (!wanted || !(newEnd - newFirst <= maxSamples)) {
      dropped++;
      return false;
    }
    originMs ??= timeMs;
    [first, end] = [newFirst, newEnd];
    stream.reference = { timestamp, at, timeMs };
    stream.placed.push({ at, payload: Uint8Array.from(payload) });
    return true;
  }

  function toBytes(): Uint8Array {
    const samples = Math.max(0, end - first);
    const data = new Uint8Array(2 * samples).fill(silence);
    for (const [channel, stream] of [streams.initiator, streams.responder].entries()) {
      for (const { at, payload } of stream.placed.toReversed()) {
        let offset = 2 * (at - first) + channel;
        for (const octet of payload) {
          data[offset] = octet;
          offset += 2;
        }
      }
    }
    return concat(wavHeader(tag, 2, samples), data);
  }

  return {
    add,
    toBytes,
    get dropped() {
      return dropped;
    },
  };
}
