/**
 * The media of one warranted session: packets are held until the key is there, then decrypted one by one.
 * Packets are found by destination and SSRC, as signalling tells them, never by source (protocol profile 3.4).
 * Packets captured outside the interception interval are neither decrypted nor kept (5.3, "Time").
 */
import { isHalfkeyError } from '../../foundation/base/index.ts';
import type { MediaKey } from '../../protocol/discovery/index.ts';
import {
  createStereoWav,
  parseRtp,
  pcapHeader,
  pcapRecord,
  udpFrame,
  type RtpPacket,
  type StereoWav,
  type UdpEvent,
} from '../../protocol/media/index.ts';
import type { Call } from '../../protocol/signalling/index.ts';
import type { SessionStream } from '../../contract/administration/index.ts';
import { SrtpStreams, type Direction } from './srtp-streams.ts';

export interface CallMediaOptions {
  readonly call: Pick<Call, 'media'>;
  /** Interception interval, milliseconds since 1970, half open. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Whether clear packets are kept for delivery. */
  readonly keepContent: boolean;
  /** Octets of packets that may wait for a key; 64 MiB. */
  readonly heldLimit?: number;
}

interface HeldPacket {
  readonly event: UdpEvent;
  readonly direction: Direction | undefined;
}

const HELD_LIMIT = 64 * 1024 * 1024;
/** What a held packet costs beside its octets. */
const HELD_OVERHEAD = 256;

export class CallMedia {
  /** Packets captured outside the interception interval. */
  outside = 0;
  /** Packets that no key came for before too many waited. */
  dropped = 0;
  readonly #options: CallMediaOptions;
  readonly #streams = new SrtpStreams();
  readonly #records: Uint8Array[] = [];
  readonly #encodings = new Map<number, 'PCMU' | 'PCMA'>();
  #held: HeldPacket[] = [];
  #heldOctets = 0;
  #wav: StereoWav | undefined;
  #unlocked = false;

  constructor(options: CallMediaOptions) {
    this.#options = options;
  }

  /** Packets to an address of the call with an SSRC that its CS ID map does not name (N66). */
  get foreign(): number {
    return this.#streams.foreign;
  }

  /** Whether so many packets wait that the reader of the capture should wait, too. */
  get full(): boolean {
    return this.#heldOctets > (this.#options.heldLimit ?? HELD_LIMIT);
  }

  /** Whether any packet of the session has come. */
  get started(): boolean {
    return this.#held.length > 0 || this.#streams.started;
  }

  /** Names a stream of the session, as the clear CS ID map does. */
  expect(ssrc: number, direction: Direction): void {
    this.#streams.expect(ssrc, direction);
  }

  /**
   * Takes a datagram that was sent to an address of the call; `direction` is what that address tells, undefined when
   * both sides announced it. RTCP (RFC 5761) and what is no RTP is left alone. The event is kept, and not changed:
   * its payload must stay as it is.
   */
  feed(event: UdpEvent, direction: Direction | undefined): void {
    const { payload, timeMs } = event;
    if (payload.length < 12 || (payload[0] as number) >> 6 !== 2 || isRtcp(payload[1] as number)) return;
    if (timeMs < this.#options.fromMs || timeMs >= this.#options.toMs) {
      this.outside += 1;
    } else if (this.#unlocked) {
      this.#decrypt(event, direction);
    } else if (this.full) {
      this.dropped += 1;
      this.#streams.count(payload, direction, timeMs);
    } else {
      this.#held.push({ event, direction });
      this.#heldOctets += payload.length + HELD_OVERHEAD;
    }
  }

  /** Takes the session's media keys, which stay the caller's to wipe, and decrypts what was held. */
  unlock(keys: readonly MediaKey[]): void {
    this.#streams.unlock(keys);
    this.#unlocked = true;
    for (const { event, direction } of this.#held) this.#decrypt(event, direction);
    this.#forgetHeld();
  }

  /** Throws away what was decrypted: the key turned out not to be proved (N65). */
  discard(): void {
    for (const record of this.#records) record.fill(0);
    this.#records.length = 0;
    this.#wav = undefined;
  }

  /** Streams of which a packet was seen; with `delivered` false nothing of them counts as decrypted. */
  streams(delivered: boolean): SessionStream[] {
    for (const { event, direction } of this.#held) this.#streams.count(event.payload, direction, event.timeMs);
    this.#forgetHeld();
    return this.#streams.summary(delivered);
  }

  /** The clear packets as a capture, and the speech when it is G.711; undefined when there is none. */
  product(): { pcap: Uint8Array | undefined; wav: Uint8Array | undefined } {
    const pcap = this.#records.length === 0 ? undefined : Buffer.concat([pcapHeader(), ...this.#records]);
    return { pcap, wav: this.#wav?.toBytes() };
  }

  /** Wipes session keys and clear packets. */
  close(): void {
    this.discard();
    this.#forgetHeld();
    this.#streams.close();
  }

  #forgetHeld(): void {
    this.#held = [];
    this.#heldOctets = 0;
  }

  #decrypt({ payload, timeMs, source, destination }: UdpEvent, towards: Direction | undefined): void {
    const opened = this.#streams.decrypt(payload, towards, timeMs);
    if (opened === undefined || !this.#options.keepContent) return;
    const { clear, direction } = opened;
    this.#records.push(pcapRecord(timeMs, udpFrame(source, destination, clear)));
    this.#place(direction, clear, timeMs);
  }

  /** Puts a clear G.711 packet into the sound file, whose encoding the first one decides. */
  #place(direction: Direction, clear: Uint8Array, timeMs: number): void {
    const packet = rtpOf(clear);
    const encoding = packet === undefined ? undefined : this.#encodingOf(packet.payloadType);
    if (packet === undefined || encoding === undefined) return;
    this.#wav ??= createStereoWav({ encoding, payloadType: packet.payloadType });
    this.#wav.add(direction === 'initiator-to-responder' ? 'initiator' : 'responder', packet, timeMs);
  }

  #encodingOf(payloadType: number): 'PCMU' | 'PCMA' | undefined {
    const known = this.#encodings.get(payloadType);
    if (known !== undefined) return known;
    const formats = this.#options.call.media.flatMap(({ formats: list }) => list);
    const named = formats.find((format) => format.payloadType === payloadType)?.encoding.toUpperCase();
    if (named !== 'PCMU' && named !== 'PCMA') return undefined;
    this.#encodings.set(payloadType, named);
    return named;
  }
}

/** RFC 5761 4: RTCP packet types 192 to 223 stand where RTP has marker and payload type. */
function isRtcp(second: number): boolean {
  return second >= 192 && second <= 223;
}

/** A sender may authenticate what is no RTP, for example with false padding: that is delivered, but is no sound. */
function rtpOf(clear: Uint8Array): RtpPacket | undefined {
  try {
    return parseRtp(clear);
  } catch (error) {
    if (!isHalfkeyError(error)) throw error;
    return undefined;
  }
}
