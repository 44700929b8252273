/**
 * Who is at the other end of a TLS connection: the role is the one URI `urn:halfkey:role:<role>` of the
 * certificate's subject alternative name, the organisation the authority that signed it.
 */
import { X509Certificate } from 'node:crypto';

/** The peer of a mutual TLS connection, as its certificate says. */
export interface TlsPeer {
  /** Empty when the certificate does not name exactly one role; no route allows that. */
  readonly role: string;
  /** SHA-256 of the certificate, lower-case hex. */
  readonly fingerprint: string;
  /** Empty when there is none. */
  readonly commonName: string;
  /** Common name of the trusted authority that signed the certificate, empty when none did itself. */
  readonly organisation: string;
}

/** The role that a certificate names, undefined when it does not name exactly one. */
export function roleOf(certificate: X509Certificate): string | undefined {
  const names = certificate.subjectAltName ?? '';
  // Node quotes and escapes a name that holds a comma or a quote; none of ours does, so none needs to be understood.
  if (names.includes('"')) return undefined;
  const uris = names.split(', ').filter((name) => name.startsWith('URI:'));
  const [uri] = uris;
  return uris.length === 1 ? /^URI:urn:halfkey:role:([a-z0-9-]{1,64})$/.exec(uri ?? '')?.[1] : undefined;
}

/** Certificates of PEM texts, each of which may hold several. @throws Error when a block is not a certificate */
export function readCertificates(pems: readonly string[]): X509Certificate[] {
  return pems
    .flatMap((pem) => pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [])
    .map((block) => new X509Certificate(block));
}

/** Describes a peer whose chain TLS has verified against `authorities`. */
export function describePeer(certificate: X509Certificate, authorities: readonly X509Certificate[]): TlsPeer {
  const signer = authorities.find((one) => certificate.checkIssued(one) && certificate.verify(one.publicKey));
  return {
    role: roleOf(certificate) ?? '',
    fingerprint: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
    commonName: commonNameOf(certificate),
    organisation: signer === undefined ? '' : commonNameOf(signer),
  };
}

function commonNameOf(certificate: X509Certificate): string {
  // An array when the subject has several common names.
  const name: unknown = (certificate.toLegacyObject().subject as { CN?: unknown } | undefined)?.CN;
  return typeof name === 'string' ? name : '';
}
