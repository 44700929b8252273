/**
 * Makes authorities and certificates: P-256, ECDSA with SHA-256, X.509 v3. For the lab, for tests and for
 * an operator without an authority of his own. The library is loaded on first use only.
 * Must never write a private key anywhere: the caller gets it as text.
 */
import { randomBytes, webcrypto, X509Certificate } from 'node:crypto';
import type * as X509 from '@peculiar/x509';
import { systemClock, type Clock } from '../foundation/base/index.ts';

/** A certificate and its private key, both PEM (the key PKCS #8). */
export interface Credential {
  readonly certificate: string;
  readonly privateKey: string;
}

/** An authority: a self-signed CA certificate and its key. */
export interface Authority extends Credential {
  readonly name: string;
}

export interface CertificateRequest {
  readonly authority: Authority;
  /** Role or person, 1 to 64 characters. */
  readonly commonName: string;
  /** URIs of the subject alternative name: `urn:halfkey:role:df`, `urn:halfkey:warrant:approver`. */
  readonly uris: readonly string[];
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
  readonly days: number;
  /** `tls`: server and client of mutual TLS; `signing`: warrants and statements, useless for TLS. */
  readonly usage: 'tls' | 'signing';
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const DAY_MS = 86_400_000;
/** Certificates are valid from a little earlier, for hosts whose clocks are behind. */
const BACKDATE_MS = 300_000;
const AUTHORITY_DAYS = 3650;

async function load(): Promise<typeof X509> {
  await import('reflect-metadata');
  return import('@peculiar/x509');
}

const generateKeys = (): Promise<webcrypto.CryptoKeyPair> =>
  webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);

/** 127 random bits, positive and not zero. */
function serialNumber(): string {
  const octets = randomBytes(16);
  octets[0] = ((octets[0] as number) & 0x3f) | 0x40;
  return octets.toString('hex');
}

function pem(label: string, der: ArrayBuffer): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

const exportKey = async (key: webcrypto.CryptoKey): Promise<string> =>
  pem('PRIVATE KEY', await webcrypto.subtle.exportKey('pkcs8', key));

/** A name of one common name, taken as it is: as plain text the library would read commas, quotes and `#` in it. */
const nameOf = (x509: typeof X509, commonName: string): X509.Name =>
  new x509.Name([{ CN: [{ utf8String: commonName }] }]);

const validity = (clock: Clock, days: number): { notBefore: Date; notAfter: Date } => ({
  notBefore: new Date(clock() - BACKDATE_MS),
  notAfter: new Date(clock() + days * DAY_MS),
});

/** Makes an authority, valid for ten years. */
export async function createAuthority(name: string, clock: Clock = systemClock): Promise<Authority> {
  const x509 = await load();
  const keys = await generateKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: nameOf(x509, name),
    keys,
    serialNumber: serialNumber(),
    ...validity(clock, AUTHORITY_DAYS),
    signingAlgorithm: ALGORITHM,
    extensions: [
      // Signs leaves only.
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { name, certificate: pem('CERTIFICATE', certificate.rawData), privateKey: await exportKey(keys.privateKey) };
}

/** Makes a key pair and has `authority` certify it. */
export async function issueCertificate(request: CertificateRequest, clock: Clock = systemClock): Promise<Credential> {
  const x509 = await load();
  const { authority, commonName, uris, dnsNames = [], ipAddresses = [], days, usage } = request;
  const issuer = new X509Certificate(authority.certificate);
  const parsedIssuer = new x509.X509Certificate(new Uint8Array(issuer.raw));
  const keys = await generateKeys();
  const names = [
    ...uris.map((value) => ({ type: 'url' as const, value })),
    ...dnsNames.map((value) => ({ type: 'dns' as const, value })),
    ...ipAddresses.map((value) => ({ type: 'ip' as const, value })),
  ];
  const extensions: X509.Extension[] = [
    new x509.BasicConstraintsExtension(false, undefined, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
    new x509.SubjectAlternativeNameExtension(names),
    await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    await x509.AuthorityKeyIdentifierExtension.create(parsedIssuer),
  ];
  if (usage === 'tls') {
    extensions.push(
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth]),
    );
  }
  const parameters: Parameters<typeof X509.X509CertificateGenerator.create>[0] = {
    subject: nameOf(x509, commonName),
    // The octets of the issuer's name as they are, so that both sides of the chain compare equal.
    issuer: parsedIssuer.subjectName,
    publicKey: keys.publicKey,
    signingKey: await importKey(authority.privateKey),
    serialNumber: serialNumber(),
    ...validity(clock, days),
    signingAlgorithm: ALGORITHM,
    extensions,
  };
  const certificate = await x509.X509CertificateGenerator.create(parameters);
  return { certificate: pem('CERTIFICATE', certificate.rawData), privateKey: await exportKey(keys.privateKey) };
}

async function importKey(text: string): Promise<webcrypto.CryptoKey> {
  const der = Buffer.from(text.replace(/-----[^-]+-----|\s/g, ''), 'base64');
  return webcrypto.subtle.importKey('pkcs8', der, ALGORITHM, false, ['sign']);
}
