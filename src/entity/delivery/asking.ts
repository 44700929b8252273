/**
 * Asking a holder: one request id and one answer key a question, kept until the intake is done, so that
 * after a crash on either side the very same request is sent again and gets the very same answer.
 */
import { createHash, randomUUID } from 'node:crypto';
import type { ZodType } from 'zod';
import { HalfkeyError, isHalfkeyError, Secret } from '../../foundation/base/index.ts';
import { createAnswerKey, openAnswer, type AnswerKey } from '../../trust/release/index.ts';
import type { VerifiedWarrant } from '../../trust/warrant/index.ts';
import { parseBody, releaseAnswer } from '../../contract/xk/index.ts';
import type { DeliverySealer, HolderClient, Observer, PendingRequest, RequestStore } from './ports.ts';

/** A warrant that the Delivery Function acts on: as it was signed, and as it was verified. */
export interface ActiveWarrant {
  readonly signed: unknown;
  readonly verified: VerifiedWarrant;
  /** Lower-case hex. */
  readonly digest: string;
}

export interface Question<Answer> {
  /** `kms` or `provider`: for the observer. */
  readonly holder: string;
  readonly client: HolderClient;
  readonly path: string;
  /** A word for the observer. */
  readonly operation: string;
  readonly warrant: ActiveWarrant;
  /** Members of the request beside those that every request has. */
  readonly members: object;
  readonly answer: ZodType<Answer>;
}

export interface Asker {
  /**
   * @throws HalfkeyError the holder's refusal; `UNAVAILABLE` when it cannot be reached for `patienceMs`, or sends
   *   something that is not the answer to this request
   */
  ask<Answer>(question: Question<Answer>): Promise<Answer>;
  /** Ends the requests made so far and erases their keys: an answer that a holder stores can then be read by nobody. */
  finish(): Promise<void>;
}

export interface AskerOptions {
  readonly store: RequestStore;
  readonly sealer: DeliverySealer;
  readonly observe: Observer;
  readonly purpose: string;
  readonly sleep: (ms: number) => Promise<void>;
  /** How long an unreachable holder is asked again, in milliseconds. */
  readonly patienceMs: number;
  /** Called with each receipt: where the holder's log has the answer. */
  readonly onReceipt: (receipt: {
    holder: string;
    operation: string;
    requestId: string;
    sequence: number;
    hash: string;
  }) => Promise<void>;
}

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2000;

export function createAsker({ store, sealer, observe, purpose, sleep, patienceMs, onReceipt }: AskerOptions): Asker {
  const asked = new Set<string>();

  async function fresh(): Promise<PendingRequest> {
    const requestId = randomUUID();
    const { publicKey, privateKey } = await createAnswerKey();
    const sealedKey = sealer.seal(privateKey, `answer-key ${requestId}`);
    privateKey.fill(0);
    return { requestId, answerKey: JSON.stringify(publicKey), sealedKey };
  }

  /** The request of a question: the one that is under way, or a new one, durable before it is sent. */
  async function begin(
    question: string,
  ): Promise<{ requestId: string; answerKey: AnswerKey; privateKey: Secret<'AnswerKey'> }> {
    const pending = (await store.find(question)) ?? (await store.begin(question, await fresh()));
    const { requestId, answerKey, sealedKey } = pending;
    const privateKey = new Secret('AnswerKey', sealer.open(sealedKey, `answer-key ${requestId}`));
    return { requestId, answerKey: JSON.parse(answerKey) as AnswerKey, privateKey };
  }

  async function send({ holder, client, path, operation }: Question<unknown>, body: object): Promise<unknown> {
    let pause = FIRST_PAUSE_MS;
    for (let waited = 0; ; waited += pause, pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
      try {
        return await client(path, body);
      } catch (error) {
        if (!isHalfkeyError(error, 'UNAVAILABLE') || waited >= patienceMs) throw error;
        observe('waiting', { holder, operation });
        await sleep(pause);
      }
    }
  }

  return {
    async ask(question) {
      const { holder, path, operation, warrant, members } = question;
      const key = createHash('sha256')
        .update(JSON.stringify([path, warrant.digest, members]))
        .digest('hex');
      asked.add(key);
      const { requestId, answerKey, privateKey } = await begin(key);
      try {
        observe('asked', { holder, operation });
        const body = { requestId, warrant: warrant.signed, purpose, answerKey, ...members };
        const { answer, receipt } = fromHolder(releaseAnswer, await send(question, body));
        const context = { requestId, warrantDigest: warrant.digest };
        const payload = fromHolder(question.answer, await openAnswer(answer, privateKey, context));
        observe('answered', { holder, operation, logEntry: receipt.sequence });
        await onReceipt({ holder, operation, requestId, ...receipt });
        return payload;
      } catch (error) {
        if (isHalfkeyError(error)) observe('refused', { holder, operation, code: error.code });
        throw error instanceof HalfkeyError
          ? error
          : new HalfkeyError('INTERNAL', 'the answer could not be worked on', { cause: error });
      } finally {
        privateKey.wipe();
      }
    },
    async finish() {
      for (const question of asked) await store.end(question);
      asked.clear();
    },
  };
}

/** An answer of the contract. What a holder sends instead is its fault, not that of our request. @throws HalfkeyError `UNAVAILABLE` */
function fromHolder<T>(schema: ZodType<T>, answer: unknown): T {
  try {
    return parseBody(schema, answer);
  } catch (cause) {
    throw new HalfkeyError('UNAVAILABLE', 'the holder sent something that is not of the contract', { cause });
  }
}
