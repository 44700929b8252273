/**
 * What every role needs around its entity: files, state, log, trust in warrants, listeners, an orderly end.
 */
import { createHmac } from 'node:crypto';
import { systemClock, toHex } from '../../foundation/base/index.ts';
import type { Identity } from '../../foundation/identity/index.ts';
import { chainRecord, emptyHead, type LogStore } from '../../trust/audit/index.ts';
import { verifyRevocations, type WarrantTrust } from '../../trust/warrant/index.ts';
import { verifyLog } from '../../entity/evidence/index.ts';
import { revocationRoute } from '../../contract/administration/index.ts';
import { entriesRoute } from '../../contract/log/index.ts';
import { handler, type Handler } from '../../contract/route/index.ts';
import {
  createLogger,
  openLogStore,
  openState,
  openWarrantStore,
  readSecretFile,
  readTextFile,
  routeOf,
  serve,
  type HttpsServer,
  type Logger,
  type ServerRoute,
  type State,
} from '../../platform/index.ts';
import type { ListenerConfig } from './config.ts';
import { readTls } from './running.ts';

export { readTls, type Emit, type RunningRole } from './running.ts';

export interface RoleFiles {
  readonly stateDirectory: string;
  readonly keyEncryptionKey: string;
  readonly warrantAuthorities: readonly string[];
}

export interface Runtime {
  readonly state: State;
  readonly log: Awaited<ReturnType<typeof openLogStore>>;
  readonly logger: Logger;
  readonly warrants: Awaited<ReturnType<typeof openWarrantStore>>;
  readonly trust: () => WarrantTrust;
  /** Salted digest of an identity: equal in one log, meaningless outside it. */
  readonly pseudonym: (identity: Identity) => string;
  /** Routes that every role has beside its own: revocations in, log out. */
  readonly common: readonly Handler[];
  listen(config: ListenerConfig, routes: readonly ServerRoute[]): Promise<number>;
  close(): Promise<void>;
}

export async function openRuntime(
  role: string,
  district: string,
  files: RoleFiles,
  at: (path: string) => string,
): Promise<Runtime> {
  const state = await openState({
    directory: at(files.stateDirectory),
    role,
    district,
    keyFile: at(files.keyEncryptionKey),
  });
  const origin = `${role} ${district}`;
  const log = await openLogStore({ state, chain: chainRecord, empty: emptyHead(origin) });
  // Fail closed: a holder whose log does not verify releases nothing, and starts only when an auditor has seen to it.
  await verifyLog(origin, (from, limit) => log.read(from, limit)).catch(async (error: unknown) => {
    await state.close();
    throw error;
  });
  const warrants = await openWarrantStore(state);
  const logger = await createLogger({ role, level: 'info' });
  const roots = await Promise.all(files.warrantAuthorities.map((file) => readTextFile(at(file))));
  const revoked = new Set(await warrants.revoked());
  const trust = (): WarrantTrust => ({ roots, revoked });
  const salt = await readSecretFile(at(files.keyEncryptionKey));
  const servers: HttpsServer[] = [];

  const revoke = handler(revocationRoute, async ({ revocations }) => {
    const { warrantIds } = await verifyRevocations(revocations, trust(), systemClock());
    await warrants.revoke(warrantIds);
    for (const id of warrantIds) revoked.add(id);
    return { revoked: warrantIds.length };
  });
  return {
    state,
    log,
    logger,
    warrants,
    trust,
    pseudonym: ({ text }) =>
      createHmac('sha256', salt).update(`halfkey pseudonym v1\0${text}`).digest('hex').slice(0, 32),
    common: [revoke, logHandler(origin, log)],
    async listen({ host, port, tls }, routes) {
      const server = await serve(routes, {
        host,
        port,
        ...(await readTls(tls, at)),
        onInternalError: (error) => {
          logger.error('a request failed', {}, error);
        },
      });
      servers.push(server);
      return server.port;
    },
    async close() {
      await Promise.all(servers.map((server) => server.close()));
      salt.fill(0);
      await state.close();
    },
  };
}

function logHandler(origin: string, log: LogStore): Handler {
  return handler(entriesRoute, async ({ from, limit }) => {
    const { sequence, hash } = await log.head();
    const entries = await log.read(Math.max(from, 1), limit);
    return {
      origin,
      head: { size: sequence, hash: toHex(hash) },
      entries: entries.map((entry) => ({
        sequence: entry.sequence,
        previousHash: toHex(entry.previousHash),
        hash: toHex(entry.hash),
        octets: Buffer.from(entry.octets).toString('base64'),
      })),
    };
  });
}

/** Routes of a listener; `afterAnswer` runs when an answer has left. */
export function routesOf(handlers: readonly Handler[], afterAnswer?: () => void): ServerRoute[] {
  return handlers.map((one) => routeOf(one, afterAnswer === undefined ? {} : { after: afterAnswer }));
}
