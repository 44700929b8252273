/**
 * SRTP key derivation (RFC 3711 4.3, RFC 6188 3) with key derivation rate 0: one set of session keys a master key.
 * Never keeps the master key: what it needs is derived at once.
 */
import { createCipheriv } from 'node:crypto';
import { Secret } from '../../foundation/base/secret.ts';
import type { SrtpSuite } from './suite.ts';

/** Labels of RFC 3711 4.3.1 and 4.3.2. */
export const LABEL = {
  srtpEncryption: 0,
  srtpAuthentication: 1,
  srtpSalt: 2,
  srtcpEncryption: 3,
  srtcpAuthentication: 4,
  srtcpSalt: 5,
} as const;

/** Session keys of one direction; `wipe` each after use. */
export interface SessionKeys {
  readonly encryption: Secret<'SrtpEncryptionKey'>;
  readonly authentication: Secret<'SrtpAuthenticationKey'>;
  readonly salt: Secret<'SrtpSalt'>;
}

/**
 * AES-CM PRF (RFC 3711 4.3.3): `octets` of keystream under the master key for x = salt XOR (label || r), r = 0.
 * The key has 16 or 32 octets, the salt 14; the label stands at octet 7 of x, counted from 0.
 * The caller owns, and wipes, the result.
 */
export function deriveSessionOctets(
  masterKey: Uint8Array,
  masterSalt: Uint8Array,
  label: number,
  octets: number,
): Uint8Array {
  const iv = new Uint8Array(16);
  iv.set(masterSalt);
  iv[7] = (iv[7] as number) ^ label;
  const cipher = createCipheriv(masterKey.length === 32 ? 'aes-256-ctr' : 'aes-128-ctr', masterKey, iv);
  const keystream = new Uint8Array(cipher.update(new Uint8Array(octets)));
  iv.fill(0);
  return keystream;
}

/**
 * SRTP session keys (labels 0, 1, 2). Lengths in octets as the suite says; both inputs stay the caller's.
 * @throws TypeError when the master key or the master salt has another length
 */
export function deriveSrtpKeys(suite: SrtpSuite, masterKey: Uint8Array, masterSalt: Uint8Array): SessionKeys {
  return derive(suite, masterKey, masterSalt, LABEL.srtpEncryption, LABEL.srtpAuthentication, LABEL.srtpSalt);
}

/** SRTCP session keys (labels 3, 4, 5), else as {@link deriveSrtpKeys}. */
export function deriveSrtcpKeys(suite: SrtpSuite, masterKey: Uint8Array, masterSalt: Uint8Array): SessionKeys {
  return derive(suite, masterKey, masterSalt, LABEL.srtcpEncryption, LABEL.srtcpAuthentication, LABEL.srtcpSalt);
}

function derive(
  suite: SrtpSuite,
  masterKey: Uint8Array,
  masterSalt: Uint8Array,
  encryption: number,
  authentication: number,
  salt: number,
): SessionKeys {
  if (masterKey.length !== suite.keyLength)
    throw new TypeError(`srtp: ${suite.name} needs a master key of ${String(suite.keyLength)} octets`);
  if (masterSalt.length !== suite.saltLength)
    throw new TypeError(`srtp: ${suite.name} needs a master salt of ${String(suite.saltLength)} octets`);
  const octets = (label: number, length: number): Uint8Array =>
    deriveSessionOctets(masterKey, masterSalt, label, length);
  return {
    encryption: new Secret('SrtpEncryptionKey', octets(encryption, suite.keyLength)),
    authentication: new Secret('SrtpAuthenticationKey', octets(authentication, suite.authKeyLength)),
    salt: new Secret('SrtpSalt', octets(salt, suite.saltLength)),
  };
}
