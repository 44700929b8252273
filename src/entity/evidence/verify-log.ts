/**
 * Verification of a whole log, entry by entry, however it is read: from a role's state or from its log route.
 */
import { printable } from '../../foundation/base/index.ts';
import { createVerifier, type LogEntry, type LogHead } from '../../trust/audit/index.ts';

/** Up to `limit` entries in order from sequence number `from`; fewer, or none, at the end. */
export type ReadEntries = (from: number, limit: number) => Promise<readonly LogEntry[]>;

export interface LogSummary {
  readonly head: LogHead;
  /** Entries by `kind`, which is made printable: whoever wrote the log may mean the terminal of its auditor. */
  readonly kinds: Readonly<Record<string, number>>;
}

const PAGE = 500;

/**
 * @param expected a head that was kept elsewhere: then a shortened log shows
 * @throws HalfkeyError `LOG_BROKEN` naming the sequence number
 */
export async function verifyLog(origin: string, read: ReadEntries, expected?: LogHead): Promise<LogSummary> {
  const verifier = createVerifier(origin);
  const kinds: Record<string, number> = {};
  for (let from = 1; ;) {
    const entries = await read(from, PAGE);
    for (const entry of entries) {
      const { kind } = verifier.push(entry);
      const name = typeof kind === 'string' ? printable(kind) : 'other';
      kinds[name] = (kinds[name] ?? 0) + 1;
    }
    if (entries.length === 0) break;
    from += entries.length;
  }
  if (expected !== undefined) verifier.expect(expected);
  return { head: verifier.head(), kinds };
}
