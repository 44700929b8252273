/** Log before key: the pipeline through which a holder releases, and what it releases in. */
export { gate, type Gate, type GatedRequest, type GateOptions } from './gate.ts';
export {
  createReleaser,
  type Authorised,
  type ReleasedAnswer,
  type Releaser,
  type ReleaseRequest,
  type ReleaserOptions,
  type ReleaseSteps,
} from './pipeline.ts';
export type { Checkpoint, NewAnswer, ReleaseStore, StoredAnswer } from './ports.ts';
export type { AnswerKey } from './sealed.ts';
export { createAnswerKey, openAnswer, sealAnswer, type AnswerContext } from './sealed-answer.ts';
export { openKeys, readRecipient, recipientDigest, sealKeys, type BatchPlace } from './sealed-keys.ts';
export { signStatement, verifyStatement, type StatementSigner, type StatementSubject } from './statement.ts';
