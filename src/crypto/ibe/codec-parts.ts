/** What the DER structures of both schemes have in common (RFC 5091 section 8, protocol profile 1.5). */
import { HalfkeyError, isHalfkeyError, type ErrorCode } from '../../foundation/base/index.ts';
import { derInteger, derIntegerOctets, derOid, derSequence, type DerReader } from '../../foundation/der/index.ts';
import { kernelFor, type Point } from '../curve/index.ts';
import { LEVELS, type Domain } from './domain.ts';
import { HASHES } from './hash.ts';
import { OID_TYPE1_CURVE } from './oids.ts';

/** The version that every structure begins with. */
export const VERSION = derInteger(2n);

/** @throws HalfkeyError `code` for another version, `BadDer` */
export function readVersion(s: DerReader, code: ErrorCode): void {
  const at = s.offset;
  if (s.integer() !== 2n) throw new HalfkeyError(code, 'version is not 2', { offset: at });
}

/** FpPoint ::= SEQUENCE { x INTEGER, y INTEGER }: a point, or an element of F_p^2. */
export function encodePoint({ x, y }: Point): Uint8Array {
  return derSequence(derInteger(x), derInteger(y));
}

/** The same of a point's octets x || y. Secret octets: the caller wipes them. */
export function encodePointOctets(octets: Uint8Array): Uint8Array {
  const half = octets.length / 2;
  return derSecrets([], [octets.subarray(0, half), octets.subarray(half)].map(derIntegerOctets));
}

/** SEQUENCE of `head` and secret elements, which are wiped: what they say stands in the sequence alone. */
export function derSecrets(head: readonly Uint8Array[], secrets: readonly Uint8Array[]): Uint8Array {
  const sequence = derSequence(...head, ...secrets);
  for (const one of secrets) one.fill(0);
  return sequence;
}

/** Coordinates below p; the curve is not looked at. @throws HalfkeyError `code`, `BadDer` */
export function readPoint(s: DerReader, p: bigint, code: ErrorCode): Point {
  const at = s.offset;
  const point = s.sequence();
  const x = point.integer();
  const y = point.integer();
  point.finish();
  if (x >= p || y >= p) throw new HalfkeyError(code, 'a coordinate is not below p', { offset: at });
  return { x, y };
}

/**
 * A secret point as x || y, coordinates of ceil(bits(p)/8) octets: a copy for the caller to wipe. It is on the curve; its
 * order is for its lines to prove. @throws HalfkeyError `BadPrivateKey`, `BadDer`
 */
export function readSecretPoint(s: DerReader, domain: Domain): Uint8Array {
  const kernel = kernelFor(domain);
  const at = s.offset;
  const point = s.sequence();
  const coordinates = [point.integerOctets(), point.integerOctets()];
  point.finish();
  const length = kernel.fieldOctets;
  const octets = new Uint8Array(2 * length);
  coordinates.forEach((coordinate, i) => {
    place(octets.subarray(i * length, (i + 1) * length), coordinate, at);
  });
  if (kernel.isOnCurve(octets)) return octets;
  octets.fill(0);
  throw new HalfkeyError('BadPrivateKey', 'the private key is a point outside the field or off the curve');
}

/** An INTEGER's octets at the end of a coordinate's. @throws HalfkeyError `BadPrivateKey` when there are more */
function place(coordinate: Uint8Array, octets: Uint8Array, offset: number): void {
  const magnitude = octets.length > 1 && octets[0] === 0 ? octets.subarray(1) : octets;
  const spare = coordinate.length - magnitude.length;
  if (spare < 0) throw new HalfkeyError('BadPrivateKey', 'a coordinate is not below p', { offset });
  coordinate.set(magnitude, spare);
}

/** version, curve, p, q, pointP, then `members`, then the hash function: public parameters of any kind. */
export function encodeDomain({ p, q, P, hash }: Domain, ...members: readonly Point[]): Uint8Array {
  const points = [P, ...members].map(encodePoint);
  return derSequence(
    VERSION,
    derOid(OID_TYPE1_CURVE),
    derInteger(p),
    derInteger(q),
    ...points,
    derOid(HASHES[hash].oid),
  );
}

/**
 * Reads what {@link encodeDomain} writes; `count` members, coordinates below p. The level is the one of the table whose
 * hash function and sizes they have. @throws HalfkeyError `BadDer`, `BadParameters`
 */
export function readDomain(s: DerReader, count: number): { readonly domain: Domain; readonly members: Point[] } {
  readVersion(s, 'BadParameters');
  if (s.oid() !== OID_TYPE1_CURVE) throw new HalfkeyError('BadParameters', 'curve: not the type-1 curve');
  const p = s.integer();
  const q = s.integer();
  const P = readPoint(s, p, 'BadParameters');
  const members: Point[] = [];
  while (members.length < count) members.push(readPoint(s, p, 'BadParameters'));
  const oid = s.oid();
  const level = ([1024, 2048, 3072, 7680] as const).find((n) => HASHES[LEVELS[n].hash].oid === oid);
  if (level === undefined) throw new HalfkeyError('BadParameters', 'hash: not one of the table');
  const { np, nq, hash } = LEVELS[level];
  if (p.toString(2).length !== np || q.toString(2).length !== nq) {
    throw new HalfkeyError('BadParameters', 'level: the sizes of p and q do not go with the hash function');
  }
  return { domain: { level, p, q, P, hash }, members };
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
