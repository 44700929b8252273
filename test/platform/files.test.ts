import { chmodSync, existsSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  createKeyFile,
  ensurePrivateDirectory,
  isEmptyDirectory,
  openSealer,
  readOctetFile,
  readSecretFile,
  readTextFile,
  writeSecretFile,
} from '../../src/platform/index.ts';
import { coded, temporaryDirectory } from './support.ts';

const modeOf = (path: string): number => statSync(path).mode & 0o777;

describe('files', () => {
  it('secret files are 0600, replaced whole, and leave nothing else behind', async () => {
    const directory = temporaryDirectory();
    const path = join(directory, 'key');
    writeFileSync(path, 'old', { mode: 0o644 });
    await writeSecretFile(path, Uint8Array.of(1, 2, 3));
    expect(modeOf(path)).toBe(0o600);
    expect(await readSecretFile(path)).toEqual(Uint8Array.of(1, 2, 3));
    expect(readdirSync(directory)).toEqual(['key']);
  });

  it('are read whole up to a limit, however long they say they are', async () => {
    const path = join(temporaryDirectory(), 'file');
    writeFileSync(path, '12345');
    expect(await readOctetFile(path, 5)).toEqual(Uint8Array.from(Buffer.from('12345')));
    await expect(readOctetFile(path, 4)).rejects.toThrow(coded('BAD_CONFIG'));
    if (existsSync('/dev/zero')) await expect(readOctetFile('/dev/zero', 100_000)).rejects.toThrow(coded('BAD_CONFIG'));
  });

  it('a failed write leaves no temporary file', async () => {
    const directory = temporaryDirectory();
    mkdirSync(join(directory, 'key', 'inside'), { recursive: true });
    await expect(writeSecretFile(join(directory, 'key'), 'x')).rejects.toThrow();
    expect(readdirSync(directory)).toEqual(['key']);
  });

  it('a link is replaced, what it points to is not written', async () => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, 'elsewhere'), 'untouched');
    symlinkSync('elsewhere', join(directory, 'key'));
    await writeSecretFile(join(directory, 'key'), 'secret');
    expect(await readTextFile(join(directory, 'elsewhere'))).toBe('untouched');
  });

  it('private directories are 0700, also when they were there with another mode', async () => {
    const directory = join(temporaryDirectory(), 'a', 'b');
    await ensurePrivateDirectory(directory);
    expect(modeOf(directory)).toBe(0o700);
    chmodSync(directory, 0o755);
    await ensurePrivateDirectory(directory);
    expect(modeOf(directory)).toBe(0o700);
  });

  it('a directory that cannot be made: BAD_CONFIG', async () => {
    const file = join(temporaryDirectory(), 'file');
    writeFileSync(file, '');
    await expect(ensurePrivateDirectory(join(file, 'x'))).rejects.toThrow(coded('BAD_CONFIG'));
  });

  it('emptiness', async () => {
    const directory = temporaryDirectory();
    expect(await isEmptyDirectory(directory)).toBe(true);
    expect(await isEmptyDirectory(join(directory, 'missing'))).toBe(true);
    writeFileSync(join(directory, '.hidden'), '');
    expect(await isEmptyDirectory(directory)).toBe(false);
    await expect(isEmptyDirectory(join(directory, '.hidden'))).rejects.toThrow(coded('BAD_CONFIG'));
  });

  it('a file that is missing, a directory, or not UTF-8: BAD_CONFIG', async () => {
    const directory = temporaryDirectory();
    await expect(readTextFile(join(directory, 'missing'))).rejects.toThrow(coded('BAD_CONFIG'));
    await expect(readTextFile(directory)).rejects.toThrow(coded('BAD_CONFIG'));
    writeFileSync(join(directory, 'octets'), Uint8Array.of(0xff));
    await expect(readTextFile(join(directory, 'octets'))).rejects.toThrow(coded('BAD_CONFIG'));
  });

  it('a secret file that others may read: BAD_CONFIG', async () => {
    const path = join(temporaryDirectory(), 'key');
    await createKeyFile(path);
    for (const mode of [0o640, 0o604, 0o620, 0o602, 0o601]) {
      chmodSync(path, mode);
      await expect(openSealer(path)).rejects.toThrow(coded('BAD_CONFIG'));
    }
    chmodSync(path, 0o400);
    await expect(openSealer(path)).resolves.toBeDefined();
  });
});
