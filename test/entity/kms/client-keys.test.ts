import { describe, expect, it } from 'vitest';
import {
  decodePrivateKey,
  decodePublicParameters,
  identityInfo,
  verifyPrivateKey,
} from '../../../src/crypto/ibe/index.ts';
import { clientHandlers } from '../../../src/entity/kms/client-keys.ts';
import { fromBase64, HalfkeyError } from '../../../src/foundation/base/index.ts';
import { generalizedTime, type Identity } from '../../../src/foundation/identity/index.ts';
import { coded } from '../../platform/support.ts';
import {
  ALICE,
  ask,
  BOB,
  CAROL,
  createHolders,
  DAY,
  DISTRICT_A,
  districtKeys,
  MIDNIGHT,
  paramsOf,
  paths,
  PHONE,
  records,
  s,
  TABLET,
  testClock,
} from '../endpoint/holders.ts';

const NOW = MIDNIGHT + 3600;
const days = (...list: number[]): number[] => list.map((day) => MIDNIGHT + day * DAY);

interface Keys {
  keys: { keyEpoch: number; privateKey: string }[];
  masterSecrets?: string[];
}

describe('private keys for clients', () => {
  it('are those of identity and epoch, in the order asked', async () => {
    const { kms, kmsRecords } = await createHolders({ solution: 4 });
    const answer = (await ask(kms, paths.privateKeys, { identity: ALICE.text, keyEpochs: days(1, 0, 7) })) as Keys;
    expect(answer).toMatchObject({ district: DISTRICT_A, serial: 1, keyEpochSeconds: DAY });
    expect(answer.masterSecrets).toBeUndefined();
    expect(answer.keys.map(({ keyEpoch }) => keyEpoch)).toEqual(days(1, 0, 7));
    const params = paramsOf(s.a);
    for (const { keyEpoch, privateKey } of answer.keys) {
      const notBefore = generalizedTime(keyEpoch);
      const id = identityInfo({ district: DISTRICT_A, serial: 1n, identity: ALICE, notBefore });
      expect(() => {
        verifyPrivateKey(params, id, decodePrivateKey(fromBase64(privateKey), params));
      }).not.toThrow();
    }
    expect(kmsRecords.entries).toEqual([
      {
        kind: 'issue',
        operation: 'private-keys',
        requester: 'ab'.repeat(32),
        subscriber: 'pseudonym',
        keyEpochs: days(1, 0, 7),
        masterSecrets: false,
      },
    ]);
  });

  it('are made one at a time, and other requests are answered between two of them', async () => {
    const { kms, kmsRecords } = await createHolders({ solution: 4, issueAheadDays: 35 });
    const epochs = days(...Array.from({ length: 12 }, (_, day) => day));
    let turns = 0;
    let ended = false;
    const many = ask(kms, paths.privateKeys, { identity: ALICE.text, keyEpochs: epochs }).finally(() => (ended = true));
    while (!ended) {
      await new Promise((resolve) => setImmediate(resolve));
      turns += 1;
    }
    expect(((await many) as Keys).keys.map(({ keyEpoch }) => keyEpoch)).toEqual(epochs);
    expect(turns).toBeGreaterThanOrEqual(epochs.length - 1);
    // One record, before the first of them.
    expect(kmsRecords.entries).toHaveLength(1);
  });

  it('public parameters go to any client, and to who makes the table', async () => {
    const { kms, kmsRecords } = await createHolders({ solution: 4 });
    for (const role of ['ue', 'provisioning']) {
      const answer = (await ask(kms, paths.parameters, {}, { role, commonName: 'whoever' })) as { parameters: string };
      expect(answer).toMatchObject({ district: DISTRICT_A, serial: 1, keyEpochSeconds: DAY, validFrom: 0 });
      expect(decodePublicParameters(fromBase64(answer.parameters))).toEqual(paramsOf(s.a));
    }
    await expect(ask(kms, paths.parameters, {}, { role: 'df' })).rejects.toThrow(coded('ROLE'));
    expect(kmsRecords.entries).toEqual([]);
  });

  it('in solution 3 the master secret goes along, and the log says so', async () => {
    const { kms, kmsRecords } = await createHolders({ solution: 3 });
    const answer = (await ask(kms, paths.privateKeys, { identity: ALICE.text, keyEpochs: days(0) })) as Keys;
    expect(answer.masterSecrets?.map((text) => fromBase64(text).length)).toEqual([58]);
    expect(kmsRecords.entries[0]).toMatchObject({ masterSecrets: true });
  });

  it.each([
    ["another subscriber's identity", ALICE, CAROL],
    ['an identity of another operator', ALICE, BOB],
    ['a device, for another device', PHONE, TABLET],
    ['a user, for the device of another', CAROL, PHONE],
  ])('N49 %s: NOT_OWN_IDENTITY, recorded, and nothing issued', async (_what, own, asked) => {
    const { kms, provider, kmsRecords, providerRecords } = await createHolders({ solution: 4 });
    await kmsRecords.service.register.set(CAROL, [CAROL]);
    await kmsRecords.service.register.set(BOB, [BOB]);
    const refused = coded('NOT_OWN_IDENTITY', { row: expect.objectContaining({ http: 403, mikey: 0 }) as object });
    const client = { commonName: own.text };
    await expect(ask(kms, paths.privateKeys, { identity: asked.text, keyEpochs: days(0) }, client)).rejects.toThrow(
      refused,
    );
    await expect(ask(provider, paths.masterSecrets, { identity: asked.text }, client)).rejects.toThrow(refused);
    const record = { kind: 'issue-refused', requester: 'ab'.repeat(32), code: 'NOT_OWN_IDENTITY' };
    expect(kmsRecords.entries).toEqual([{ ...record, operation: 'private-keys' }]);
    expect(providerRecords.entries).toEqual([{ ...record, operation: 'master-secrets' }]);
  });

  it.each([
    '',
    'desk',
    'SIP:alice@operator-a.example',
    'sip:alice@Operator-A.example',
    'sip:alice@operator-a.example:5060',
  ])('N49 a certificate of %j, which is no canonical identity: NOT_OWN_IDENTITY', async (commonName) => {
    const { kms, kmsRecords } = await createHolders({ solution: 4 });
    const body = { identity: ALICE.text, keyEpochs: days(0) };
    await expect(ask(kms, paths.privateKeys, body, { commonName })).rejects.toThrow(coded('NOT_OWN_IDENTITY'));
    expect(kmsRecords.entries).toHaveLength(1);
  });

  it('a user has the keys of its devices, a device those of its user', async () => {
    const { kms } = await createHolders({ solution: 4 });
    const get = (own: Identity, asked: Identity): Promise<unknown> =>
      ask(kms, paths.privateKeys, { identity: asked.text, keyEpochs: days(0) }, { commonName: own.text });
    for (const [own, asked] of [
      [ALICE, PHONE],
      [PHONE, ALICE],
      [PHONE, PHONE],
    ] as const) {
      expect(((await get(own, asked)) as Keys).keys).toHaveLength(1);
    }
  });

  it('who is not registered, or not any more: UNKNOWN_SUBSCRIBER, recorded', async () => {
    const { kms, kmsRecords } = await createHolders({ solution: 4 });
    const get = (own: Identity, asked: Identity): Promise<unknown> =>
      ask(kms, paths.privateKeys, { identity: asked.text, keyEpochs: days(0) }, { commonName: own.text });
    const unknown = coded('UNKNOWN_SUBSCRIBER');
    await expect(get(CAROL, CAROL)).rejects.toThrow(unknown);
    await expect(get(TABLET, TABLET)).rejects.toThrow(unknown);
    // A device that is lost is cut off from its user's keys, too.
    await expect(get(TABLET, ALICE)).rejects.toThrow(unknown);
    await kmsRecords.service.register.set(ALICE, []);
    await expect(get(ALICE, ALICE)).rejects.toThrow(unknown);
    expect(kmsRecords.entries.map((entry) => entry['code'])).toEqual(Array(4).fill('UNKNOWN_SUBSCRIBER'));
  });

  it.each(['df', 'provisioning', 'kms', ''])('N67 a certificate of role %j: ROLE, recorded', async (role) => {
    const { kms, provider, kmsRecords, providerRecords } = await createHolders({ solution: 4 });
    const body = { identity: ALICE.text, keyEpochs: days(0) };
    await expect(ask(kms, paths.privateKeys, body, { role })).rejects.toThrow(coded('ROLE'));
    await expect(ask(provider, paths.masterSecrets, { identity: ALICE.text }, { role })).rejects.toThrow(coded('ROLE'));
    expect([...kmsRecords.entries, ...providerRecords.entries].map(({ code }) => code)).toEqual(['ROLE', 'ROLE']);
  });
});

describe('the issue window', () => {
  const asking = async (at: number, keyEpoch: number, more: object = {}): Promise<unknown> => {
    const { kms } = await createHolders({ solution: 4, at, ...more });
    return ask(kms, paths.privateKeys, { identity: ALICE.text, keyEpochs: [keyEpoch] });
  };

  it.each([
    ['the present epoch', NOW, 0, {}],
    ['the next', NOW, 1, {}],
    ['7 days ahead', NOW, 7, {}],
    ['the previous inside its grace time', MIDNIGHT + 899, -1, {}],
    ['35 days ahead where the policy has it', NOW, 35, { issueAheadDays: 35 }],
  ])('N50 %s is issued', async (_what, at, day, more) => {
    expect(((await asking(at, MIDNIGHT + day * DAY, more)) as Keys).keys).toHaveLength(1);
  });

  it.each([
    ['90 days ahead', NOW, 90, {}],
    ['8 days ahead', NOW, 8, {}],
    ['36 days ahead, at most 35', NOW, 36, { issueAheadDays: 35 }],
    ['the previous after its grace time', MIDNIGHT + 900, -1, {}],
    ['the one before', MIDNIGHT, -2, {}],
    ['the epoch of 1970', NOW, -MIDNIGHT / DAY, {}],
  ])('N50 %s: IssueWindow', async (_what, at, day, more) => {
    await expect(asking(at, MIDNIGHT + day * DAY, more)).rejects.toThrow(coded('IssueWindow'));
  });

  it('N50 one epoch outside refuses the whole request, which is recorded', async () => {
    const { kms, kmsRecords } = await createHolders({ solution: 4 });
    const body = { identity: ALICE.text, keyEpochs: days(0, 90) };
    await expect(ask(kms, paths.privateKeys, body)).rejects.toThrow(coded('IssueWindow'));
    expect(kmsRecords.entries).toEqual([
      { kind: 'issue-refused', operation: 'private-keys', requester: 'ab'.repeat(32), code: 'IssueWindow' },
    ]);
  });

  it('the next epoch is issued however long it is', async () => {
    const month = 30 * DAY;
    const start = Math.floor(NOW / month) * month;
    const answer = (await asking(NOW, start + month, { keyEpochSeconds: month })) as Keys;
    expect(answer.keys).toHaveLength(1);
    await expect(asking(NOW, start + 2 * month, { keyEpochSeconds: month })).rejects.toThrow(coded('IssueWindow'));
  });
});

describe('requests of another form', () => {
  it.each([
    ['a time that is no start of an epoch', { identity: ALICE.text, keyEpochs: [MIDNIGHT + 1] }],
    ['no epoch', { identity: ALICE.text, keyEpochs: [] }],
    ['41 epochs', { identity: ALICE.text, keyEpochs: Array(41).fill(MIDNIGHT) }],
    ['an identity that is not canonical', { identity: 'sips:alice@operator-a.example', keyEpochs: [MIDNIGHT] }],
    ['an unknown member', { identity: ALICE.text, keyEpochs: [MIDNIGHT], warrant: {} }],
    ['nothing', {}],
  ])('%s: BAD_REQUEST, recorded', async (_what, body) => {
    const { kms, kmsRecords } = await createHolders({ solution: 4 });
    await expect(ask(kms, paths.privateKeys, body)).rejects.toThrow(coded('BAD_REQUEST'));
    expect(kmsRecords.entries.map(({ code }) => code)).toEqual(['BAD_REQUEST']);
  });

  it('a text that is no identity: InvalidIdentity', async () => {
    const { kms } = await createHolders({ solution: 4 });
    const body = { identity: 'sip:alice@127.0.0.1', keyEpochs: [MIDNIGHT] };
    await expect(ask(kms, paths.privateKeys, body)).rejects.toThrow(coded('InvalidIdentity'));
  });
});

describe('no record, no key', () => {
  const options = { validity: { validFrom: 0, validTo: 1 }, issueAheadDays: 7 };

  it('a log that cannot be written: nothing is issued', async () => {
    const { service } = records();
    await service.register.set(ALICE, [ALICE]);
    let issued = 0;
    const keys = await districtKeys();
    const handlers = clientHandlers({
      keys: { ...keys, issue: (...args) => ((issued += 1), keys.issue(...args)) },
      service: {
        ...service,
        ...options,
        record: () => Promise.reject(new HalfkeyError('LOG_BROKEN', 'the disk is full')),
      },
      clock: testClock(NOW),
      pseudonym: () => 'pseudonym',
      subscribers: undefined,
    });
    const body = { identity: ALICE.text, keyEpochs: days(0) };
    await expect(ask(handlers, paths.privateKeys, body)).rejects.toThrow(coded('LOG_BROKEN'));
    expect(issued).toBe(0);
  });

  it('a KMS without a master secret: UNAVAILABLE, recorded as a refusal', async () => {
    const { service, entries } = records();
    await service.register.set(ALICE, [ALICE]);
    const keys = await districtKeys();
    keys.close();
    const handlers = clientHandlers({
      keys,
      service: { ...service, ...options },
      clock: testClock(NOW),
      pseudonym: () => 'pseudonym',
      subscribers: undefined,
    });
    const body = { identity: ALICE.text, keyEpochs: days(0) };
    await expect(ask(handlers, paths.privateKeys, body)).rejects.toThrow(coded('UNAVAILABLE'));
    await expect(ask(handlers, paths.parameters, {})).rejects.toThrow(coded('UNAVAILABLE'));
    expect(entries.map(({ kind, code }) => [kind, code])).toEqual([['issue-refused', 'UNAVAILABLE']]);
  });
});
