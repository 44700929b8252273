/**
 * Three organisations with an authority each: the operator (KMS, Delivery Function), the provider (master
 * secrets), the agency (warrants). Their private keys stay in this process; a role gets its own and no other.
 */
import { join } from 'node:path';
import {
  createAuthority,
  createKeyFile,
  ensurePrivateDirectory,
  issueCertificate,
  writeSecretFile,
  type Authority,
} from '../../platform/index.ts';

export interface Credential {
  readonly certificate: string;
  readonly privateKey: string;
}

export interface Organisations {
  readonly operator: Authority;
  readonly provider: Authority;
  readonly agency: Authority;
}

const DAYS = 2;

export async function createOrganisations(): Promise<Organisations> {
  const [operator, provider, agency] = await Promise.all([
    createAuthority('Operator'),
    createAuthority('Provider'),
    createAuthority('Agency'),
  ]);
  return { operator, provider, agency };
}

/** Certificate and key of a role, as server and client of mutual TLS on this machine. */
export function roleCredential(authority: Authority, role: string): Promise<Credential> {
  return issueCertificate({
    authority,
    commonName: role,
    uris: [`urn:halfkey:role:${role}`],
    dnsNames: ['localhost'],
    ipAddresses: ['127.0.0.1'],
    days: DAYS,
    usage: 'tls',
  });
}

/** Certificate and key of somebody who signs: `issuer`, `approver`, `kms-statement`. */
export function signingCredential(authority: Authority, use: string, commonName: string): Promise<Credential> {
  return issueCertificate({
    authority,
    commonName,
    uris: [`urn:halfkey:warrant:${use}`],
    days: DAYS,
    usage: 'signing',
  });
}

/** The start directory of a role: its credential, the authorities it trusts, its key-encryption key, its configuration. */
export async function writeRoleDirectory(
  directory: string,
  files: {
    readonly credential: Credential;
    readonly authorities: Readonly<Record<string, Authority>>;
    readonly statement?: Credential;
  },
  config: object,
): Promise<string> {
  await ensurePrivateDirectory(directory);
  const write = (name: string, text: string): Promise<void> => writeSecretFile(join(directory, name), text);
  await write('tls.crt', files.credential.certificate);
  await write('tls.key', files.credential.privateKey);
  if (files.statement !== undefined) {
    await write('statement.crt', files.statement.certificate);
    await write('statement.key', files.statement.privateKey);
  }
  for (const [name, authority] of Object.entries(files.authorities))
    await write(`${name}-ca.crt`, authority.certificate);
  await createKeyFile(join(directory, 'key-encryption-key'));
  const file = join(directory, 'config.json');
  await write('config.json', `${JSON.stringify(config, null, 2)}\n`);
  return file;
}

/** TLS member of a listener or peer in the configuration of a role. */
export const tls = (...trust: readonly string[]): object => ({
  certificate: 'tls.crt',
  privateKey: 'tls.key',
  trust: trust.map((name) => `${name}-ca.crt`),
});
