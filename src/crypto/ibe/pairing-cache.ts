/**
 * g_ID = e'(P_pub, Q_id) of the identities that were encrypted to last: encryption to one of them is [l]P and one power.
 * An entry stands under its parameters, so under a district and serial, and under the digest of the whole H1 input, so
 * under identity and key epoch. g_ID is no secret, but whom somebody calls is not to be read off: no identity is kept.
 */
import { createHash } from 'node:crypto';
import type { Fp2 } from '../curve/index.ts';
import type { PublicParameters } from './domain.ts';

/**
 * Entries under one set of parameters. At p of 1536 bits an entry is two numbers of 192 octets, their digest and a place
 * in a map, 0.6 KB in all: 1024 of them take 0.6 MB of the 8 MB that a district may.
 */
export const CACHED_IDENTITIES = 1024;

export interface PairingCache {
  /** g_ID of `id`, computed when it is not held; the least recently used goes when there are too many. */
  get(params: PublicParameters, id: Uint8Array, compute: () => Fp2): Fp2;
  /** Drops all that is held under these parameters. */
  forget(params: PublicParameters): void;
  /** Number of entries under these parameters. */
  size(params: PublicParameters): number;
}

/** A cache that lives as long as somebody holds the parameters object. */
export function createPairingCache(limit: number = CACHED_IDENTITIES): PairingCache {
  const byParameters = new WeakMap<PublicParameters, Map<string, Fp2>>();
  return {
    get(params, id, compute) {
      const held = byParameters.get(params) ?? new Map<string, Fp2>();
      byParameters.set(params, held);
      const name = createHash('sha256').update(id).digest('base64');
      const value = held.get(name) ?? compute();
      // A map gives its entries in the order in which they were set.
      held.delete(name);
      held.set(name, value);
      for (const oldest of held.keys()) {
        if (held.size <= limit) break;
        held.delete(oldest);
      }
      return value;
    },
    forget(params) {
      byParameters.delete(params);
    },
    size: (params) => byParameters.get(params)?.size ?? 0,
  };
}
