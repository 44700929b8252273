/**
 * Signed octets: JWS (RFC 7515) with one certificate in each protected header, ES256 or EdDSA.
 * Everything that a header can say beyond `alg`, `typ` and `x5c` is refused, and so is every second
 * spelling of base64url or JSON: what decodes re-encodes identically.
 * Must never take a key from a header otherwise than through a certificate that is then authenticated.
 */
import { createPublicKey, KeyObject, X509Certificate } from 'node:crypto';
import { FlattenedSign, flattenedVerify, type CryptoKey } from 'jose';
import { HalfkeyError, toBase64 } from '../../foundation/base/index.ts';
import { algorithmOf, decodeCertificate, type Algorithm, type Signer } from './certificate.ts';
import { malformed, object, parseJson } from './warrant.ts';

/** The certificate (PEM) and the private key of somebody who signs. */
export interface WarrantSigner {
  readonly certificate: string;
  readonly privateKey: KeyObject | CryptoKey;
}

/** One signature of a General JWS JSON serialisation (RFC 7515 7.2.1); both members base64url. */
export interface SignaturePart {
  readonly protected: string;
  readonly signature: string;
}

/** What is signed: a type in the header keeps a warrant and a revocation list apart. */
export type SignedType = 'halfkey-warrant+json' | 'halfkey-revocations+json';

/** A signature as it was read, nothing verified yet. */
export interface ReadSignature {
  readonly part: SignaturePart;
  readonly algorithm: Algorithm;
  readonly certificate: X509Certificate;
}

const MAX_PAYLOAD = 262_144;
const MAX_HEADER = 16_384;
const MAX_SIGNATURE = 256;

/** Octets of unpadded, canonical base64url of at most `max` characters. @throws HalfkeyError `WARRANT_MALFORMED` */
function decodeBase64url(value: unknown, max: number): Uint8Array {
  if (typeof value !== 'string' || value.length > max) throw malformed('a part is not base64url');
  const octets = Buffer.from(value, 'base64url');
  if (octets.toString('base64url') !== value) throw malformed('a part is not base64url');
  return new Uint8Array(octets);
}

/** The octets of a payload. @throws HalfkeyError `WARRANT_MALFORMED` */
export function decodePayload(value: unknown): Uint8Array {
  return decodeBase64url(value, MAX_PAYLOAD);
}

/** Reads one signature without verifying it. @throws HalfkeyError `WARRANT_MALFORMED` */
export function readSignature(value: unknown, type: SignedType): ReadSignature {
  const part = object(value, 'a signature', ['protected', 'signature']);
  decodeBase64url(part['signature'], MAX_SIGNATURE);
  const octets = decodeBase64url(part['protected'], MAX_HEADER);
  const header = object(parseJson(octets), 'a header', ['alg', 'typ', 'x5c']);
  // A doubled parameter, white space or another spelling does not come back as it was.
  if (Buffer.compare(Buffer.from(JSON.stringify(header)), octets) !== 0)
    throw malformed('a header is not in its only encoding');
  const { alg, typ, x5c } = header;
  if (alg !== 'ES256' && alg !== 'EdDSA') throw malformed('alg is neither ES256 nor EdDSA');
  if (typ !== type) throw malformed(`typ is not ${type}`);
  if (!Array.isArray(x5c) || x5c.length !== 1 || typeof x5c[0] !== 'string')
    throw malformed('x5c is not one certificate');
  return { part: part as unknown as SignaturePart, algorithm: alg, certificate: decodeCertificate(x5c[0]) };
}

/** Verifies one signature over `payload` (base64url). @throws HalfkeyError `WARRANT_SIGNATURE` */
export async function verifySignature(read: ReadSignature, payload: string, signer: Signer): Promise<void> {
  try {
    if (algorithmOf(signer.publicKey) !== read.algorithm) throw new TypeError('alg does not fit the key');
    await flattenedVerify({ payload, ...read.part }, signer.publicKey, { algorithms: [read.algorithm] });
  } catch (cause) {
    throw new HalfkeyError('WARRANT_SIGNATURE', 'a signature does not verify', { cause });
  }
}

/** Signs `payload`. @throws TypeError when the key does not belong to the certificate or is neither P-256 nor Ed25519 */
export async function signOctets(payload: Uint8Array, signer: WarrantSigner, type: SignedType): Promise<SignaturePart> {
  const certificate = new X509Certificate(signer.certificate);
  const privateKey = signer.privateKey instanceof KeyObject ? signer.privateKey : KeyObject.from(signer.privateKey);
  const alg = algorithmOf(createPublicKey(privateKey));
  if (alg === undefined) throw new TypeError('warrants are signed with P-256 or Ed25519 keys');
  if (!certificate.checkPrivateKey(privateKey))
    throw new TypeError('the private key does not belong to the certificate');
  const jws = await new FlattenedSign(payload)
    .setProtectedHeader({ alg, typ: type, x5c: [toBase64(certificate.raw)] })
    .sign(privateKey);
  return { protected: jws.protected ?? '', signature: jws.signature };
}
