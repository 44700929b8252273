/** The BB1 structures of RFC 5091 section 8 in DER, version 2. What decodes encodes to the same octets. */
import { HalfkeyError } from '../../foundation/base/index.ts';
import { decodeDer, derInteger, derOctetString, derSequence } from '../../foundation/der/index.ts';
import type { Point } from '../curve/index.ts';
import type { BB1Ciphertext, BB1MasterSecret, BB1PrivateKey, BB1PublicParameters } from './boneh-boyen.ts';
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
import type { Domain } from './domain.ts';
import { HASHES } from './hash.ts';

/** BB1PublicParameters ::= SEQUENCE { version 2, curve OID, p, q, pointP, pointP1, pointP2, pointP3, v, hashfcn OID }. */
export function encodeBB1PublicParameters(params: BB1PublicParameters): Uint8Array {
  const { P1, P2, P3, v } = params;
  return encodeDomain(params, P1, P2, P3, { x: v.re, y: v.im });
}

/**
 * Reads BB1PublicParameters; before use they go through `validateBB1PublicParameters`.
 * @throws HalfkeyError `BadDer`, `BadParameters`
 */
export function decodeBB1PublicParameters(bytes: Uint8Array): BB1PublicParameters {
  return decodeDer(bytes, (s) => {
    const { domain, members } = readDomain(s, 4);
    const [P1, P2, P3, v] = members as [Point, Point, Point, Point];
    return { ...domain, P1, P2, P3, v: { re: v.x, im: v.y } };
  });
}

/** BB1MasterSecret ::= SEQUENCE { version 2, alpha, beta, gamma INTEGER }. Secret octets: the caller wipes them. */
export function encodeBB1MasterSecret({ alpha, beta, gamma }: BB1MasterSecret): Uint8Array {
  return derSequence(VERSION, ...[alpha, beta, gamma].map(derInteger));
}

/** Reads a BB1MasterSecret; each member is in [1, q-1]. @throws HalfkeyError `BadDer`, `BadParameters` */
export function decodeBB1MasterSecret(bytes: Uint8Array, { q }: Domain): BB1MasterSecret {
  return decodeDer(bytes, (s) => {
    readVersion(s, 'BadParameters');
    const [alpha, beta, gamma] = [s.integer(), s.integer(), s.integer()];
    if ([alpha, beta, gamma].some((k) => k === 0n || k >= q)) {
      throw new HalfkeyError('BadParameters', 'master secret: not in the range 1 to q - 1');
    }
    return { alpha, beta, gamma };
  });
}

/** BB1PrivateKeyBlock ::= SEQUENCE { version 2, pointD0, pointD1 }. Secret octets: the caller wipes them. */
export function encodeBB1PrivateKey({ d0, d1 }: BB1PrivateKey): Uint8Array {
  return derSecrets([VERSION], [encodePointOctets(d0), encodePointOctets(d1)]);
}

/** Reads a BB1PrivateKeyBlock; both points are on the curve. @throws HalfkeyError `BadDer`, `BadPrivateKey` */
export function decodeBB1PrivateKey(bytes: Uint8Array, domain: Domain): BB1PrivateKey {
  return decodeDer(bytes, (s) => {
    readVersion(s, 'BadPrivateKey');
    const d0 = readSecretPoint(s, domain);
    try {
      return { d0, d1: readSecretPoint(s, domain) };
    } catch (error) {
      d0.fill(0);
      throw error;
    }
  });
}

/** BB1CiphertextBlock ::= SEQUENCE { version 2, pointChi0, pointChi1, nu INTEGER, y OCTET STRING }. */
export function encodeBB1Ciphertext({ c0, c1, u, y }: BB1Ciphertext): Uint8Array {
  return derSequence(VERSION, encodePoint(c0), encodePoint(c1), derInteger(u), derOctetString(y));
}

/**
 * Reads a BB1CiphertextBlock: coordinates below p, u below q, y of 1 to hashlen octets, a view of `bytes`. Whether the
 * points are on the curve is for decryption to refuse, with its one error. @throws HalfkeyError `BadEnvelope`
 */
export function decodeBB1Ciphertext(bytes: Uint8Array, { p, q, hash }: Domain): BB1Ciphertext {
  return asEnvelope(() =>
    decodeDer(bytes, (s) => {
      readVersion(s, 'BadEnvelope');
      const c0 = readPoint(s, p, 'BadEnvelope');
      const c1 = readPoint(s, p, 'BadEnvelope');
      const at = s.offset;
      const u = s.integer();
      const y = s.octetString();
      if (u >= q || y.length === 0 || y.length > HASHES[hash].octets) {
        throw new HalfkeyError('BadEnvelope', 'u or y is out of range', { offset: at });
      }
      return { c0, c1, u, y };
    }),
  );
}
