/**
 * Revocation lists: compact JWS (RFC 7515 7.1) by an issuer whom a holder trusts.
 * A holder keeps the union of what it was sent and never takes a revocation back.
 * A list says which warrants are revoked; it must never be taken as a statement that others are valid.
 */
import { HalfkeyError } from '../../foundation/base/index.ts';
import { authenticate, readRoots } from './certificate.ts';
import { decodePayload, readSignature, signOctets, verifySignature, type WarrantSigner } from './jws.ts';
import type { WarrantTrust } from './verify.ts';
import { isWarrantId, list, malformed, object, parseJson, readName, timeOf } from './warrant.ts';

/** Warrants that end before their time. */
export interface RevocationList {
  readonly agency: string;
  /** 1 to 1000 different ids; an authority with more sends several lists. */
  readonly warrantIds: readonly string[];
  /** RFC 3339 time in UTC. */
  readonly issuedAt: string;
}

/** A list with who signed it. */
export interface VerifiedRevocations extends RevocationList {
  readonly issuer: string;
}

const TYPE = 'halfkey-revocations+json';
const MAX_IDS = 1000;
/** How far the issuer's clock may be ahead, milliseconds (protocol profile 5.3: terminals and clocks, 300 s). */
const SKEW_MS = 300_000;

function readList(value: unknown): RevocationList & { readonly version: 1 } {
  const members = object(value, 'the revocation list', ['version', 'agency', 'warrantIds', 'issuedAt']);
  if (members['version'] !== 1) throw malformed('version is not 1');
  if (typeof members['issuedAt'] !== 'string') throw malformed('issuedAt is not a time');
  timeOf(members['issuedAt']);
  return {
    version: 1,
    agency: readName(members['agency'], 'agency'),
    warrantIds: list(members['warrantIds'], 'warrantIds', MAX_IDS, isWarrantId),
    issuedAt: members['issuedAt'],
  };
}

/** Signs a list as an issuer; returns the compact serialisation. @throws HalfkeyError `WARRANT_MALFORMED` */
export async function signRevocations(revocations: RevocationList, issuer: WarrantSigner): Promise<string> {
  const octets = new TextEncoder().encode(JSON.stringify(readList({ version: 1, ...revocations })));
  const part = await signOctets(octets, issuer, TYPE);
  return `${part.protected}.${Buffer.from(octets).toString('base64url')}.${part.signature}`;
}

/**
 * Verifies a list at `nowMs` (milliseconds since 1970) under the same trust as a warrant.
 * @throws HalfkeyError `WARRANT_MALFORMED`, `WARRANT_ISSUER`, `WARRANT_SIGNATURE`,
 * `WARRANT_NOT_YET` when it was issued more than 300 s after now; `BAD_CONFIG` when a root cannot be read
 */
export async function verifyRevocations(
  input: unknown,
  trust: Pick<WarrantTrust, 'roots'>,
  nowMs: number,
): Promise<VerifiedRevocations> {
  if (typeof input !== 'string') throw malformed('a revocation list is a compact JWS');
  const parts = input.split('.', 4);
  const [header, payload = '', signature] = parts;
  if (parts.length !== 3) throw malformed('a revocation list is a compact JWS');
  const octets = decodePayload(payload);
  const { version, ...revocations } = readList(parseJson(octets));
  if (Buffer.compare(Buffer.from(JSON.stringify({ version, ...revocations })), octets) !== 0) {
    throw malformed('the revocation list is not in its only encoding');
  }
  const read = readSignature({ protected: header, signature }, TYPE);
  const issuer = authenticate(read.certificate, 'issuer', readRoots(trust.roots), nowMs);
  await verifySignature(read, payload, issuer);
  if (timeOf(revocations.issuedAt) > nowMs + SKEW_MS)
    throw new HalfkeyError('WARRANT_NOT_YET', 'the revocation list is of the future');
  return { ...revocations, issuer: issuer.person };
}
