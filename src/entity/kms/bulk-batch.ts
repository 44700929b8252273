/** What a batch of bulk issuing is: the list of identities, its header, and what the log has of it. */
import { createHash } from 'node:crypto';
import { HalfkeyError, isHalfkeyError } from '../../foundation/base/index.ts';
import { identityFromText, type Identity } from '../../foundation/identity/index.ts';
import { canonicalJson, decodeRecord, type LogStore } from '../../trust/audit/index.ts';
import type { BulkHeader } from '../../contract/provisioning/index.ts';

/** The header of a batch: who gets which keys of whom, under one digest. */
export function bulkHeaderOf(
  members: Omit<BulkHeader, 'batch' | 'subscribers'>,
  pseudonyms: readonly string[],
): BulkHeader {
  const digest = createHash('sha256').update(canonicalJson({ ...members, subscribers: pseudonyms }));
  return { batch: digest.digest('hex'), ...members, subscribers: pseudonyms.length };
}

/** Looks a batch up in the log: what was recorded of which position, and where. */
export async function recordedBefore(log: Pick<LogStore, 'read'>, batch: string): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  for (let from = 1; ;) {
    const entries = await log.read(from, 1000);
    for (const { octets, sequence } of entries) {
      const { batch: of, kind, position } = decodeRecord(octets);
      if (of === batch && typeof kind === 'string' && typeof position === 'number')
        found.set(placeOf(kind, position), sequence);
    }
    if (entries.length === 0) return found;
    from += entries.length;
  }
}

/** The name of a record in what {@link recordedBefore} found. */
export const placeOf = (kind: string, position: number): string => `${kind} ${String(position)}`;

/**
 * The identities of a list: one a line, made canonical; empty lines and lines that begin with # are passed over.
 * @throws HalfkeyError `USAGE` naming the line, never what stands in it
 */
export function readIdentities(text: string): Identity[] {
  const lines = new Map<string, number>();
  const identities: Identity[] = [];
  for (const [i, line] of text.split('\n').entries()) {
    const entry = line.trim();
    if (entry === '' || entry.startsWith('#')) continue;
    let identity: Identity;
    try {
      identity = identityFromText(entry);
    } catch (error) {
      if (!isHalfkeyError(error, 'InvalidIdentity')) throw error;
      throw new HalfkeyError('USAGE', `line ${String(i + 1)} of the identities is not an identity`, { cause: error });
    }
    const earlier = lines.get(identity.text);
    if (earlier !== undefined) {
      throw new HalfkeyError('USAGE', `line ${String(i + 1)} of the identities repeats line ${String(earlier)}`);
    }
    lines.set(identity.text, i + 1);
    identities.push(identity);
  }
  if (identities.length === 0) throw new HalfkeyError('USAGE', 'the list of identities is empty');
  return identities;
}
