/** The Delivery Function: it holds warrants, asks the holders, decrypts what a warrant covers. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../../foundation/base/index.ts';
import {
  createAsker,
  createDelivery,
  openWarrantBook,
  type HandoverSink,
  type HolderClient,
  type Observer,
} from '../../entity/delivery/index.ts';
import { sessionsRoute, warrantRoute } from '../../contract/administration/index.ts';
import { intakeRoute } from '../../contract/intake/index.ts';
import { handler, parseBody } from '../../contract/route/index.ts';
import {
  createClient,
  ensurePrivateDirectory,
  openRequestStore,
  writeSecretFile,
  type HttpsClient,
  type ServerRoute,
} from '../../platform/index.ts';
import { readDfConfig, type PeerConfig } from './config.ts';
import { openRuntime, readTls, routesOf, type Emit, type RunningRole } from './runtime.ts';

export async function serve(configFile: string, emit: Emit): Promise<RunningRole> {
  const { config, at } = await readDfConfig(configFile);
  const { role, solution, alternative, keyEpochSeconds, patienceMs, purpose } = config;
  const runtime = await openRuntime(role, role, config, at);
  const clients: HttpsClient[] = [];
  const closing = new AbortController();
  try {
    const connect = async ({ origin, tls }: PeerConfig, serverRole: string): Promise<HolderClient> => {
      const client = createClient({ origin, ...(await readTls(tls, at)), serverRole });
      clients.push(client);
      return (path, body) => client.request({ method: 'POST', path, body, signal: closing.signal });
    };
    const requests = await openRequestStore(runtime.state);
    const observe: Observer = (event, detail) => {
      emit({ event, role, ...detail });
    };
    const warrants = await openWarrantBook(runtime.warrants, runtime.trust, systemClock);
    const delivery = createDelivery({
      custody: {
        solution,
        alternative,
        kms: await connect(config.kms, 'kms'),
        ...(config.provider === undefined ? {} : { provider: await connect(config.provider, 'provider') }),
        keyEpochSeconds,
        allowTestLevels: config.unsafeTestLevel1024,
      },
      createAsker: () =>
        createAsker({
          store: requests,
          sealer: runtime.state.sealer,
          observe,
          purpose,
          // A holder that cannot be reached is not waited for when we are told to end.
          sleep: (ms) => sleep(ms, undefined, { signal: closing.signal }).catch(() => undefined),
          patienceMs,
          onReceipt: async (receipt) => {
            await runtime.log.append({ kind: 'receipt', time: Math.floor(systemClock() / 1000), ...receipt });
          },
        }),
      sink: fileSink(at(config.deliveryDirectory)),
      newName: await sessionNames(at(config.deliveryDirectory)),
      observe,
      onFault: (error) => {
        runtime.logger.error('a session could not be worked on', {}, error);
      },
      warrants: () => warrants.active(),
    });
    const administration = [
      handler(warrantRoute, ({ warrant }) => warrants.accept(warrant)),
      handler(sessionsRoute, ({ intake }) => Promise.resolve(delivery.sessionsOf(intake))),
    ];
    const intake: ServerRoute = {
      method: intakeRoute.method,
      path: intakeRoute.path,
      roles: intakeRoute.roles,
      stream: true,
      async handler({ body, query }) {
        const { clockOffsetMs = 0 } = parseBody(intakeRoute.request, query);
        return { body: await delivery.takeCapture(body as AsyncIterable<Uint8Array>, clockOffsetMs) };
      },
    };
    const ports = {
      intake: await runtime.listen(config.intake, [intake, ...routesOf([...administration, ...runtime.common])]),
    };
    return { role, ports, exitWithParent: config.exitWithParent, close };
  } catch (error) {
    await close();
    throw error;
  }

  async function close(): Promise<void> {
    closing.abort();
    await Promise.all(clients.map((client) => client.close()));
    await runtime.close();
  }
}

/** Files of a session in a directory of its own, readable by the owner only. */
function fileSink(directory: string): HandoverSink {
  return async (session, name, octets) => {
    const folder = join(directory, session);
    await ensurePrivateDirectory(folder);
    const path = join(folder, name);
    await writeSecretFile(path, octets);
    return path;
  };
}

/** Names that no product in the directory has: what was handed over is never overwritten. */
async function sessionNames(directory: string): Promise<() => string> {
  await ensurePrivateDirectory(directory);
  const numbers = (await readdir(directory)).map((name) => Number(/^session-(\d{1,9})$/.exec(name)?.[1] ?? 0));
  let last = Math.max(0, ...numbers);
  return () => `session-${String((last += 1))}`;
}
