/**
 * When a capture was made, and what must be added to its times so that it lies around T: a replay changes no clock,
 * it says how far the capture's clock is from the call's.
 */
import { createReadStream } from 'node:fs';
import { HalfkeyError, isHalfkeyError, ntpToUnixSeconds } from '../../foundation/base/index.ts';
import { readIbakeMessage } from '../../protocol/mikey/index.ts';
import { createTransport, readCapture, type TransportEvent } from '../../protocol/media/index.ts';
import { createCallTracker, createSipCarriers } from '../../protocol/signalling/index.ts';

/** Milliseconds to add for a call of `t1` (seconds since 1970) captured at `timeMs`: 0 when that is inside [fromMs, toMs). */
export function clockOffset(timeMs: number, t1: number, fromMs: number, toMs: number): number {
  return timeMs >= fromMs && timeMs < toMs ? 0 : Math.round(1000 * t1 - timeMs);
}

/**
 * When the call of `t1` was captured, in milliseconds since 1970: when its I_MESSAGE_1 was seen, or, when it was not,
 * when the capture begins. @throws HalfkeyError `BadCapture`
 */
export async function timeOfCall(file: string, t1: number): Promise<number> {
  const transport = createTransport();
  const carriers = createSipCarriers();
  const tracker = createCallTracker();
  let firstMs: number | undefined;

  function find(events: readonly TransportEvent[]): number | undefined {
    for (const event of events) {
      for (const message of carriers.take(event) ?? []) {
        const found = tracker.feed(message, event.timeMs)?.newMikey ?? [];
        if (found.some(({ bytes }) => isOfTime(bytes, t1))) return event.timeMs;
      }
    }
    return undefined;
  }

  try {
    for await (const packet of readCapture(octetsOf(file))) {
      firstMs ??= packet.timeMs;
      const found = find(transport.feed(packet));
      if (found !== undefined) return found;
    }
  } catch (error) {
    // The Delivery Function tells that the capture is cut off; what was whole is of use.
    if (!isHalfkeyError(error, 'BadCapture') || firstMs === undefined) throw error;
  }
  if (firstMs === undefined) throw new HalfkeyError('BadCapture', 'the capture holds no packet');
  return find(transport.flush()) ?? firstMs;
}

function isOfTime(mikey: Uint8Array, t1: number): boolean {
  try {
    return ntpToUnixSeconds(readIbakeMessage(mikey).t) === t1;
  } catch (error) {
    if (!isHalfkeyError(error)) throw error;
    return false;
  }
}

/** The octets of a capture file. @throws HalfkeyError `BadCapture` when it cannot be read */
export async function* octetsOf(file: string): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of createReadStream(file)) yield chunk as Uint8Array;
  } catch (cause) {
    throw new HalfkeyError('BadCapture', 'the capture cannot be read', { cause });
  }
}
