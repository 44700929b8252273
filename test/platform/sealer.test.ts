import { createDecipheriv } from 'node:crypto';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Secret, toHex } from '../../src/foundation/base/index.ts';
import { createKeyFile, openSealer, readSecretFile, writeSecretFile } from '../../src/platform/index.ts';
import { createSealer } from '../../src/platform/sealer.ts';
import { coded, temporaryDirectory } from './support.ts';

const KEY = Uint8Array.from({ length: 32 }, (_, i) => i);
const sealer = createSealer(Secret.copyOf('KeyEncryptionKey', KEY));
const plain = new TextEncoder().encode('a master secret of 32 octets ...');

describe('sealer', () => {
  it('opens what it sealed, whatever the octets and the context', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.string(), (octets, context) => {
        expect(sealer.open(sealer.seal(octets, context), context)).toEqual(octets);
      }),
      { numRuns: 50, seed: 1 },
    );
  });

  it('has the documented layout', () => {
    const sealed = sealer.seal(plain, 'context');
    expect(sealed.length).toBe(plain.length + 29);
    const decipher = createDecipheriv('aes-256-gcm', KEY, sealed.subarray(1, 13));
    decipher.setAAD(Buffer.from('\u0001context')).setAuthTag(sealed.subarray(-16));
    expect(new Uint8Array(Buffer.concat([decipher.update(sealed.subarray(13, -16)), decipher.final()]))).toEqual(plain);
  });

  it('never seals twice the same, and shows nothing of the plain text', () => {
    const [one, two] = [sealer.seal(plain, 'c'), sealer.seal(plain, 'c')];
    expect(one).not.toEqual(two);
    expect(toHex(one)).not.toContain(toHex(plain.subarray(0, 8)));
  });

  it('another context or key: STATE_MISMATCH', () => {
    const sealed = sealer.seal(plain, 'ms 1');
    const other = createSealer(new Secret('KeyEncryptionKey', KEY.with(31, 0)));
    expect(() => sealer.open(sealed, 'ms 2')).toThrow(coded('STATE_MISMATCH'));
    expect(() => other.open(sealed, 'ms 1')).toThrow(coded('STATE_MISMATCH'));
  });

  it('any bit changed, octets cut or added: STATE_MISMATCH', () => {
    const sealed = sealer.seal(plain, 'c');
    for (let i = 0; i < sealed.length; i++) {
      expect(() => sealer.open(sealed.with(i, (sealed[i] as number) ^ 0x80), 'c')).toThrow(coded('STATE_MISMATCH'));
      expect(() => sealer.open(sealed.subarray(0, i), 'c')).toThrow(coded('STATE_MISMATCH'));
    }
    expect(() => sealer.open(Uint8Array.of(...sealed, 0), 'c')).toThrow(coded('STATE_MISMATCH'));
  });

  it('cannot be used after it was closed', () => {
    const closed = createSealer(Secret.copyOf('KeyEncryptionKey', KEY));
    const sealed = closed.seal(plain, 'c');
    closed.close();
    expect(() => closed.open(sealed, 'c')).toThrow(TypeError);
    expect(() => closed.seal(plain, 'c')).toThrow(TypeError);
  });

  it('needs 32 octets', () => {
    expect(() => createSealer(new Secret('KeyEncryptionKey', new Uint8Array(16)))).toThrow(TypeError);
  });
});

describe('key file', () => {
  it('is made with mode 0600 and never overwritten', async () => {
    const path = join(temporaryDirectory(), 'key');
    await createKeyFile(path);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const before = await readSecretFile(path);
    expect(before.length).toBe(32);
    await expect(createKeyFile(path)).rejects.toThrow(coded('OUTPUT_EXISTS'));
    expect(await readSecretFile(path)).toEqual(before);
  });

  it('holds octets or hex', async () => {
    const path = join(temporaryDirectory(), 'key');
    const sealed = sealer.seal(plain, 'c');
    for (const content of [KEY, toHex(KEY), `${toHex(KEY).toUpperCase()}\n`]) {
      await writeSecretFile(path, content);
      expect((await openSealer(path)).open(sealed, 'c')).toEqual(plain);
    }
  });

  it.each(['', 'short', toHex(KEY).slice(2), `${toHex(KEY)}00`, 'g'.repeat(64)])(
    'of %j: BAD_CONFIG',
    async (content) => {
      const path = join(temporaryDirectory(), 'key');
      await writeSecretFile(path, content);
      await expect(openSealer(path)).rejects.toThrow(coded('BAD_CONFIG'));
    },
  );
});
