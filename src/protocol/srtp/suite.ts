/**
 * The SRTP protection suites (protocol profile 3.2; RFC 3711 5, RFC 6188 3): sizes of keys, salts and tags.
 * The names are those of the security policy; a suite without authentication does not exist here.
 */
import { HalfkeyError } from '../../foundation/base/errors.ts';

/** Suites that a security policy may name. */
export type SuiteName =
  | 'AES_CM_128_HMAC_SHA1_80'
  | 'AES_CM_128_HMAC_SHA1_32'
  | 'AES_256_CM_HMAC_SHA1_80'
  | 'AEAD_AES_128_GCM'
  | 'AEAD_AES_256_GCM';

/** Sizes of a suite, in octets. */
export interface SrtpSuite {
  readonly name: SuiteName;
  readonly cipher: 'aes-128-ctr' | 'aes-256-ctr';
  /** Of the master key and of the session encryption key alike. */
  readonly keyLength: 16 | 32;
  readonly saltLength: 14;
  readonly authKeyLength: 20;
  readonly tagLength: 4 | 10;
  /** Of SRTCP: 80 bits also where SRTP has 32 (RFC 5764 4.1.2, RFC 4568 6.2.2), since a forged BYE costs more than a forged sample. */
  readonly rtcpTagLength: 10;
}

const SUITES: Readonly<Record<SuiteName, SrtpSuite | undefined>> = {
  AES_CM_128_HMAC_SHA1_80: {
    name: 'AES_CM_128_HMAC_SHA1_80',
    cipher: 'aes-128-ctr',
    keyLength: 16,
    saltLength: 14,
    authKeyLength: 20,
    tagLength: 10,
    rtcpTagLength: 10,
  },
  AES_CM_128_HMAC_SHA1_32: {
    name: 'AES_CM_128_HMAC_SHA1_32',
    cipher: 'aes-128-ctr',
    keyLength: 16,
    saltLength: 14,
    authKeyLength: 20,
    tagLength: 4,
    rtcpTagLength: 10,
  },
  AES_256_CM_HMAC_SHA1_80: {
    name: 'AES_256_CM_HMAC_SHA1_80',
    cipher: 'aes-256-ctr',
    keyLength: 32,
    saltLength: 14,
    authKeyLength: 20,
    tagLength: 10,
    rtcpTagLength: 10,
  },
  AEAD_AES_128_GCM: undefined,
  AEAD_AES_256_GCM: undefined,
};

/**
 * Sizes of a suite.
 * @throws TypeError for a name that is no suite
 * @throws HalfkeyError `InvalidSecurityPolicy` for a suite that this version does not carry out (the AEAD ones)
 */
export function srtpSuite(name: SuiteName): SrtpSuite {
  if (!Object.hasOwn(SUITES, name)) throw new TypeError('srtp: unknown suite');
  const suite = SUITES[name];
  if (suite === undefined) {
    throw new HalfkeyError('InvalidSecurityPolicy', `the suite ${name} is not supported`);
  }
  return suite;
}
