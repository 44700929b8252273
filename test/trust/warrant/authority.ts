/** Certificates for the tests of warrants: good ones, and every kind of bad one. */
import 'reflect-metadata';
import { KeyObject, type webcrypto } from 'node:crypto';
import { webcrypto as crypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import type { WarrantSigner } from '../../../src/trust/warrant/index.ts';

/** All tests happen at this time: 2026-03-01T12:00:00Z. */
export const NOW = Date.UTC(2026, 2, 1, 12);
const DAY = 86_400_000;

export interface Authority {
  readonly name: string;
  readonly pem: string;
  readonly keys: webcrypto.CryptoKeyPair;
  readonly certificate: x509.X509Certificate;
}

const P256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
export const newKeys = async (algorithm: object = P256): Promise<webcrypto.CryptoKeyPair> =>
  await crypto.subtle.generateKey(algorithm as webcrypto.EcKeyGenParams, true, ['sign', 'verify']);

export async function makeAuthority(
  name: string,
  options: { ca?: boolean; from?: number; to?: number; keys?: webcrypto.CryptoKeyPair } = {},
): Promise<Authority> {
  const keys = options.keys ?? (await newKeys());
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    keys,
    serialNumber: '01',
    notBefore: new Date(options.from ?? NOW - DAY),
    notAfter: new Date(options.to ?? NOW + DAY),
    signingAlgorithm: P256,
    extensions: [
      new x509.BasicConstraintsExtension(options.ca ?? true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.digitalSignature, true),
    ],
  });
  return { name, pem: certificate.toString('pem'), keys, certificate };
}

export interface LeafOptions {
  readonly subject?: x509.JsonName;
  readonly uris?: readonly string[];
  readonly dns?: readonly string[];
  readonly from?: number;
  readonly to?: number;
  readonly ca?: boolean;
  readonly extendedKeyUsage?: readonly string[];
  readonly keys?: webcrypto.CryptoKeyPair;
}

export const ISSUER = 'urn:halfkey:warrant:issuer';
export const APPROVER = 'urn:halfkey:warrant:approver';

export async function makeSigner(
  authority: Authority,
  person: string,
  use: string,
  options: LeafOptions = {},
): Promise<WarrantSigner & { keys: webcrypto.CryptoKeyPair }> {
  const keys = options.keys ?? (await newKeys());
  const names = [
    ...(options.uris ?? [use]).map((value) => ({ type: 'url' as const, value })),
    ...(options.dns ?? []).map((value) => ({ type: 'dns' as const, value })),
  ];
  const certificate = await x509.X509CertificateGenerator.create({
    subject: new x509.Name(options.subject ?? [{ CN: [person] }]),
    issuer: authority.certificate.subject,
    publicKey: keys.publicKey as never,
    signingKey: authority.keys.privateKey as never,
    serialNumber: '02',
    notBefore: new Date(options.from ?? NOW - DAY),
    notAfter: new Date(options.to ?? NOW + DAY),
    signingAlgorithm: P256,
    extensions: [
      new x509.BasicConstraintsExtension(options.ca ?? false, undefined, true),
      ...(names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : []),
      ...(options.extendedKeyUsage ? [new x509.ExtendedKeyUsageExtension([...options.extendedKeyUsage])] : []),
    ],
  });
  return { certificate: certificate.toString('pem'), privateKey: KeyObject.from(keys.privateKey), keys };
}
