/** KMS and provider as their clients meet them, in this process: the real handlers over stores in memory. */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import {
  clientKeysRoute,
  clientMasterSecretsRoute,
  parametersRoute,
  registrationRoute,
  signFederationTable,
  type ClientAccess,
  type FederationTable,
  type Handler,
  type SubscriberSecrets,
} from '../../../src/contract/provisioning/index.ts';
import {
  derivePublicParameters,
  domainParameters,
  encodePublicParameters,
  type PublicParameters,
} from '../../../src/crypto/ibe/index.ts';
import { encodeLiMs } from '../../../src/crypto/nonce/index.ts';
import { createCustody } from '../../../src/entity/custody/index.ts';
import { openFederation, type Federation, type SerialPins } from '../../../src/entity/endpoint/index.ts';
import { openDistrictKeys, type ClientService, type DistrictKeys } from '../../../src/entity/kms/index.ts';
import { clientHandlers } from '../../../src/entity/kms/client-keys.ts';
import { createProviderClients } from '../../../src/entity/provider/index.ts';
import {
  fromBigInt,
  HalfkeyError,
  Secret,
  systemRandom,
  toBase64,
  type Clock,
} from '../../../src/foundation/base/index.ts';
import { district as districtOf, identityFromText, type Identity } from '../../../src/foundation/identity/index.ts';
import { memoryMsStore, testSealer, type MemoryMsStore } from '../custody/support.ts';

export const DAY = 86_400;
/** 2026-03-04T00:00:00Z. */
export const MIDNIGHT = 1_772_582_400;
export const ALICE = identityFromText('sip:alice@operator-a.example');
export const PHONE = identityFromText('sip:alice@operator-a.example;gr=phone');
export const TABLET = identityFromText('sip:alice@operator-a.example;gr=tablet');
export const BOB = identityFromText('sip:bob@operator-b.example');
export const CAROL = identityFromText('sip:carol@operator-a.example');
export const DISTRICT_A = 'https://pps.operator-a.example/ibe/pp';
export const DISTRICT_B = 'https://pps.operator-b.example/ibe/pp';
export const s = { a: 0x6f82039fe4288fa1c2ba5e70a448a6f3a1141b67n, b: 0x6207dfb91e16aa89fe1e974046060108074ce965n };
export const paramsOf = (secret: bigint): PublicParameters => derivePublicParameters(domainParameters(1024), secret);

/** A clock that a test sets; seconds since 1970. */
export interface TestClock {
  (): number;
  seconds: number;
}
export function testClock(seconds: number): TestClock {
  const clock = (): number => clock.seconds * 1000;
  clock.seconds = seconds;
  return clock;
}

export interface Records {
  readonly entries: Parameters<ClientAccess['record']>[0][];
  readonly access: ClientAccess & Pick<ClientService, 'register'>;
  readonly service: Omit<ClientService, 'validity' | 'issueAheadDays'>;
}

/** A register and a log in memory. */
export function records(): Records {
  const entries: Records['entries'] = [];
  const served = new Map<string, string>();
  const register: ClientService['register'] = {
    set(user, identities) {
      for (const [identity, owner] of served) if (owner === user.text) served.delete(identity);
      for (const { text } of identities) served.set(text, user.text);
      return Promise.resolve();
    },
    has: ({ text }) => Promise.resolve(served.has(text)),
  };
  const record: ClientAccess['record'] = (body) => Promise.resolve(entries.push(body));
  return { entries, access: { register, record, pseudonym: () => 'pseudonym' }, service: { register, record } };
}

export async function districtKeys({
  name = DISTRICT_A,
  serial = 1n,
  keyEpochSeconds = DAY,
  secret = s.a,
} = {}): Promise<DistrictKeys> {
  let kept: Uint8Array | undefined;
  const keys = await openDistrictKeys({
    district: districtOf(name, serial, keyEpochSeconds),
    level: 1024,
    allowTestLevels: true,
    store: {
      masterSecret: () => Promise.resolve(kept),
      keepMasterSecret: (sealed) => Promise.resolve((kept ??= sealed)),
    },
    sealer: testSealer(),
    random: systemRandom,
  });
  await keys.take(new Secret('IbeMasterSecret', fromBigInt(secret, 20)));
  return keys;
}

/** Master secrets as the role composes them. */
export function subscriberSecrets(clock: Clock, store: MemoryMsStore = memoryMsStore()): SubscriberSecrets {
  const custody = createCustody({ store, sealer: testSealer(), allowUnboundNonces: false, random: systemRandom });
  const policy = { mode: 3, intervalSeconds: DAY, cycleSeconds: 30 * DAY } as const;
  const now = (): number => Math.floor(clock() / 1000);
  return {
    provision: () => Promise.reject(new TypeError('not in this test')),
    erase: async (identity, epoch) => void (await custody.advanceRoot(identity, epoch)),
    enrol: async (identity) => void (await custody.subscribe(identity, policy, now())),
    async deliver(identity) {
      await custody.subscribe(identity, policy, now());
      const records = await custody.deliver(identity, { from: now() - 900, to: now() + DAY, most: 8 });
      return records.map((liMs) => new Secret('LiMs', encodeLiMs(liMs)));
    },
  };
}

export interface Holders {
  readonly clock: TestClock;
  readonly kms: readonly Handler[];
  readonly provider: readonly Handler[];
  readonly kmsRecords: Records;
  readonly providerRecords: Records;
  readonly msStore: MemoryMsStore;
}

export interface HoldersOptions {
  readonly solution: 3 | 4;
  readonly at?: number;
  readonly serial?: bigint;
  readonly secret?: bigint;
  readonly issueAheadDays?: number;
  readonly validTo?: number;
  readonly keyEpochSeconds?: number;
}

/** The holders of district A; alice and her phone are registered. */
export async function createHolders(options: HoldersOptions): Promise<Holders> {
  const { solution, at = MIDNIGHT + 3600, issueAheadDays = 7, validTo = MIDNIGHT + 400 * DAY } = options;
  const { serial = 1n, secret = s.a, keyEpochSeconds = DAY } = options;
  const clock = testClock(at);
  const msStore = memoryMsStore();
  const subscribers = subscriberSecrets(clock, msStore);
  const [kmsRecords, providerRecords] = [records(), records()];
  const kms = clientHandlers({
    keys: await districtKeys({ serial, secret, keyEpochSeconds }),
    service: { ...kmsRecords.service, validity: { validFrom: 0, validTo }, issueAheadDays },
    clock,
    pseudonym: kmsRecords.access.pseudonym,
    subscribers: solution === 3 ? subscribers : undefined,
  });
  const { clients, provisioning } = createProviderClients({ subscribers, ...providerRecords.access });
  await kmsRecords.service.register.set(ALICE, [ALICE, PHONE]);
  if (solution === 4) {
    const body = { identity: ALICE.text, devices: [PHONE.text] };
    await ask(provisioning, registrationRoute.path, body, { role: 'provisioning', commonName: 'desk' });
  }
  return { clock, kms, provider: clients, kmsRecords, providerRecords, msStore };
}

/** One request of a certificate, by default of a client. */
export function ask(
  handlers: readonly Handler[],
  path: string,
  body: unknown,
  { role = 'ue', commonName = ALICE.text }: { role?: string; commonName?: string } = {},
): Promise<unknown> {
  const handler = handlers.find((one) => one.path === path);
  if (handler === undefined) throw new TypeError(`no route ${path}`);
  if (handler.roles?.includes(role) === false) return Promise.reject(new HalfkeyError('ROLE', 'refused by the server'));
  // As over the wire.
  const wire: unknown = JSON.parse(JSON.stringify(body));
  return handler
    .handle(wire, { role, commonName, fingerprint: 'ab'.repeat(32) })
    .then((answer) => JSON.parse(JSON.stringify(answer)) as unknown);
}

export const paths = {
  parameters: parametersRoute.path,
  privateKeys: clientKeysRoute.path,
  masterSecrets: clientMasterSecretsRoute.path,
};

const publisherKeys = generateKeyPairSync('ed25519', {
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});
export const publisher = publisherKeys;
export const stranger = generateKeyPairSync('ed25519', {
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});

export type Entry = FederationTable['entries'][number];

export function entry(more: Partial<Entry> & { secret?: bigint } = {}): Entry {
  const { secret = s.a, ...rest } = more;
  return {
    district: DISTRICT_A,
    domains: ['operator-a.example'],
    prefixes: ['+4420'],
    parameters: [parameters(secret)],
    ...rest,
  };
}

export function parameters(
  secret: bigint,
  more: Partial<Entry['parameters'][number]> = {},
): Entry['parameters'][number] {
  return {
    serial: 1,
    keyEpochSeconds: DAY,
    validFrom: 0,
    validTo: MIDNIGHT + 400 * DAY,
    publicParameters: toBase64(encodePublicParameters(paramsOf(secret))),
    ...more,
  };
}

export const entryB = (more: Partial<Entry> = {}): Entry =>
  entry({
    district: DISTRICT_B,
    domains: ['operator-b.example'],
    prefixes: ['+44', '+33'],
    secret: s.b,
    ...more,
  });

export function table(more: Partial<FederationTable> = {}): FederationTable {
  return {
    version: 1,
    sequence: 1,
    validFrom: 0,
    validTo: MIDNIGHT + 400 * DAY,
    entries: [entry(), entryB()],
    ...more,
  };
}

export function memoryPins(): SerialPins & { readonly kept: Map<string, bigint> } {
  const kept = new Map<string, bigint>();
  return {
    kept,
    highest: (name) => kept.get(name),
    raise(name, serial) {
      if (serial > (kept.get(name) ?? -1n)) kept.set(name, serial);
      return Promise.resolve();
    },
  };
}

export function federation(
  content: FederationTable,
  { clock = testClock(MIDNIGHT + 3600), pins = memoryPins() }: { clock?: Clock; pins?: SerialPins } = {},
): Promise<Federation> {
  const signed = signFederationTable(content, publisher.privateKey);
  return openFederation({ table: signed, publicKey: publisher.publicKey, clock, pins, allowTestLevels: true });
}

export const otherIdentity = (): Identity =>
  identityFromText(`sip:x${randomBytes(4).toString('hex')}@operator-a.example`);
