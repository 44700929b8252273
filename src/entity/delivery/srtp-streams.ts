/**
 * The SRTP streams of one session: who sends which SSRC, what was counted, and the receiver once the key is there.
 * A stream is found by its direction and SSRC (protocol profile 3.4): both parties may have chosen the same SSRC.
 */
import { isHalfkeyError, toHex, uint } from '../../foundation/base/index.ts';
import type { MediaKey } from '../../protocol/discovery/index.ts';
import { createSrtpReceiver, type SrtpReceiver } from '../../protocol/srtp/index.ts';
import type { SessionStream } from '../../contract/administration/index.ts';
import { StreamTimeline } from './stream-timeline.ts';

export type Direction = SessionStream['direction'];

interface Stream {
  readonly ssrc: number;
  readonly direction: Direction;
  readonly timeline: StreamTimeline;
  packets: number;
  decrypted: number;
  receiver?: SrtpReceiver;
}

const OPPOSITE: Readonly<Record<Direction, Direction>> = {
  'initiator-to-responder': 'responder-to-initiator',
  'responder-to-initiator': 'initiator-to-responder',
};

export class SrtpStreams {
  /** Packets with an SSRC that the session's CS ID map does not name (N66). */
  foreign = 0;
  readonly #streams = new Map<string, Stream>();

  /** Names a stream, as the clear CS ID map does; SSRC 0 is none. */
  expect(ssrc: number, direction: Direction): void {
    const key = keyOf(ssrc, direction);
    if (ssrc === 0 || this.#streams.has(key)) return;
    this.#streams.set(key, { ssrc, direction, timeline: new StreamTimeline(), packets: 0, decrypted: 0 });
  }

  /** Whether any packet of a named stream has been counted. */
  get started(): boolean {
    return [...this.#streams.values()].some(({ packets }) => packets > 0);
  }

  /** Gives each stream its receiver; the keys stay the caller's to wipe. */
  unlock(keys: readonly MediaKey[]): void {
    for (const { ssrc, roc, direction, suite, masterKey, masterSalt } of keys) {
      this.expect(ssrc, direction);
      const stream = this.#streams.get(keyOf(ssrc, direction));
      if (stream === undefined) continue;
      stream.receiver?.close();
      stream.receiver = masterKey.use((key) => createSrtpReceiver({ suite, masterKey: key, masterSalt, ssrc, roc }));
    }
  }

  /** Counts a packet, captured at `timeMs`, that is not decrypted. */
  count(packet: Uint8Array, direction: Direction | undefined, timeMs: number): void {
    const stream = this.#streamOf(packet, direction);
    if (stream === undefined) this.foreign += 1;
    else note(stream, packet, timeMs, 'unread');
  }

  /**
   * Counts and decrypts a packet of at least 12 octets that was sent in `direction`, as far as its destination tells.
   * @returns undefined when it is dropped: another SSRC, a wrong tag, a replay (N66)
   */
  decrypt(
    packet: Uint8Array,
    direction: Direction | undefined,
    timeMs: number,
  ): { clear: Uint8Array; direction: Direction } | undefined {
    const stream = this.#streamOf(packet, direction);
    if (stream?.receiver === undefined) {
      this.count(packet, direction, timeMs);
      return undefined;
    }
    try {
      const clear = stream.receiver.unprotect(packet);
      note(stream, packet, timeMs, 'decrypted');
      return { clear, direction: stream.direction };
    } catch (error) {
      if (!isHalfkeyError(error)) throw error;
      note(stream, packet, timeMs, 'refused');
      return undefined;
    }
  }

  /** Streams of which a packet was seen, in the order in which they were named; `delivered` false counts all as failed. */
  summary(delivered: boolean): SessionStream[] {
    return [...this.#streams.values()]
      .filter(({ packets }) => packets > 0)
      .map(({ ssrc, direction, packets, decrypted, timeline }) => {
        const good = delivered ? decrypted : 0;
        const counts = { packets, decrypted: good, failed: packets - good, timeline: timeline.summary(delivered) };
        return { ssrc: toHex(uint(ssrc, 4)), direction, ...counts };
      });
  }

  /** Wipes the session keys. */
  close(): void {
    for (const { receiver } of this.#streams.values()) receiver?.close();
    this.#streams.clear();
  }

  #streamOf(packet: Uint8Array, direction: Direction | undefined): Stream | undefined {
    const ssrc = new DataView(packet.buffer, packet.byteOffset, packet.length).getUint32(8);
    const likely = direction ?? 'initiator-to-responder';
    // An address that both sides announced, or that a relay changed, does not tell the direction.
    return this.#streams.get(keyOf(ssrc, likely)) ?? this.#streams.get(keyOf(ssrc, OPPOSITE[likely]));
  }
}

/** Enters a packet into the books of its stream. */
function note(stream: Stream, packet: Uint8Array, timeMs: number, outcome: Parameters<StreamTimeline['add']>[2]): void {
  stream.packets += 1;
  if (outcome === 'decrypted') stream.decrypted += 1;
  stream.timeline.add(timeMs, new DataView(packet.buffer, packet.byteOffset, packet.length).getUint16(2), outcome);
}

function keyOf(ssrc: number, direction: Direction): string {
  return `${direction} ${String(ssrc)}`;
}
