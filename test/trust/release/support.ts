/** A release store in memory that keeps every promise of its port and writes down what is done to it. */
import { createHash } from 'node:crypto';
import { HalfkeyError, toHex } from '../../../src/foundation/base/index.ts';
import { chainRecord, decodeRecord, emptyHead, type LogBody, type LogEntry } from '../../../src/trust/audit/index.ts';
import {
  createAnswerKey,
  type AnswerKey,
  type Authorised,
  type ReleaseRequest,
  type ReleaseStore,
  type StoredAnswer,
} from '../../../src/trust/release/index.ts';

export interface MemoryStore extends ReleaseStore {
  readonly entries: LogEntry[];
  readonly answers: StoredAnswer[];
  bodies(): LogBody[];
  kinds(): unknown[];
  /** Throws for records of this kind, as a full disk would. */
  failOn?: string;
}

/** `trace` gets `record KIND` before a record is written, `recorded KIND` after it is durable. */
export function memoryStore(trace: string[] = []): MemoryStore {
  const store: MemoryStore = {
    entries: [],
    answers: [],
    bodies: () => store.entries.map(({ octets }) => decodeRecord(octets)),
    kinds: () => store.bodies().map(({ kind }) => kind),
    findAnswer: async (requestId) => store.answers.find((answer) => answer.requestId === requestId),
    countAnswers: async (digest) => store.answers.filter(({ warrantDigest }) => warrantDigest === digest).length,
    contentOf: async (question) => store.answers.find((answer) => answer.question === question)?.content,
    async record(body, answer, checkpoint) {
      const kind = body['kind'] as string;
      trace.push(`record ${kind}`);
      checkpoint?.('before-write');
      // As slow as a disk: others get their turn.
      await new Promise((resolve) => setImmediate(resolve));
      if (kind === store.failOn) throw new Error('disk full');
      const entry = chainRecord(store.entries.at(-1) ?? emptyHead('test'), body);
      checkpoint?.('before-commit');
      if (answer !== undefined && store.answers.some(({ requestId }) => requestId === answer.requestId))
        throw new HalfkeyError('REQUEST_CONFLICT', 'this request id has an answer already');
      store.entries.push(entry);
      if (answer !== undefined) store.answers.push({ ...answer, sequence: entry.sequence, hash: toHex(entry.hash) });
      checkpoint?.('after-commit');
      trace.push(`recorded ${kind}`);
      return entry;
    },
  };
  return store;
}

const pair = await createAnswerKey();
export const answerKey: AnswerKey = pair.publicKey;
export const privateKey = pair.privateKey;

let ids = 0;
export function newRequest(more: Partial<ReleaseRequest> = {}): ReleaseRequest {
  ids += 1;
  return {
    operation: 'open-nonce',
    requestId: `00000000-0000-4000-8000-${String(ids).padStart(12, '0')}`,
    body: { asks: ids },
    answerKey,
    client: { role: 'df', fingerprint: 'f1' },
    ...more,
  };
}

export const WARRANT = createHash('sha256').update('warrant').digest('hex');

export function authorised(more: Partial<Authorised> = {}): Authorised {
  return {
    warrantDigest: WARRANT,
    maxReleases: 10,
    question: { about: 'call 1' },
    content: { octets: '00' },
    record: { warrantId: 'w1', target: 'pseudonym' },
    ...more,
  };
}
