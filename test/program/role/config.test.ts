import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import {
  isConsolidated,
  readAnyConfig,
  readDfConfig,
  readKmsConfig,
  readProviderConfig,
} from '../../../src/program/role/config.ts';
import { releaseTools } from '../../../src/program/role/release-tools.ts';
import { serve as serveKms } from '../../../src/program/role/kms.ts';

const directory = mkdtempSync(join(tmpdir(), 'halfkey-config-'));
afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

const tls = { certificate: 'tls.crt', privateKey: 'tls.key', trust: ['ca.crt'] };
const common = { stateDirectory: 'state', keyEncryptionKey: 'key', warrantAuthorities: ['agency.crt'] };
const listener = { port: 0, tls };
const kms = {
  role: 'kms',
  ...common,
  district: { name: 'https://pps.operator-a.example/ibe/pp', serial: 1 },
  xk: listener,
  provisioning: listener,
  statement: { certificate: 'statement.crt', privateKey: 'statement.key' },
};
const provider = { role: 'provider', ...common, open: listener, provisioning: listener, kmsAuthorities: ['ca.crt'] };
const df = {
  role: 'df',
  ...common,
  intake: listener,
  deliveryDirectory: 'delivery',
  kms: { origin: 'https://127.0.0.1:1', tls },
  purpose: 'case 1',
};

function file(content: unknown): string {
  const path = join(directory, 'config.json');
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}
const bad = (message: RegExp): object => ({ code: 'BAD_CONFIG', message: expect.stringMatching(message) });

describe('a configuration that is complete', () => {
  it('takes the defaults of a production deployment', async () => {
    const { config } = await readKmsConfig(file(kms));
    expect(config).toMatchObject({
      district: { level: 3072, keyEpochSeconds: 86_400 },
      policy: { allowPrivateKeyRelease: false, allowUnboundNonces: false },
      unsafeTestLevel1024: false,
      exitWithParent: false,
      refusalFloorMs: 50,
      xk: { host: '127.0.0.1' },
    });
    expect(config).not.toHaveProperty('unsafeTestCrashAt');
    expect((await readProviderConfig(file(provider))).config.policy).toMatchObject({
      allowUnboundNonces: false,
      requireKmsStatement: 'unbound',
    });
    expect((await readDfConfig(file(df))).config).toMatchObject({ solution: 4, alternative: 2, patienceMs: 30_000 });
  });

  it('has its paths relative to the file', async () => {
    const { at } = await readKmsConfig(file(kms));
    expect(at('state')).toBe(join(directory, 'state'));
    expect(at('/elsewhere')).toBe('/elsewhere');
  });

  it('tells the two kinds of KMS apart, and every role by its name', async () => {
    expect(await isConsolidated(file(kms))).toBe(false);
    expect(await isConsolidated(file({ ...kms, role: 'kms-consolidated' }))).toBe(true);
    for (const one of [kms, provider, df]) expect((await readAnyConfig(file(one))).config.role).toBe(one.role);
  });
});

describe('BAD_CONFIG names the member', () => {
  it.each<[string, unknown, RegExp]>([
    ['a missing member', { ...kms, xk: undefined }, /^xk: /],
    ['a missing member inside', { ...kms, xk: { port: 0, tls: { ...tls, trust: undefined } } }, /^xk\.tls\.trust: /],
    ['an empty list', { ...kms, warrantAuthorities: [] }, /^warrantAuthorities: /],
    ['a port that is none', { ...kms, provisioning: { ...listener, port: 65_536 } }, /^provisioning\.port: /],
    ['a level that is none', { ...kms, district: { ...kms.district, level: 4096 } }, /^district\.level: /],
    [
      'an epoch too short',
      { ...kms, district: { ...kms.district, keyEpochSeconds: 60 } },
      /^district\.keyEpochSeconds: /,
    ],
    [
      'a flag that is a text',
      { ...kms, policy: { allowPrivateKeyRelease: 'yes' } },
      /^policy\.allowPrivateKeyRelease: /,
    ],
    ['a flag of another role', { ...kms, policy: { requireKmsStatement: 'never' } }, /^policy: .*requireKmsStatement/],
    ['an unknown member', { ...kms, allowEverything: true }, /^the file: .*allowEverything/],
    ['the role of another program', { ...kms, role: 'provider' }, /^role: /],
    ['a list', [], /^the file: /],
  ])('%s', async (_, content, message) => {
    await expect(readKmsConfig(file(content))).rejects.toMatchObject(bad(message));
  });

  it('of a provider and of a Delivery Function', async () => {
    const never = { ...provider, policy: { requireKmsStatement: 'sometimes' } };
    await expect(readProviderConfig(file(never))).rejects.toMatchObject(bad(/^policy\.requireKmsStatement: /));
    await expect(readProviderConfig(file({ ...provider, xk: listener }))).rejects.toMatchObject(bad(/^the file: .*xk/));
    const origin = { ...df, kms: { ...df.kms, origin: 'somewhere' } };
    await expect(readDfConfig(file(origin))).rejects.toMatchObject(bad(/^kms\.origin: /));
    await expect(readDfConfig(file({ ...df, purpose: '' }))).rejects.toMatchObject(bad(/^purpose: /));
    await expect(readAnyConfig(file({ ...df, role: 'nobody' }))).rejects.toMatchObject(bad(/^role: /));
  });

  it('a file that is no JSON, or is not there', async () => {
    await expect(readKmsConfig(file('{'))).rejects.toMatchObject(bad(/not JSON/));
    await expect(readKmsConfig(join(directory, 'nowhere.json'))).rejects.toMatchObject(bad(/nowhere\.json.*ENOENT/));
  });
});

describe('what stands in the files that it names', () => {
  it('a key-encryption key that others may read: BAD_CONFIG, and no state directory is made', async () => {
    writeFileSync(join(directory, 'key'), new Uint8Array(32), { mode: 0o644 });
    chmodSync(join(directory, 'key'), 0o644);
    await expect(serveKms(file(kms), () => undefined)).rejects.toMatchObject(bad(/can be read by others/));
    await expect(serveKms(file({ ...kms, keyEncryptionKey: 'none' }), () => undefined)).rejects.toMatchObject(
      bad(/none.*ENOENT/),
    );
  });
});

describe('unsafeTestCrashAt', () => {
  const tools = (unsafeTestCrashAt: string): unknown =>
    releaseTools({ log: {}, logger: { warn: () => undefined } } as never, { refusalFloorMs: 0, unsafeTestCrashAt });
  it.each(['request:before-write', 'refusal:after-commit', 'answer:sent'])('%s is a place', (place) => {
    expect(tools(place)).toBeDefined();
  });
  it.each(['', 'request', 'request:sent', 'answer:sent ', 'anything:before-write'])(
    '%j is none: BAD_CONFIG',
    (place) => {
      expect(() => tools(place)).toThrow(expect.objectContaining({ code: 'BAD_CONFIG' }));
    },
  );
});
