/**
 * A signed warrant: General JWS JSON (RFC 7515 7.2.1) over the warrant's octets. The first signature is the
 * issuer's, every further one an approver's; all must verify, none is optional (protocol profile 5.3 T16).
 * KMS and provider verify independently of each other and of the DF.
 * Must never report a later fault before an earlier one: the order of the checks is part of the contract.
 */
import { createHash } from 'node:crypto';
import { HalfkeyError, type Brand } from '../../foundation/base/index.ts';
import { authenticate, keyKey, personKey, readRoots, type Signer } from './certificate.ts';
import {
  decodePayload,
  readSignature,
  signOctets,
  verifySignature,
  type ReadSignature,
  type SignaturePart,
  type WarrantSigner,
} from './jws.ts';
import { decodeWarrant, encodeWarrant, malformed, object, timeOf, type Warrant } from './warrant.ts';

/** General JWS JSON serialisation; `payload` is base64url of the warrant's only encoding. */
export interface SignedWarrant {
  readonly payload: string;
  /** The issuer's, then the approvers'. */
  readonly signatures: readonly SignaturePart[];
}

/** What a holder trusts; every holder keeps its own. */
export interface WarrantTrust {
  /** PEM CA certificates of the authorities. */
  readonly roots: readonly string[];
  /** Ids of warrants that were revoked. */
  readonly revoked?: ReadonlySet<string>;
}

/** A warrant that passed every check of {@link verifyWarrant}; it cannot be made otherwise. */
export type VerifiedWarrant = Brand<
  {
    readonly warrant: Warrant;
    /** SHA-256 of the JWS payload octets, 32 octets. */
    readonly digest: Uint8Array;
    /** Common name of the issuer. */
    readonly issuer: string;
    /** Common names of the approvers, in the order of their signatures. */
    readonly approvers: readonly [string, string, ...string[]];
  },
  'VerifiedWarrant'
>;

const TYPE = 'halfkey-warrant+json';
/** The issuer and up to seven approvers. */
const MAX_SIGNATURES = 8;

/** Signs a warrant as its issuer. @throws HalfkeyError `WARRANT_MALFORMED` when a member is out of range */
export async function signWarrant(warrant: Warrant, issuer: WarrantSigner): Promise<SignedWarrant> {
  const octets = encodeWarrant(warrant);
  return { payload: Buffer.from(octets).toString('base64url'), signatures: [await signOctets(octets, issuer, TYPE)] };
}

/** A copy of `signed` with one more approval. Verifies nothing that was signed before. @throws HalfkeyError `WARRANT_MALFORMED` */
export async function approveWarrant(signed: SignedWarrant, approver: WarrantSigner): Promise<SignedWarrant> {
  const { octets } = readSigned(signed);
  return { payload: signed.payload, signatures: [...signed.signatures, await signOctets(octets, approver, TYPE)] };
}

interface ReadWarrant {
  readonly payload: string;
  readonly octets: Uint8Array;
  readonly warrant: Warrant;
  readonly issuer: ReadSignature;
  readonly approvals: readonly ReadSignature[];
}

function readSigned(input: unknown): ReadWarrant {
  const { payload, signatures } = object(input, 'the signed warrant', ['payload', 'signatures']);
  if (!Array.isArray(signatures) || signatures.length > MAX_SIGNATURES)
    throw malformed('signatures is not a list of 1 to 8');
  const octets = decodePayload(payload);
  const warrant = decodeWarrant(octets);
  const [issuer, ...approvals] = signatures.map((part: unknown) => readSignature(part, TYPE));
  if (issuer === undefined) throw malformed('signatures is not a list of 1 to 8');
  return { payload: payload as string, octets, warrant, issuer, approvals };
}

/**
 * Verifies a signed warrant at `nowMs` (milliseconds since 1970). The checks, in this order:
 * @throws HalfkeyError `WARRANT_MISSING` (undefined or null), `WARRANT_MALFORMED`,
 * `WARRANT_ISSUER` (a certificate), `WARRANT_SIGNATURE` (any signature),
 * `DUAL_CONTROL` (not two different persons with different keys beside the issuer), `WARRANT_REVOKED`,
 * `WARRANT_NOT_YET` and `WARRANT_EXPIRED` (request interval); `BAD_CONFIG` when a root cannot be read
 */
export async function verifyWarrant(input: unknown, trust: WarrantTrust, nowMs: number): Promise<VerifiedWarrant> {
  if (input === undefined || input === null)
    throw new HalfkeyError('WARRANT_MISSING', 'the request carries no warrant');
  const { payload, octets, warrant, issuer: issued, approvals } = readSigned(input);

  const roots = readRoots(trust.roots);
  const issuer = authenticate(issued.certificate, 'issuer', roots, nowMs);
  const approvers = approvals.map((approval) => authenticate(approval.certificate, 'approver', roots, nowMs));

  await verifySignature(issued, payload, issuer);
  for (const [i, approver] of approvers.entries())
    await verifySignature(approvals[i] as ReadSignature, payload, approver);

  assertDualControl([issuer, ...approvers]);

  if (trust.revoked?.has(warrant.id) === true)
    throw new HalfkeyError('WARRANT_REVOKED', 'the warrant has been revoked');
  if (nowMs < timeOf(warrant.request.from))
    throw new HalfkeyError('WARRANT_NOT_YET', 'the request interval has not begun');
  if (nowMs >= timeOf(warrant.request.to)) throw new HalfkeyError('WARRANT_EXPIRED', 'the request interval is over');

  return {
    warrant,
    digest: new Uint8Array(createHash('sha256').update(octets).digest()),
    issuer: issuer.person,
    approvers: approvers.map(({ person }) => person),
  } as unknown as VerifiedWarrant;
}

/** Issuer and at least two approvers, all of them different persons with different keys (N55). */
function assertDualControl(signers: readonly Signer[]): void {
  if (signers.length < 3) throw new HalfkeyError('DUAL_CONTROL', 'the warrant has fewer than two approvals');
  if (new Set(signers.map(personKey)).size !== signers.length)
    throw new HalfkeyError('DUAL_CONTROL', 'one person signed twice');
  if (new Set(signers.map(keyKey)).size !== signers.length)
    throw new HalfkeyError('DUAL_CONTROL', 'one key signed twice');
}
