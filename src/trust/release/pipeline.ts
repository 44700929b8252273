/**
 * Log before key: the only way by which a holder releases anything.
 *
 * A request is authorised, its record made durable, then the secret is touched, the answer sealed to the requester,
 * the request authorised again, the answer and its record made durable in one transaction, and only then is it returned.
 * A refusal is recorded before it is returned, too. If the log cannot be written, nothing leaves.
 * Requests are worked on one after the other, so that limits and repeats cannot be raced.
 * This file must never see, log or store an answer that is not sealed.
 */
import { createHash } from 'node:crypto';
import { HalfkeyError, isHalfkeyError, toHex, type Clock } from '../../foundation/base/index.ts';
import { canonicalJson, type LogBody, type LogEntry } from '../audit/index.ts';
import type { Checkpoint, ReleaseStore, StoredAnswer } from './ports.ts';
import { sealAnswer } from './sealed-answer.ts';
import type { AnswerKey } from './sealed.ts';

/** Who asks what, as far as every kind of request has it. */
export interface ReleaseRequest {
  /** What is asked: a word of the contract, for the log. */
  readonly operation: string;
  /** UUID. */
  readonly requestId: string;
  /** The request as it came, for its digest: JSON values only. */
  readonly body: object;
  readonly answerKey: AnswerKey;
  readonly client: { readonly role: string; readonly fingerprint: string };
}

/** What the authorisation of a request found; nothing in it is secret. */
export interface Authorised {
  /** Lower-case hex SHA-256 of the warrant. */
  readonly warrantDigest: string;
  /** First answers that the warrant allows at this holder. */
  readonly maxReleases: number;
  /** What is asked: asked again under another id it must have the same `content`. */
  readonly question: LogBody;
  /** Everything that determines the answer. */
  readonly content: LogBody;
  /** For the log: no identity, no octet of a nonce or key. */
  readonly record: LogBody;
}

export interface ReleaseSteps<A extends Authorised> {
  /** Decides on public data alone, as things are now; throws the refusal. Asked before the secret is touched and after. */
  readonly authorise: () => Promise<A>;
  /** Touches the secret; returns what is sealed. */
  readonly answer: (authorised: A) => Promise<object>;
  /** The error that the requester sees for one that `answer` threw; the log keeps the exact code. */
  readonly outward?: (error: HalfkeyError) => HalfkeyError;
}

/** What goes over the wire: the sealed answer and where the log holds it. */
export interface ReleasedAnswer {
  readonly answer: string;
  readonly receipt: { readonly sequence: number; readonly hash: string };
}

export interface Releaser {
  release<A extends Authorised>(request: ReleaseRequest, steps: ReleaseSteps<A>): Promise<ReleasedAnswer>;
  /** Records a refusal that was decided outside {@link release} (a wrong role, a request of the wrong form) and returns its error. */
  refuse(request: Pick<ReleaseRequest, 'operation' | 'client'>, error: HalfkeyError): Promise<HalfkeyError>;
}

export interface ReleaserOptions {
  readonly store: ReleaseStore;
  readonly clock: Clock;
  /** Requests that may wait; one more is `UNAVAILABLE`. */
  readonly queueLimit?: number;
  readonly checkpoint?: (place: 'request' | 'answer' | 'refusal', name: Parameters<Checkpoint>[0]) => void;
}

const sha256 = (octets: string | Uint8Array): string => createHash('sha256').update(octets).digest('hex');
const digestOf = (value: LogBody): string => sha256(canonicalJson(value));

export function createReleaser({ store, clock, queueLimit = 64, checkpoint }: ReleaserOptions): Releaser {
  let tail: Promise<unknown> = Promise.resolve();
  let waiting = 0;

  /** One after the other; a failure of one does not touch the next. */
  async function inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (waiting >= queueLimit) throw new HalfkeyError('UNAVAILABLE', 'too many requests are waiting');
    waiting += 1;
    const turn = tail.then(work).finally(() => {
      waiting -= 1;
    });
    tail = turn.catch(() => undefined);
    return turn;
  }

  const record = (
    kind: string,
    body: LogBody,
    place: 'request' | 'answer' | 'refusal',
    answer?: Parameters<ReleaseStore['record']>[1],
  ): Promise<LogEntry> =>
    store.record({ kind, time: Math.floor(clock() / 1000), ...body }, answer, (name) => checkpoint?.(place, name));

  async function refusal(kind: 'refused' | 'failed', body: LogBody, error: unknown): Promise<HalfkeyError> {
    const known = isHalfkeyError(error)
      ? error
      : new HalfkeyError('INTERNAL', 'the request could not be worked on', { cause: error });
    await record(kind, { ...body, code: known.code }, 'refusal');
    return known;
  }

  async function work<A extends Authorised>(request: ReleaseRequest, steps: ReleaseSteps<A>): Promise<ReleasedAnswer> {
    const requestDigest = sha256(JSON.stringify(request.body));
    const { operation, requestId, client } = request;
    const common: LogBody = { operation, requestId, requestDigest, requester: client.fingerprint };

    let authorised: A;
    let repeated: StoredAnswer | undefined;
    try {
      // Authorisation comes first also for a repeat: a warrant that has ended releases nothing again.
      authorised = await steps.authorise();
      repeated = await store.findAnswer(requestId);
      if (repeated === undefined) await assertNew(authorised);
      else assertSame(repeated);
    } catch (error) {
      throw await refusal('refused', common, error);
    }
    const described: LogBody = { ...common, warrant: authorised.warrantDigest, ...authorised.record };
    if (repeated !== undefined) {
      await record('repeat', { ...described, of: repeated.sequence }, 'answer');
      return { answer: repeated.sealed, receipt: { sequence: repeated.sequence, hash: repeated.hash } };
    }

    await record('request', described, 'request');
    let kind: 'failed' | 'refused' = 'failed';
    try {
      const payload = await steps.answer(authorised);
      const answer = await sealAnswer(payload, request.answerKey, {
        requestId,
        warrantDigest: authorised.warrantDigest,
      });
      // The warrant may have been revoked, or have ended, while the answer was made.
      kind = 'refused';
      await steps.authorise();
      kind = 'failed';
      const entry = await record('answer', { ...described, answerDigest: sha256(answer) }, 'answer', {
        requestId,
        requestDigest,
        requester: client.fingerprint,
        warrantDigest: authorised.warrantDigest,
        question: digestOf(authorised.question),
        content: digestOf(authorised.content),
        sealed: answer,
      });
      return { answer, receipt: { sequence: entry.sequence, hash: toHex(entry.hash) } };
    } catch (error) {
      const known = await refusal(kind, described, error);
      throw kind === 'refused' ? known : (steps.outward?.(known) ?? known);
    }

    function assertSame(earlier: StoredAnswer): void {
      if (earlier.requestDigest !== requestDigest || earlier.requester !== client.fingerprint) {
        throw new HalfkeyError('REQUEST_CONFLICT', 'this request id was used for another request');
      }
    }
  }

  async function assertNew({ warrantDigest, maxReleases, question, content }: Authorised): Promise<void> {
    const earlier = await store.contentOf(digestOf(question));
    if (earlier !== undefined && earlier !== digestOf(content)) {
      throw new HalfkeyError('ANSWERED_DIFFERENTLY', 'this exchange was asked about before with other octets');
    }
    if ((await store.countAnswers(warrantDigest)) >= maxReleases) {
      throw new HalfkeyError('CAP_REACHED', 'the warrant allows no further release by this holder');
    }
  }

  return {
    release: (request, steps) => inTurn(() => work(request, steps)),
    refuse: ({ operation, client }, error) =>
      inTurn(() => refusal('refused', { operation, requester: client.fingerprint }, error)),
  };
}
