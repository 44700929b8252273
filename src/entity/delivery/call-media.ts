/**
 * The media of one warranted session: packets are held until the key is there, then decrypted one by one.
 * Streams are found by destination and SSRC, as signalling tells them, never by source (protocol profile 3.4).
 * Packets captured outside the interception interval are neither decrypted nor kept (5.3, "Time").
 */
import { isHalfkeyError, toHex, uint } from '../../foundation/base/index.ts';
import type { MediaKey } from '../../protocol/discovery/index.ts';
import {
  createStereoWav,
  parseRtp,
  pcapHeader,
  pcapRecord,
  udpFrame,
  type StereoWav,
  type UdpEvent,
} from '../../protocol/media/index.ts';
import { createSrtpReceiver, type SrtpReceiver } from '../../protocol/srtp/index.ts';
import type { Call } from '../../protocol/signalling/index.ts';
import type { SessionStream } from '../../contract/administration/index.ts';

export interface CallMediaOptions {
  readonly call: Call;
  /** Interception interval, milliseconds since 1970, half open. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Whether clear packets are kept for delivery. */
  readonly keepContent: boolean;
}

interface Stream {
  readonly direction: SessionStream['direction'];
  packets: number;
  decrypted: number;
  receiver?: SrtpReceiver;
}

/** Octets of packets that may wait for a key, over which the intake has to wait, too. */
const HELD_LIMIT = 64 * 1024 * 1024;

export class CallMedia {
  /** Packets to an address of the call with an SSRC that its CS ID map does not name (N66). */
  foreign = 0;
  /** Packets captured outside the interception interval. */
  outside = 0;
  readonly #options: CallMediaOptions;
  readonly #streams = new Map<number, Stream>();
  readonly #records: Uint8Array[] = [];
  #held: UdpEvent[] = [];
  #heldOctets = 0;
  #wav: StereoWav | undefined;
  #unlocked = false;

  constructor(options: CallMediaOptions) {
    this.#options = options;
  }

  /** Names a stream of the session, as the clear CS ID map does. */
  expect(ssrc: number, direction: SessionStream['direction']): void {
    if (ssrc !== 0 && !this.#streams.has(ssrc)) this.#streams.set(ssrc, { direction, packets: 0, decrypted: 0 });
  }

  /** Whether so many packets wait that the reader of the capture should wait, too. */
  get full(): boolean {
    return this.#heldOctets > HELD_LIMIT;
  }

  /** Whether any packet of the session has come. */
  get started(): boolean {
    return this.#held.length > 0 || [...this.#streams.values()].some(({ packets }) => packets > 0);
  }

  /** Takes a datagram that was sent to an address of the call. RTCP (RFC 5761) and what is no RTP is left alone. */
  feed(event: UdpEvent): void {
    const { payload, timeMs } = event;
    if (payload.length < 12 || (payload[0] as number) >> 6 !== 2 || isRtcp(payload[1] as number)) return;
    if (timeMs < this.#options.fromMs || timeMs >= this.#options.toMs) {
      this.outside += 1;
      return;
    }
    if (this.#unlocked) this.#decrypt(event);
    else {
      // The payload is a view into a frame that the reader will drop.
      this.#held.push({ ...event, payload: Uint8Array.from(payload) });
      this.#heldOctets += payload.length;
    }
  }

  /** Takes the session's media keys and decrypts what was held. */
  unlock(keys: readonly MediaKey[]): void {
    for (const { ssrc, roc, direction, suite, masterKey, masterSalt } of keys) {
      this.expect(ssrc, direction);
      const stream = this.#streams.get(ssrc);
      if (stream !== undefined) {
        stream.receiver = masterKey.use((key) => createSrtpReceiver({ suite, masterKey: key, masterSalt, ssrc, roc }));
      }
    }
    this.#unlocked = true;
    for (const event of this.#held) this.#decrypt(event);
    this.#held = [];
    this.#heldOctets = 0;
  }

  /** Streams of which a packet was seen, in the order in which signalling named them. */
  streams(): SessionStream[] {
    for (const { payload } of this.#held) this.#streamOf(payload);
    this.#held = [];
    return [...this.#streams]
      .filter(([, { packets }]) => packets > 0)
      .map(([ssrc, { direction, packets, decrypted }]) => ({
        ssrc: toHex(uint(ssrc, 4)),
        direction,
        packets,
        decrypted,
        failed: packets - decrypted,
      }));
  }

  /** The clear packets as a capture, and the speech when it is G.711; undefined when there is none. */
  product(): { pcap: Uint8Array | undefined; wav: Uint8Array | undefined } {
    const pcap = this.#records.length === 0 ? undefined : Buffer.concat([pcapHeader(), ...this.#records]);
    return { pcap, wav: this.#wav?.toBytes() };
  }

  close(): void {
    for (const { receiver } of this.#streams.values()) receiver?.close();
    this.#streams.clear();
    this.#held = [];
    this.#records.length = 0;
  }

  #streamOf(payload: Uint8Array): Stream | undefined {
    const ssrc = new DataView(payload.buffer, payload.byteOffset, payload.length).getUint32(8);
    const stream = this.#streams.get(ssrc);
    if (stream === undefined) this.foreign += 1;
    else stream.packets += 1;
    return stream;
  }

  #decrypt({ payload, timeMs, source, destination }: UdpEvent): void {
    const stream = this.#streamOf(payload);
    if (stream?.receiver === undefined) return;
    try {
      const clear = stream.receiver.unprotect(payload);
      stream.decrypted += 1;
      if (!this.#options.keepContent) return;
      this.#records.push(pcapRecord(timeMs, udpFrame(source, destination, clear)));
      this.#place(stream, clear, timeMs);
    } catch (error) {
      // N66: the packet is dropped and counted, the stream goes on.
      if (!isHalfkeyError(error)) throw error;
    }
  }

  /** Puts a clear G.711 packet into the sound file, whose encoding the first one decides. */
  #place({ direction }: Stream, clear: Uint8Array, timeMs: number): void {
    const packet = parseRtp(clear);
    const encoding = this.#encodingOf(packet.payloadType);
    if (encoding === undefined) return;
    this.#wav ??= createStereoWav({ encoding, payloadType: packet.payloadType });
    this.#wav.add(direction === 'initiator-to-responder' ? 'initiator' : 'responder', packet, timeMs);
  }

  #encodingOf(payloadType: number): 'PCMU' | 'PCMA' | undefined {
    const formats = this.#options.call.media.flatMap(({ formats: list }) => list);
    const named = formats.find((format) => format.payloadType === payloadType)?.encoding.toUpperCase();
    return named === 'PCMU' || named === 'PCMA' ? named : undefined;
  }
}

/** RFC 5761 4: RTCP packet types 192 to 223 stand where RTP has marker and payload type. */
function isRtcp(second: number): boolean {
  return second >= 192 && second <= 223;
}
