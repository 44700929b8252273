/**
 * A capture that is read twice: for the intake, then for the report. A file is opened again; of a pipe, which gives its
 * octets once, they are kept on their way, up to a limit. Of a longer one the report has no messages.
 */
import { stat } from 'node:fs/promises';
import { octetsOf } from './capture-clock.ts';

/** Octets of a pipe that are kept. */
const KEPT_MAX = 64 * 1024 * 1024;

export interface CaptureFile {
  /** For the intake; to be read to its end before {@link again}. */
  readonly capture: () => AsyncIterable<Uint8Array>;
  readonly again: () => AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

export async function captureFile(path: string): Promise<CaptureFile> {
  // One that is not there is refused when it is opened.
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile() !== false) return { capture: () => octetsOf(path), again: () => octetsOf(path) };
  const kept: Uint8Array[] = [];
  let length = 0;
  async function* keeping(): AsyncGenerator<Uint8Array> {
    for await (const chunk of octetsOf(path)) {
      length += chunk.length;
      if (length > KEPT_MAX) kept.length = 0;
      else kept.push(Uint8Array.from(chunk));
      yield chunk;
    }
  }
  return { capture: keeping, again: () => kept };
}
