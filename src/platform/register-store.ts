/** Whom a holder serves, in SQLite: identities by user. Holds no secret. */
import type { RegisterStore } from '../entity/kms/ports.ts';
import type { State } from './state.ts';

interface RegisterSchema {
  subscriber: { identity_type: 0 | 1; identity: string; user_type: 0 | 1; user: string };
}

/** The register of one holder, over one state directory. */
export async function openRegisterStore(state: State): Promise<RegisterStore> {
  await state.define([
    `CREATE TABLE IF NOT EXISTS subscriber (
       identity_type INTEGER NOT NULL, identity TEXT NOT NULL, user_type INTEGER NOT NULL, user TEXT NOT NULL,
       PRIMARY KEY (identity_type, identity)
     ) STRICT`,
  ]);
  const database = state.database<RegisterSchema>();
  return {
    set: (user, identities) =>
      database.transaction().execute(async (transaction) => {
        await transaction
          .deleteFrom('subscriber')
          .where('user_type', '=', user.type)
          .where('user', '=', user.text)
          .execute();
        for (const { type, text } of identities) {
          await transaction
            .insertInto('subscriber')
            .values({ identity_type: type, identity: text, user_type: user.type, user: user.text })
            .execute();
        }
      }),
    async has({ type, text }) {
      const row = await database
        .selectFrom('subscriber')
        .select('identity')
        .where('identity_type', '=', type)
        .where('identity', '=', text)
        .executeTakeFirst();
      return row !== undefined;
    },
  };
}
