/**
 * Encryption at rest under a key-encryption key from a file (protocol profile 5.3 T10): what a database
 * holds opens nothing without the key that lies elsewhere.
 *
 *   sealed = 01 || nonce 12 || AES-256-GCM ciphertext || tag 16, associated data = 01 || UTF-8 context
 *
 * The context names what is sealed and for whom, so that no sealed value can stand in another's place.
 * Nonces are random: one key seals at most 2^32 values.
 */
import { createCipheriv, createDecipheriv } from 'node:crypto';
import { concat, fromHex, HalfkeyError, Secret, systemRandom, type Random } from '../foundation/base/index.ts';
import { readSecretFile, writeNewSecretFile } from './files.ts';

/** Seals and opens small secrets. */
export interface Sealer {
  /** `plain` stays the caller's; the result is 29 octets longer. */
  seal(plain: Uint8Array, context: string): Uint8Array;
  /** A new octet string, the caller's to wipe. @throws HalfkeyError `STATE_MISMATCH` for another key or context, or altered octets */
  open(sealed: Uint8Array, context: string): Uint8Array;
  /** Wipes the key; the sealer cannot be used afterwards. */
  close(): void;
}

const VERSION = Uint8Array.of(1);
const KEY_LENGTH = 32;
const NONCE_LENGTH = 12;
const TAG_LENGTH = 16;

const associatedData = (context: string): Uint8Array => concat(VERSION, new TextEncoder().encode(context));

/** A sealer over a key of 32 octets, which it owns from now on. @throws TypeError for another length */
export function createSealer(key: Secret<'KeyEncryptionKey'>, random: Random = systemRandom): Sealer {
  if (key.length !== KEY_LENGTH) throw new TypeError('createSealer: the key has 32 octets');
  return {
    seal: (plain, context) =>
      key.use((octets) => {
        const nonce = random(NONCE_LENGTH);
        const cipher = createCipheriv('aes-256-gcm', octets, nonce).setAAD(associatedData(context));
        const body = concat(cipher.update(plain), cipher.final());
        return concat(VERSION, nonce, body, cipher.getAuthTag());
      }),
    open: (sealed, context) =>
      key.use((octets) => {
        try {
          if (sealed[0] !== 1 || sealed.length < 1 + NONCE_LENGTH + TAG_LENGTH)
            throw new TypeError('not a sealed value');
          const nonce = sealed.subarray(1, 1 + NONCE_LENGTH);
          const body = sealed.subarray(1 + NONCE_LENGTH, sealed.length - TAG_LENGTH);
          const decipher = createDecipheriv('aes-256-gcm', octets, nonce, { authTagLength: TAG_LENGTH })
            .setAAD(associatedData(context))
            .setAuthTag(sealed.subarray(sealed.length - TAG_LENGTH));
          const plain = decipher.update(body);
          decipher.final();
          const copy = Uint8Array.from(plain);
          plain.fill(0);
          return copy;
        } catch {
          throw new HalfkeyError('STATE_MISMATCH', 'a sealed value does not open under this key');
        }
      }),
    close: () => {
      key.wipe();
    },
  };
}

/** Makes a key file of 32 random octets, mode 0600. @throws HalfkeyError `OUTPUT_EXISTS`: a key is never overwritten */
export async function createKeyFile(path: string, random: Random = systemRandom): Promise<void> {
  const key = random(KEY_LENGTH);
  try {
    await writeNewSecretFile(path, key);
  } finally {
    key.fill(0);
  }
}

/**
 * A sealer whose key is in a file: 32 octets, or 64 hex digits and a line end; mode 0600 or stricter.
 * @throws HalfkeyError `BAD_CONFIG`
 */
export async function openSealer(path: string): Promise<Sealer> {
  const octets = await readSecretFile(path);
  if (octets.length === KEY_LENGTH) return createSealer(new Secret('KeyEncryptionKey', octets));
  const text = new TextDecoder('latin1').decode(octets).trimEnd();
  octets.fill(0);
  if (text.length !== 2 * KEY_LENGTH || !/^[0-9a-fA-F]*$/.test(text)) {
    throw new HalfkeyError('BAD_CONFIG', `${path} is not a key of 32 octets`);
  }
  return createSealer(new Secret('KeyEncryptionKey', fromHex(text)));
}
