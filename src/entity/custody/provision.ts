/**
 * Taking master secrets in, and letting old epochs go (protocol profile 3.7, 4.2).
 * A held secret is never overwritten, and an erased epoch never comes back, whoever provisions it again.
 */
import { HalfkeyError, Secret } from '../../foundation/base/index.ts';
import type { Identity } from '../../foundation/identity/index.ts';
import { assertLiMs, type LiMs } from '../../crypto/nonce/index.ts';
import type { MsRow, MsStore, Sealer } from './ports.ts';
import { endEpoch, epochAt, openRow, overlap, ratchetTo, recordOf, sealRow, type MsRecord } from './record.ts';

/** Bounds the ratchet: more than a year of the shortest epochs. */
const MAX_EPOCHS = 16384;

/**
 * Stores the master secret of one canonical identity; `liMs.masterSecret` is not wiped.
 * @returns `held` when the same chain of secrets is there already, also when its root has moved on since
 * @throws HalfkeyError `BadField`; `MS_CONFLICT` for another secret that overlaps in time or epoch numbers, or epoch
 *   numbers that do not grow with time; `MS_EPOCH_ERASED` when what overlaps has been erased entirely
 */
export async function importMasterSecret(
  store: MsStore,
  sealer: Sealer,
  identity: Identity,
  liMs: LiMs,
): Promise<'stored' | 'held'> {
  assertLiMs(liMs);
  const record = recordOf(identity, liMs);
  if (endEpoch(record) - record.firstEpoch > MAX_EPOCHS) {
    throw new HalfkeyError('BadField', `a master secret covers at most ${String(MAX_EPOCHS)} epochs`);
  }
  const row = sealRow(record, liMs.masterSecret, sealer);
  // The second round meets the row that won a race against the first.
  for (let round = 0; round < 2; round++) {
    const rows = await store.find(identity);
    const other = rows.find((held) => overlap(held, record));
    if (other !== undefined) {
      if (rows.filter((held) => overlap(held, record)).length > 1 || !sameChain(other, record, identity, liMs, sealer))
        throw conflict();
      return 'held';
    }
    if (rows.some((held) => held.validFrom < record.validFrom !== held.firstEpoch < record.firstEpoch))
      throw conflict();
    if (await store.insert(row)) return 'stored';
  }
  throw conflict();
}

function conflict(): HalfkeyError {
  return new HalfkeyError('MS_CONFLICT', 'another master secret is held for that identity and time');
}

/** Whether the offered secret is a link of the held chain: same grid of epochs, same end, and equal at a common epoch. */
function sameChain(held: MsRow, offered: MsRecord, identity: Identity, liMs: LiMs, sealer: Sealer): boolean {
  const sameGrid =
    held.mode === offered.mode &&
    held.intervalSeconds === offered.intervalSeconds &&
    held.validTo === offered.validTo &&
    held.validFrom <= offered.validFrom &&
    endEpoch(held) === endEpoch(offered) &&
    epochAt(held, offered.validFrom) === offered.firstEpoch;
  if (!sameGrid) return false;
  if (held.sealed.length === 0)
    throw new HalfkeyError('MS_EPOCH_ERASED', 'every epoch of that master secret has been erased');
  const common = Math.max(held.rootEpoch, offered.firstEpoch);
  const ours = ratchetTo(openRow(held, sealer), identity, held.rootEpoch, common);
  const copy = liMs.masterSecret.use((ms) => Secret.copyOf('MasterSecret', ms));
  const theirs = ratchetTo(copy, identity, offered.firstEpoch, common);
  const same = ours.equals(theirs);
  ours.wipe();
  theirs.wipe();
  return same;
}

/**
 * Erases every epoch of the identity before `epoch`: the root moves forward, the older one is overwritten.
 * Durable when it returns, and nothing of them survives then; after `STATE_IN_USE` the rows have changed, and the same
 * call again ends what is missing.
 * @returns how many rows changed
 * @throws HalfkeyError `MS_UNKNOWN_SUBSCRIBER`, `STATE_IN_USE` while something reads the store; TypeError unless 0 <= epoch <= 2^32
 */
export async function advanceRoot(store: MsStore, sealer: Sealer, identity: Identity, epoch: number): Promise<number> {
  if (!Number.isInteger(epoch) || epoch < 0 || epoch > 2 ** 32)
    throw new TypeError('advanceRoot: an epoch has 32 bits');
  let changed = 0;
  for (;;) {
    const rows = await store.find(identity);
    if (rows.length === 0) throw new HalfkeyError('MS_UNKNOWN_SUBSCRIBER', 'no master secret is held for the identity');
    const behind = rows.find((row) => row.rootEpoch < Math.min(epoch, endEpoch(row)));
    if (behind === undefined) break;
    // False when another process moved the row meanwhile: then the next round sees where it is.
    if (await store.update(advanced(behind, identity, epoch, sealer), behind.rootEpoch)) changed++;
  }
  // Also when nothing changed: an earlier call may have moved the root and then failed here.
  await store.scrub();
  return changed;
}

function advanced(row: MsRow, identity: Identity, epoch: number, sealer: Sealer): MsRow {
  if (epoch >= endEpoch(row)) return { ...row, rootEpoch: endEpoch(row), sealed: new Uint8Array(0) };
  const masterSecret = ratchetTo(openRow(row, sealer), identity, row.rootEpoch, epoch);
  try {
    return sealRow({ ...row, rootEpoch: epoch }, masterSecret, sealer);
  } finally {
    masterSecret.wipe();
  }
}
