/**
 * Speech as packets in time: 160 samples every 20 ms by a clock that never goes back (RFC 3551 4.2). A timer that comes
 * late sends what is due at once, so that the stream never drifts from the clock.
 */
import type { Scheduler } from '../../foundation/base/index.ts';

/** Samples, and octets of mu-law, of a packet; milliseconds that it lasts. */
export const PACKET_SAMPLES = 160;
export const PACKET_MS = 20;

/**
 * Gives `speech` to `send` in pieces of 160 octets, the last one shorter: nothing is added to it. `onEnd` follows a packet
 * time after the last one. The result stops it.
 */
export function pace(
  scheduler: Scheduler,
  speech: Uint8Array,
  send: (payload: Uint8Array, index: number) => void,
  onEnd: () => void,
): () => void {
  const packets = Math.ceil(speech.length / PACKET_SAMPLES);
  const start = scheduler.monotonicMs();
  let next = 0;
  let cancel: () => void;
  const tick = (): void => {
    const due = Math.floor((scheduler.monotonicMs() - start) / PACKET_MS) + 1;
    for (; next < Math.min(due, packets); next++)
      send(speech.subarray(next * PACKET_SAMPLES, (next + 1) * PACKET_SAMPLES), next);
    if (due > packets) {
      onEnd();
      return;
    }
    cancel = scheduler.after(Math.max(0, start + next * PACKET_MS - scheduler.monotonicMs()), tick);
  };
  cancel = scheduler.after(0, tick);
  return () => {
    cancel();
  };
}
