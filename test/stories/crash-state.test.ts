/**
 * What an administrator does to the state of a holder: opens it twice, gives it to another role or key, edits its log.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { DatabaseSync } from '@photostructure/sqlite';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { readRoleLog } from '../../src/program/role/stored-log.ts';
import { childEnv, programFile } from '../support/children.ts';
import { DECRYPT, goldenExchange, OPEN_NONCE, withRoles, type Door } from '../support/roles.ts';
import { serveArguments, type RoleName } from '../support/role-process.ts';

type Database = InstanceType<typeof DatabaseSync>;

interface Outcome {
  readonly status: number | null;
  readonly stderr: string;
  readonly result: { readonly [member: string]: unknown; readonly error?: { code: string; message: string } };
}

/** Sets a column of one entry. */
const update =
  (assignment: string, sequence: number) =>
  (database: Database): void => {
    database.exec(`UPDATE log SET ${assignment} WHERE sequence = ${String(sequence)}`);
  };

function run(argv: readonly string[]): Outcome {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...argv, '--json'], {
    encoding: 'utf8',
    env: childEnv(),
    input: '',
    timeout: 30_000,
  });
  return { status, stderr, result: JSON.parse(stdout) as Outcome['result'] };
}

withRoles({ start: ['kms', 'provider'] }, (roles) => {
  const verify = (name: RoleName, ...more: string[]): Outcome =>
    run([programFile, 'log', 'verify', '--config', roles.role(name).configFile, ...more]);

  /** Opens the database of a stopped role past everything that guards it. */
  function edit(name: RoleName, work: (database: Database) => void): void {
    const database = new DatabaseSync(join(roles.role(name).directory, 'state', 'state.db'));
    try {
      database.exec('PRAGMA foreign_keys = OFF');
      for (const table of ['log', 'answer'])
        for (const verb of ['update', 'delete']) database.exec(`DROP TRIGGER IF EXISTS ${table}_no_${verb}`);
      work(database);
    } finally {
      database.close();
    }
  }

  async function release(door: Door): Promise<{ sequence: number; hash: string }> {
    const asked = await roles.ask(await roles.agency.warrant(), roles.members(door, goldenExchange));
    return (await roles.released(door, asked)).receipt;
  }

  it('a second process on the same state: STATE_IN_USE, the first one goes on', async () => {
    for (const name of ['kms', 'provider'] as const) {
      const second = run(serveArguments(name, roles.role(name).configFile));
      expect(second).toMatchObject({ status: 1, result: { error: { code: 'STATE_IN_USE' } } });
      expect(verify(name)).toMatchObject({ status: 1, result: { error: { code: 'STATE_IN_USE' } } });
    }
    await release(DECRYPT);
    await release(OPEN_NONCE);
  });

  describe('state that is not its own: STATE_MISMATCH', () => {
    it('another key-encryption key', async () => {
      const role = roles.role('provider');
      const file = join(role.directory, 'key-encryption-key');
      const key = readFileSync(file);
      await role.stop();
      writeFileSync(file, randomBytes(32));
      const refused = run(serveArguments('provider', role.configFile));
      writeFileSync(file, key);
      expect(refused).toMatchObject({ status: 1, result: { error: { code: 'STATE_MISMATCH' } } });
      await role.start();
      await release(OPEN_NONCE);
    });

    it("another role's directory, and another district", async () => {
      const kms = roles.role('kms');
      await kms.stop();
      const { directory } = roles.role('provider');
      const config = JSON.parse(readFileSync(kms.configFile, 'utf8')) as { district: object };
      const district = { ...config.district, name: 'https://pps.operator-b.example/ibe/pp' };
      // Copies: the provider has its own open.
      cpSync(join(directory, 'state'), join(kms.directory, 'foreign'), { recursive: true });
      const changes = [
        { stateDirectory: 'foreign', keyEncryptionKey: join(directory, 'key-encryption-key') },
        { district },
        { role: 'kms-consolidated' },
      ];
      for (const change of changes) {
        writeFileSync(kms.configFile, JSON.stringify({ ...config, ...change }), { mode: 0o600 });
        const refused = run(serveArguments('kms', kms.configFile));
        expect(refused).toMatchObject({ status: 1, result: { error: { code: 'STATE_MISMATCH' } } });
      }
      writeFileSync(kms.configFile, JSON.stringify(config), { mode: 0o600 });
      await kms.start();
      await release(DECRYPT);
    });
  });

  it('the log of a stopped holder verifies, up to a receipt that was kept elsewhere', async () => {
    const { sequence, hash } = await release(DECRYPT);
    await roles.role('kms').stop();
    const plain = verify('kms');
    expect(plain).toMatchObject({ status: 0, result: { entries: sequence, hash } });
    expect(verify('kms', '--expect', `${String(sequence)}:${hash}`).status).toBe(0);
    // Text goes to people: standard output says the same, standard error nothing.
    const text = spawnSync(process.execPath, [programFile, 'log', 'verify', '--config', roles.role('kms').configFile], {
      encoding: 'utf8',
      env: childEnv(),
    });
    expect(text).toMatchObject({ status: 0, stderr: '' });
    expect(text.stdout).toMatch(/^the log verifies: \d+ entries \(.*answer.*\), head [0-9a-f]{64}\n$/);
    await roles.role('kms').start();
  });

  describe('the log of a stopped provider that somebody edits', () => {
    let receipt = { sequence: 0, hash: '' };
    let whole: Buffer;
    const file = (): string => join(roles.role('provider').directory, 'state', 'state.db');
    beforeAll(async () => {
      await release(OPEN_NONCE);
      receipt = await release(OPEN_NONCE);
      await roles.role('provider').stop();
      whole = readFileSync(file());
    });
    afterEach(() => {
      writeFileSync(file(), whole);
    });
    afterAll(async () => {
      await expect(readRoleLog(roles.role('provider').configFile)).resolves.toBeDefined();
      await roles.role('provider').start();
    });

    it.each<[string, number, (database: Database) => void]>([
      [
        'the text of an entry',
        2,
        update(`octets = CAST(replace(CAST(octets AS TEXT), '"kind"', '"kimd"') AS BLOB)`, 2),
      ],
      ['a hash', 2, update('hash = zeroblob(32)', 2)],
      ['the hash of the entry before', 2, update('previous_hash = zeroblob(32)', 2)],
      ['the number of an entry', 3, update('sequence = 99', 3)],
      [
        "two entries in each other's place",
        1,
        (database) => {
          for (const [from, to] of [
            [1, 99],
            [2, 1],
            [99, 2],
          ] as const)
            update(`sequence = ${String(to)}`, from)(database);
        },
      ],
    ])('N68 %s: LOG_BROKEN naming entry %i', async (_, sequence, change) => {
      edit('provider', change);
      await expect(readRoleLog(roles.role('provider').configFile)).rejects.toMatchObject({
        code: 'LOG_BROKEN',
        message: expect.stringMatching(new RegExp(`^entry ${String(sequence)}: `)),
      });
    });

    it('N68 a removed entry: halfkey log verify ends with 2 and LOG_BROKEN naming the entry', () => {
      edit('provider', (database) => {
        database.exec('DELETE FROM log WHERE sequence = 1');
      });
      const { status, result } = verify('provider');
      expect({ status, code: result.error?.code }).toEqual({ status: 2, code: 'LOG_BROKEN' });
      expect(result.error?.message).toMatch(/^entry 1: /);
    });

    it('N68 entries cut off at the end show against a receipt', async () => {
      const { sequence, hash } = receipt;
      edit('provider', (database) => {
        database.exec(`DELETE FROM log WHERE sequence >= ${String(sequence)}`);
      });
      const { configFile } = roles.role('provider');
      expect((await readRoleLog(configFile)).head.sequence).toBe(sequence - 1);
      const compared = verify('provider', '--expect', `${String(sequence)}:${hash}`);
      expect(compared).toMatchObject({ status: 2, result: { error: { code: 'LOG_BROKEN' } } });
      expect(compared.result.error?.message).toMatch(new RegExp(`^entry ${String(sequence)}: missing`));
    });
  });

  it('--expect that is no head: USAGE', () => {
    expect(verify('kms', '--expect', '12')).toMatchObject({ status: 1, result: { error: { code: 'USAGE' } } });
  });
});
