/** An agency for tests: people who issue and approve warrants, good ones and altered ones. */
import { createHash, createPrivateKey, type KeyObject } from 'node:crypto';
import { createAuthority, issueCertificate, type Authority } from '../../src/platform/index.ts';
import {
  approveWarrant,
  signRevocations,
  signWarrant,
  type SignedWarrant,
  type Warrant,
} from '../../src/trust/warrant/index.ts';

export interface Person {
  readonly certificate: string;
  readonly privateKey: KeyObject;
}

export interface Agency {
  readonly authority: Authority;
  /** One credential a name and use. */
  person(use: string, name: string): Promise<Person>;
  /** Issued and approved; members of `change` stand in the place of the usual ones. */
  warrant(change?: WarrantChange): Promise<SignedWarrant>;
  /** A revocation list, signed by the issuer. */
  revocations(warrantIds: readonly string[]): Promise<string>;
}

export interface WarrantChange extends Partial<Warrant> {
  /** Names of the approvers; by default two. */
  readonly approvers?: readonly string[];
}

export const HOUR_MS = 3_600_000;
let warrants = 0;

/** The RFC 3339 time of milliseconds since 1970. */
export const timeText = (ms: number): string => new Date(ms).toISOString();

/** SHA-256 of the warrant, lower-case hex. */
export const digestOf = ({ payload }: SignedWarrant): string =>
  createHash('sha256').update(Buffer.from(payload, 'base64url')).digest('hex');

/** Warrants of this agency intercept the hour around `t1` (seconds since 1970). */
export async function createAgency(name: string, t1: number): Promise<Agency> {
  const authority = await createAuthority(name);
  const people = new Map<string, Promise<Person>>();

  function person(use: string, commonName: string): Promise<Person> {
    const key = `${use} ${commonName}`;
    const known = people.get(key) ?? makePerson(authority, use, commonName);
    people.set(key, known);
    return known;
  }

  return {
    authority,
    person,
    async warrant({ approvers = ['First Approver', 'Second Approver'], ...change } = {}) {
      warrants += 1;
      const now = Date.now();
      let signed = await signWarrant(
        {
          version: 1,
          id: `test-${String(process.pid)}-${String(warrants)}`,
          agency: 'Test agency',
          targets: ['sip:alice@operator-a.example'],
          interception: { from: timeText(1000 * t1 - HOUR_MS / 2), to: timeText(1000 * t1 + HOUR_MS / 2) },
          request: { from: timeText(now - HOUR_MS), to: timeText(now + HOUR_MS) },
          inProgressSeconds: 0,
          solutions: ['3', '4/1', '4/2'],
          deliver: ['content', 'keys'],
          maxReleases: 100,
          ...change,
        },
        await person('issuer', 'Issuing Judge'),
      );
      for (const approver of approvers) signed = await approveWarrant(signed, await person('approver', approver));
      return signed;
    },
    revocations: async (warrantIds) =>
      signRevocations(
        { agency: 'Test agency', warrantIds, issuedAt: timeText(Date.now()) },
        await person('issuer', 'Issuing Judge'),
      ),
  };
}

async function makePerson(authority: Authority, use: string, commonName: string): Promise<Person> {
  const { certificate, privateKey } = await issueCertificate({
    authority,
    commonName,
    uris: [`urn:halfkey:warrant:${use}`],
    days: 2,
    usage: 'signing',
  });
  return { certificate, privateKey: createPrivateKey(privateKey) };
}

/** A copy whose member of the payload is another, with the signatures of the original. */
export function altered(signed: SignedWarrant, change: Partial<Warrant>): SignedWarrant {
  const warrant = JSON.parse(Buffer.from(signed.payload, 'base64url').toString()) as Warrant;
  return { ...signed, payload: Buffer.from(JSON.stringify({ ...warrant, ...change })).toString('base64url') };
}
