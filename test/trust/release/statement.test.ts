import { createPrivateKey } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { fromHex, ntpTime } from '../../../src/foundation/base/index.ts';
import { createAuthority, issueCertificate, type Authority } from '../../../src/platform/index.ts';
import {
  signStatement,
  verifyStatement,
  type StatementSigner,
  type StatementSubject,
} from '../../../src/trust/release/index.ts';
import { WARRANT } from './support.ts';

const subject: StatementSubject = {
  warrantDigest: WARRANT,
  target: 'sip:alice@operator-a.example',
  role: 'initiator',
  csbId: fromHex('27675852'),
  t1: ntpTime(fromHex('eb1facc080000000')),
  nonce: fromHex('0300000007'),
  ownPoint: fromHex('04aabb'),
};

let authority: Authority;
let signer: StatementSigner;
const now = Date.now();

async function signerOf(
  issuer: Authority,
  uri = 'urn:halfkey:warrant:kms-statement',
  days = 1,
): Promise<StatementSigner> {
  const { certificate, privateKey } = await issueCertificate({
    authority: issuer,
    commonName: 'KMS statement',
    uris: [uri],
    days,
    usage: 'signing',
  });
  return { certificate, privateKey: createPrivateKey(privateKey) };
}

beforeAll(async () => {
  authority = await createAuthority('Operator');
  signer = await signerOf(authority);
});

const verify = (statement: string | undefined, about = subject, at = now): Promise<void> =>
  verifyStatement(statement, about, [authority.certificate], at);

describe('the statement of a KMS', () => {
  it('verifies for exactly its subject', async () => {
    await expect(verify(await signStatement(signer, subject))).resolves.toBeUndefined();
  });

  it('holds neither nonce nor point', async () => {
    const statement = await signStatement(signer, { ...subject, nonce: fromHex('c0ffee'.repeat(8)) });
    const payload = Buffer.from(statement.split('.')[1]!, 'base64url').toString();
    expect(payload).not.toContain('c0ffee');
    expect(payload).not.toContain('04aabb');
  });

  it.each<[string, Partial<StatementSubject>]>([
    ['warrant', { warrantDigest: 'ee'.repeat(32) }],
    ['target', { target: 'sip:bob@operator-b.example' }],
    ['role', { role: 'responder' }],
    ['CSB ID', { csbId: fromHex('27675853') }],
    ['T', { t1: ntpTime(fromHex('eb1facc080000001')) }],
    ['nonce', { nonce: fromHex('0300000008') }],
    ['point', { ownPoint: fromHex('04aabc') }],
    // The same octets, cut at another place.
    ['border between nonce and point', { nonce: fromHex('030000000704'), ownPoint: fromHex('aabb') }],
  ])('is not one about another %s: KMS_STATEMENT', async (_, change) => {
    const statement = await signStatement(signer, subject);
    await expect(verify(statement, { ...subject, ...change })).rejects.toMatchObject({ code: 'KMS_STATEMENT' });
  });

  it('missing, no JWS, or altered: KMS_STATEMENT', async () => {
    const statement = await signStatement(signer, subject);
    const [header, payload, signature] = statement.split('.') as [string, string, string];
    for (const bad of [undefined, '', 'x', 'a.b.c', `${header}.${payload}.`, `${header}..${signature}`])
      await expect(verify(bad)).rejects.toMatchObject({ code: 'KMS_STATEMENT' });
  });

  it('of an authority that is not trusted, of another use, or of a certificate that has ended: KMS_STATEMENT', async () => {
    const stranger = await signStatement(await signerOf(await createAuthority('Operator')), subject);
    await expect(verify(stranger)).rejects.toMatchObject({ code: 'KMS_STATEMENT' });
    const approver = await signStatement(await signerOf(authority, 'urn:halfkey:warrant:approver'), subject);
    await expect(verify(approver)).rejects.toMatchObject({ code: 'KMS_STATEMENT' });
    const old = await signStatement(signer, subject);
    await expect(verify(old, subject, now + 3 * 86_400_000)).rejects.toMatchObject({ code: 'KMS_STATEMENT' });
  });

  it("signed with another key under the KMS's certificate: KMS_STATEMENT", async () => {
    const other = await signerOf(authority);
    const forged = await signStatement({ certificate: signer.certificate, privateKey: other.privateKey }, subject);
    await expect(verify(forged)).rejects.toMatchObject({ code: 'KMS_STATEMENT' });
  });
});
