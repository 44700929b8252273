/** The keys of a running client: fetched at the start, fetched again by schedule, erased when their time is over. */
import { systemClock } from '../../foundation/base/index.ts';
import { identityFromText } from '../../foundation/identity/index.ts';
import {
  openFederation,
  provisionClient,
  rehearse,
  type EndpointKeys,
  type Federation,
  type ProvisioningRequest,
  type SerialPins,
} from '../../entity/endpoint/index.ts';
import { createClient, readTextFile, type HttpsClient } from '../../platform/index.ts';
import type { PeerConfig } from './config-parts.ts';
import { readTls, type Emit } from './running.ts';
import type { UeConfig } from './ue-config.ts';
import { keepFresh } from './ue-refresh.ts';

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

  let signed = '';
  let federation: Federation | undefined;
  /** Reads the table again; one that is refused leaves the old one in use. */
  async function readTable(): Promise<Federation> {
    const table = await readTextFile(at(config.federation.table));
    if (federation !== undefined && table === signed) return federation;
    const publicKey = await readTextFile(at(config.federation.publicKey));
    const fresh = await openFederation({ table, publicKey, clock: systemClock, pins, allowTestLevels });
    federation?.close();
    federation = fresh;
    signed = table;
    return federation;
  }

  const close = async (): Promise<void> => {
    federation?.close();
    await Promise.all(clients.map((client) => client.close()));
  };

  try {
    let table = await readTable();
    const client = await provisionClient({
      identity: identityFromText(config.identity),
      also: config.also.map(identityFromText),
      kms: await connect(config.kms, 'kms'),
      ...(config.provider === undefined ? {} : { provider: await connect(config.provider, 'provider') }),
      federation: () => table,
      clock: systemClock,
      allowTestLevels,
    });
    const { keys } = client;
    rehearse(keys, table, systemClock);

    const schedule = keepFresh({
      refresh: async () => {
        table = await readTable();
        await client.refresh();
      },
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
