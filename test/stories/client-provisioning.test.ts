/**
 * A client gets its keys from a KMS and a provider that run, over HTTPS:
 *
 *   operator       KMS            provider        client (certificate of alice)
 *      | register   |                |                |
 *      |----------->|                |                |
 *      |    register (its own desk)  |                |
 *      |---------------------------->|  draws MS      |
 *      |            |<-- parameters, private keys ----|
 *      |            |                |<------ MS -----|
 */
import { generateKeyPairSync } from 'node:crypto';
import { afterAll, describe, expect, it } from 'vitest';
import {
  clientKeysRoute,
  clientMasterSecretsRoute,
  deregistrationRoute,
  parametersRoute,
  registrationRoute,
  signFederationTable,
  subscriberRoute,
  type DistrictParameters,
} from '../../src/contract/provisioning/index.ts';
import { decodePublicParameters, encrypt, identityInfo } from '../../src/crypto/ibe/index.ts';
import { openFederation, provisionClient, type ProvisionedClient } from '../../src/entity/endpoint/index.ts';
import { fromBase64, ntpFromUnixMs, systemClock, systemRandom, toHex } from '../../src/foundation/base/index.ts';
import { generalizedTime, identityFromText, keyEpochStart } from '../../src/foundation/identity/index.ts';
import { createClient, issueCertificate, type HttpsClient } from '../../src/platform/index.ts';
import { coded } from '../platform/support.ts';
import { memoryPins } from '../entity/endpoint/holders.ts';
import { golden, withRoles, type TestRoles } from '../support/roles.ts';
import { textNeedle } from '../support/taint.ts';
import { DAY } from '../support/exchange.ts';

const DORA = 'sip:dora@operator-a.example';
const PHONE = `${DORA};gr=phone`;
const EVE = 'sip:eve@operator-a.example';
const clients: HttpsClient[] = [];
afterAll(() => Promise.all(clients.map((client) => client.close())));

const listener = (trust: string): object => ({
  host: '127.0.0.1',
  port: 0,
  tls: { certificate: 'tls.crt', privateKey: 'tls.key', trust: [trust] },
});

type Holder = 'kms' | 'kms-consolidated' | 'provider';

/** What a client sends to a holder, with a certificate of `identity` under the authority of that holder or another. */
async function connect(
  roles: TestRoles,
  holder: Holder,
  identity: string,
  {
    of = holder === 'provider' ? 'provider' : 'operator',
    as = 'ue',
  }: { of?: 'operator' | 'provider'; as?: string } = {},
): Promise<(path: string, body: unknown) => Promise<unknown>> {
  const credential = await issueCertificate({
    authority: roles.authorities[of],
    commonName: identity,
    uris: [`urn:halfkey:role:${as}`],
    days: 1,
    usage: 'tls',
  });
  const client = createClient({
    origin: `https://127.0.0.1:${String(roles.role(holder).ports['clients'])}`,
    ...credential,
    trust: [roles.authorities.operator.certificate, roles.authorities.provider.certificate],
    serverRole: holder === 'provider' ? 'provider' : 'kms',
  });
  clients.push(client);
  return (path, body) => client.request({ method: 'POST', path, body });
}

const now = (): number => Math.floor(systemClock() / 1000);

/** Provisions a client from the holders that run, its peers by a table that a publisher signs for it. */
async function startClient(
  roles: TestRoles,
  kms: 'kms' | 'kms-consolidated',
  identity: string,
  also: string[] = [],
): Promise<ProvisionedClient> {
  const publisher = generateKeyPairSync('ed25519', {
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const { body } = await roles.send(kms, 'provisioning', parametersRoute, {}, { as: 'provisioning' });
  const { district, parameters, ...set } = body as unknown as DistrictParameters;
  const table = signFederationTable(
    {
      ...{ version: 1, sequence: 1, validFrom: 0, validTo: now() + DAY },
      entries: [
        {
          ...{ district, domains: ['operator-a.example'], prefixes: [] },
          parameters: [{ ...set, publicParameters: parameters }],
        },
      ],
    },
    publisher.privateKey,
  );
  const { publicKey } = publisher;
  const options = { table, publicKey, clock: systemClock, pins: memoryPins(), allowTestLevels: true };
  const federation = await openFederation(options);
  return provisionClient({
    identity: identityFromText(identity),
    also: also.map(identityFromText),
    kms: await connect(roles, kms, identity),
    ...(kms === 'kms' ? { provider: await connect(roles, 'provider', identity) } : {}),
    federation: () => federation,
    clock: systemClock,
    allowTestLevels: true,
  });
}

describe('solution 4', () => {
  withRoles(
    {
      start: ['kms', 'provider'],
      config: { kms: { clients: listener('operator.crt') }, provider: { clients: listener('provider.crt') } },
    },
    (roles) => {
      const desk = (holder: Holder, route: { method: string; path: string }, body: object): Promise<unknown> =>
        roles.send(holder, 'provisioning', route, body, {
          as: 'provisioning',
          of: holder === 'provider' ? 'provider' : 'operator',
        });
      const start = (identity = DORA, also: string[] = []): Promise<ProvisionedClient> =>
        startClient(roles, 'kms', identity, also);

      it('gives a registered client private keys that open, and its master secret', async () => {
        roles.needles.push(textNeedle('an identity', DORA));
        for (const holder of ['kms', 'provider'] as const) {
          const body = { identity: DORA, devices: [PHONE] };
          expect(await desk(holder, registrationRoute, body)).toMatchObject({ status: 200, body: { done: true } });
        }
        const { keys } = await start();
        const { district, params } = keys.peer(identityFromText('sip:anybody@operator-a.example'));
        expect(district).toEqual({ name: golden.district.a, serial: 1n, keyEpochSeconds: DAY });
        const notBefore = generalizedTime(keyEpochStart(now(), DAY));
        const id = identityInfo({ district: district.name, serial: 1n, identity: identityFromText(DORA), notBefore });
        const m = systemRandom(16);
        const opened = keys
          .decryptorFor(identityFromText(DORA), notBefore)
          .decrypt(encrypt(params, id, m, systemRandom));
        expect(toHex(opened)).toBe(toHex(m));
        expect(keys.masterSecretAt(ntpFromUnixMs(systemClock()))).toMatchObject({ mode: 3 });
        keys.close();
      });

      it('gives the same master secret each time, and to each device one of its own', async () => {
        const read = async (identity: string, also: string[] = []): Promise<string> => {
          const { keys } = await start(identity, also);
          const secret = keys.masterSecretAt(ntpFromUnixMs(systemClock()))?.masterSecret.use(toHex) ?? '';
          keys.close();
          return secret;
        };
        const [first, second, phone] = [await read(DORA), await read(DORA), await read(PHONE, [DORA])];
        expect(first).toMatch(/^[0-9a-f]{64}$/);
        expect(second).toBe(first);
        expect(phone).not.toBe(first);
      });

      it("N49 another subscriber's keys: NOT_OWN_IDENTITY, in the log of the holder", async () => {
        for (const holder of ['kms', 'provider'] as const) {
          await desk(holder, registrationRoute, { identity: EVE });
          const before = await roles.log(holder);
          const ask = await connect(roles, holder, EVE);
          const asking =
            holder === 'kms'
              ? ask(clientKeysRoute.path, { identity: DORA, keyEpochs: [keyEpochStart(now(), DAY)] })
              : ask(clientMasterSecretsRoute.path, { identity: DORA });
          await expect(asking).rejects.toThrow(coded('NOT_OWN_IDENTITY'));
          const added = (await roles.log(holder)).slice(before.length).map(({ body }) => body);
          expect(added).toEqual([
            expect.objectContaining({ kind: 'issue-refused', code: 'NOT_OWN_IDENTITY' }) as object,
          ]);
        }
      });

      it('logs what it issues: pseudonym and epochs', async () => {
        const before = (await roles.log('kms')).length;
        (await start()).keys.close();
        const added = (await roles.log('kms')).slice(before).map(({ body }) => body);
        const current = keyEpochStart(now(), DAY);
        expect(added).toHaveLength(1);
        expect(added[0]).toMatchObject({ kind: 'issue', operation: 'private-keys', masterSecrets: false });
        expect(added[0]?.['keyEpochs']).toEqual(expect.arrayContaining([current, current + DAY]));
        expect(added[0]?.['subscriber']).toMatch(/^[0-9a-f]{32}$/);
      });

      it('N67 at the address of clients no other role is let in, and no client elsewhere', async () => {
        const df = await connect(roles, 'kms', DORA, { as: 'df' });
        await expect(df(parametersRoute.path, {})).rejects.toThrow(coded('ROLE'));
        const body = { identity: DORA, keyEpochs: [keyEpochStart(now(), DAY)] };
        await expect(df(clientKeysRoute.path, body)).rejects.toThrow(coded('ROLE'));
        for (const listenerName of ['xk', 'provisioning']) {
          const { status } = await roles.send('kms', listenerName, clientKeysRoute, body, { as: 'ue' });
          expect(status).toBe(404);
        }
        const client = await connect(roles, 'kms', DORA);
        for (const path of [registrationRoute.path, '/xk/v1/decrypt', '/log/v1/entries']) {
          await expect(client(path, {})).rejects.toThrow(coded('NOT_FOUND'));
        }
      });

      it('the provider takes no client whose certificate the operator of the KMS issued', async () => {
        const ask = await connect(roles, 'provider', DORA, { of: 'operator' });
        await expect(ask(clientMasterSecretsRoute.path, { identity: DORA })).rejects.toThrow(
          expect.objectContaining({
            code: expect.stringMatching(/^(?:ROLE|UNAVAILABLE|TLS_CONFIGURATION)$/) as string,
          }) as Error,
        );
      });

      it("an operator's own epochs: a secret is drawn for them once", async () => {
        const validFrom = keyEpochStart(now(), DAY);
        const body = {
          ...{ identity: EVE.replace('eve', 'fay'), mode: 3, epoch: 5, intervalSeconds: DAY },
          ...{ validFrom, validTo: validFrom + 3 * DAY },
        };
        for (let round = 0; round < 2; round++) {
          expect(await desk('provider', subscriberRoute, body)).toMatchObject({ status: 200 });
        }
        expect(await desk('provider', subscriberRoute, { ...body, epoch: 6 })).toMatchObject({
          body: { error: { code: 'MS_CONFLICT' } },
        });
      });

      it('a device of somebody else is not registered: BAD_REQUEST', async () => {
        for (const body of [
          { identity: EVE, devices: [PHONE] },
          { identity: PHONE },
          { identity: EVE, devices: [EVE] },
        ]) {
          expect(await desk('kms', registrationRoute, body)).toMatchObject({
            body: { error: { code: 'BAD_REQUEST' } },
          });
        }
      });

      it('a subscription that has ended: UNKNOWN_SUBSCRIBER', async () => {
        await desk('kms', deregistrationRoute, { identity: DORA });
        await expect(start()).rejects.toThrow(coded('UNKNOWN_SUBSCRIBER'));
        await expect(start(PHONE)).rejects.toThrow(coded('UNKNOWN_SUBSCRIBER'));
      });

      it('parameters that any client sees are those of the master secret', async () => {
        const ask = await connect(roles, 'kms', EVE);
        const { parameters } = (await ask(parametersRoute.path, {})) as DistrictParameters;
        expect(decodePublicParameters(fromBase64(parameters)).level).toBe(1024);
      });
    },
  );
});

describe('solution 3', () => {
  withRoles(
    {
      start: ['kms-consolidated'],
      config: {
        'kms-consolidated': {
          clients: listener('operator.crt'),
          policy: { subscription: { intervalSeconds: 3600, cycleSeconds: 7200 }, issueAheadDays: 1 },
        },
      },
    },
    (roles) => {
      it('the master secret comes along with the private keys, by the cycle that the policy has', async () => {
        const body = { identity: DORA };
        const as = { as: 'provisioning' };
        expect(await roles.send('kms-consolidated', 'provisioning', registrationRoute, body, as)).toMatchObject({
          status: 200,
        });
        const { keys } = await startClient(roles, 'kms-consolidated', DORA);
        const at = systemClock();
        expect(keys.masterSecretAt(ntpFromUnixMs(at))).toMatchObject({ mode: 3, epoch: Math.floor(at / 3_600_000) });
        expect(keys.masterSecretsEnd() % 7200).toBe(0);
        keys.close();
        const issued = (await roles.log('kms-consolidated')).map(({ body: entry }) => entry);
        expect(issued.at(-1)).toMatchObject({ kind: 'issue', masterSecrets: true });
      });
    },
  );
});
