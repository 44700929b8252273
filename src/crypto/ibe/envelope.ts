/**
 * LiIbeEnvelope: what stands as "Encr data" of an IBAKE or ESK payload (protocol profile 2.1). The key CEK goes to the
 * recipient by Boneh-Franklin, the payload under CEK by AES-GCM with the AAD that the caller has built.
 *
 *   LiIbeEnvelope ::= SEQUENCE { version INTEGER {v1(1)}, ibeAlg OBJECT IDENTIFIER, serial INTEGER,
 *                                notBefore GeneralizedTime, kem BFCiphertextBlock, dem OCTET STRING }
 *
 * The GCM nonce is zero: a CEK is used once. An opener learns from a failure that it failed, and nothing else.
 */
import { createCipheriv, createDecipheriv, createHash, hkdfSync } from 'node:crypto';
import { ascii, concat, HalfkeyError, isHalfkeyError, type Random } from '../../foundation/base/index.ts';
import {
  decodeDer,
  derGeneralizedTime,
  derInteger,
  derOctetString,
  derOid,
  derSequence,
  type DerReader,
} from '../../foundation/der/index.ts';
import { generalizedTime, generalizedTimeToUnix, type GeneralizedTime } from '../../foundation/identity/index.ts';
import { decryptFailed, encryptWithRho, type Ciphertext } from './boneh-franklin.ts';
import { encodeCiphertext, readCiphertext } from './codec.ts';
import { asEnvelope } from './codec-parts.ts';
import type { Domain, PublicParameters } from './domain.ts';
import { HASHES } from './hash.ts';
import { assertSerial, SERIAL_LIMIT } from './identity-info.ts';
import type { Decryptor } from './keys.ts';
import { OID_BF } from './oids.ts';

const VERSION = 1n;
const TAG_OCTETS = 16;
const ZERO_NONCE = new Uint8Array(12);

/** The clear part by which an opener chooses parameters and key, before any pairing. */
export interface EnvelopeHeader {
  readonly serial: bigint;
  readonly notBefore: GeneralizedTime;
}

/** A decoded envelope; its octet strings are views of the input. `dem` is ciphertext || tag of 16 octets. */
export interface Envelope extends EnvelopeHeader {
  readonly kem: Ciphertext;
  readonly dem: Uint8Array;
}

/** What {@link sealEnvelope} takes. */
export type SealInput = EnvelopeHeader & {
  readonly params: PublicParameters;
  /** DER of the recipient's IBEIdentityInfo. */
  readonly recipient: Uint8Array;
  readonly aad: Uint8Array;
  readonly plaintext: Uint8Array;
} & ({ readonly random: Random } | { readonly cek: Uint8Array; readonly rho: Uint8Array });

/**
 * Seals a payload. With `random`, CEK and rho are hedged: a generator that repeats itself repeats them only for the
 * same AAD and plaintext. `cek` and `rho` are for known answers. @throws TypeError on a length or serial that cannot be
 */
export function sealEnvelope(input: SealInput): Uint8Array {
  const { params, recipient, serial, notBefore, aad, plaintext } = input;
  assertSerial(serial);
  const cekOctets = cekLength(params);
  for (;;) {
    const { cek, rho } =
      'random' in input ? hedge(input.random, aad, plaintext, cekOctets, HASHES[params.hash].octets) : input;
    if (cek.length !== cekOctets) throw new TypeError(`sealEnvelope: CEK has ${String(cekOctets)} octets`);
    const kem = encryptWithRho(params, recipient, cek, rho);
    if (kem === undefined) {
      if ('random' in input) continue;
      throw new TypeError('sealEnvelope: this rho gives l = 0');
    }
    const cipher = createCipheriv(cek.length === 16 ? 'aes-128-gcm' : 'aes-256-gcm', cek, ZERO_NONCE, {
      authTagLength: TAG_OCTETS,
    });
    cipher.setAAD(aad);
    const dem = concat(cipher.update(plaintext), cipher.final(), cipher.getAuthTag());
    if ('random' in input) [cek, rho].forEach((secret) => secret.fill(0));
    return encode({ serial, notBefore, kem, dem });
  }
}

/**
 * Reads serial and key epoch of an envelope of any level; what the key encapsulation holds is not looked at.
 * @throws HalfkeyError `BadEnvelope`, `InvalidEncryptionAlgorithm`
 */
export function readEnvelopeHeader(bytes: Uint8Array): EnvelopeHeader {
  return asEnvelope(() =>
    decodeDer(bytes, (s) => {
      const header = readHeader(s);
      s.sequence();
      s.octetString();
      return header;
    }),
  );
}

/**
 * Decodes an envelope of the parameters' level, strictly: what it accepts encodes to the same octets again.
 * @throws HalfkeyError `BadEnvelope` with the offset; `InvalidEncryptionAlgorithm` when ibeAlg is not Boneh-Franklin
 */
export function decodeEnvelope(bytes: Uint8Array, params: Domain): Envelope {
  return asEnvelope(() =>
    decodeDer(bytes, (s) => {
      const header = readHeader(s);
      const at = s.offset;
      const block = s.sequence();
      const kem = readCiphertext(block, params);
      block.finish();
      if (kem.w.length !== cekLength(params))
        throw new HalfkeyError('BadEnvelope', 'W is not as long as CEK', { offset: at });
      const demAt = s.offset;
      const dem = s.octetString();
      if (dem.length < TAG_OCTETS)
        throw new HalfkeyError('BadEnvelope', 'dem is shorter than its tag', { offset: demAt });
      return { ...header, kem, dem };
    }),
  );
}

/** What {@link openEnvelope} takes; serial and notBefore are those that the opener expects. */
export interface OpenInput extends EnvelopeHeader {
  readonly envelope: Uint8Array;
  readonly params: Domain;
  readonly decryptor: Pick<Decryptor, 'decrypt'>;
  readonly aad: Uint8Array;
}

/**
 * Opens an envelope. Serial, key epoch and form are decided from the clear part; behind that there is one error for
 * every cause, and both checks, Fujisaki-Okamoto and GCM tag, are made whatever the first one says.
 * @throws HalfkeyError `BadEnvelope`, `InvalidEncryptionAlgorithm`, `UnknownParameterSerial`, `EpochMismatch`,
 * `IbeDecryptFailed`
 */
export function openEnvelope({ envelope, params, decryptor, serial, notBefore, aad }: OpenInput): Uint8Array {
  const header = readEnvelopeHeader(envelope);
  if (header.serial !== serial)
    throw new HalfkeyError('UnknownParameterSerial', 'the envelope is for other parameters');
  if (header.notBefore !== notBefore) throw new HalfkeyError('EpochMismatch', 'the envelope is for another key epoch');
  const { kem, dem } = decodeEnvelope(envelope, params);
  let cek: Uint8Array = new Uint8Array(cekLength(params));
  let checked = false;
  try {
    cek = decryptor.decrypt(kem);
    checked = true;
  } catch (error) {
    if (!isHalfkeyError(error, 'IbeDecryptFailed')) throw error;
  }
  const plaintext = openDem(cek, dem, aad);
  cek.fill(0);
  if (!checked || plaintext === undefined) throw decryptFailed();
  return plaintext;
}

/** CEK: 16 octets below level 3072, else 32 (protocol profile 2.1). */
function cekLength({ level }: Domain): 16 | 32 {
  return level < 3072 ? 16 : 32;
}

function encode({ serial, notBefore, kem, dem }: Envelope): Uint8Array {
  const head = [derInteger(VERSION), derOid(OID_BF), derInteger(serial), derGeneralizedTime(notBefore)];
  return derSequence(...head, encodeCiphertext(kem), derOctetString(dem));
}

function readHeader(s: DerReader): EnvelopeHeader {
  const at = s.offset;
  if (s.integer() !== VERSION) throw new HalfkeyError('BadEnvelope', 'version is not 1', { offset: at });
  const algorithmAt = s.offset;
  if (s.oid() !== OID_BF) {
    throw new HalfkeyError('InvalidEncryptionAlgorithm', 'ibeAlg is not Boneh-Franklin', { offset: algorithmAt });
  }
  const serialAt = s.offset;
  const serial = s.integer();
  if (serial >= SERIAL_LIMIT) throw new HalfkeyError('BadEnvelope', 'serial is not below 2^63', { offset: serialAt });
  return { serial, notBefore: generalizedTime(generalizedTimeToUnix(s.generalizedTime())) };
}

function openDem(cek: Uint8Array, dem: Uint8Array, aad: Uint8Array): Uint8Array | undefined {
  const at = dem.length - TAG_OCTETS;
  const cipher = createDecipheriv(cek.length === 16 ? 'aes-128-gcm' : 'aes-256-gcm', cek, ZERO_NONCE, {
    authTagLength: TAG_OCTETS,
  });
  cipher.setAAD(aad);
  cipher.setAuthTag(dem.subarray(at));
  const plaintext = new Uint8Array(cipher.update(dem.subarray(0, at)));
  try {
    cipher.final();
    return plaintext;
  } catch {
    plaintext.fill(0);
    return undefined;
  }
}

/**
 * HKDF-SHA256 of 32 fresh octets, salted with SHA-256(AAD || plaintext) (protocol profile 2.1). The info keeps CEK and
 * rho apart even when a broken generator gives the same octets twice.
 */
function hedge(
  random: Random,
  aad: Uint8Array,
  plaintext: Uint8Array,
  cekOctets: number,
  rhoOctets: number,
): { cek: Uint8Array; rho: Uint8Array } {
  const salt = createHash('sha256').update(aad).update(plaintext).digest();
  const draw = (label: string, length: number): Uint8Array => {
    const fresh = random(32);
    const out = new Uint8Array(hkdfSync('sha256', fresh, salt, ascii(`LI-IBAKE ${label}`), length));
    fresh.fill(0);
    return out;
  };
  return { cek: draw('cek', cekOctets), rho: draw('rho', rhoOctets) };
}
