/**
 * DER structures of RFC 5091 section 8 (protocol profile 1.5). Version is 2 in all of them; the point at infinity has
 * no form. What decodes encodes to the same octets.
 */
import { concat, HalfkeyError, isHalfkeyError, type ErrorCode } from '../../foundation/base/index.ts';
import {
  decodeDer,
  derInteger,
  derIntegerOctets,
  derOctetString,
  derOid,
  derSequence,
  type DerReader,
} from '../../foundation/der/index.ts';
import { kernelFor, pointFromOctets, type Point } from '../curve/index.ts';
import type { Ciphertext } from './boneh-franklin.ts';
import { LEVELS, type Domain, type Level, type PublicParameters } from './domain.ts';
import { HASHES } from './hash.ts';
import { OID_TYPE1_CURVE } from './oids.ts';

const VERSION = derInteger(2n);

/** BFPublicParameters ::= SEQUENCE { version 2, curve OID, p, q, pointP, pointPpub, hashfcn OID }. */
export function encodePublicParameters({ p, q, P, Ppub, hash }: PublicParameters): Uint8Array {
  const numbers = [derInteger(p), derInteger(q), encodePoint(P), encodePoint(Ppub)];
  return derSequence(VERSION, derOid(OID_TYPE1_CURVE), ...numbers, derOid(HASHES[hash].oid));
}

/**
 * Reads BFPublicParameters; the level is the one of the table whose hash function and sizes they have. Before use they
 * go through {@link validatePublicParameters}. @throws HalfkeyError `BadDer`, `BadParameters`
 */
export function decodePublicParameters(bytes: Uint8Array): PublicParameters {
  return decodeDer(bytes, (s) => {
    readVersion(s, 'BadParameters');
    if (s.oid() !== OID_TYPE1_CURVE) throw new HalfkeyError('BadParameters', 'curve: not the type-1 curve');
    const p = s.integer();
    const q = s.integer();
    const P = readPoint(s, p, 'BadParameters');
    const Ppub = readPoint(s, p, 'BadParameters');
    const oid = s.oid();
    const level = ([1024, 2048, 3072, 7680] as const).find((n) => HASHES[LEVELS[n].hash].oid === oid);
    if (level === undefined) throw new HalfkeyError('BadParameters', 'hash: not one of the table');
    const { np, nq, hash } = LEVELS[level];
    if (p.toString(2).length !== np || q.toString(2).length !== nq) {
      throw new HalfkeyError('BadParameters', 'level: the sizes of p and q do not go with the hash function');
    }
    return { level: level satisfies Level, p, q, P, Ppub, hash };
  });
}

/**
 * BFPrivateKeyBlock ::= SEQUENCE { version 2, privateKey FpPoint }, of a point or of its octets x || y. Secret octets:
 * the caller wipes them.
 */
export function encodePrivateKey(privateKey: Point | Uint8Array): Uint8Array {
  if (!(privateKey instanceof Uint8Array)) return derSequence(VERSION, encodePoint(privateKey));
  const half = privateKey.length / 2;
  const coordinates = [privateKey.subarray(0, half), privateKey.subarray(half)];
  return derSequence(VERSION, derSequence(...coordinates.map(derIntegerOctets)));
}

/** Reads a BFPrivateKeyBlock; the point is on the curve. @throws HalfkeyError `BadDer`, `BadPrivateKey` */
export function decodePrivateKey(bytes: Uint8Array, domain: Domain): Point {
  return pointFromOctets(kernelFor(domain), decodePrivateKeyOctets(bytes, domain));
}

/**
 * Reads a BFPrivateKeyBlock into x || y, coordinates of ceil(bits(p)/8) octets: a copy for the caller to wipe. The point
 * is on the curve; its order is for its lines to prove. @throws HalfkeyError `BadDer`, `BadPrivateKey`
 */
export function decodePrivateKeyOctets(bytes: Uint8Array, domain: Domain): Uint8Array {
  const kernel = kernelFor(domain);
  return decodeDer(bytes, (s) => {
    readVersion(s, 'BadPrivateKey');
    const at = s.offset;
    const point = s.sequence();
    const coordinates = [point.integerOctets(), point.integerOctets()];
    point.finish();
    const octets = concat(...coordinates.map((octets) => padded(octets, kernel.fieldOctets, at)));
    if (kernel.isOnCurve(octets)) return octets;
    octets.fill(0);
    throw new HalfkeyError('BadPrivateKey', 'the private key is a point outside the field or off the curve');
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

/** Runs a decoder of what a peer encrypted: what is not DER there is `BadEnvelope` with the same offset. */
export function asEnvelope<T>(decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    if (!isHalfkeyError(error, 'BadDer')) throw error;
    throw new HalfkeyError('BadEnvelope', error.message, error.offset === undefined ? {} : { offset: error.offset });
  }
}

function encodePoint({ x, y }: Point): Uint8Array {
  return derSequence(derInteger(x), derInteger(y));
}

/** An INTEGER's octets at the length of a coordinate. @throws HalfkeyError `BadPrivateKey` when there are more */
function padded(octets: Uint8Array, length: number, offset: number): Uint8Array {
  const magnitude = octets.length > 1 && octets[0] === 0 ? octets.subarray(1) : octets;
  if (magnitude.length > length) throw new HalfkeyError('BadPrivateKey', 'a coordinate is not below p', { offset });
  const out = new Uint8Array(length);
  out.set(magnitude, length - magnitude.length);
  return out;
}

function readPoint(s: DerReader, p: bigint, code: ErrorCode): Point {
  const at = s.offset;
  const point = s.sequence();
  const x = point.integer();
  const y = point.integer();
  point.finish();
  if (x >= p || y >= p) throw new HalfkeyError(code, 'a coordinate is not below p', { offset: at });
  return { x, y };
}

function readVersion(s: DerReader, code: ErrorCode): void {
  const at = s.offset;
  if (s.integer() !== 2n) throw new HalfkeyError(code, 'version is not 2', { offset: at });
}
