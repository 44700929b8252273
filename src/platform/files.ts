/**
 * Files and directories of the roles: what holds secrets is 0600 in a directory of 0700, and a file is
 * there whole or not at all. Must never print what a file holds.
 */
import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, mkdir, open, readdir, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { concat, HalfkeyError } from '../foundation/base/index.ts';

/** The system's name of an error (`ENOENT`), for errors that have one. */
export function systemCode(error: unknown): string | undefined {
  const code: unknown = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}

/** Makes what was created or renamed in a directory durable. */
export async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Writes a file of mode 0600, whole or not at all (temporary file, fsync, rename, fsync of the directory);
 * an existing file is replaced.
 */
export async function writeSecretFile(path: string, octets: Uint8Array | string): Promise<void> {
  const temporary = join(dirname(path), `.${randomUUID()}.tmp`);
  try {
    const handle = await open(temporary, 'wx', 0o600);
    try {
      await handle.writeFile(octets);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncDirectory(dirname(path));
}

/**
 * Writes a file of mode 0600 that must not be there yet, on disk when it returns.
 * @throws HalfkeyError `OUTPUT_EXISTS` when anything of that name is there
 */
export async function writeNewSecretFile(path: string, octets: Uint8Array | string): Promise<void> {
  let handle: FileHandle;
  try {
    handle = await open(path, 'wx', 0o600);
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
    throw new HalfkeyError('OUTPUT_EXISTS', `${path} exists`, { hint: 'a secret file is never overwritten' });
  }
  try {
    await handle.writeFile(octets);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await syncDirectory(dirname(path));
}

/** Makes the directory (with its parents) if it is missing, and gives it mode 0700. @throws HalfkeyError `BAD_CONFIG` */
export async function ensurePrivateDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
    await chmod(path, 0o700);
  } catch (cause) {
    throw new HalfkeyError('BAD_CONFIG', `cannot make the directory ${path} (${systemCode(cause) ?? 'unknown'})`, {
      cause,
    });
  }
}

/** Whether a directory is missing or has no entry. @throws HalfkeyError `BAD_CONFIG` when it cannot be read */
export async function isEmptyDirectory(path: string): Promise<boolean> {
  try {
    return (await readdir(path)).length === 0;
  } catch (cause) {
    if (systemCode(cause) === 'ENOENT') return true;
    throw new HalfkeyError('BAD_CONFIG', `${path} is not a directory that can be read`, { cause });
  }
}

/** Octets of a file that is read as a whole; some have no end (/dev/zero). */
const FILE_MAX = 256 << 20;

/**
 * The octets of a file of at most `limit`.
 * @throws HalfkeyError `BAD_CONFIG` naming the path when it cannot be read or is longer
 */
export async function readOctetFile(path: string, limit = FILE_MAX): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of createReadStream(path, { end: limit })) chunks.push(chunk as Buffer);
  } catch (cause) {
    throw new HalfkeyError('BAD_CONFIG', `cannot read ${path} (${systemCode(cause) ?? 'unknown'})`, { cause });
  }
  const octets = concat(...chunks);
  // They may be those of a key.
  for (const chunk of chunks) chunk.fill(0);
  if (octets.length > limit) throw new HalfkeyError('BAD_CONFIG', `${path} is longer than ${String(limit)} octets`);
  return octets;
}

/** The text of a UTF-8 file. @throws HalfkeyError `BAD_CONFIG` when it cannot be read or is not UTF-8 */
export async function readTextFile(path: string): Promise<string> {
  const octets = await readOctetFile(path);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(octets);
  } catch (cause) {
    throw new HalfkeyError('BAD_CONFIG', `${path} is not a UTF-8 text`, { cause });
  }
}

/**
 * The octets of a file that nobody else may read: mode 0600 or stricter.
 * @throws HalfkeyError `BAD_CONFIG` when it cannot be read or its mode lets others read or write it
 */
export async function readSecretFile(path: string): Promise<Uint8Array> {
  const octets = await readOctetFile(path);
  // Windows keeps no such modes.
  if (process.platform !== 'win32' && ((await stat(path)).mode & 0o077) !== 0) {
    octets.fill(0);
    throw new HalfkeyError('BAD_CONFIG', `${path} can be read by others`, { hint: `run: chmod 600 ${path}` });
  }
  return octets;
}
