/**
 * Bulk issuing: private keys of many registered subscribers for some key epochs (protocol profile 2.3, N50). Each is
 * recorded in the KMS's log before its keys are made, as when a client asks for itself. A run that was killed goes on
 * where it ended: what the log has already is not recorded again, what the file has already is not made again.
 */
import { HalfkeyError, isHalfkeyError, type Clock } from '../../foundation/base/index.ts';
import type { Identity } from '../../foundation/identity/index.ts';
import type { BulkHeader, BulkLine, IssueRecord } from '../../contract/provisioning/index.ts';
import { placeOf } from './bulk-batch.ts';
import type { BulkSubscriber } from './bulk-keys.ts';
import { assertIssueWindow, type ClientService } from './client-keys.ts';

/** How many keys a thread makes, and checks together, in one go; fewer where the threads would not share evenly. */
const KEYS_AT_ONCE = 32;
const ROUNDS_AT_LEAST = 4;

export interface BulkIssuing {
  readonly header: BulkHeader;
  /** By position: the first has position 1. */
  readonly identities: readonly Identity[];
  readonly service: Pick<ClientService, 'register' | 'issueAheadDays'>;
  /** Appends to the KMS's log, all or none; durable when it returns. */
  readonly record: (bodies: readonly IssueRecord[]) => Promise<readonly { readonly sequence: number }[]>;
  /** Sequence numbers of what an earlier run recorded of this batch: {@link recordedBefore}. */
  readonly recorded: ReadonlyMap<string, number>;
  /** Positions that the file has. */
  readonly written: ReadonlySet<number>;
  /** Makes the sealed keys of a few subscribers; called up to `lanes` times at once. */
  readonly make: (subscribers: readonly BulkSubscriber[]) => Promise<readonly string[]>;
  readonly lanes: number;
  /** Appends to the file; durable when it returns. Not called again before. */
  readonly write: (lines: readonly BulkLine[]) => Promise<void>;
  /** Told of each line that is durable. */
  readonly progress: (line: BulkLine) => void;
  readonly clock: Clock;
  readonly pseudonym: (identity: Identity) => string;
  /** Stops before the next subscribers; what is under way is finished. */
  readonly signal: AbortSignal;
}

/**
 * Issues what is not written yet. @throws HalfkeyError what `make` or `write` failed with, after all that was under way
 * is written; `INTERRUPTED` by `signal`
 */
export async function issueBulk(bulk: BulkIssuing): Promise<void> {
  const { header, identities, written, lanes, signal } = bulk;
  const pending = identities
    .map((identity, i): BulkSubscriber => ({ position: i + 1, identity }))
    .filter(({ position }) => !written.has(position));
  const fair = Math.ceil(pending.length / (ROUNDS_AT_LEAST * lanes));
  const size = Math.max(1, Math.min(fair, Math.floor(KEYS_AT_ONCE / header.keyEpochs.length)));
  const running = new Set<Promise<void>>();
  let failure: HalfkeyError | undefined;
  let tail: Promise<void> = Promise.resolve();

  /** One write after the other. */
  async function write(lines: readonly BulkLine[]): Promise<void> {
    const turn = tail.then(() => bulk.write(lines));
    tail = turn.catch(() => undefined);
    await turn;
    lines.forEach(bulk.progress);
  }

  async function work(subscribers: readonly BulkSubscriber[]): Promise<void> {
    const decisions = await recordAll(bulk, await Promise.all(subscribers.map((one) => decide(bulk, one))));
    const allowed = decisions.filter(({ refused }) => refused === undefined);
    const sealed = allowed.length === 0 ? [] : await bulk.make(allowed.map(({ subscriber }) => subscriber));
    await write([
      ...decisions.flatMap(({ subscriber: { position }, entry, refused }) =>
        refused === undefined ? [] : [{ position, entry, refused }],
      ),
      ...allowed.map(({ subscriber: { position }, entry }, i) => ({ position, entry, keys: sealed[i] as string })),
    ]);
  }

  let at = 0;
  for (; at < pending.length && failure === undefined && !signal.aborted; at += size) {
    const lane = work(pending.slice(at, at + size))
      .catch((error: unknown) => {
        failure ??= isHalfkeyError(error)
          ? error
          : new HalfkeyError('INTERNAL', 'keys could not be issued', { cause: error });
      })
      .finally(() => {
        running.delete(lane);
      });
    running.add(lane);
    if (running.size >= lanes) await Promise.race(running);
  }
  await Promise.all(running);
  if (failure !== undefined) throw failure;
  if (at < pending.length)
    throw new HalfkeyError('INTERRUPTED', 'not all keys were issued', {
      hint: 'run it again: it goes on where it ended',
    });
}

interface Decision {
  readonly subscriber: BulkSubscriber;
  /** Code of the refusal. */
  readonly refused: string | undefined;
}

async function decide({ header, service, clock }: BulkIssuing, subscriber: BulkSubscriber): Promise<Decision> {
  try {
    assertEpochs(header, service.issueAheadDays, clock);
    if (!(await service.register.has(subscriber.identity)))
      throw new HalfkeyError('UNKNOWN_SUBSCRIBER', 'the identity is not registered here');
    return { subscriber, refused: undefined };
  } catch (error) {
    if (!isHalfkeyError(error)) throw error;
    return { subscriber, refused: error.code };
  }
}

/** Records the decisions that an earlier run has not, at once: one wait for the disk, not one a subscriber. */
async function recordAll(
  { header, record, recorded, pseudonym }: BulkIssuing,
  decisions: readonly Decision[],
): Promise<(Decision & { readonly entry: number })[]> {
  const kindOf = ({ refused }: Decision): string => (refused === undefined ? 'issue' : 'issue-refused');
  const bodyOf = (decision: Decision): IssueRecord => ({
    kind: kindOf(decision),
    ...{ operation: 'bulk-private-keys', requester: header.recipient, batch: header.batch },
    position: decision.subscriber.position,
    subscriber: pseudonym(decision.subscriber.identity),
    ...(decision.refused === undefined
      ? { keyEpochs: header.keyEpochs, masterSecrets: false }
      : { code: decision.refused }),
  });
  const found = decisions.map((one) => recorded.get(placeOf(kindOf(one), one.subscriber.position)));
  const fresh = decisions.filter((_, i) => found[i] === undefined);
  const entries = fresh.length === 0 ? [] : [...(await record(fresh.map(bodyOf)))];
  return decisions.map((one, i) => ({ ...one, entry: found[i] ?? (entries.shift() as { sequence: number }).sequence }));
}

/** @throws HalfkeyError `IssueWindow`, `BAD_REQUEST` as for a client */
export function assertEpochs(
  { keyEpochs, keyEpochSeconds }: Pick<BulkHeader, 'keyEpochs' | 'keyEpochSeconds'>,
  issueAheadDays: number,
  clock: Clock,
): void {
  const now = Math.floor(clock() / 1000);
  for (const keyEpoch of keyEpochs) assertIssueWindow(keyEpoch, keyEpochSeconds, issueAheadDays, now);
}
