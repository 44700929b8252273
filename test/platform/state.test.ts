import { fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { createKeyFile, openState, type State } from '../../src/platform/index.ts';
import { coded, temporaryDirectory } from './support.ts';

interface Schema {
  thing: { id: number; octets: Uint8Array | null; text: string | null };
}

let directory: string;
let keyFile: string;
const open = (changes: object = {}): Promise<State> =>
  openState({ directory, role: 'provider', district: 'a.example', keyFile, ...changes });

beforeEach(async () => {
  const base = temporaryDirectory();
  directory = join(base, 'state');
  keyFile = join(base, 'key');
  await createKeyFile(keyFile);
});

async function openThings(): Promise<{ state: State; things: ReturnType<typeof openDatabaseOf> }> {
  const state = await open();
  await state.define([
    'CREATE TABLE IF NOT EXISTS thing (id INTEGER PRIMARY KEY, octets BLOB, text TEXT) STRICT',
    'CREATE TABLE IF NOT EXISTS part (thing INTEGER NOT NULL REFERENCES thing (id)) STRICT',
  ]);
  return { state, things: openDatabaseOf(state) };
}
const openDatabaseOf = (state: State) => state.database<Schema & { part: { thing: number } }>();

describe('state directory', () => {
  it('is 0700 with files of 0600, journal included', async () => {
    const { state, things } = await openThings();
    await things.insertInto('thing').values({ id: 1, octets: null, text: 'x' }).execute();
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    for (const file of readdirSync(directory))
      expect([file, statSync(join(directory, file)).mode & 0o777]).toEqual([file, 0o600]);
    expect(readdirSync(directory)).toContain('state.db-wal');
    await state.close();
  });

  it('commits are on disk before they are acknowledged', async () => {
    const { state, things } = await openThings();
    const { sql } = await import('kysely');
    const value = async (name: string): Promise<unknown> =>
      Object.values(
        (await sql<Record<string, unknown>>`${sql.raw(`PRAGMA ${name}`)}`.execute(things)).rows[0] ?? {},
      )[0];
    expect(await value('journal_mode')).toBe('wal');
    expect(await value('synchronous')).toBe(2);
    expect(await value('foreign_keys')).toBe(1);
    expect(await value('secure_delete')).toBe(1);
    await state.close();
  });

  it('a second opening: STATE_IN_USE; after closing it opens', async () => {
    const state = await open();
    await expect(open()).rejects.toThrow(coded('STATE_IN_USE'));
    // The refused attempt must not have dropped the lock.
    await expect(open()).rejects.toThrow(coded('STATE_IN_USE'));
    await state.close();
    await (await open()).close();
  });

  it('a second process: STATE_IN_USE; kill -9 releases the lock and keeps what was committed', async () => {
    const child = fork(join(import.meta.dirname, 'state-holder.ts'), [directory, keyFile], {
      execArgv: ['--import', 'tsx'],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    try {
      const [message] = (await once(child, 'message')) as [unknown];
      expect(message).toBe('committed 1, writing 2');
      await expect(open()).rejects.toThrow(coded('STATE_IN_USE'));
    } finally {
      child.kill('SIGKILL');
    }
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    const { state, things } = await openThings();
    expect(await things.selectFrom('thing').select(['id', 'text']).execute()).toEqual([{ id: 1, text: 'committed' }]);
    await state.close();
  });

  it('another role, district or key: STATE_MISMATCH, and nothing is changed', async () => {
    await (await open()).close();
    const otherKey = join(temporaryDirectory(), 'key');
    await createKeyFile(otherKey);
    for (const change of [{ role: 'kms' }, { district: 'b.example' }, { keyFile: otherKey }]) {
      await expect(open(change)).rejects.toThrow(coded('STATE_MISMATCH'));
    }
    await (await open()).close();
  });

  it('an altered key check value: STATE_MISMATCH', async () => {
    const state = await open();
    const meta = state.database<{ meta: { name: string; value: Uint8Array } }>();
    const row = await meta.selectFrom('meta').select('value').where('name', '=', 'check').executeTakeFirstOrThrow();
    const value = Uint8Array.from(row.value);
    await meta
      .updateTable('meta')
      .set({ value: value.with(20, (value[20] as number) ^ 1) })
      .where('name', '=', 'check')
      .execute();
    await state.close();
    await expect(open()).rejects.toThrow(coded('STATE_MISMATCH'));
  });

  it('no key file: BAD_CONFIG, and no directory is made', async () => {
    await expect(open({ keyFile: join(directory, 'missing') })).rejects.toThrow(coded('BAD_CONFIG'));
    chmodSync(keyFile, 0o644);
    await expect(open()).rejects.toThrow(coded('BAD_CONFIG'));
    expect(existsSync(directory)).toBe(false);
  });

  it('closing leaves everything in one file and nothing in the journal', async () => {
    const { state, things } = await openThings();
    await things.insertInto('thing').values({ id: 1, octets: null, text: 'in the file' }).execute();
    expect(readFileSync(join(directory, 'state.db-wal')).includes('in the file')).toBe(true);
    await state.close();
    expect(readFileSync(join(directory, 'state.db')).includes('in the file')).toBe(true);
    const journal = join(directory, 'state.db-wal');
    expect(existsSync(journal) ? statSync(journal).size : 0).toBe(0);
  });

  it('a file that is no database is not overwritten', async () => {
    await (await open()).close();
    writeFileSync(join(directory, 'state.db'), 'not a database, but longer than a header of sixteen octets'.repeat(20));
    const before = readFileSync(join(directory, 'state.db'));
    await expect(open()).rejects.toThrow(coded('BAD_CONFIG'));
    expect(readFileSync(join(directory, 'state.db'))).toEqual(before);
  });
});

describe('kysely over node:sqlite', () => {
  it('reads back what it wrote: octets, null, text, counts', async () => {
    const { state, things } = await openThings();
    const octets = Uint8Array.of(0, 1, 255);
    const [first] = await things
      .insertInto('thing')
      .values([
        { id: 1, octets, text: null },
        { id: 2, octets: new Uint8Array(0), text: "it's" },
      ])
      .execute();
    expect(first?.numInsertedOrUpdatedRows).toBe(2n);
    const rows = await things.selectFrom('thing').selectAll().orderBy('id').execute();
    expect(rows.map((row) => row.octets && Uint8Array.from(row.octets))).toEqual([octets, new Uint8Array(0)]);
    expect(rows.map((row) => row.text)).toEqual([null, "it's"]);
    const returned = await things.updateTable('thing').set({ text: 'z' }).where('id', '=', 2).returning('id').execute();
    expect(returned).toEqual([{ id: 2 }]);
    const { numDeletedRows } = await things.deleteFrom('thing').executeTakeFirstOrThrow();
    expect(numDeletedRows).toBe(2n);
    await state.close();
  });

  it('streams rows', async () => {
    const { state, things } = await openThings();
    for (let id = 1; id <= 3; id++) await things.insertInto('thing').values({ id, octets: null, text: null }).execute();
    const ids: number[] = [];
    for await (const { id } of things.selectFrom('thing').select('id').orderBy('id').stream()) ids.push(id);
    expect(ids).toEqual([1, 2, 3]);
    await state.close();
  });

  it('transactions come one after the other, and a failed one leaves nothing', async () => {
    const { state, things } = await openThings();
    await things.insertInto('thing').values({ id: 0, octets: null, text: '0' }).execute();
    const increment = (): Promise<void> =>
      things.transaction().execute(async (transaction) => {
        const { text } = await transaction
          .selectFrom('thing')
          .select('text')
          .where('id', '=', 0)
          .executeTakeFirstOrThrow();
        await new Promise((resolve) => setImmediate(resolve));
        await transaction
          .updateTable('thing')
          .set({ text: String(Number(text) + 1) })
          .where('id', '=', 0)
          .execute();
      });
    const failing = things.transaction().execute(async (transaction) => {
      await transaction.insertInto('thing').values({ id: 9, octets: null, text: null }).execute();
      throw new Error('on purpose');
    });
    const outcomes = await Promise.allSettled([...Array.from({ length: 10 }, increment), failing, increment()]);
    expect(outcomes.filter(({ status }) => status === 'rejected')).toHaveLength(1);
    expect(await things.selectFrom('thing').select(['id', 'text']).execute()).toEqual([{ id: 0, text: '11' }]);
    await state.close();
  });

  it('an error of a statement is a rejection, and the connection goes on', async () => {
    const { state, things } = await openThings();
    await expect(things.insertInto('part').values({ thing: 77 }).execute()).rejects.toThrow(/FOREIGN KEY/);
    await expect(
      things
        .insertInto('thing')
        .values({ id: 1, octets: null, text: 5 as unknown as string })
        .execute(),
    ).resolves.toBeDefined();
    await expect(things.insertInto('thing').values({ id: 1, octets: null, text: null }).execute()).rejects.toThrow(
      /UNIQUE/,
    );
    expect(await things.selectFrom('thing').select('id').execute()).toEqual([{ id: 1 }]);
    await state.close();
  });

  it('the packaged SQLite needs no compiler: it loads on this Node', () => {
    const { status } = spawnSync(
      process.execPath,
      ['-e', "import('@photostructure/sqlite').then((m) => new m.DatabaseSync(':memory:').close())"],
      {
        cwd: join(import.meta.dirname, '../..'),
      },
    );
    expect(status).toBe(0);
  });
});
