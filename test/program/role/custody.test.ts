import { describe, expect, it } from 'vitest';
import { clientMasterSecretsRoute, registrationRoute } from '../../../src/contract/provisioning/index.ts';
import { createCustody } from '../../../src/entity/custody/index.ts';
import { provisionClient, type ProvisionedClient } from '../../../src/entity/endpoint/index.ts';
import { createProviderClients } from '../../../src/entity/provider/index.ts';
import { ntpFromUnixMs, systemRandom } from '../../../src/foundation/base/index.ts';
import { subscriberSecrets } from '../../../src/program/role/custody.ts';
import { memoryMsStore, testSealer } from '../../entity/custody/support.ts';
import {
  ALICE,
  ask,
  createHolders,
  DAY,
  federation,
  MIDNIGHT,
  records,
  table,
  testClock,
  type TestClock,
} from '../../entity/endpoint/holders.ts';

const HOUR = 3600;

interface Subscribed {
  readonly client: ProvisionedClient;
  readonly clock: TestClock;
  /** Master secrets in each answer of the provider. */
  readonly delivered: number[];
}

/** A client whose provider composes its master secrets as the role does, over a store in memory. */
async function subscribed(cycleSeconds: number, intervalSeconds: number, at: number): Promise<Subscribed> {
  const clock = testClock(at);
  const custody = createCustody({
    ...{ store: memoryMsStore(), sealer: testSealer() },
    ...{ allowUnboundNonces: false, random: systemRandom },
  });
  const subscribers = subscriberSecrets(custody, { mode: 3, intervalSeconds, cycleSeconds }, clock);
  const provider = createProviderClients({ subscribers, ...records().access });
  const desk = { role: 'provisioning', commonName: 'desk' };
  await ask(provider.provisioning, registrationRoute.path, { identity: ALICE.text, devices: [] }, desk);
  const holders = await createHolders({ solution: 4, at });
  const found = await federation(table(), { clock });
  const delivered: number[] = [];
  const client = await provisionClient({
    identity: ALICE,
    kms: (path, body) => {
      holders.clock.seconds = clock.seconds;
      return ask(holders.kms, path, body);
    },
    provider: async (path, body) => {
      const answer = clientMasterSecretsRoute.response.parse(await ask(provider.clients, path, body));
      delivered.push(answer.masterSecrets.length);
      return answer;
    },
    federation: () => found,
    clock,
    allowTestLevels: true,
  });
  return { client, clock, delivered };
}

const holdsNow = ({ client, clock }: Subscribed): boolean =>
  client.keys.masterSecretAt(ntpFromUnixMs(1000 * clock.seconds)) !== undefined;

const CYCLES = [
  [HOUR, HOUR],
  [2 * HOUR, HOUR],
  [6 * HOUR, HOUR],
  [DAY, DAY],
  [7 * DAY, DAY],
] as const;

describe('master secrets of a client, by the cycle of its subscription', () => {
  it.each(CYCLES)('cycles of %i s, epochs of %i s: one at every time of a week', async (cycle, interval) => {
    const up = await subscribed(cycle, interval, MIDNIGHT + HOUR + 600);
    const without: number[] = [];
    for (let minute = 0; minute < 7 * 24 * 60; minute += 6) {
      up.clock.seconds = MIDNIGHT + HOUR + 600 + 60 * minute;
      // The longest that a client waits between two rounds.
      if (minute % 72 === 0) await up.client.refresh();
      if (!holdsNow(up)) without.push(minute);
    }
    expect(without).toEqual([]);
  });

  it.each(CYCLES)(
    'cycles of %i s, epochs of %i s: two days or six cycles ahead, in one answer',
    async (cycle, interval) => {
      for (const second of [0, 899, 900, 3599]) {
        const up = await subscribed(cycle, interval, MIDNIGHT + 5 * HOUR + second);
        const ahead = up.client.keys.masterSecretsEnd() - up.clock.seconds;
        expect(ahead).toBeGreaterThanOrEqual(Math.min(2 * DAY, 6 * cycle));
        expect(up.delivered[0]).toBeLessThanOrEqual(8);
      }
    },
  );
});
