/**
 * Which roles a lab starts, with which configuration, and what is put into them.
 */
import { join } from 'node:path';
import { keyEpochStart } from '../../foundation/identity/index.ts';
import { createClient, type HttpsClient } from '../../platform/index.ts';
import { masterSecretRoute, subscriberRoute } from '../../contract/provisioning/index.ts';
import type { Fixture } from './fixture.ts';
import { roleCredential, signingCredential, tls, writeRoleDirectory, type Organisations } from './organisations.ts';
import type { Processes, RoleProcess } from './processes.ts';

export const KEY_EPOCH_SECONDS = 86_400;
const HOST = '127.0.0.1';

export interface LabPlan {
  readonly fixture: Fixture;
  /** Whose district, master secret and MS: `a` or `b` of the fixture. */
  readonly side: 'a' | 'b';
  /** Canonical text. */
  readonly target: string;
  readonly solution: 3 | 4;
  readonly alternative: 1 | 2;
  /** Directory below which each role gets its own. */
  readonly directory: string;
  /** Directory of the product. */
  readonly delivery: string;
}

export interface LabRoles {
  readonly running: readonly RoleProcess[];
  /** Speaks to the Delivery Function as the LI administration, and as the tap. */
  readonly admf: HttpsClient;
  readonly tap: HttpsClient;
}

/** The flags that weaken a default and that this plan cannot do without, in the words of the configuration. */
export function neededFlags({ fixture: { level, nonceMode }, solution, alternative }: LabPlan): string[] {
  const flags: string[] = [];
  if (level === 1024) flags.push('unsafeTestLevel1024');
  if (solution === 4 && alternative === 1) flags.push('allowPrivateKeyRelease');
  if (nonceMode !== 3) flags.push('allowUnboundNonces');
  if (nonceMode !== 3 && solution === 4 && alternative === 1) flags.push('requireKmsStatement: never');
  return flags;
}

/** Starts the roles of the target's district and loads each with its own secrets. */
export async function startRoles(plan: LabPlan, organisations: Organisations, processes: Processes): Promise<LabRoles> {
  const { solution } = plan;
  const { operator, provider } = organisations;
  const kms = await startKms(plan, organisations, processes);
  const providerRole = solution === 4 ? await startProvider(plan, organisations, processes) : undefined;
  const df = await startDf(plan, organisations, processes, kms, providerRole);

  const kmsProvisioning = await connect(
    organisations.operator,
    'provisioning',
    operator.certificate,
    kms,
    'provisioning',
  );
  const { fixture, side } = plan;
  await kmsProvisioning.request({
    method: masterSecretRoute.method,
    path: masterSecretRoute.path,
    body: { masterSecret: scalarHex(fixture.masterSecrets[side]) },
  });
  const secretsHolder =
    providerRole === undefined
      ? kmsProvisioning
      : await connect(provider, 'provisioning', provider.certificate, providerRole, 'provisioning');
  await secretsHolder.request({ method: subscriberRoute.method, path: subscriberRoute.path, body: subscriber(plan) });
  await kmsProvisioning.close();
  if (secretsHolder !== kmsProvisioning) await secretsHolder.close();

  return {
    running: [kms, ...(providerRole === undefined ? [] : [providerRole]), df],
    admf: await connect(operator, 'admf', operator.certificate, df, 'intake'),
    tap: await connect(operator, 'tap', operator.certificate, df, 'intake'),
  };
}

async function startKms(
  plan: LabPlan,
  { operator, agency }: Organisations,
  processes: Processes,
): Promise<RoleProcess> {
  const { fixture, side, solution, alternative } = plan;
  const role = solution === 3 ? 'kms-consolidated' : 'kms';
  const directory = join(plan.directory, role);
  const config = await writeRoleDirectory(
    directory,
    {
      credential: await roleCredential(operator, 'kms'),
      authorities: { operator, agency },
      statement: await signingCredential(operator, 'kms-statement', 'KMS statement'),
    },
    {
      role,
      stateDirectory: 'state',
      keyEncryptionKey: 'key-encryption-key',
      warrantAuthorities: ['agency-ca.crt'],
      exitWithParent: true,
      district: { name: fixture.district[side], serial: 1, level: fixture.level, keyEpochSeconds: KEY_EPOCH_SECONDS },
      ...(fixture.level === 1024 ? { unsafeTestLevel1024: true } : {}),
      xk: { host: HOST, port: 0, tls: tls('operator') },
      provisioning: { host: HOST, port: 0, tls: tls('operator') },
      statement: { certificate: 'statement.crt', privateKey: 'statement.key' },
      policy: {
        allowPrivateKeyRelease: solution === 4 && alternative === 1,
        allowUnboundNonces: solution === 3 && fixture.nonceMode !== 3,
      },
    },
  );
  return processes.start(role, 'kms', config, directory);
}

async function startProvider(
  plan: LabPlan,
  { operator, provider, agency }: Organisations,
  processes: Processes,
): Promise<RoleProcess> {
  const { fixture, alternative } = plan;
  const directory = join(plan.directory, 'provider');
  const config = await writeRoleDirectory(
    directory,
    { credential: await roleCredential(provider, 'provider'), authorities: { operator, provider, agency } },
    {
      role: 'provider',
      stateDirectory: 'state',
      keyEncryptionKey: 'key-encryption-key',
      warrantAuthorities: ['agency-ca.crt'],
      kmsAuthorities: ['operator-ca.crt'],
      exitWithParent: true,
      open: { host: HOST, port: 0, tls: tls('operator', 'provider') },
      provisioning: { host: HOST, port: 0, tls: tls('provider') },
      policy: {
        allowUnboundNonces: fixture.nonceMode !== 3,
        requireKmsStatement: alternative === 1 ? 'never' : 'unbound',
      },
    },
  );
  return processes.start('provider', 'provider', config, directory);
}

async function startDf(
  plan: LabPlan,
  { operator, provider, agency }: Organisations,
  processes: Processes,
  kms: RoleProcess,
  providerRole: RoleProcess | undefined,
): Promise<RoleProcess> {
  const { fixture, solution, alternative, delivery } = plan;
  const directory = join(plan.directory, 'df');
  const config = await writeRoleDirectory(
    directory,
    { credential: await roleCredential(operator, 'df'), authorities: { operator, provider, agency } },
    {
      role: 'df',
      stateDirectory: 'state',
      keyEncryptionKey: 'key-encryption-key',
      warrantAuthorities: ['agency-ca.crt'],
      exitWithParent: true,
      intake: { host: HOST, port: 0, tls: tls('operator') },
      deliveryDirectory: delivery,
      solution,
      alternative,
      kms: { origin: origin(kms, 'xk'), tls: tls('operator') },
      ...(providerRole === undefined
        ? {}
        : { provider: { origin: origin(providerRole, 'open'), tls: tls('provider') } }),
      keyEpochSeconds: KEY_EPOCH_SECONDS,
      ...(fixture.level === 1024 ? { unsafeTestLevel1024: true } : {}),
      purpose: 'lab replay',
    },
  );
  return processes.start('df', 'df', config, directory);
}

/** The subscriber's master secret, as epoch `nonceEpoch`, valid for the key epoch that contains T1. */
function subscriber({ fixture, side, target }: LabPlan): object {
  const validFrom = keyEpochStart(fixture.t1, KEY_EPOCH_SECONDS);
  return {
    identity: target,
    mode: fixture.nonceMode,
    epoch: fixture.nonceEpoch,
    intervalSeconds: KEY_EPOCH_SECONDS,
    validFrom,
    validTo: validFrom + KEY_EPOCH_SECONDS,
    masterSecret: fixture.MS[side === 'a' ? 'A' : 'B'],
  };
}

/** A golden file writes scalars as `0x` and hex digits, an odd number of them at times. */
function scalarHex(text: string): string {
  const digits = text.slice(2);
  return digits.length % 2 === 0 ? digits : `0${digits}`;
}

function origin({ ports }: RoleProcess, listener: string): string {
  return `https://${HOST}:${String(ports[listener])}`;
}

async function connect(
  clientAuthority: Organisations['operator'],
  clientRole: string,
  serverAuthority: string,
  server: RoleProcess,
  listener: string,
): Promise<HttpsClient> {
  const { certificate, privateKey } = await roleCredential(clientAuthority, clientRole);
  return createClient({
    origin: origin(server, listener),
    certificate,
    privateKey,
    trust: [serverAuthority],
    serverRole: server.role === 'kms-consolidated' ? 'kms' : server.role,
  });
}
