/** OpenSSL reads and verifies the certificates that we make, and refuses those that were tampered with. */
import { X509Certificate } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { createAuthority, issueCertificate, type Authority, type Credential } from '../../src/platform/index.ts';
import { needs } from '../support/needs.ts';
import { openssl } from './openssl.ts';

const AT = Date.UTC(2030, 0, 1);
const clock = (): number => AT;
let authority: Authority;
let role: Credential;
let signer: Credential;

beforeAll(async () => {
  authority = await createAuthority('Operator, "Å" #1', clock);
  const common = { authority, days: 2 };
  role = await issueCertificate(
    {
      ...common,
      commonName: 'df',
      uris: ['urn:halfkey:role:df'],
      dnsNames: ['localhost'],
      ipAddresses: ['127.0.0.1', '::1'],
      usage: 'tls',
    },
    clock,
  );
  signer = await issueCertificate(
    { ...common, commonName: 'Judge', uris: ['urn:halfkey:warrant:issuer'], usage: 'signing' },
    clock,
  );
});

function text(certificate: string, ...options: readonly string[]): string {
  const args = ['x509', '-in', 'a.pem', '-noout', '-nameopt', 'utf8,sep_multiline,lname', ...options];
  const { status, stdout, stderr } = openssl(args, { 'a.pem': certificate });
  expect(status, stderr).toBe(0);
  return stdout.replace(/\s+/g, ' ');
}

/** What `openssl verify` says at a time, about a chain from `root` to `leaf`; empty when it is content. */
function objection(root: string, leaf: string, { at = AT, purpose = 'sslserver', chain = '' } = {}): string {
  const args = ['verify', '-x509_strict', '-attime', String(at / 1000), '-purpose', purpose, '-CAfile', 'root.pem'];
  const files = { 'root.pem': root, 'leaf.pem': leaf, 'chain.pem': chain };
  const { status, stderr } = openssl([...args, ...(chain ? ['-untrusted', 'chain.pem'] : []), 'leaf.pem'], files);
  return status === 0 ? '' : (/error \d+ at \d+ depth lookup: (.*)/.exec(stderr)?.[1] ?? stderr);
}

/** The certificate with one bit of its DER flipped. */
function flipped(certificate: string, at: number): string {
  const der = Uint8Array.from(new X509Certificate(certificate).raw);
  der[at] = (der[at] as number) ^ 1;
  return `-----BEGIN CERTIFICATE-----\n${Buffer.from(der).toString('base64')}\n-----END CERTIFICATE-----\n`;
}

describe('OpenSSL reads our certificates', () => {
  it('names, validity and extensions of an authority', () => {
    needs('openssl');
    const read = text(authority.certificate, '-subject', '-issuer', '-dates', '-ext', 'basicConstraints,keyUsage');
    expect(read).toContain('subject= commonName=Operator, "Å" #1');
    expect(read).toContain('issuer= commonName=Operator, "Å" #1');
    expect(read).toContain('notBefore=Dec 31 23:55:00 2029 GMT notAfter=Dec 30 00:00:00 2039 GMT');
    expect(read).toContain('X509v3 Basic Constraints: critical CA:TRUE, pathlen:0');
    expect(read).toContain('X509v3 Key Usage: critical Certificate Sign, CRL Sign');
  });

  it('serial number, key, names and purposes of a role', () => {
    needs('openssl');
    const { serialNumber, publicKey } = new X509Certificate(role.certificate);
    expect(text(role.certificate, '-serial')).toBe(`serial=${serialNumber} `);
    expect(text(role.certificate, '-pubkey').replace(/\s/g, '')).toBe(
      publicKey.export({ type: 'spki', format: 'pem' }).toString().replace(/\s/g, ''),
    );
    const read = text(role.certificate, '-text');
    expect(read).toContain('Version: 3 (0x2)');
    expect(read).toContain('Signature Algorithm: ecdsa-with-SHA256');
    expect(read).toContain('URI:urn:halfkey:role:df, DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1');
    expect(read).toContain('X509v3 Basic Constraints: critical CA:FALSE');
    expect(read).toContain('X509v3 Key Usage: critical Digital Signature');
    expect(read).toContain('X509v3 Extended Key Usage: TLS Web Server Authentication, TLS Web Client Authentication');
  });

  it('the use of a signer, which has no purpose of TLS', () => {
    needs('openssl');
    const read = text(signer.certificate, '-text');
    expect(read).toContain('URI:urn:halfkey:warrant:issuer');
    expect(read).not.toContain('Extended Key Usage');
  });

  it('and builds the chain', () => {
    needs('openssl');
    for (const purpose of ['sslserver', 'sslclient'])
      expect(objection(authority.certificate, role.certificate, { purpose })).toBe('');
    expect(objection(authority.certificate, signer.certificate, { purpose: 'any' })).toBe('');
  });
});

describe('planted faults that OpenSSL objects to', () => {
  it('one bit of the signature, of the public key, of the URI', () => {
    needs('openssl');
    const der = Buffer.from(new X509Certificate(role.certificate).raw);
    const key = Buffer.from(new X509Certificate(role.certificate).publicKey.export({ type: 'spki', format: 'der' }));
    const places = [der.length - 1, der.indexOf(key) + 20, der.indexOf('urn:halfkey:role:df') + 18];
    for (const at of places) expect(objection(authority.certificate, flipped(role.certificate, at))).not.toBe('');
    expect(objection(authority.certificate, flipped(role.certificate, places[2] as number))).toBe(
      'certificate signature failure',
    );
  });

  it('another authority of the same name', async () => {
    needs('openssl');
    const other = await createAuthority(authority.name, clock);
    expect(objection(other.certificate, role.certificate)).not.toBe('');
  });

  it('a role that issues certificates', async () => {
    needs('openssl');
    const request = { authority: { name: 'df', ...role }, commonName: 'kms', uris: ['urn:halfkey:role:kms'], days: 1 };
    const { certificate } = await issueCertificate({ ...request, usage: 'tls' }, clock);
    expect(objection(authority.certificate, certificate, { chain: role.certificate })).toBe('invalid CA certificate');
  });

  it('a time before and a time after', () => {
    needs('openssl');
    const day = 86_400_000;
    const said = (at: number): string => objection(authority.certificate, role.certificate, { at });
    expect(said(AT - day)).toContain('not yet valid');
    expect(said(AT + 3 * day)).toContain('expired');
  });
});
