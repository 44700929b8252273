/** The keys of a running client: fetched at the start, fetched again by schedule, erased when their time is over. */
import { systemClock } from '../../foundation/base/index.ts';
import { identityFromText } from '../../foundation/identity/index.ts';
import {
  provisionClient,
  rehearse,
  type EndpointKeys,
  type ProvisioningRequest,
  type SerialPins,
} from '../../entity/endpoint/index.ts';
import { createClient, type HttpsClient } from '../../platform/index.ts';
import type { PeerConfig } from './config-parts.ts';
import { readTls, type Emit } from './running.ts';
import type { UeConfig } from './ue-config.ts';
import { keepFresh } from './ue-refresh.ts';
import { openTable, refreshTableAndKeys } from './ue-table.ts';

export interface UeKeys {
  readonly keys: EndpointKeys;
  /** Stops fetching and erases every key. */
  close(): Promise<void>;
}

/** Provisions the client. @throws HalfkeyError what the holders refused, or what is wrong with what they sent */
export async function openKeys(
  config: UeConfig,
  at: (path: string) => string,
  pins: SerialPins,
  emit: Emit,
): Promise<UeKeys> {
  const clients: HttpsClient[] = [];
  const allowTestLevels = config.unsafeTestLevel1024;

  async function connect({ origin, tls }: PeerConfig, serverRole: string): Promise<ProvisioningRequest> {
    const client = createClient({ origin, ...(await readTls(tls, at)), serverRole });
    clients.push(client);
    return (path, body) => client.request({ method: 'POST', path, body });
  }

  const files = { table: at(config.federation.table), publicKey: at(config.federation.publicKey) };
  const table = await openTable(files, { clock: systemClock, pins, allowTestLevels });
  const close = async (): Promise<void> => {
    table.close();
    await Promise.all(clients.map((client) => client.close()));
  };

  try {
    const client = await provisionClient({
      identity: identityFromText(config.identity),
      also: config.also.map(identityFromText),
      kms: await connect(config.kms, 'kms'),
      ...(config.provider === undefined ? {} : { provider: await connect(config.provider, 'provider') }),
      federation: () => table.current(),
      clock: systemClock,
      allowTestLevels,
    });
    const { keys } = client;
    rehearse(keys, table.current(), systemClock);

    const schedule = keepFresh({
      refresh: () => refreshTableAndKeys(table, client),
      eraseEnded: () => {
        keys.eraseEnded();
      },
      keyEpochSeconds: () => keys.district.keyEpochSeconds,
      emit,
    });
    return {
      keys,
      async close() {
        schedule.stop();
        await close();
        keys.close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}
