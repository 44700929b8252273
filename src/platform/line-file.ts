/**
 * A file of lines that only grows: a line is there whole or not at all. What a process that was killed had not finished
 * writing is cut off when the file is opened again. Mode 0600.
 */
import { createReadStream } from 'node:fs';
import { open, stat, type FileHandle } from 'node:fs/promises';
import { HalfkeyError } from '../foundation/base/index.ts';
import { systemCode, writeSecretFile } from './files.ts';

export interface LineFile {
  /**
   * Appends lines, without their ends; they are on disk when it returns. One call after the other. A call that fails, for
   * example on a full disk, leaves the file as it was; where even that fails, the file takes no line any more.
   */
  append(lines: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

/** Whether anything of that name is there. */
export async function fileExists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false;
    throw error;
  }
}

/** Makes a file whose first line is there from the beginning, so that the file can always be told from another. */
export async function createLineFile(path: string, firstLine: string): Promise<LineFile> {
  await writeSecretFile(path, `${firstLine}\n`);
  return appender(path, Buffer.byteLength(firstLine) + 1);
}

/**
 * Opens a file that is there: gives each of its lines to `take`, which may refuse the file by throwing; only then is an
 * unfinished line at the end cut off.
 * @throws HalfkeyError `BAD_CONFIG` when it cannot be read, `OUTPUT_EXISTS` when it holds no whole line
 */
export async function openLineFile(path: string, take: (line: string) => void): Promise<LineFile> {
  let whole = 0;
  let rest: Buffer[] = [];
  try {
    for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
      let from = 0;
      for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
        const line = Buffer.concat([...rest, chunk.subarray(from, end)]);
        rest = [];
        whole += line.length + 1;
        from = end + 1;
        take(line.toString('utf8'));
      }
      rest.push(chunk.subarray(from));
    }
  } catch (cause) {
    if (cause instanceof HalfkeyError) throw cause;
    throw new HalfkeyError('BAD_CONFIG', `cannot read ${path} (${systemCode(cause) ?? 'unknown'})`, { cause });
  }
  // What has no line of its own was not made here, whatever it is.
  if (whole === 0) throw new HalfkeyError('OUTPUT_EXISTS', `${path} is there and holds no line`);
  return appender(path, whole);
}

/** Appends behind the first `length` octets of a file, and drops what stands there. */
async function appender(path: string, length: number): Promise<LineFile> {
  const handle: FileHandle = await open(path, 'r+');
  let position = length;
  await handle.truncate(position);
  return {
    async append(lines) {
      const octets = Buffer.from(lines.map((line) => `${line}\n`).join(''));
      try {
        for (let done = 0; done < octets.length;) {
          const { bytesWritten } = await handle.write(octets, done, octets.length - done, position + done);
          done += bytesWritten;
        }
        await handle.datasync();
      } catch (error) {
        // The next call must not follow half a line.
        await handle.truncate(position).catch(() => handle.close());
        throw error;
      }
      position += octets.length;
    },
    close: () => handle.close(),
  };
}
