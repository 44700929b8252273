/**
 * A role's log and its released answers in SQLite: an answer and the entry that records it are written in
 * one transaction, or not at all. Rows are appended only; triggers refuse everything else.
 * The chain itself is made by the function that is passed in: storage knows no hashing.
 */
import type { Kysely, Transaction } from 'kysely';
import { HalfkeyError, toHex } from '../foundation/base/index.ts';
import type { ChainRecord, LogBody, LogEntry, LogHead, LogStore } from '../trust/audit/ports.ts';
import type { Checkpoint, NewAnswer, ReleaseStore, StoredAnswer } from '../trust/release/ports.ts';
import type { State } from './state.ts';

interface LogRow {
  sequence: number;
  previous_hash: Uint8Array;
  hash: Uint8Array;
  octets: Uint8Array;
}

interface AnswerRow {
  request_id: string;
  request_digest: string;
  requester: string;
  warrant_digest: string;
  question: string;
  content: string;
  sealed: string;
  sequence: number;
  hash: string;
}

interface LogSchema {
  log: LogRow;
  answer: AnswerRow;
}

const TABLES = [
  `CREATE TABLE IF NOT EXISTS log (
     sequence INTEGER PRIMARY KEY, previous_hash BLOB NOT NULL, hash BLOB NOT NULL, octets BLOB NOT NULL
   ) STRICT`,
  `CREATE TABLE IF NOT EXISTS answer (
     request_id TEXT PRIMARY KEY, request_digest TEXT NOT NULL, requester TEXT NOT NULL, warrant_digest TEXT NOT NULL,
     question TEXT NOT NULL, content TEXT NOT NULL, sealed TEXT NOT NULL,
     sequence INTEGER NOT NULL REFERENCES log (sequence), hash TEXT NOT NULL
   ) STRICT`,
  'CREATE INDEX IF NOT EXISTS answer_warrant ON answer (warrant_digest)',
  'CREATE INDEX IF NOT EXISTS answer_question ON answer (question, sequence)',
  ...['log', 'answer'].flatMap((table) =>
    ['UPDATE', 'DELETE'].map(
      (verb) => `CREATE TRIGGER IF NOT EXISTS ${table}_no_${verb.toLowerCase()} BEFORE ${verb} ON ${table}
                 BEGIN SELECT RAISE(ABORT, 'append only'); END`,
    ),
  ),
];

export interface LogStoreOptions {
  readonly state: State;
  /** `chainRecord` of the audit module. */
  readonly chain: ChainRecord;
  /** `emptyHead(origin)` of the audit module. */
  readonly empty: LogHead;
}

/** The log and the answers of one role, over one state directory. */
export async function openLogStore({ state, chain, empty }: LogStoreOptions): Promise<LogStore & ReleaseStore> {
  await state.define(TABLES);
  const database = state.database<LogSchema>();

  async function headOf(source: Kysely<LogSchema>): Promise<LogHead> {
    const row = await source
      .selectFrom('log')
      .select(['sequence', 'hash'])
      .orderBy('sequence', 'desc')
      .limit(1)
      .executeTakeFirst();
    return row === undefined ? empty : { sequence: row.sequence, hash: Uint8Array.from(row.hash) };
  }

  async function write(transaction: Transaction<LogSchema>, body: LogBody, answer?: NewAnswer): Promise<LogEntry> {
    const entry = chain(await headOf(transaction), body);
    await transaction
      .insertInto('log')
      .values({ sequence: entry.sequence, previous_hash: entry.previousHash, hash: entry.hash, octets: entry.octets })
      .execute();
    if (answer === undefined) return entry;
    const earlier = await transaction
      .selectFrom('answer')
      .select('request_id')
      .where('request_id', '=', answer.requestId)
      .executeTakeFirst();
    if (earlier !== undefined) throw new HalfkeyError('REQUEST_CONFLICT', 'this request id has an answer already');
    await transaction.insertInto('answer').values(rowOf(answer, entry)).execute();
    return entry;
  }

  async function record(body: LogBody, answer?: NewAnswer, checkpoint?: Checkpoint): Promise<LogEntry> {
    checkpoint?.('before-write');
    const entry = await database.transaction().execute(async (transaction) => {
      const written = await write(transaction, body, answer);
      checkpoint?.('before-commit');
      return written;
    });
    checkpoint?.('after-commit');
    return entry;
  }

  return {
    record,
    append: (body) => record(body),
    appendAll: (bodies) =>
      database.transaction().execute(async (transaction) => {
        const entries: LogEntry[] = [];
        for (const body of bodies) entries.push(await write(transaction, body));
        return entries;
      }),
    head: () => headOf(database),
    async read(from, limit) {
      const rows = await database
        .selectFrom('log')
        .selectAll()
        .where('sequence', '>=', from)
        .orderBy('sequence')
        .limit(Math.min(Math.max(Math.trunc(limit), 1), 10_000))
        .execute();
      return rows.map(entryOf);
    },
    async findAnswer(requestId) {
      const row = await database
        .selectFrom('answer')
        .selectAll()
        .where('request_id', '=', requestId)
        .executeTakeFirst();
      return row === undefined ? undefined : answerOf(row);
    },
    async countAnswers(warrantDigest) {
      const { count } = await database
        .selectFrom('answer')
        .select(({ fn }) => fn.countAll<number>().as('count'))
        .where('warrant_digest', '=', warrantDigest)
        .executeTakeFirstOrThrow();
      return count;
    },
    async contentOf(question) {
      const row = await database
        .selectFrom('answer')
        .select('content')
        .where('question', '=', question)
        .orderBy('sequence')
        .limit(1)
        .executeTakeFirst();
      return row?.content;
    },
  };
}

/** Copies: a driver may give views of its own memory. */
const entryOf = (row: LogRow): LogEntry => ({
  sequence: row.sequence,
  previousHash: Uint8Array.from(row.previous_hash),
  hash: Uint8Array.from(row.hash),
  octets: Uint8Array.from(row.octets),
});

const rowOf = (answer: NewAnswer, entry: LogEntry): AnswerRow => ({
  request_id: answer.requestId,
  request_digest: answer.requestDigest,
  requester: answer.requester,
  warrant_digest: answer.warrantDigest,
  question: answer.question,
  content: answer.content,
  sealed: answer.sealed,
  sequence: entry.sequence,
  hash: toHex(entry.hash),
});

const answerOf = (row: AnswerRow): StoredAnswer => ({
  requestId: row.request_id,
  requestDigest: row.request_digest,
  requester: row.requester,
  warrantDigest: row.warrant_digest,
  question: row.question,
  content: row.content,
  sealed: row.sealed,
  sequence: row.sequence,
  hash: row.hash,
});
