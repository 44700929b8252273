/**
 * What the release pipeline needs from storage. Types only.
 */
import type { LogBody, LogEntry } from '../audit/ports.ts';

/** Names at which a test may stop the process dead, to show that nothing acknowledged is lost. */
export type Checkpoint = (name: 'before-write' | 'before-commit' | 'after-commit') => void;

/** A first answer as it is kept: sealed to the requester, so that the holder itself cannot read it. */
export interface StoredAnswer {
  /** UUID chosen by the requester. */
  readonly requestId: string;
  /** SHA-256 of the canonical request, lower-case hex. */
  readonly requestDigest: string;
  /** SHA-256 of the requester's certificate, lower-case hex. */
  readonly requester: string;
  /** SHA-256 of the warrant, lower-case hex: counts against its limit. */
  readonly warrantDigest: string;
  /** What was asked, without how (lower-case hex SHA-256): one question has one content. */
  readonly question: string;
  /** SHA-256 over everything of the request that determines the answer, lower-case hex. */
  readonly content: string;
  /** JWE, compact serialisation. */
  readonly sealed: string;
  /** Sequence number and hash (lower-case hex) of the log entry that records this answer. */
  readonly sequence: number;
  readonly hash: string;
}

/** The members of {@link StoredAnswer} that are known before the log entry is made. */
export type NewAnswer = Omit<StoredAnswer, 'sequence' | 'hash'>;

export interface ReleaseStore {
  findAnswer(requestId: string): Promise<StoredAnswer | undefined>;
  /** Number of first answers under a warrant. */
  countAnswers(warrantDigest: string): Promise<number>;
  /** Content digest of the first answer to `question`, if there was one. */
  contentOf(question: string): Promise<string | undefined>;
  /**
   * One durable transaction: appends `body` to the log and, when given, stores the answer with the
   * new entry's sequence and hash. Returns after the transaction is on disk (fsync), never before.
   * Calls `checkpoint` before anything is written, before the commit, and after it.
   * @throws HalfkeyError `REQUEST_CONFLICT` when an answer with this request id exists
   */
  record(body: LogBody, answer?: NewAnswer, checkpoint?: Checkpoint): Promise<LogEntry>;
}
