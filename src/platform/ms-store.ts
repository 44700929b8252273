/**
 * Master secrets of subscribers in SQLite: sealed rows that are never overwritten by provisioning and
 * whose root only moves forward. What was replaced must not survive in the file or its journal
 * (secure_delete, then the journal is emptied).
 */
import type { AnsweredPoint, MsRow, MsStore } from '../entity/custody/ports.ts';
import type { State } from './state.ts';

interface SecretRow {
  identity_type: 0 | 1;
  identity: string;
  mode: number;
  first_epoch: number;
  root_epoch: number;
  interval_seconds: number;
  valid_from: number;
  valid_to: number;
  sealed: Uint8Array;
}

interface MsSchema {
  master_secret: SecretRow;
  answered_point: { point_hash: string; csb_id: string; t1: string };
}

const TABLES = [
  `CREATE TABLE IF NOT EXISTS master_secret (
     identity_type INTEGER NOT NULL, identity TEXT NOT NULL, mode INTEGER NOT NULL,
     first_epoch INTEGER NOT NULL, root_epoch INTEGER NOT NULL, interval_seconds INTEGER NOT NULL CHECK (interval_seconds > 0),
     valid_from INTEGER NOT NULL, valid_to INTEGER NOT NULL, sealed BLOB NOT NULL,
     PRIMARY KEY (identity_type, identity, first_epoch)
   ) STRICT`,
  `CREATE TRIGGER IF NOT EXISTS master_secret_root BEFORE UPDATE ON master_secret WHEN NEW.root_epoch < OLD.root_epoch
   BEGIN SELECT RAISE(ABORT, 'a root never moves back'); END`,
  'CREATE TABLE IF NOT EXISTS answered_point (point_hash TEXT PRIMARY KEY, csb_id TEXT NOT NULL, t1 TEXT NOT NULL) STRICT',
];

/** The store of master secrets, over one state directory. */
export async function openMsStore(state: State): Promise<MsStore> {
  await state.define(TABLES);
  const database = state.database<MsSchema>();

  const rowsOf = async (source: typeof database, { type, text }: { type: 0 | 1; text: string }): Promise<MsRow[]> => {
    const rows = await source
      .selectFrom('master_secret')
      .selectAll()
      .where('identity_type', '=', type)
      .where('identity', '=', text)
      .execute();
    return rows.map(fromRow);
  };

  return {
    find: (identity) => rowsOf(database, identity),

    insert: (row) =>
      database.transaction().execute(async (transaction) => {
        const held = await rowsOf(transaction, { type: row.identityType, text: row.identity });
        if (held.some((other) => overlap(row, other))) return false;
        await transaction.insertInto('master_secret').values(toRow(row)).execute();
        return true;
      }),

    async update(row, expectedRoot) {
      const { numUpdatedRows } = await database
        .updateTable('master_secret')
        .set({ root_epoch: row.rootEpoch, sealed: row.sealed })
        .where('identity_type', '=', row.identityType)
        .where('identity', '=', row.identity)
        .where('first_epoch', '=', row.firstEpoch)
        .where('root_epoch', '=', expectedRoot)
        .executeTakeFirstOrThrow();
      return numUpdatedRows === 1n;
    },

    scrub: () => state.scrub(),

    rememberPoint: ({ pointHash, csbId, t1 }) =>
      database.transaction().execute(async (transaction): Promise<AnsweredPoint> => {
        await transaction
          .insertInto('answered_point')
          .values({ point_hash: pointHash, csb_id: csbId, t1 })
          .onConflict((conflict) => conflict.doNothing())
          .execute();
        const first = await transaction
          .selectFrom('answered_point')
          .selectAll()
          .where('point_hash', '=', pointHash)
          .executeTakeFirstOrThrow();
        return { pointHash: first.point_hash, csbId: first.csb_id, t1: first.t1 };
      }),
  };
}

/** Whether two rows of one identity share a second or an epoch number. */
function overlap(a: MsRow, b: MsRow): boolean {
  const end = (row: MsRow): number => row.firstEpoch + (row.validTo - row.validFrom) / row.intervalSeconds;
  return (a.validFrom < b.validTo && b.validFrom < a.validTo) || (a.firstEpoch < end(b) && b.firstEpoch < end(a));
}

const toRow = (row: MsRow): SecretRow => ({
  identity_type: row.identityType,
  identity: row.identity,
  mode: row.mode,
  first_epoch: row.firstEpoch,
  root_epoch: row.rootEpoch,
  interval_seconds: row.intervalSeconds,
  valid_from: row.validFrom,
  valid_to: row.validTo,
  sealed: row.sealed,
});

const fromRow = (row: SecretRow): MsRow => ({
  identityType: row.identity_type,
  identity: row.identity,
  mode: row.mode,
  firstEpoch: row.first_epoch,
  rootEpoch: row.root_epoch,
  intervalSeconds: row.interval_seconds,
  validFrom: row.valid_from,
  validTo: row.valid_to,
  sealed: Uint8Array.from(row.sealed),
});
