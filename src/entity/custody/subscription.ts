/**
 * Subscription cycles: a fresh random master secret with each (protocol profile 4.2), and its delivery to the one
 * client to which it belongs (3.7). The client gets MS of the epoch in which it may still have to seal a nonce, and
 * nothing older: what lies on a device never opens a call of an epoch that was over before.
 */
import { HalfkeyError, isHalfkeyError, ntpFromUnixMs, Secret, type Random } from '../../foundation/base/index.ts';
import type { Identity } from '../../foundation/identity/index.ts';
import { MASTER_SECRET_LENGTH, type LiMs, type NonceMode } from '../../crypto/nonce/index.ts';
import type { MsRow, MsStore, Sealer } from './ports.ts';
import { importMasterSecret } from './provision.ts';
import { covers, endEpoch, epochAt, openRow, ratchetTo } from './record.ts';

/** How long a subscriber's master secrets last: the holder's policy. */
export interface SubscriptionPolicy {
  readonly mode: NonceMode;
  /** MS epoch, 3600 to 2678400 seconds. */
  readonly intervalSeconds: number;
  /** A cycle, a multiple of `intervalSeconds`. */
  readonly cycleSeconds: number;
}

/** Epochs of a master secret, before there is one. */
export type MsGrid = Omit<LiMs, 'masterSecret'>;

/**
 * Draws a random master secret for these epochs and stores it, unless one with the same epochs is held.
 * @throws HalfkeyError `BadField`, `MS_CONFLICT`, `MS_EPOCH_ERASED`
 */
export async function drawMasterSecret(
  store: MsStore,
  sealer: Sealer,
  random: Random,
  identity: Identity,
  grid: MsGrid,
): Promise<'drawn' | 'held'> {
  const rows = await store.find(identity);
  if (rows.some((row) => sameGrid(row, grid))) return 'held';
  const masterSecret = new Secret('MasterSecret', random(MASTER_SECRET_LENGTH));
  try {
    await importMasterSecret(store, sealer, identity, { ...grid, masterSecret });
    return 'drawn';
  } finally {
    masterSecret.wipe();
  }
}

function sameGrid(row: MsRow, grid: MsGrid): boolean {
  const time = (seconds: number): string => ntpFromUnixMs(1000 * seconds).join();
  return (
    row.mode === grid.mode &&
    row.firstEpoch === grid.epoch &&
    row.intervalSeconds === grid.intervalSeconds &&
    time(row.validFrom) === grid.validFrom.join() &&
    time(row.validTo) === grid.validTo.join()
  );
}

/**
 * Makes sure that a master secret covers the time (seconds since 1970): draws one to the end of the policy's cycle
 * when none does. Epoch numbers are those of the time itself, unless earlier records have used them.
 * @throws HalfkeyError `MS_CONFLICT` when no whole epoch fits before a later record
 */
export async function subscribe(
  store: MsStore,
  sealer: Sealer,
  random: Random,
  identity: Identity,
  { mode, intervalSeconds, cycleSeconds }: SubscriptionPolicy,
  unixSeconds: number,
): Promise<'drawn' | 'held'> {
  for (let round = 0; ; round++) {
    const rows = await store.find(identity);
    if (rows.some((row) => covers(row, unixSeconds))) return 'held';
    const cycleStart = Math.floor(unixSeconds / cycleSeconds) * cycleSeconds;
    const before = rows.filter((row) => row.validTo <= unixSeconds);
    const after = rows.filter((row) => row.validFrom > unixSeconds);
    const validFrom = Math.max(cycleStart, ...before.map((row) => row.validTo));
    const end = Math.min(cycleStart + cycleSeconds, ...after.map((row) => row.validFrom));
    const epochs = Math.max(1, Math.floor((end - validFrom) / intervalSeconds));
    const grid: MsGrid = {
      mode,
      intervalSeconds,
      epoch: Math.max(Math.floor(validFrom / intervalSeconds), ...before.map(endEpoch)),
      validFrom: ntpFromUnixMs(1000 * validFrom),
      validTo: ntpFromUnixMs(1000 * (validFrom + epochs * intervalSeconds)),
    };
    try {
      return await drawMasterSecret(store, sealer, random, identity, grid);
    } catch (error) {
      // Another request may have drawn one meanwhile; the next round finds it.
      if (round > 0 || !isHalfkeyError(error, 'MS_CONFLICT')) throw error;
    }
  }
}

/** A time that begins at `from` and ends before `to`, seconds since 1970, and the most records that count of it. */
export interface Span {
  readonly from: number;
  readonly to: number;
  readonly most: number;
}

/**
 * Makes sure that master secrets cover a span: cycle after cycle without a gap, to its end or as far as `most` of them
 * reach. Where an operator's own records leave no room for a whole epoch, the gap between them stays.
 */
export async function subscribeAhead(
  store: MsStore,
  sealer: Sealer,
  random: Random,
  identity: Identity,
  policy: SubscriptionPolicy,
  { from, to, most }: Span,
): Promise<void> {
  let at = from;
  for (let count = 0; count < most && at < to; count++) {
    try {
      await subscribe(store, sealer, random, identity, policy, at);
    } catch (error) {
      if (!isHalfkeyError(error, 'MS_CONFLICT')) throw error;
    }
    const ends = (await store.find(identity)).map(({ validTo }) => validTo);
    at = Math.min(...ends.filter((end) => end > at));
  }
}

/**
 * What the client of `identity` is given: the records that cover a part of the span, the first `most` of them in order
 * of time, each from the epoch that contains `from`, or its first. The caller wipes the secrets.
 * @throws HalfkeyError `MS_EPOCH_ERASED` when the root has moved beyond every epoch asked for
 */
export async function deliverMasterSecrets(
  store: MsStore,
  sealer: Sealer,
  identity: Identity,
  { from, to, most }: Span,
): Promise<LiMs[]> {
  const rows = (await store.find(identity)).filter((row) => row.validFrom < to && from < row.validTo);
  const live = rows.filter((row) => row.sealed.length > 0).sort((a, b) => a.validFrom - b.validFrom);
  if (rows.length > 0 && live.length === 0) {
    throw new HalfkeyError('MS_EPOCH_ERASED', 'every epoch of that master secret has been erased');
  }
  return live.slice(0, most).map((row) => {
    const epoch = Math.max(row.rootEpoch, row.firstEpoch, epochAt(row, from));
    return {
      mode: row.mode as NonceMode,
      epoch,
      intervalSeconds: row.intervalSeconds,
      validFrom: ntpFromUnixMs(1000 * (row.validFrom + (epoch - row.firstEpoch) * row.intervalSeconds)),
      validTo: ntpFromUnixMs(1000 * row.validTo),
      masterSecret: ratchetTo(openRow(row, sealer), identity, row.rootEpoch, epoch),
    };
  });
}
