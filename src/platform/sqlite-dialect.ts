/**
 * Kysely over the `node:sqlite` interface: one connection, lent to one query or transaction at a time.
 */
import {
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
} from 'kysely';

type SqlValue = null | number | bigint | string | Uint8Array;

interface SqliteStatement {
  columns(): readonly unknown[];
  all(...parameters: SqlValue[]): unknown[];
  iterate(...parameters: SqlValue[]): Iterable<unknown>;
  run(...parameters: SqlValue[]): { changes: number | bigint; lastInsertRowid: number | bigint };
}

/** What is used of `DatabaseSync`. */
export interface SqliteHandle {
  prepare(sql: string): SqliteStatement;
  exec(sql: string): void;
  close(): void;
}

/** Prepared statements that are kept: more than any role has different queries. */
const MAX_STATEMENTS = 200;

class SqliteConnection implements DatabaseConnection {
  readonly handle: SqliteHandle;
  readonly #statements = new Map<string, SqliteStatement>();

  constructor(handle: SqliteHandle) {
    this.handle = handle;
  }

  executeQuery<Row>({ sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> {
    // An exception of the synchronous calls becomes a rejection, as kysely expects.
    return new Promise((resolve) => {
      const statement = this.#prepare(sql);
      const values = parameters as readonly SqlValue[];
      if (statement.columns().length > 0) {
        resolve({ rows: statement.all(...values) as Row[] });
      } else {
        const { changes, lastInsertRowid } = statement.run(...values);
        resolve({ rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) });
      }
    });
  }

  async *streamQuery<Row>({ sql, parameters }: CompiledQuery): AsyncIterableIterator<QueryResult<Row>> {
    for (const row of this.handle.prepare(sql).iterate(...(parameters as readonly SqlValue[]))) {
      yield await Promise.resolve({ rows: [row as Row] });
    }
  }

  #prepare(sql: string): SqliteStatement {
    const kept = this.#statements.get(sql);
    if (kept !== undefined) return kept;
    const statement = this.handle.prepare(sql);
    if (this.#statements.size >= MAX_STATEMENTS) this.#statements.clear();
    this.#statements.set(sql, statement);
    return statement;
  }
}

class SqliteDriver implements Driver {
  readonly #connection: SqliteConnection;
  /** Settles when the connection is free. */
  #free: Promise<void> = Promise.resolve();
  #release: () => void = () => undefined;

  constructor(handle: SqliteHandle) {
    this.#connection = new SqliteConnection(handle);
  }

  async init(): Promise<void> {
    // The caller opened and configured the connection.
  }

  async acquireConnection(): Promise<DatabaseConnection> {
    const before = this.#free;
    let release: () => void = () => undefined;
    this.#free = new Promise((resolve) => {
      release = resolve;
    });
    await before;
    this.#release = release;
    return this.#connection;
  }

  releaseConnection(): Promise<void> {
    this.#release();
    return Promise.resolve();
  }

  /** Takes the write lock at once, so that a transaction that has read can also write. */
  beginTransaction(): Promise<void> {
    return this.#execute('BEGIN IMMEDIATE');
  }

  commitTransaction(): Promise<void> {
    return this.#execute('COMMIT');
  }

  async rollbackTransaction(): Promise<void> {
    try {
      await this.#execute('ROLLBACK');
    } catch {
      // SQLite rolls back by itself on a full disk, for example; the first error is the one to report.
    }
  }

  destroy(): Promise<void> {
    this.#connection.handle.close();
    return Promise.resolve();
  }

  #execute(sql: string): Promise<void> {
    return new Promise((resolve) => {
      this.#connection.handle.exec(sql);
      resolve();
    });
  }
}

/** A dialect over an open connection, which kysely closes with `destroy()`. */
export function createSqliteDialect(handle: SqliteHandle): Dialect {
  return {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new SqliteDriver(handle),
    createIntrospector: (database) => new SqliteIntrospector(database),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
}
