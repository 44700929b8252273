/** The file of a tap's capture: what passes, as it comes. No call waits for it, and none may end because it is lost. */
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { HalfkeyError } from '../../foundation/base/index.ts';

export interface CaptureFile {
  /** Takes octets without waiting; they must not be changed afterwards. Does nothing once the capture is lost. */
  write(octets: Uint8Array): void;
  /** Fulfilled when everything is written, or the capture is lost. */
  close(): Promise<void>;
}

/**
 * Makes a file of mode 0600 that must not be there yet. `onLost` is called once when it cannot be written any more, with
 * `UNAVAILABLE`: what is in it until then stays.
 * @throws HalfkeyError `OUTPUT_EXISTS` when anything of that name is there, `BAD_CONFIG` when the file cannot be made
 */
export async function createCaptureFile(path: string, onLost: (error: HalfkeyError) => void): Promise<CaptureFile> {
  const stream = createWriteStream(path, { mode: 0o600, flags: 'wx' });
  try {
    await once(stream, 'open');
  } catch (cause) {
    const { code = 'unknown' } = cause as NodeJS.ErrnoException;
    if (code === 'EEXIST') throw new HalfkeyError('OUTPUT_EXISTS', `${path} exists`, { hint: 'name another file' });
    throw new HalfkeyError('BAD_CONFIG', `cannot make the capture ${path} (${code})`, { cause });
  }
  let lost = false;
  stream.once('error', (cause) => {
    lost = true;
    onLost(new HalfkeyError('UNAVAILABLE', 'the capture cannot be written any more', { cause }));
  });
  return {
    write(octets) {
      if (!lost) stream.write(octets);
    },
    close: () =>
      new Promise((resolve) => {
        stream.end(() => {
          resolve();
        });
      }),
  };
}
