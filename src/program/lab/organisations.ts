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

/** Certificate and key of a role, as server and client of mutual TLS on this machine; a client's common name is its identity. */
export function roleCredential(authority: Authority, role: string, commonName = role): Promise<Credential> {
  return issueCertificate({
    authority,
    commonName,
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

/** What stands beside the configuration in a start directory. */
export interface RoleFiles {
  /** By file name without ending: `tls` for the role itself, `statement` for what it signs. */
  readonly credentials: Readonly<Record<string, Credential>>;
  /** Authorities that the role trusts, by name. */
  readonly authorities: Readonly<Record<string, Authority>>;
  /** Further files, by name. */
  readonly texts?: Readonly<Record<string, string>>;
}

/** Writes the start directory of a role: credentials, authorities, key-encryption key, configuration; returns the path of the last. */
export async function writeRoleDirectory(directory: string, files: RoleFiles, config: object): Promise<string> {
  await ensurePrivateDirectory(directory);
  const write = (name: string, text: string): Promise<void> => writeSecretFile(join(directory, name), text);
  for (const [name, { certificate, privateKey }] of Object.entries(files.credentials)) {
    await write(`${name}.crt`, certificate);
    await write(`${name}.key`, privateKey);
  }
  for (const [name, authority] of Object.entries(files.authorities)) {
    await write(`${name}-ca.crt`, authority.certificate);
  }
  for (const [name, text] of Object.entries(files.texts ?? {})) await write(name, text);
  await createKeyFile(join(directory, 'key-encryption-key'));
  await write('config.json', `${JSON.stringify(config, null, 2)}\n`);
  return join(directory, 'config.json');
}

/** TLS member of a listener or peer in the configuration of a role, which presents the credential `name`. */
export const tlsAs = (name: string, ...trust: readonly string[]): object => ({
  certificate: `${name}.crt`,
  privateKey: `${name}.key`,
  trust: trust.map((authority) => `${authority}-ca.crt`),
});

/** The same with the credential of the role itself. */
export const tls = (...trust: readonly string[]): object => tlsAs('tls', ...trust);
