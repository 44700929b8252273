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
export { createAnswerKey, openAnswer, sealAnswer, type AnswerContext, type AnswerKey } from './sealed-answer.ts';
export { signStatement, verifyStatement, type StatementSigner, type StatementSubject } from './statement.ts';
