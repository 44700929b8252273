import { execFileSync, spawnSync } from 'node:child_process';
import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { createAuthority, issueCertificate, type Authority, type Credential } from '../../src/platform/index.ts';
import { approveWarrant, signWarrant, verifyWarrant } from '../../src/trust/warrant/index.ts';
import { describePeer, readCertificates, roleOf } from '../../src/platform/tls-identity.ts';
import { needs } from '../support/needs.ts';
import { temporaryDirectory } from './support.ts';

let authority: Authority;
let role: Credential;
beforeAll(async () => {
  authority = await createAuthority('Operator, "A"');
  role = await issueCertificate({
    authority,
    commonName: 'df',
    uris: ['urn:halfkey:role:df'],
    dnsNames: ['localhost'],
    ipAddresses: ['127.0.0.1', '::1'],
    days: 2,
    usage: 'tls',
  });
});

const signer = async (commonName: string, use: string) => {
  const { certificate, privateKey } = await issueCertificate({
    authority,
    commonName,
    uris: [`urn:halfkey:warrant:${use}`],
    days: 1,
    usage: 'signing',
  });
  return { certificate, privateKey: createPrivateKey(privateKey) };
};

describe('certificates', () => {
  it('are what Node takes them for', () => {
    const [ca, leaf] = [new X509Certificate(authority.certificate), new X509Certificate(role.certificate)];
    expect(ca.ca).toBe(true);
    expect(leaf.ca).toBe(false);
    expect(leaf.checkIssued(ca) && leaf.verify(ca.publicKey)).toBe(true);
    expect(leaf.checkPrivateKey(createPrivateKey(role.privateKey))).toBe(true);
    expect(leaf.checkIP('127.0.0.1')).toBe('127.0.0.1');
    expect(leaf.checkHost('localhost')).toBe('localhost');
    expect(roleOf(leaf)).toBe('df');
    expect(createPublicKey(authority.privateKey).asymmetricKeyDetails?.namedCurve).toBe('prime256v1');
    expect(describePeer(leaf, [ca])).toEqual({
      role: 'df',
      commonName: 'df',
      organisation: 'Operator, "A"',
      fingerprint: leaf.fingerprint256.replaceAll(':', '').toLowerCase(),
    });
  });

  it('verify with OpenSSL for TLS', () => {
    needs('openssl');
    const directory = temporaryDirectory();
    for (const [name, text] of Object.entries({
      'ca.pem': authority.certificate,
      'leaf.pem': role.certificate,
      'leaf.key': role.privateKey,
    })) {
      writeFileSync(join(directory, name), text);
    }
    for (const purpose of ['sslclient', 'sslserver']) {
      const output = execFileSync(
        'openssl',
        ['verify', '-x509_strict', '-purpose', purpose, '-CAfile', 'ca.pem', 'leaf.pem'],
        { cwd: directory, encoding: 'utf8' },
      );
      expect(output).toContain('leaf.pem: OK');
    }
    expect(
      execFileSync('openssl', ['x509', '-in', 'leaf.pem', '-noout', '-ext', 'subjectAltName'], {
        cwd: directory,
        encoding: 'utf8',
      }),
    ).toContain('URI:urn:halfkey:role:df');
  });

  it('for signing are of no use for TLS', async () => {
    needs('openssl');
    const directory = temporaryDirectory();
    writeFileSync(join(directory, 'ca.pem'), authority.certificate);
    writeFileSync(join(directory, 'leaf.pem'), (await signer('Judge', 'issuer')).certificate);
    expect(new X509Certificate((await signer('Judge', 'issuer')).certificate).keyUsage ?? []).toEqual([]);
    expect(spawnSync('openssl', ['verify', '-CAfile', 'ca.pem', 'leaf.pem'], { cwd: directory }).status).toBe(0);
    expect(roleOf(new X509Certificate((await signer('Judge', 'issuer')).certificate))).toBeUndefined();
  });

  it('sign and approve warrants', async () => {
    const now = Date.now();
    const interval = { from: new Date(now - 1000).toISOString(), to: new Date(now + 60_000).toISOString() };
    let signed = await signWarrant(
      {
        version: 1,
        id: 'W',
        agency: 'A',
        targets: ['sip:a@b.example'],
        interception: interval,
        request: interval,
        inProgressSeconds: 0,
        solutions: ['3'],
        deliver: ['content'],
        maxReleases: 1,
      },
      await signer('Judge', 'issuer'),
    );
    for (const person of ['Anna', 'Bert']) signed = await approveWarrant(signed, await signer(person, 'approver'));
    expect((await verifyWarrant(signed, { roots: [authority.certificate] }, now)).approvers).toEqual(['Anna', 'Bert']);
    // The TLS certificate of a role approves nothing, though the same authority issued it.
    const asApprover = await approveWarrant(signed, {
      certificate: role.certificate,
      privateKey: createPrivateKey(role.privateKey),
    });
    await expect(verifyWarrant(asApprover, { roots: [authority.certificate] }, now)).rejects.toThrow(
      expect.objectContaining({ code: 'WARRANT_ISSUER' }),
    );
  });

  it('have their own serial numbers and the validity that was asked', async () => {
    const at = Date.UTC(2030, 0, 1);
    const issue = () =>
      issueCertificate({ authority, commonName: 'x', uris: ['urn:halfkey:role:x'], days: 3, usage: 'tls' }, () => at);
    const [one, two] = [
      new X509Certificate((await issue()).certificate),
      new X509Certificate((await issue()).certificate),
    ];
    expect(one.serialNumber).not.toBe(two.serialNumber);
    expect(Date.parse(one.validTo)).toBe(at + 3 * 86_400_000);
    expect(Date.parse(one.validFrom)).toBe(at - 300_000);
  });

  it.each([
    [['urn:halfkey:role:df', 'urn:halfkey:role:kms']],
    [['urn:halfkey:role:']],
    [['urn:halfkey:role:df/x']],
    [['urn:halfkey:role:DF']],
    [['http://x, URI:urn:halfkey:role:df, y']],
    [['urn:halfkey:warrant:issuer']],
  ])('with the URIs %j name no role', async (uris) => {
    const { certificate } = await issueCertificate({ authority, commonName: 'x', uris, days: 1, usage: 'tls' });
    expect(roleOf(new X509Certificate(certificate))).toBeUndefined();
  });

  it('with a role hidden in a DNS name name no role', async () => {
    const dnsNames = ['x, URI:urn:halfkey:role:df, y'];
    const { certificate } = await issueCertificate({
      authority,
      commonName: 'x',
      uris: [],
      dnsNames,
      days: 1,
      usage: 'tls',
    });
    expect(roleOf(new X509Certificate(certificate))).toBeUndefined();
  });

  it('are read from texts with several', () => {
    expect(readCertificates([`${authority.certificate}\nnoise\n${role.certificate}`])).toHaveLength(2);
    expect(() => readCertificates(['-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----'])).toThrow();
  });
});
