/**
 * When a capture was made, and what must be added to its times so that it lies around T: a replay changes no clock,
 * it says how far the capture's clock is from the call's.
 */
import { createReadStream } from 'node:fs';
import { HalfkeyError } from '../../foundation/base/index.ts';
import { readCapture } from '../../protocol/media/index.ts';

/** Milliseconds to add; 0 when the capture begins inside [fromMs, toMs). @throws HalfkeyError `BadCapture` */
export async function clockOffset(file: string, t1: number, fromMs: number, toMs: number): Promise<number> {
  for await (const { timeMs } of readCapture(octetsOf(file))) {
    return timeMs >= fromMs && timeMs < toMs ? 0 : Math.round(1000 * t1 - timeMs);
  }
  throw new HalfkeyError('BadCapture', 'the capture holds no packet');
}

/** The octets of a capture file. @throws HalfkeyError `BadCapture` when it cannot be read */
export async function* octetsOf(file: string): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of createReadStream(file)) yield chunk as Uint8Array;
  } catch (cause) {
    throw new HalfkeyError('BadCapture', 'the capture cannot be read', { cause });
  }
}
