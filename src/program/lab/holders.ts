/**
 * The roles of one district, each with the configuration that an operator would write, and no flag set that the plan
 * can do without.
 */
import { join } from 'node:path';
import { createClient, type HttpsClient } from '../../platform/index.ts';
import { roleCredential, signingCredential, tls, writeRoleDirectory, type Organisations } from './organisations.ts';
import type { Processes, RoleProcess } from './processes.ts';

export const KEY_EPOCH_SECONDS = 86_400;
export const HOST = '127.0.0.1';

/** What a lab district is: who runs it, and how keys are recovered in it. */
export interface LabDistrict {
  /** districtName. */
  readonly name: string;
  readonly level: 1024 | 2048 | 3072 | 7680;
  readonly nonceMode: 1 | 2 | 3;
  readonly solution: 3 | 4;
  readonly alternative: 1 | 2;
  readonly organisations: Organisations;
  /** Directory below which each role gets its own. */
  readonly directory: string;
  /** Whether clients are served: a listener of their own. */
  readonly clients: boolean;
}

/** A district's holders of keys; solution 3 has no provider. */
export interface Holders {
  readonly kms: RoleProcess;
  readonly provider: RoleProcess | undefined;
}

/** The flags that weaken a default and that this district cannot do without, in the words of the configuration. */
export function neededFlags({
  level,
  nonceMode,
  solution,
  alternative,
}: Pick<LabDistrict, 'level' | 'nonceMode' | 'solution' | 'alternative'>): string[] {
  const flags: string[] = [];
  if (level === 1024) flags.push('unsafeTestLevel1024');
  if (solution === 4 && alternative === 1) flags.push('allowPrivateKeyRelease');
  if (nonceMode !== 3) flags.push('allowUnboundNonces');
  if (nonceMode !== 3 && solution === 4 && alternative === 1) flags.push('requireKmsStatement: never');
  return flags;
}

export async function startHolders(district: LabDistrict, processes: Processes): Promise<Holders> {
  const [kms, provider] = await Promise.all([
    startKms(district, processes),
    district.solution === 4 ? startProvider(district, processes) : undefined,
  ]);
  return { kms, provider };
}

/** A KMS with the configuration that an operator of the district would write. */
export async function startKms(district: LabDistrict, processes: Processes): Promise<RoleProcess> {
  const { name, level, nonceMode, solution, alternative } = district;
  const { operator, agency } = district.organisations;
  const role = solution === 3 ? 'kms-consolidated' : 'kms';
  const directory = join(district.directory, role);
  const config = await writeRoleDirectory(
    directory,
    {
      credentials: {
        tls: await roleCredential(operator, 'kms'),
        statement: await signingCredential(operator, 'kms-statement', 'KMS statement'),
      },
      authorities: { operator, agency },
    },
    {
      role,
      ...STATE,
      district: { name, serial: 1, level, keyEpochSeconds: KEY_EPOCH_SECONDS },
      ...testLevel(level),
      xk: listener('operator'),
      provisioning: listener('operator'),
      ...(district.clients ? { clients: listener('operator') } : {}),
      statement: { certificate: 'statement.crt', privateKey: 'statement.key' },
      policy: {
        allowPrivateKeyRelease: solution === 4 && alternative === 1,
        allowUnboundNonces: solution === 3 && nonceMode !== 3,
        ...(solution === 3 && district.clients ? { subscription: { mode: nonceMode } } : {}),
      },
    },
  );
  return processes.start(role, ['kms', 'serve', '--config', config], directory);
}

async function startProvider(district: LabDistrict, processes: Processes): Promise<RoleProcess> {
  const { nonceMode, alternative } = district;
  const { operator, provider, agency } = district.organisations;
  const directory = join(district.directory, 'provider');
  const config = await writeRoleDirectory(
    directory,
    {
      credentials: { tls: await roleCredential(provider, 'provider') },
      authorities: { operator, provider, agency },
    },
    {
      role: 'provider',
      ...STATE,
      kmsAuthorities: ['operator-ca.crt'],
      open: listener('operator', 'provider'),
      provisioning: listener('provider'),
      ...(district.clients ? { clients: listener('provider') } : {}),
      policy: {
        allowUnboundNonces: nonceMode !== 3,
        requireKmsStatement: nonceMode !== 3 && alternative === 1 ? 'never' : 'unbound',
        ...(district.clients ? { subscription: { mode: nonceMode } } : {}),
      },
    },
  );
  return processes.start('provider', ['provider', 'serve', '--config', config], directory);
}

/** The Delivery Function of the district; its product goes to `delivery`. */
export async function startDf(
  district: LabDistrict,
  { kms, provider }: Holders,
  delivery: string,
  purpose: string,
  processes: Processes,
): Promise<RoleProcess> {
  const { level, solution, alternative } = district;
  const { operator, provider: providerAuthority, agency } = district.organisations;
  const directory = join(district.directory, 'df');
  const config = await writeRoleDirectory(
    directory,
    {
      credentials: { tls: await roleCredential(operator, 'df') },
      authorities: { operator, provider: providerAuthority, agency },
    },
    {
      role: 'df',
      ...STATE,
      intake: listener('operator'),
      deliveryDirectory: delivery,
      solution,
      alternative,
      kms: { origin: originOf(kms, 'xk'), tls: tls('operator') },
      ...(provider === undefined ? {} : { provider: { origin: originOf(provider, 'open'), tls: tls('provider') } }),
      keyEpochSeconds: KEY_EPOCH_SECONDS,
      ...testLevel(level),
      purpose,
    },
  );
  return processes.start('df', ['df', 'serve', '--config', config], directory);
}

/** A client of one listener of a role, with a certificate of `clientRole` from one authority. */
export async function connect(
  authority: Organisations['operator'],
  clientRole: string,
  serverAuthority: string,
  server: RoleProcess,
  listening: string,
): Promise<HttpsClient> {
  const { certificate, privateKey } = await roleCredential(authority, clientRole);
  return createClient({
    origin: originOf(server, listening),
    certificate,
    privateKey,
    trust: [serverAuthority],
    serverRole: server.role === 'kms-consolidated' ? 'kms' : server.role,
  });
}

export function originOf({ ports }: RoleProcess, listening: string): string {
  return `https://${HOST}:${String(ports[listening])}`;
}

/** Members that every role with a state has; all of them end with the lab. */
const STATE = {
  stateDirectory: 'state',
  keyEncryptionKey: 'key-encryption-key',
  warrantAuthorities: ['agency-ca.crt'],
  exitWithParent: true,
};

const listener = (...trust: readonly string[]): object => ({ host: HOST, port: 0, tls: tls(...trust) });

const testLevel = (level: number): object => (level === 1024 ? { unsafeTestLevel1024: true } : {});
