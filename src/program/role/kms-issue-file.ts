/** What `halfkey kms issue` is told and tells, and its file: made with its header, or taken up where a run ended. */
import { HalfkeyError } from '../../foundation/base/index.ts';
import { bulkHeader, bulkLine, type BulkHeader, type BulkLine } from '../../contract/provisioning/index.ts';
import { createLineFile, fileExists, openLineFile } from '../../platform/index.ts';

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

export interface BatchFile {
  readonly header: BulkHeader;
  /** Whether an earlier run had begun it. */
  readonly resumed: boolean;
  /** Positions that it had when it was opened, and how many of them were refused. */
  readonly written: ReadonlySet<number>;
  readonly refused: number;
  /** Durable when it returns. */
  append(lines: readonly BulkLine[]): Promise<void>;
  close(): Promise<void>;
}

/**
 * `headerFor` makes the header, given that of the file that is there. Nothing of a file that is not of the very same
 * batch is changed. @throws HalfkeyError `OUTPUT_EXISTS`, `BAD_CONFIG`
 */
export async function openBatchFile(
  path: string,
  headerFor: (earlier: BulkHeader | undefined) => BulkHeader,
): Promise<BatchFile> {
  const written = new Set<number>();
  let refused = 0;
  let header: BulkHeader | undefined;

  function take(line: string): void {
    if (header === undefined) {
      header = headerFor(read(path, bulkHeader, line));
      if (JSON.stringify(header) !== line) throw foreign(path, 'holds another batch');
      return;
    }
    const { position, ...rest } = read(path, bulkLine, line);
    written.add(position);
    if ('refused' in rest) refused += 1;
  }

  const resumed = await fileExists(path);
  const fresh = resumed ? undefined : headerFor(undefined);
  const file = await (fresh === undefined ? openLineFile(path, take) : createLineFile(path, JSON.stringify(fresh)));
  return {
    header: fresh ?? (header as unknown as BulkHeader),
    resumed,
    written,
    refused,
    append: (lines) => file.append(lines.map((line) => JSON.stringify(line))),
    close: () => file.close(),
  };
}

/** A line in the form of the contract. @throws HalfkeyError `OUTPUT_EXISTS` */
function read<T>(
  path: string,
  schema: { safeParse(value: unknown): { success: true; data: T } | { success: false } },
  line: string,
): T {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw foreign(path, 'is no file of bulk issuing');
  }
  const result = schema.safeParse(value);
  if (!result.success) throw foreign(path, 'is no file of bulk issuing');
  return result.data;
}

function foreign(path: string, why: string): HalfkeyError {
  return new HalfkeyError('OUTPUT_EXISTS', `${path} is there and ${why}`, {
    hint: 'give another file; to go on, repeat the command with the same list, recipient and epochs',
  });
}
