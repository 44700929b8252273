/**
 * The master secrets of one client's identity: MS of the oldest epoch that may still be needed, from which the later
 * ones are derived, never the other way (protocol profile 3.7, 4.2).
 */
import { ntpToUnixSeconds, type Secret } from '../../foundation/base/index.ts';
import type { Identity } from '../../foundation/identity/index.ts';
import { assertLiMs, liMsEpochs, msEpochAt, ratchetStep, type LiMs } from '../../crypto/nonce/index.ts';
import type { NonceSecret } from './ports.ts';

/** Times in seconds since 1970. */
export interface MasterSecrets {
  /** Takes the secrets over; one that overlaps in time a held one takes its place. @throws HalfkeyError `BadField` */
  add(liMs: readonly LiMs[]): void;
  /** MS of the epoch that contains the time, lent; undefined when it is not held any more, or not yet. */
  at(unixSeconds: number): NonceSecret | undefined;
  /** Erases MS of every epoch that ended at or before the time. */
  eraseBefore(unixSeconds: number): void;
  /** The first time from the given one on that no held secret covers: that time itself when none covers it. */
  end(unixSeconds: number): number;
  close(): void;
}

interface Held {
  readonly liMs: Omit<LiMs, 'masterSecret'>;
  readonly from: number;
  readonly to: number;
  /** MS by epoch: the root, and what was derived from it. */
  readonly secrets: Map<number, Secret<'MasterSecret'>>;
  root: number;
}

export function createMasterSecrets(identity: Identity): MasterSecrets {
  let records: Held[] = [];

  function drop(record: Held): void {
    for (const secret of record.secrets.values()) secret.wipe();
    record.secrets.clear();
  }

  const covering = (unixSeconds: number): Held | undefined =>
    records.find(({ from, to }) => from <= unixSeconds && unixSeconds < to);

  /** MS of an epoch, from the root forward; each step is kept, and erased with its epoch. */
  function derive({ secrets, root }: Held, epoch: number): Secret<'MasterSecret'> {
    let secret = secrets.get(root) as Secret<'MasterSecret'>;
    for (let next = root + 1; next <= epoch; next++) {
      secret = secrets.get(next) ?? ratchetStep(secret, identity, next);
      secrets.set(next, secret);
    }
    return secret;
  }

  return {
    add(offered) {
      for (const one of offered) assertLiMs(one);
      for (const { masterSecret, ...liMs } of offered) {
        const from = ntpToUnixSeconds(liMs.validFrom);
        const to = ntpToUnixSeconds(liMs.validTo);
        for (const held of records.filter((record) => record.from < to && from < record.to)) drop(held);
        records = records.filter((record) => record.secrets.size > 0);
        records.push({ liMs, from, to, secrets: new Map([[liMs.epoch, masterSecret]]), root: liMs.epoch });
      }
    },
    at(unixSeconds) {
      const record = covering(unixSeconds);
      if (record === undefined) return undefined;
      const epoch = msEpochAt(record.liMs, unixSeconds);
      if (epoch < record.root) return undefined;
      return { mode: record.liMs.mode, epoch, masterSecret: derive(record, epoch) };
    },
    eraseBefore(unixSeconds) {
      for (const record of records) {
        const first = Math.max(record.root, msEpochAt(record.liMs, unixSeconds));
        if (first >= record.liMs.epoch + liMsEpochs(record.liMs)) {
          drop(record);
          continue;
        }
        derive(record, first);
        record.root = first;
        for (const [epoch, secret] of record.secrets) {
          if (epoch >= first) continue;
          secret.wipe();
          record.secrets.delete(epoch);
        }
      }
      records = records.filter(({ secrets }) => secrets.size > 0);
    },
    end(unixSeconds) {
      let end = unixSeconds;
      for (let record = covering(end); record !== undefined; record = covering(end)) end = record.to;
      return end;
    },
    close() {
      for (const record of records) drop(record);
      records = [];
    },
  };
}
