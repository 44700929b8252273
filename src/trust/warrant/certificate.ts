/**
 * Who signed: certificates of issuers and approvers, and the authorities that a holder trusts
 * (protocol profile 5.3). An authority signs the leaf itself; there are no intermediates.
 * Must never take a person, a use or a key from anywhere but a certificate that chains to a root.
 */
import { X509Certificate, type KeyObject } from 'node:crypto';
import { fromBase64, HalfkeyError } from '../../foundation/base/index.ts';
import { malformed } from './warrant.ts';

/** What a certificate allows: to issue warrants and revocations, to approve warrants, or to sign what a KMS states about an exchange. */
export type WarrantUse = 'issuer' | 'approver' | 'kms-statement';
export type Algorithm = 'ES256' | 'EdDSA';

/** Somebody who signs, as a holder has verified him. */
export interface Signer {
  /** Common name of the certificate, NFC. */
  readonly person: string;
  readonly publicKey: KeyObject;
}

const SAN_PREFIX = 'URI:urn:halfkey:warrant:';
/** Extended key usages of TLS: a certificate of a machine signs no warrant. */
const TLS_USAGES = ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'];
const MAX_CERTIFICATE = 8192;

/** The certificate of a base64 DER text (an `x5c` element). @throws HalfkeyError `WARRANT_MALFORMED` */
export function decodeCertificate(base64: string): X509Certificate {
  try {
    const der = fromBase64(base64);
    if (der.length > MAX_CERTIFICATE) throw new TypeError('too long');
    const certificate = new X509Certificate(der);
    if (Buffer.compare(certificate.raw, der) !== 0) throw new TypeError('PEM, or octets after the certificate');
    return certificate;
  } catch {
    throw malformed('x5c does not hold a certificate');
  }
}

/** The CA certificates of PEM texts (a text may hold several). @throws HalfkeyError `BAD_CONFIG` */
export function readRoots(pems: readonly string[]): readonly X509Certificate[] {
  return pems.flatMap((pem) => {
    const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
    if (blocks.length === 0) throw new HalfkeyError('BAD_CONFIG', 'a trust root of warrants is not a PEM certificate');
    return blocks.map((block) => {
      try {
        return new X509Certificate(block);
      } catch (cause) {
        throw new HalfkeyError('BAD_CONFIG', 'a trust root of warrants cannot be read', { cause });
      }
    });
  });
}

/** The algorithm that a key signs with, undefined for keys that sign no warrants. */
export function algorithmOf(publicKey: KeyObject): Algorithm | undefined {
  if (publicKey.asymmetricKeyType === 'ed25519') return 'EdDSA';
  return publicKey.asymmetricKeyDetails?.namedCurve === 'prime256v1' ? 'ES256' : undefined;
}

/**
 * The signer behind a certificate that an authority of `roots` issued for `use`, valid at `nowMs`
 * (milliseconds since 1970).
 * @throws HalfkeyError `WARRANT_ISSUER`
 */
export function authenticate(
  leaf: X509Certificate,
  use: WarrantUse,
  roots: readonly X509Certificate[],
  nowMs: number,
): Signer {
  if (
    !roots.some((root) => root.ca && isValidAt(root, nowMs) && leaf.checkIssued(root) && leaf.verify(root.publicKey))
  ) {
    throw refused(use, 'is not issued by a trusted authority');
  }
  if (!isValidAt(leaf, nowMs)) throw refused(use, 'is not valid now');
  if (leaf.ca) throw refused(use, 'is that of an authority');
  // Undefined without the extension, whatever the type says.
  const usages = leaf.keyUsage as string[] | undefined;
  if (usages?.some((usage) => TLS_USAGES.includes(usage)) === true) throw refused(use, 'is one for TLS');
  if (useOf(leaf) !== use) throw refused(use, `does not name the use ${use}`);
  return { person: personOf(leaf, use), publicKey: leaf.publicKey };
}

/** The use that the one URI of the subject alternative name gives. */
function useOf(leaf: X509Certificate): string | undefined {
  const text = leaf.subjectAltName ?? '';
  // Node quotes and escapes a name that holds a comma or a quote; none of ours does, so none needs to be understood.
  if (text.includes('"')) return undefined;
  const uris = text.split(', ').filter((name) => name.startsWith('URI:'));
  const [uri] = uris;
  return uris.length === 1 && uri?.startsWith(SAN_PREFIX) === true ? uri.slice(SAN_PREFIX.length) : undefined;
}

function personOf(leaf: X509Certificate, use: WarrantUse): string {
  // An array when the subject has several common names.
  const name: unknown = (leaf.toLegacyObject().subject as { CN?: unknown } | undefined)?.CN;
  const person = typeof name === 'string' ? name.normalize('NFC') : '';
  if (person.trim() === '' || /\p{C}/u.test(person)) throw refused(use, 'names no person');
  return person;
}

function isValidAt(certificate: X509Certificate, nowMs: number): boolean {
  return Date.parse(certificate.validFrom) <= nowMs && nowMs <= Date.parse(certificate.validTo);
}

function refused(use: WarrantUse, what: string): HalfkeyError {
  return new HalfkeyError('WARRANT_ISSUER', `the certificate of the ${use} ${what}`);
}

/** Equal for names that a reader takes for the same person: case, width and blanks do not make a second one. */
export function personKey(signer: Signer): string {
  return signer.person.normalize('NFKC').toLowerCase().replace(/\s+/g, ' ').trim();
}

/** Equal for keys of one holder: x alone, since who has the key of (x, y) has that of (x, -y). */
export function keyKey(signer: Signer): string {
  const { crv, x } = signer.publicKey.export({ format: 'jwk' });
  return `${String(crv)} ${String(x)}`;
}
