/**
 * Two clients and the tap between them. A client gets its keys by itself, from the holders of its district; it knows
 * nothing of a warrant, and neither does the tap.
 */
import { join } from 'node:path';
import { HOST, originOf } from './holders.ts';
import { roleCredential, tls, tlsAs, writeRoleDirectory } from './organisations.ts';
import type { RunningDistrict } from './federation.ts';
import type { Processes, RoleProcess } from './processes.ts';

export interface ClientPlan {
  readonly district: RunningDistrict;
  /** `caller` or `callee`: the name of its directory. */
  readonly name: string;
  readonly federation: { readonly table: string; readonly publicKey: string };
  readonly curve: 'P-256' | 'P-384' | 'P-521';
  /** WAV that it speaks. */
  readonly speech: string;
}

/** Where a client starts, and its configuration. */
export interface ClientDirectory {
  readonly directory: string;
  readonly config: string;
}

/** Writes what a client is given: credentials under both authorities, the federation table, its configuration. */
export async function writeClient(plan: ClientPlan, roles: string, sip: object): Promise<ClientDirectory> {
  const { district, holders, subscriber } = plan.district;
  const { operator, provider } = district.organisations;
  const directory = join(roles, plan.name);
  const config = await writeRoleDirectory(
    directory,
    {
      credentials: {
        tls: await roleCredential(operator, 'ue', subscriber),
        ...(holders.provider === undefined ? {} : { provider: await roleCredential(provider, 'ue', subscriber) }),
      },
      authorities: { operator, provider },
      texts: { 'federation.json': plan.federation.table, 'federation.pem': plan.federation.publicKey },
    },
    {
      role: 'ue',
      identity: subscriber,
      stateDirectory: 'state',
      kms: { origin: originOf(holders.kms, 'clients'), tls: tls('operator') },
      ...(holders.provider === undefined
        ? {}
        : { provider: { origin: originOf(holders.provider, 'clients'), tls: tlsAs('provider', 'provider') } }),
      federation: { table: 'federation.json', publicKey: 'federation.pem' },
      ...(district.level === 1024 ? { unsafeTestLevel1024: true } : {}),
      sip,
      offer: { curve: plan.curve },
      answer: { speech: plan.speech, recordings: 'recordings' },
      exitWithParent: true,
    },
  );
  return { directory, config };
}

/** What the tap has recorded. */
export const captureOf = (roles: string): string => join(roles, 'tap', 'capture.pcap');

/** A tap that passes what arrives on to `callee`, records it, and feeds the intake. */
export async function startTap(
  { district }: RunningDistrict,
  roles: string,
  callee: RoleProcess,
  df: RoleProcess,
  processes: Processes,
): Promise<RoleProcess> {
  const { operator } = district.organisations;
  const directory = join(roles, 'tap');
  const config = await writeRoleDirectory(
    directory,
    { credentials: { tls: await roleCredential(operator, 'tap') }, authorities: { operator } },
    {
      role: 'tap',
      sip: [{ listen: { host: HOST, port: 0 }, forward: { host: HOST, port: callee.ports['sip'] } }],
      mediaAddress: HOST,
      capture: 'capture.pcap',
      intake: { origin: originOf(df, 'intake'), tls: tls('operator') },
      exitWithParent: true,
    },
  );
  return processes.start('tap', ['tap', 'serve', '--config', config], directory);
}
