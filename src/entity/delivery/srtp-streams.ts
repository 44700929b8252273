/**
 * The SRTP streams of one session: who sends which SSRC, what was counted, and the receiver once the key is there.
 * A stream is found by its direction and SSRC (protocol profile 3.4): both parties may have chosen the same SSRC.
 */
import { isHalfkeyError, toHex, uint } from '../../foundation/base/index.ts';
import type { MediaKey } from '../../protocol/discovery/index.ts';
import { createSrtpReceiver, type SrtpReceiver } from '../../protocol/srtp/index.ts';
import type { SessionStream } from '../../contract/administration/index.ts';

export type Direction = SessionStream['direction'];

interface Stream {
  readonly ssrc: number;
  readonly direction: Direction;
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
    if (ssrc !== 0 && !this.#streams.has(key)) this.#streams.set(key, { ssrc, direction, packets: 0, decrypted: 0 });
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

  /** Counts a packet that is not decrypted. */
  count(packet: Uint8Array, direction: Direction | undefined): void {
    const stream = this.#streamOf(packet, direction);
    if (stream === undefined) this.foreign += 1;
    else stream.packets += 1;
  }

  /**
   * Counts and decrypts a packet of at least 12 octets that was sent in `direction`, as far as its destination tells.
   * @returns undefined when it is dropped: another SSRC, a wrong tag, a replay (N66)
   */
  decrypt(
    packet: Uint8Array,
    direction: Direction | undefined,
  ): { clear: Uint8Array; direction: Direction } | undefined {
    this.count(packet, direction);
    const stream = this.#streamOf(packet, direction);
    if (stream?.receiver === undefined) return undefined;
    try {
      const clear = stream.receiver.unprotect(packet);
      stream.decrypted += 1;
      return { clear, direction: stream.direction };
    } catch (error) {
      if (!isHalfkeyError(error)) throw error;
      return undefined;
    }
  }

  /** Streams of which a packet was seen, in the order in which they were named; `delivered` false counts all as failed. */
  summary(delivered: boolean): SessionStream[] {
    return [...this.#streams.values()]
      .filter(({ packets }) => packets > 0)
      .map(({ ssrc, direction, packets, decrypted }) => {
        const good = delivered ? decrypted : 0;
        return { ssrc: toHex(uint(ssrc, 4)), direction, packets, decrypted: good, failed: packets - good };
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

function keyOf(ssrc: number, direction: Direction): string {
  return `${direction} ${String(ssrc)}`;
}
