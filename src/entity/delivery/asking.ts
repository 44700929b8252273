/**
 * Asking a holder: one request id and one answer key a question, kept until the session is done, so that
 * after a crash on either side the very same request is sent again and gets the very same answer.
 */
import { createHash, randomUUID } from 'node:crypto';
import type { ZodType } from 'zod';
import { HalfkeyError, isHalfkeyError, Secret } from '../../foundation/base/index.ts';
import { createAnswerKey, openAnswer, type AnswerKey } from '../../trust/release/index.ts';
import type { VerifiedWarrant } from '../../trust/warrant/index.ts';
import { parseBody, releaseAnswer } from '../../contract/xk/index.ts';
import type { DeliverySealer, HolderClient, Observer, RequestStore } from './ports.ts';

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
  /** @throws HalfkeyError the holder's refusal, or `UNAVAILABLE` when it cannot be reached for `patienceMs` */
  ask<Answer>(question: Question<Answer>): Promise<Answer>;
  /** Erases the keys of the questions asked so far. */
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

  async function begin(
    question: string,
  ): Promise<{ requestId: string; answerKey: AnswerKey; privateKey: Secret<'AnswerKey'> }> {
    const pending = await store.find(question);
    if (pending !== undefined) {
      const privateKey = new Secret('AnswerKey', sealer.open(pending.sealedKey, `answer-key ${pending.requestId}`));
      return { requestId: pending.requestId, answerKey: JSON.parse(pending.answerKey) as AnswerKey, privateKey };
    }
    const requestId = randomUUID();
    const pair = await createAnswerKey();
    const sealedKey = sealer.seal(pair.privateKey, `answer-key ${requestId}`);
    await store.begin(question, { requestId, answerKey: JSON.stringify(pair.publicKey), sealedKey });
    return { requestId, answerKey: pair.publicKey, privateKey: new Secret('AnswerKey', pair.privateKey) };
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
        const { answer, receipt } = parseBody(releaseAnswer, await send(question, body));
        const context = { requestId, warrantDigest: warrant.digest };
        const payload = parseBody(question.answer, await openAnswer(answer, privateKey, context));
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
