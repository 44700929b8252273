/**
 * Small stores of KMS and Delivery Function: one sealed master secret, and requests under way.
 * What they keep is sealed by the caller; nothing here can open it.
 */
import type { PendingRequest, RequestStore } from '../entity/delivery/ports.ts';
import type { KmsStore } from '../entity/kms/ports.ts';
import type { State } from './state.ts';

interface KmsSchema {
  ibe_master_secret: { id: number; sealed: Uint8Array };
}

/** The KMS's sealed IBE master secret: the first one ever given is kept, for ever. */
export async function openKmsStore(state: State): Promise<KmsStore> {
  await state.define([
    'CREATE TABLE IF NOT EXISTS ibe_master_secret (id INTEGER PRIMARY KEY CHECK (id = 1), sealed BLOB NOT NULL) STRICT',
  ]);
  const database = state.database<KmsSchema>();
  const masterSecret = async (): Promise<Uint8Array | undefined> => {
    const row = await database.selectFrom('ibe_master_secret').select('sealed').executeTakeFirst();
    return row === undefined ? undefined : Uint8Array.from(row.sealed);
  };
  return {
    masterSecret,
    async keepMasterSecret(sealed) {
      await database
        .insertInto('ibe_master_secret')
        .values({ id: 1, sealed })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
      return (await masterSecret()) ?? sealed;
    },
  };
}

interface RequestSchema {
  pending_request: { question: string; request_id: string; answer_key: string; sealed_key: Uint8Array };
}

/** The Delivery Function's requests under way: after a crash the very same request is sent again. */
export async function openRequestStore(state: State): Promise<RequestStore> {
  await state.define([
    `CREATE TABLE IF NOT EXISTS pending_request (
       question TEXT PRIMARY KEY, request_id TEXT NOT NULL UNIQUE, answer_key TEXT NOT NULL, sealed_key BLOB NOT NULL
     ) STRICT`,
  ]);
  const database = state.database<RequestSchema>();
  const find = async (question: string): Promise<PendingRequest | undefined> => {
    const row = await database
      .selectFrom('pending_request')
      .selectAll()
      .where('question', '=', question)
      .executeTakeFirst();
    if (row === undefined) return undefined;
    return { requestId: row.request_id, answerKey: row.answer_key, sealedKey: Uint8Array.from(row.sealed_key) };
  };
  return {
    find,
    async begin(question, pending) {
      const { requestId, answerKey, sealedKey } = pending;
      await database
        .insertInto('pending_request')
        .values({ question, request_id: requestId, answer_key: answerKey, sealed_key: sealedKey })
        .onConflict((conflict) => conflict.column('question').doNothing())
        .execute();
      return (await find(question)) ?? pending;
    },
    async end(question) {
      await database.deleteFrom('pending_request').where('question', '=', question).execute();
    },
  };
}
