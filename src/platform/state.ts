/**
 * The state directory of a role: one process, one role, one district, one key-encryption key.
 * A directory that belongs to anything else is refused before a row of it is read.
 *
 *   lock        held as long as the state is open
 *   state.db    the role's database, 0600
 */
import { join } from 'node:path';
import type { Kysely } from 'kysely';
import { HalfkeyError } from '../foundation/base/index.ts';
import { ensurePrivateDirectory } from './files.ts';
import { openSealer, type Sealer } from './sealer.ts';

export interface StateOptions {
  readonly directory: string;
  /** For example `provider`. */
  readonly role: string;
  /** Name of the district whose keys are held. */
  readonly district: string;
  /** File of the key-encryption key. */
  readonly keyFile: string;
}

/** An open state directory. */
export interface State {
  readonly sealer: Sealer;
  /** The database, typed with the tables of one store. */
  database<Schema>(): Kysely<Schema>;
  /** Creates what is missing: statements of one's own text, never with a value in them. */
  define(statements: readonly string[]): Promise<void>;
  /** Moves the journal into the database file and empties it, so that what was overwritten is nowhere any more. */
  scrub(): Promise<void>;
  /** Closes the database, wipes the key, releases the lock. */
  close(): Promise<void>;
}

interface MetaSchema {
  meta: { name: string; value: Uint8Array };
}

const CHECK = new TextEncoder().encode('halfkey state v1');

/**
 * Opens a state directory, and makes it on first use.
 * @throws HalfkeyError `STATE_IN_USE` when another process has it, `STATE_MISMATCH` when it was made for
 * another role, district or key, `BAD_CONFIG` for an unusable directory or key file
 */
export async function openState({ directory, role, district, keyFile }: StateOptions): Promise<State> {
  // On demand, so that commands without a state do not load them.
  const [{ lockFile, openDatabase }, { CompiledQuery }] = await Promise.all([import('./sqlite.ts'), import('kysely')]);
  const sealer = await openSealer(keyFile);
  let release: () => void = () => undefined;
  try {
    await ensurePrivateDirectory(directory);
    const lock = await lockFile(join(directory, 'lock'));
    release = () => {
      lock.release();
    };
    const database = await openDatabase<MetaSchema>(join(directory, 'state.db'));
    const execute = async (sql: string): Promise<void> => {
      await database.executeQuery(CompiledQuery.raw(sql));
    };
    const scrub = async (): Promise<void> => {
      const checkpoint = CompiledQuery.raw('PRAGMA wal_checkpoint(TRUNCATE)');
      const { rows } = await database.executeQuery<{ busy: number }>(checkpoint);
      if (rows[0]?.busy !== 0)
        throw new HalfkeyError('STATE_IN_USE', 'the journal cannot be emptied: something reads it');
    };
    release = () => {
      void database.destroy();
      lock.release();
    };
    await execute('CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT');
    await assertOwn(database, sealer, { role, district });
    return {
      sealer,
      // One database; every store sees only the tables that it defines.
      database: <Schema>() => database as unknown as Kysely<Schema>,
      define: async (statements) => {
        for (const statement of statements) await execute(statement);
      },
      scrub,
      close: async () => {
        try {
          // The packaged SQLite does not end its statements on closing, and then leaves the journal as it is.
          await scrub();
        } finally {
          await database.destroy();
          sealer.close();
          lock.release();
        }
      },
    };
  } catch (error) {
    release();
    sealer.close();
    throw error;
  }
}

/** Compares role, district and key with those of the first use, or keeps them when this is the first. */
async function assertOwn(
  database: Kysely<MetaSchema>,
  sealer: Sealer,
  owner: { role: string; district: string },
): Promise<void> {
  const context = `halfkey state v1\n${owner.role}\n${owner.district}`;
  const wanted = new Map(Object.entries(owner).map(([name, value]) => [name, new TextEncoder().encode(value)]));
  await database.transaction().execute(async (transaction) => {
    const rows = await transaction.selectFrom('meta').selectAll().execute();
    const kept = new Map(rows.map(({ name, value }) => [name, value]));
    if (kept.size === 0) {
      const values = [...wanted, ['check', sealer.seal(CHECK, context)] as const].map(([name, value]) => ({
        name,
        value,
      }));
      await transaction.insertInto('meta').values(values).execute();
      return;
    }
    for (const [name, value] of wanted) {
      if (Buffer.compare(kept.get(name) ?? new Uint8Array(0), value) !== 0) {
        throw new HalfkeyError('STATE_MISMATCH', `the state directory belongs to another ${name}`);
      }
    }
    sealer.open(kept.get('check') ?? new Uint8Array(0), context);
  });
}
