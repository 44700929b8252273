/**
 * The KMS's signed statement (protocol profile 5.3): that under this warrant it has itself opened, for this
 * target, an exchange with this CSB ID and T, and found this nonce beside this point. A provider that cannot
 * see the exchange opens nonces of modes 1 and 2 on this word only.
 * Compact JWS, ES256, the certificate in `x5c`. Holds digests of nonce and point, never the octets.
 */
import { createHash } from 'node:crypto';
import { compactVerify, CompactSign, decodeProtectedHeader } from 'jose';
import { concat, HalfkeyError, toHex, type NtpTime } from '../../foundation/base/index.ts';
import { authenticate, decodeCertificate, readRoots, type WarrantSigner } from '../warrant/index.ts';

export type StatementSigner = WarrantSigner;

export interface StatementSubject {
  /** Lower-case hex. */
  readonly warrantDigest: string;
  /** Canonical identity text. */
  readonly target: string;
  readonly role: 'initiator' | 'responder';
  readonly csbId: Uint8Array;
  readonly t1: NtpTime;
  readonly nonce: Uint8Array;
  readonly ownPoint: Uint8Array;
}

const TYPE = 'halfkey-kms-statement+jws';

/** The octets that are signed: members in this order, digests as lower-case hex. */
function statementOf({ warrantDigest, target, role, csbId, t1, nonce, ownPoint }: StatementSubject): Uint8Array {
  const digest = createHash('sha256')
    .update(concat(Uint8Array.of(nonce.length), nonce, ownPoint))
    .digest('hex');
  const members = { version: 1, warrant: warrantDigest, target, role, csbId: toHex(csbId), t1: toHex(t1), digest };
  return new TextEncoder().encode(JSON.stringify(members));
}

export async function signStatement(
  { certificate, privateKey }: StatementSigner,
  subject: StatementSubject,
): Promise<string> {
  const der = certificate.replace(/-----[^-]+-----|\s/g, '');
  return new CompactSign(statementOf(subject))
    .setProtectedHeader({ alg: 'ES256', typ: TYPE, x5c: [der] })
    .sign(privateKey);
}

/**
 * Checks that `statement` was made by a KMS of one of `roots` (PEM) about exactly this subject.
 * @throws HalfkeyError `KMS_STATEMENT`
 */
export async function verifyStatement(
  statement: string | undefined,
  subject: StatementSubject,
  roots: readonly string[],
  nowMs: number,
): Promise<void> {
  if (statement === undefined) throw new HalfkeyError('KMS_STATEMENT', 'the statement of the KMS is missing');
  try {
    const { typ, x5c } = decodeProtectedHeader(statement);
    if (typ !== TYPE || x5c?.length !== 1) throw new TypeError('not a statement');
    const { publicKey } = authenticate(decodeCertificate(x5c[0] ?? ''), 'kms-statement', readRoots(roots), nowMs);
    const { payload } = await compactVerify(statement, publicKey, { algorithms: ['ES256'] });
    if (Buffer.compare(payload, statementOf(subject)) !== 0) throw new TypeError('about something else');
  } catch {
    throw new HalfkeyError('KMS_STATEMENT', 'the statement is not one of a trusted KMS about this request');
  }
}
