/** What `halfkey kms issue` is told, and what it tells. Times in seconds. */

export interface IssueOrder {
  /** Files: the KMS's configuration, the list of identities, the recipient's public key, the keys. */
  readonly config: string;
  readonly identities: string;
  readonly recipient: string;
  readonly out: string;
  /** A time in the first key epoch, seconds since 1970; without it that of the file, or now. */
  readonly from?: number;
  readonly epochs: number;
  /** Threads; without it one for each processor. */
  readonly workers?: number;
  readonly signal: AbortSignal;
  readonly progress: (done: number, total: number) => void;
}

export interface IssueResult {
  readonly batch: string;
  readonly subscribers: number;
  /** Of this run. */
  readonly issued: number;
  /** Of the whole batch, with what an earlier run had written. */
  readonly refused: number;
  readonly keys: number;
  readonly workers: number;
  /** From the first key to the last line on disk. */
  readonly seconds: number;
}
