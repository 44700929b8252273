/**
 * SQLite, through the `node:sqlite` interface: Node's own where the running Node has it (from 22.16),
 * else the package of the same interface. Every commit is on disk before it is acknowledged (WAL,
 * synchronous=FULL), and what is deleted is overwritten (secure_delete).
 */
import { open } from 'node:fs/promises';
import { Kysely } from 'kysely';
import { HalfkeyError } from '../foundation/base/index.ts';
import { systemCode } from './files.ts';
import { createSqliteDialect, type SqliteHandle } from './sqlite-dialect.ts';

interface SqliteModule {
  readonly DatabaseSync: new (path: string) => SqliteHandle;
  readonly StatementSync: { readonly prototype: { readonly columns?: unknown } };
}

/**
 * Node's own module, undefined where there is none. Node 22 calls it experimental on standard error at its first use, of
 * every role and of those that are told to be quiet: that warning, and no other, is held back.
 */
function builtinSqlite(): SqliteModule | undefined {
  const emitWarning = process.emitWarning.bind(process);
  process.emitWarning = (warning: string | Error, ...rest: never[]): void => {
    if (!String(warning).startsWith('SQLite is an experimental feature')) emitWarning(warning, ...rest);
  };
  try {
    return process.getBuiltinModule('node:sqlite') as SqliteModule | undefined;
  } finally {
    process.emitWarning = emitWarning;
  }
}

async function loadSqlite(): Promise<SqliteModule> {
  const builtin = builtinSqlite();
  // The first versions lack `columns`, which tells queries from other statements.
  if (typeof builtin?.StatementSync.prototype.columns === 'function') return builtin;
  return import('@photostructure/sqlite');
}

/** Makes the file with mode 0600 when it is missing; its WAL takes the same mode. */
async function createPrivately(path: string): Promise<void> {
  try {
    // 'wx' opens nothing that exists: closing a second descriptor of a locked file would drop our own lock.
    const handle = await open(path, 'wx', 0o600);
    await handle.close();
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
  }
}

const SETTINGS = [
  'busy_timeout = 5000',
  'journal_mode = WAL',
  'synchronous = FULL',
  'foreign_keys = ON',
  'secure_delete = ON',
  'trusted_schema = OFF',
];

/**
 * Opens a database file. The one connection is shared; transactions come one after the other.
 * @throws HalfkeyError `BAD_CONFIG` when the file is not a database
 */
export async function openDatabase<Schema>(path: string): Promise<Kysely<Schema>> {
  const { DatabaseSync } = await loadSqlite();
  await createPrivately(path);
  const handle = new DatabaseSync(path);
  try {
    for (const setting of SETTINGS) handle.exec(`PRAGMA ${setting}`);
  } catch (cause) {
    handle.close();
    throw new HalfkeyError('BAD_CONFIG', `${path} is not a database that can be opened`, { cause });
  }
  return new Kysely<Schema>({ dialect: createSqliteDialect(handle) });
}

/** A lock that is held until it is released or the process ends, however it ends. */
export interface FileLock {
  release(): void;
}

/**
 * Takes an exclusive lock on a file, at once or not at all. The operating system holds it (SQLite's
 * locks are advisory record locks), so kill -9 leaves none behind.
 * @throws HalfkeyError `STATE_IN_USE`
 */
export async function lockFile(path: string): Promise<FileLock> {
  const { DatabaseSync } = await loadSqlite();
  await createPrivately(path);
  const handle = new DatabaseSync(path);
  try {
    handle.exec('PRAGMA busy_timeout = 0');
    handle.exec('BEGIN EXCLUSIVE');
  } catch (cause) {
    handle.close();
    throw new HalfkeyError('STATE_IN_USE', 'another process has the state directory open', { cause });
  }
  return {
    release: () => {
      handle.close();
    },
  };
}
