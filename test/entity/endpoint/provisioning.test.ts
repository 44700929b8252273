import { describe, expect, it } from 'vitest';
import {
  provisionClient,
  type ProvisionedClient,
  type ProvisioningRequest,
} from '../../../src/entity/endpoint/index.ts';
import { fromBase64, HalfkeyError, ntpFromUnixMs, toBase64, toHex } from '../../../src/foundation/base/index.ts';
import { generalizedTime, type Identity } from '../../../src/foundation/identity/index.ts';
import { coded } from '../../platform/support.ts';
import {
  ALICE,
  ask,
  createHolders,
  DAY,
  entry,
  federation,
  MIDNIGHT,
  parameters,
  paths,
  PHONE,
  s,
  table,
  type Holders,
  type HoldersOptions,
} from './holders.ts';

interface Setup extends Holders {
  readonly requests: string[];
  /** Changes an answer on its way, as a hostile or broken holder would. */
  change: (path: string, answer: Record<string, unknown>) => unknown;
  start(more?: {
    identity?: Identity;
    also?: Identity[];
    withProvider?: boolean;
    allowTestLevels?: boolean;
  }): Promise<ProvisionedClient>;
}

async function setup(options: HoldersOptions, content = table()): Promise<Setup> {
  const holders = await createHolders(options);
  const found = await federation(content, { clock: holders.clock });
  const requests: string[] = [];
  const setUp: Setup = {
    ...holders,
    requests,
    change: (_path, answer) => answer,
    start({ identity = ALICE, also = [], withProvider = options.solution === 4, allowTestLevels = true } = {}) {
      const via =
        (handlers: Holders['kms']): ProvisioningRequest =>
        async (path, body) => {
          requests.push(path.split('/').at(-1) ?? '');
          const answer = await ask(handlers, path, body, { commonName: identity.text });
          return setUp.change(path, answer as Record<string, unknown>);
        };
      return provisionClient({
        identity,
        also,
        kms: via(holders.kms),
        ...(withProvider ? { provider: via(holders.provider) } : {}),
        federation: () => found,
        clock: holders.clock,
        allowTestLevels,
      });
    },
  };
  return setUp;
}

const held = ({ keys }: ProvisionedClient, identity = ALICE): number[] =>
  [-2, -1, 0, 1, 2, 3].filter((day) => keys.holds(identity, MIDNIGHT + day * DAY));
const at = (seconds: number): ReturnType<typeof ntpFromUnixMs> => ntpFromUnixMs(1000 * seconds);

describe('a client is provisioned', () => {
  it.each([3, 4] as const)('in solution %s: present and next private key, and MS', async (solution) => {
    const up = await setup({ solution });
    const client = await up.start();
    expect(held(client)).toEqual([0, 1]);
    expect(client.keys.district).toEqual({ name: entry().district, serial: 1n, keyEpochSeconds: DAY });
    const ms = client.keys.masterSecretAt(at(up.clock.seconds));
    expect([ms?.mode, ms?.epoch]).toEqual([3, MIDNIGHT / DAY]);
    // What the holder would open with: the same secret.
    expect(up.msStore.rows.map(({ identity }) => identity)).toContain(ALICE.text);
    expect(up.requests).toEqual(
      solution === 3 ? ['parameters', 'private-keys'] : ['parameters', 'private-keys', 'master-secrets'],
    );
  });

  it('in solution 4 the KMS sees no master secret and the provider no private key', async () => {
    const up = await setup({ solution: 4 });
    const answers: [string, unknown][] = [];
    up.change = (path, answer) => {
      answers.push([path, answer]);
      return answer;
    };
    await up.start();
    for (const [path, answer] of answers) {
      expect(Object.keys(answer as object).includes('masterSecrets')).toBe(path === paths.masterSecrets);
      expect(Object.keys(answer as object).includes('keys')).toBe(path === paths.privateKeys);
    }
  });

  it('without a holder of MS it sends no nonce, and asks no more for it', async () => {
    const up = await setup({ solution: 4 });
    const client = await up.start({ withProvider: false });
    expect(client.keys.masterSecretAt(at(up.clock.seconds))).toBeUndefined();
    await client.refresh();
    expect(up.requests).toEqual(['parameters', 'private-keys', 'parameters']);
  });

  it("a device has its own keys and its user's, and MS of its own", async () => {
    const up = await setup({ solution: 4 });
    const client = await up.start({ identity: PHONE, also: [ALICE] });
    expect([held(client, PHONE), held(client, ALICE)]).toEqual([
      [0, 1],
      [0, 1],
    ]);
    const phone = client.keys.masterSecretAt(at(up.clock.seconds))?.masterSecret.use(toHex);
    const alice = (await up.start()).keys.masterSecretAt(at(up.clock.seconds))?.masterSecret.use(toHex);
    expect(phone).toMatch(/^[0-9a-f]{64}$/);
    expect(phone).not.toBe(alice);
  });

  it('inside the grace time of the previous epoch it has three', async () => {
    const up = await setup({ solution: 4, at: MIDNIGHT + 899 });
    expect(held(await up.start())).toEqual([-1, 0, 1]);
    up.clock.seconds = MIDNIGHT + 900;
    expect(held(await up.start())).toEqual([0, 1]);
  });

  it('what it holds moves with time, and a refresh that finds nothing missing asks for nothing', async () => {
    const up = await setup({ solution: 4 });
    const client = await up.start();
    up.requests.length = 0;
    await client.refresh();
    expect(up.requests).toEqual(['parameters']);
    up.clock.seconds = MIDNIGHT + DAY + 901;
    await client.refresh();
    expect(held(client)).toEqual([1, 2]);
    expect(up.requests).toEqual(['parameters', 'parameters', 'private-keys']);
    expect(() => client.keys.decryptorFor(ALICE, generalizedTime(MIDNIGHT))).toThrow(coded('NoKeyForEpoch'));
  });

  it('before the subscription cycle ends the next master secret is there', async () => {
    const up = await setup({ solution: 4 });
    const client = await up.start();
    const end = client.keys.masterSecretsEnd();
    up.clock.seconds = end - DAY / 2;
    await client.refresh();
    up.clock.seconds = end + 10;
    await client.refresh();
    expect(client.keys.masterSecretAt(at(end + 5))?.epoch).toBe(end / DAY);
    expect(up.msStore.rows.filter(({ identity }) => identity === ALICE.text)).toHaveLength(2);
  });

  it('the delivered MS is that of the epoch of its grace time, not the root of the holder', async () => {
    const up = await setup({ solution: 4, at: MIDNIGHT + 5 * DAY + 3600 });
    const seen: string[] = [];
    up.change = (path, answer) => {
      if (path === paths.masterSecrets) seen.push(...(answer as { masterSecrets: string[] }).masterSecrets);
      return answer;
    };
    await up.start();
    const [octets] = seen.map(fromBase64);
    expect(Buffer.from(octets ?? []).readUInt32BE(2)).toBe(MIDNIGHT / DAY + 5);
    expect(up.msStore.rows.every(({ rootEpoch }) => rootEpoch < MIDNIGHT / DAY + 5)).toBe(true);
  });
});

describe('what a holder must not be able to do', () => {
  const alter = (up: Setup, path: string, change: (answer: Record<string, unknown>) => object): void => {
    up.change = (asked, answer) => (asked === path ? change(answer) : answer);
  };
  const keyList = (answer: Record<string, unknown>): { keyEpoch: number; privateKey: string }[] =>
    answer['keys'] as { keyEpoch: number; privateKey: string }[];

  it('N72 a private key that is not that of identity and epoch: BadPrivateKey, provisioning aborted', async () => {
    const up = await setup({ solution: 4 });
    alter(up, paths.privateKeys, (answer) => {
      const [first, second] = keyList(answer);
      return { ...answer, keys: [first, { ...second, privateKey: first?.privateKey }] };
    });
    await expect(up.start()).rejects.toThrow(coded('BadPrivateKey'));
    // The provider is not asked any more.
    expect(up.requests).toEqual(['parameters', 'private-keys']);
  });

  it('N72 in a later round: what was held before stays, and nothing of the round', async () => {
    const up = await setup({ solution: 4 });
    const client = await up.start();
    up.clock.seconds += DAY;
    alter(up, paths.privateKeys, (answer) => ({
      ...answer,
      keys: keyList(answer).map((one) => ({ ...one, privateKey: toBase64(Uint8Array.of(0x30, 0)) })),
    }));
    await expect(client.refresh()).rejects.toThrow(coded('BadPrivateKey'));
    expect(held(client)).toEqual([1]);
  });

  it('parameters that the federation table does not have: ParametersUnusable', async () => {
    const other = table({ entries: [entry({ parameters: [parameters(s.b)] })] });
    await expect((await setup({ solution: 4 }, other)).start()).rejects.toThrow(coded('ParametersUnusable'));
    const serial = table({ entries: [entry({ parameters: [parameters(s.a, { serial: 2 })] })] });
    await expect((await setup({ solution: 4 }, serial)).start()).rejects.toThrow(coded('ParametersUnusable'));
  });

  it('N70 expired parameters, or a serial that goes back: ParametersUnusable', async () => {
    await expect((await setup({ solution: 4, validTo: MIDNIGHT })).start()).rejects.toThrow(
      coded('ParametersUnusable'),
    );
    const both = table({ entries: [entry({ parameters: [parameters(s.a), parameters(s.a, { serial: 2 })] })] });
    const up = await setup({ solution: 4, serial: 2n }, both);
    const client = await up.start();
    alter(up, paths.parameters, (answer) => ({ ...answer, serial: 1 }));
    await expect(client.refresh()).rejects.toThrow(coded('ParametersUnusable', { message: 'serial rollback' }));
    expect(held(client)).toEqual([0, 1]);
  });

  it('a higher serial is adopted, and the keys under it fetched', async () => {
    const both = table({ entries: [entry({ parameters: [parameters(s.a), parameters(s.b, { serial: 2 })] })] });
    const old = await setup({ solution: 4 }, both);
    const next = await setup({ solution: 4, serial: 2n, secret: s.b }, both);
    let holders = old;
    const found = await federation(both, { clock: old.clock });
    const client = await provisionClient({
      identity: ALICE,
      kms: (path, body) => ask(holders.kms, path, body),
      federation: () => found,
      clock: old.clock,
      allowTestLevels: true,
    });
    holders = next;
    await client.refresh();
    expect(client.keys.district.serial).toBe(2n);
    expect(held(client)).toEqual([0, 1]);
  });

  it('a higher serial whose keys do not come: what was held stays, and the next round takes them', async () => {
    const both = table({ entries: [entry({ parameters: [parameters(s.a), parameters(s.b, { serial: 2 })] })] });
    const old = await setup({ solution: 4 }, both);
    const next = await setup({ solution: 4, serial: 2n, secret: s.b }, both);
    const found = await federation(both, { clock: old.clock });
    let send: ProvisioningRequest = (path, body) => ask(old.kms, path, body);
    const client = await provisionClient({
      ...{ identity: PHONE, also: [ALICE] },
      kms: (path, body) => send(path, body),
      federation: () => found,
      clock: old.clock,
      allowTestLevels: true,
    });
    const notBefore = generalizedTime(MIDNIGHT);
    const lent = client.keys.decryptorFor(ALICE, notBefore);
    // The KMS has gone on to its new parameters, and answers the first of two identities.
    send = (path, body) => {
      if (path === paths.privateKeys && (body as { identity: string }).identity === ALICE.text) {
        return Promise.reject(new HalfkeyError('UNAVAILABLE', 'away'));
      }
      return ask(next.kms, path, body);
    };
    await expect(client.refresh()).rejects.toThrow(coded('UNAVAILABLE'));
    expect([held(client, PHONE), held(client, ALICE)]).toEqual([
      [0, 1],
      [0, 1],
    ]);
    expect(client.keys.district.serial).toBe(1n);
    expect(client.keys.decryptorFor(ALICE, notBefore)).toBe(lent);
    send = (path, body) => ask(next.kms, path, body);
    await client.refresh();
    expect(client.keys.district.serial).toBe(2n);
    expect([held(client, PHONE), held(client, ALICE)]).toEqual([
      [0, 1],
      [0, 1],
    ]);
    expect(client.keys.decryptorFor(ALICE, notBefore)).not.toBe(lent);
  });

  it('N71 level 1024 in production: LevelRefused', async () => {
    await expect((await setup({ solution: 4 })).start({ allowTestLevels: false })).rejects.toThrow(
      coded('LevelRefused'),
    );
  });

  it.each([
    ['other epochs', (answer: Record<string, unknown>) => ({ ...answer, keys: keyList(answer).reverse() })],
    ['one key only', (answer: Record<string, unknown>) => ({ ...answer, keys: keyList(answer).slice(1) })],
    ['another district', (answer: Record<string, unknown>) => ({ ...answer, district: 'https://evil.example/' })],
    ['another serial', (answer: Record<string, unknown>) => ({ ...answer, serial: 9 })],
    ['another interval', (answer: Record<string, unknown>) => ({ ...answer, keyEpochSeconds: 3600 })],
    ['an unknown member', (answer: Record<string, unknown>) => ({ ...answer, more: 1 })],
    ['nothing', () => ({})],
  ])('an answer with %s: UNAVAILABLE', async (_what, change) => {
    const up = await setup({ solution: 4 });
    alter(up, paths.privateKeys, change);
    await expect(up.start()).rejects.toThrow(coded('UNAVAILABLE'));
  });

  it.each([
    ['cut', (octets: Uint8Array) => octets.subarray(0, 57), 'Truncated'],
    ['of another version', (octets: Uint8Array) => octets.with(0, 2), 'BadField'],
    ['of mode 4', (octets: Uint8Array) => octets.with(1, 4), 'BadField'],
    ['with an interval of 0', (octets: Uint8Array) => octets.with(8, 0).with(7, 0).with(9, 0), 'BadField'],
  ] as const)('an LI-MS %s: %s', async (_what, change, code) => {
    const up = await setup({ solution: 4 });
    const client = await up.start();
    const before = client.keys.masterSecretAt(at(up.clock.seconds))?.masterSecret;
    alter(up, paths.masterSecrets, ({ masterSecrets }) => ({
      masterSecrets: (masterSecrets as string[]).map((text) => toBase64(change(fromBase64(text)))),
    }));
    await expect(up.start()).rejects.toThrow(coded(code));
    expect(before?.wiped).toBe(false);
  });

  it('a holder that is away: the error is passed on, what is held stays', async () => {
    const up = await setup({ solution: 4 });
    const client = await up.start();
    up.clock.seconds += DAY;
    up.change = () => {
      throw new Error('connection lost');
    };
    await expect(client.refresh()).rejects.toThrow('connection lost');
    expect(held(client)).toEqual([1]);
    expect(client.keys.masterSecretAt(at(up.clock.seconds))).toBeDefined();
  });
});
