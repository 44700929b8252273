/**
 * The warrants that a Delivery Function acts on: verified when they come, kept as they were signed, verified again
 * after a restart, and left alone while they are revoked or outside their request interval.
 */
import { isHalfkeyError, toHex, type Clock } from '../../foundation/base/index.ts';
import { verifyWarrant, warrantTime, type WarrantTrust } from '../../trust/warrant/index.ts';
import type { ActiveWarrant } from './asking.ts';
import type { WarrantStore } from './ports.ts';

export interface WarrantBook {
  /** Takes a warrant, durably. @throws HalfkeyError `WARRANT_*`, `DUAL_CONTROL` */
  accept(signed: unknown): Promise<{ id: string; digest: string }>;
  /** Those that may be acted on now. */
  active(): readonly ActiveWarrant[];
}

/** Reads what the store keeps; a kept warrant that no longer verifies is not acted on. */
export async function openWarrantBook(
  store: WarrantStore,
  trust: () => WarrantTrust,
  clock: Clock,
): Promise<WarrantBook> {
  const book = new Map<string, ActiveWarrant>();

  async function take(signed: unknown): Promise<ActiveWarrant> {
    const verified = await verifyWarrant(signed, trust(), clock());
    const warrant = { signed, verified, digest: toHex(verified.digest) };
    book.set(warrant.digest, warrant);
    return warrant;
  }

  for (const signed of await store.all()) {
    try {
      await take(signed);
    } catch (error) {
      if (!isHalfkeyError(error)) throw error;
    }
  }
  return {
    async accept(signed) {
      const { digest, verified } = await take(signed);
      await store.add(digest, signed);
      return { id: verified.warrant.id, digest };
    },
    active() {
      const now = clock();
      const revoked = trust().revoked ?? new Set<string>();
      return [...book.values()].filter(({ verified: { warrant } }) => {
        const { from, to } = warrant.request;
        return now >= warrantTime(from) && now < warrantTime(to) && !revoked.has(warrant.id);
      });
    },
  };
}
