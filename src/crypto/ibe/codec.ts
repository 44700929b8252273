/**
 * The Boneh-Franklin structures of RFC 5091 section 8 in DER (protocol profile 1.5). Version is 2 in all of them; the
 * point at infinity has no form. What decodes encodes to the same octets.
 */
import { HalfkeyError } from '../../foundation/base/index.ts';
import { decodeDer, derInteger, derOctetString, derSequence, type DerReader } from '../../foundation/der/index.ts';
import { kernelFor, pointFromOctets, type Point } from '../curve/index.ts';
import type { Ciphertext } from './boneh-franklin.ts';
import {
  asEnvelope,
  derSecrets,
  encodeDomain,
  encodePoint,
  encodePointOctets,
  readDomain,
  readPoint,
  readSecretPoint,
  readVersion,
  VERSION,
} from './codec-parts.ts';
import type { Domain, PublicParameters } from './domain.ts';
import { HASHES } from './hash.ts';

/** BFPublicParameters ::= SEQUENCE { version 2, curve OID, p, q, pointP, pointPpub, hashfcn OID }. */
export function encodePublicParameters(params: PublicParameters): Uint8Array {
  return encodeDomain(params, params.Ppub);
}

/**
 * Reads BFPublicParameters; the level is the one of the table whose hash function and sizes they have. Before use they
 * go through {@link validatePublicParameters}. @throws HalfkeyError `BadDer`, `BadParameters`
 */
export function decodePublicParameters(bytes: Uint8Array): PublicParameters {
  return decodeDer(bytes, (s) => {
    const { domain, members } = readDomain(s, 1);
    return { ...domain, Ppub: members[0] as Point };
  });
}

/**
 * BFPrivateKeyBlock ::= SEQUENCE { version 2, privateKey FpPoint }, of a point or of its octets x || y. Secret octets:
 * the caller wipes them.
 */
export function encodePrivateKey(privateKey: Point | Uint8Array): Uint8Array {
  const point = privateKey instanceof Uint8Array ? encodePointOctets(privateKey) : encodePoint(privateKey);
  return derSecrets([VERSION], [point]);
}

/** Reads a BFPrivateKeyBlock; the point is on the curve. @throws HalfkeyError `BadDer`, `BadPrivateKey` */
export function decodePrivateKey(bytes: Uint8Array, domain: Domain): Point {
  return pointFromOctets(kernelFor(domain), decodePrivateKeyOctets(bytes, domain));
}

/**
 * Reads a BFPrivateKeyBlock into x || y, a copy for the caller to wipe. The point is on the curve; its order is for its
 * lines to prove. @throws HalfkeyError `BadDer`, `BadPrivateKey`
 */
export function decodePrivateKeyOctets(bytes: Uint8Array, domain: Domain): Uint8Array {
  return decodeDer(bytes, (s) => {
    readVersion(s, 'BadPrivateKey');
    return readSecretPoint(s, domain);
  });
}

/** BFMasterSecret ::= SEQUENCE { version 2, masterSecret INTEGER }. Secret octets: the caller wipes them. */
export function encodeMasterSecret(masterSecret: bigint): Uint8Array {
  return derSequence(VERSION, derInteger(masterSecret));
}

/**
 * Reads a BFMasterSecret; its range is checked where it is used.
 * @throws HalfkeyError `BadDer`, `BadParameters` (version)
 */
export function decodeMasterSecret(bytes: Uint8Array): bigint {
  return decodeDer(bytes, (s) => {
    readVersion(s, 'BadParameters');
    return s.integer();
  });
}

/** BFCiphertextBlock ::= SEQUENCE { version 2, u FpPoint, v OCTET STRING, w OCTET STRING }. */
export function encodeCiphertext({ u, v, w }: Ciphertext): Uint8Array {
  return derSequence(VERSION, encodePoint(u), derOctetString(v), derOctetString(w));
}

/** Reads a BFCiphertextBlock; V and W are views of `bytes`. @throws HalfkeyError `BadEnvelope` */
export function decodeCiphertext(bytes: Uint8Array, domain: Domain): Ciphertext {
  return asEnvelope(() => decodeDer(bytes, (s) => readCiphertext(s, domain)));
}

/**
 * The members of a BFCiphertextBlock: coordinates below p, V of hashlen octets, W of 1 to hashlen octets. Whether U is
 * on the curve is not looked at: that is for decryption to refuse, with its one error (N28).
 * @throws HalfkeyError `BadDer`, `BadEnvelope`
 */
export function readCiphertext(s: DerReader, { p, hash }: Domain): Ciphertext {
  const { octets } = HASHES[hash];
  readVersion(s, 'BadEnvelope');
  const u = readPoint(s, p, 'BadEnvelope');
  const at = s.offset;
  const v = s.octetString();
  const w = s.octetString();
  if (v.length !== octets || w.length === 0 || w.length > octets) {
    throw new HalfkeyError('BadEnvelope', 'V or W has a wrong length', { offset: at });
  }
  return { u, v, w };
}
