/**
 * A row of the store and the master secret behind it: sealing, and derivation forward from the root
 * (protocol profile 3.7, 4.2). A secret leaves this file only as a Secret that its caller wipes.
 */
import { ntpToUnixSeconds, Secret } from '../../foundation/base/index.ts';
import type { Identity } from '../../foundation/identity/index.ts';
import { ratchetStep, type LiMs } from '../../crypto/nonce/index.ts';
import type { MsRow, Sealer } from './ports.ts';

/** The row without its sealed octets. */
export type MsRecord = Omit<MsRow, 'sealed'>;

/** The record of a checked LI-MS, with the root at its own epoch. */
export function recordOf(identity: Identity, liMs: LiMs): MsRecord {
  return {
    identityType: identity.type,
    identity: identity.text,
    mode: liMs.mode,
    firstEpoch: liMs.epoch,
    rootEpoch: liMs.epoch,
    intervalSeconds: liMs.intervalSeconds,
    validFrom: ntpToUnixSeconds(liMs.validFrom),
    validTo: ntpToUnixSeconds(liMs.validTo),
  };
}

/** The first epoch after the record's last. */
export function endEpoch(record: MsRecord): number {
  return record.firstEpoch + (record.validTo - record.validFrom) / record.intervalSeconds;
}

/** Epoch of a time (seconds since 1970), also outside the validity. */
export function epochAt(record: MsRecord, unixSeconds: number): number {
  return record.firstEpoch + Math.floor((unixSeconds - record.validFrom) / record.intervalSeconds);
}

/** Whether validFrom <= T < validTo, in seconds since 1970. */
export function covers(record: MsRecord, unixSeconds: number): boolean {
  return record.validFrom <= unixSeconds && unixSeconds < record.validTo;
}

/** Whether two records share a second or an epoch number. */
export function overlap(a: MsRecord, b: MsRecord): boolean {
  const inTime = a.validFrom < b.validTo && b.validFrom < a.validTo;
  return inTime || (a.firstEpoch < endEpoch(b) && b.firstEpoch < endEpoch(a));
}

/** Every column is in the context: a row whose columns were edited at rest does not open. */
function sealingContext(record: MsRecord): string {
  const { identityType, identity, mode, firstEpoch, rootEpoch, intervalSeconds, validFrom, validTo } = record;
  return JSON.stringify([
    'halfkey ms v1',
    identityType,
    identity,
    mode,
    firstEpoch,
    rootEpoch,
    intervalSeconds,
    validFrom,
    validTo,
  ]);
}

/** The row of a record and its MS of `record.rootEpoch`, which is not wiped here. */
export function sealRow(record: MsRecord, masterSecret: Secret<'MasterSecret'>, sealer: Sealer): MsRow {
  return { ...record, sealed: masterSecret.use((ms) => sealer.seal(ms, sealingContext(record))) };
}

/** MS of the row's root. @throws what the sealer throws; TypeError for an erased row */
export function openRow(row: MsRow, sealer: Sealer): Secret<'MasterSecret'> {
  if (row.sealed.length === 0) throw new TypeError('openRow: every epoch of the row is erased');
  return new Secret('MasterSecret', sealer.open(row.sealed, sealingContext(row)));
}

/** Takes over `masterSecret` of epoch `from` and returns the one of epoch `to` >= from; everything between is wiped. */
export function ratchetTo(
  masterSecret: Secret<'MasterSecret'>,
  identity: Identity,
  from: number,
  to: number,
): Secret<'MasterSecret'> {
  let current = masterSecret;
  for (let epoch = from + 1; epoch <= to; epoch++) {
    const next = ratchetStep(current, identity, epoch);
    current.wipe();
    current = next;
  }
  return current;
}
