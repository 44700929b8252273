/** Whom a holder serves, in SQLite: pseudonyms by user, so that the file names nobody. */
import type { RegisterStore } from '../entity/kms/ports.ts';
import type { State } from './state.ts';

interface RegisterSchema {
  subscriber: { identity: string; user: string };
}

/**
 * The register of one holder, over one state directory; `pseudonym`: the holder's salted digest of an identity, which
 * must stay the same as long as the register is kept.
 */
export async function openRegisterStore(
  state: State,
  pseudonym: (identity: Parameters<RegisterStore['has']>[0]) => string,
): Promise<RegisterStore> {
  await state.define([
    'CREATE TABLE IF NOT EXISTS subscriber (identity TEXT PRIMARY KEY, user TEXT NOT NULL) STRICT',
    'CREATE INDEX IF NOT EXISTS subscriber_user ON subscriber (user)',
  ]);
  const database = state.database<RegisterSchema>();
  return {
    set: (user, identities) =>
      database.transaction().execute(async (transaction) => {
        const owner = pseudonym(user);
        await transaction.deleteFrom('subscriber').where('user', '=', owner).execute();
        for (const identity of new Set(identities.map(pseudonym))) {
          await transaction.insertInto('subscriber').values({ identity, user: owner }).execute();
        }
      }),
    async has(identity) {
      const row = await database
        .selectFrom('subscriber')
        .select('identity')
        .where('identity', '=', pseudonym(identity))
        .executeTakeFirst();
      return row !== undefined;
    },
  };
}
