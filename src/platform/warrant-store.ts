/**
 * Signed warrants that a Delivery Function acts on, and ids of revoked warrants that any role keeps:
 * both only ever grow. Kept as they were signed; who reads them verifies them again.
 */
import type { WarrantStore } from '../entity/delivery/ports.ts';
import type { State } from './state.ts';

interface WarrantSchema {
  warrant: { digest: string; signed: string };
  revoked_warrant: { id: string };
}

export async function openWarrantStore(state: State): Promise<WarrantStore> {
  await state.define([
    'CREATE TABLE IF NOT EXISTS warrant (digest TEXT PRIMARY KEY, signed TEXT NOT NULL) STRICT',
    'CREATE TABLE IF NOT EXISTS revoked_warrant (id TEXT PRIMARY KEY) STRICT',
  ]);
  const database = state.database<WarrantSchema>();
  return {
    async add(digest, signed) {
      await database
        .insertInto('warrant')
        .values({ digest, signed: JSON.stringify(signed) })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    },
    async all() {
      const rows = await database.selectFrom('warrant').select('signed').execute();
      return rows.map(({ signed }) => JSON.parse(signed) as unknown);
    },
    async revoke(ids) {
      if (ids.length === 0) return;
      await database
        .insertInto('revoked_warrant')
        .values(ids.map((id) => ({ id })))
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    },
    async revoked() {
      const rows = await database.selectFrom('revoked_warrant').select('id').execute();
      return rows.map(({ id }) => id);
    },
  };
}
