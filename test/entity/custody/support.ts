/** A store in memory and a sealer for tests; the store keeps each promise of its port within one process. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { AnsweredPoint, MsRow, MsStore, Sealer } from '../../../src/entity/custody/index.ts';
import { concat } from '../../../src/foundation/base/index.ts';

export interface MemoryMsStore extends MsStore {
  /** Rows as they lie at rest, in order of insertion. */
  readonly rows: MsRow[];
  readonly points: Map<string, AnsweredPoint>;
  /** Rows that an update has replaced and that nothing has scrubbed. */
  readonly replaced: MsRow[];
  /** What the next scrub fails with. */
  failScrub?: Error;
}

const epochs = (row: MsRow): [number, number] => [
  row.firstEpoch,
  row.firstEpoch + (row.validTo - row.validFrom) / row.intervalSeconds,
];
const meet = ([a0, a1]: [number, number], [b0, b1]: [number, number]): boolean => a0 < b1 && b0 < a1;

export function memoryMsStore(): MemoryMsStore {
  const rows: MsRow[] = [];
  const points = new Map<string, AnsweredPoint>();
  const replaced: MsRow[] = [];
  const same = (a: MsRow, b: MsRow): boolean => a.identityType === b.identityType && a.identity === b.identity;
  const store: MemoryMsStore = {
    rows,
    points,
    replaced,
    find: (identity) =>
      Promise.resolve(rows.filter((row) => row.identityType === identity.type && row.identity === identity.text)),
    insert: (row) => {
      const taken = rows.some(
        (held) =>
          same(held, row) &&
          (meet([held.validFrom, held.validTo], [row.validFrom, row.validTo]) || meet(epochs(held), epochs(row))),
      );
      if (!taken) rows.push(row);
      return Promise.resolve(!taken);
    },
    update: (row, expectedRoot) => {
      const at = rows.findIndex(
        (held) => same(held, row) && held.firstEpoch === row.firstEpoch && held.rootEpoch === expectedRoot,
      );
      if (at >= 0) replaced.push(...rows.splice(at, 1, row));
      return Promise.resolve(at >= 0);
    },
    scrub: () => {
      const { failScrub } = store;
      delete store.failScrub;
      if (failScrub !== undefined) return Promise.reject(failScrub);
      replaced.length = 0;
      return Promise.resolve();
    },
    rememberPoint: (point) => {
      const first = points.get(point.pointHash) ?? point;
      points.set(point.pointHash, first);
      return Promise.resolve(first);
    },
  };
  return store;
}

/** AES-256-GCM with a random nonce in front and the context as associated data. */
export function testSealer(key: Uint8Array = randomBytes(32)): Sealer {
  return {
    seal(plain, context) {
      const nonce = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(context));
      return concat(nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag());
    },
    open(sealed, context) {
      const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, 12)).setAAD(Buffer.from(context));
      decipher.setAuthTag(sealed.subarray(-16));
      return concat(decipher.update(sealed.subarray(12, -16)), decipher.final());
    },
  };
}
