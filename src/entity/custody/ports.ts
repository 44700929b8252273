/** What the custody of master secrets needs from outside. Types only, and no query language. */
import type { Identity } from '../../foundation/identity/index.ts';

/**
 * One master secret of one canonical identity, as it lies at rest. Key: (identityType, identity, firstEpoch).
 * Times in seconds since 1970; the epochs are firstEpoch to firstEpoch + (validTo - validFrom) / intervalSeconds - 1.
 */
export interface MsRow {
  /** MIKEY ID type of `identity`: 0 NAI, 1 URI. A device (gr) has rows of its own. */
  readonly identityType: 0 | 1;
  readonly identity: string;
  readonly mode: number;
  /** Epoch that contains `validFrom`. Never changes. */
  readonly firstEpoch: number;
  /** Oldest epoch that can still be derived; all below are gone for ever. Only grows. */
  readonly rootEpoch: number;
  readonly intervalSeconds: number;
  readonly validFrom: number;
  readonly validTo: number;
  /** MS of `rootEpoch` under the {@link Sealer}; empty when every epoch has been erased. */
  readonly sealed: Uint8Array;
}

/** A point whose scalar has been released in a mode that binds no context: all three in lower-case hex. */
export interface AnsweredPoint {
  /** SHA-256 of the point. */
  readonly pointHash: string;
  readonly csbId: string;
  readonly t1: string;
}

/** Each operation is atomic, and what it wrote is durable when it returns; several processes may use one store. */
export interface MsStore {
  /** Every row of exactly this identity, erased ones included, in any order. */
  find(identity: Identity): Promise<readonly MsRow[]>;
  /**
   * Adds a row, unless the identity has a row whose [validFrom, validTo) or whose range of epochs overlaps the new
   * one's: then it changes nothing and returns false. Of two that race exactly one wins.
   */
  insert(row: MsRow): Promise<boolean>;
  /**
   * Replaces `rootEpoch` and `sealed` of the row with the same key, if its rootEpoch is `expectedRoot`; else changes
   * nothing and returns false. What it replaced survives in a journal until {@link MsStore.scrub}.
   */
  update(row: MsRow, expectedRoot: number): Promise<boolean>;
  /**
   * Returns when no sealed octets that any update has replaced survive: not in the file, a journal or a free page.
   * @throws HalfkeyError `STATE_IN_USE` when something still reads them; then it is to be called again
   */
  scrub(): Promise<void>;
  /** Adds the point if its hash is new; returns what then stands under that hash. Of two that race the first counts. */
  rememberPoint(point: AnsweredPoint): Promise<AnsweredPoint>;
}

/**
 * Encryption at rest under a key-encryption key that is not in the store. `context` is authenticated, not stored.
 * `open` throws when octets or context are not those of `seal`; its result is owned, and wiped, by the caller.
 */
export interface Sealer {
  seal(plain: Uint8Array, context: string): Uint8Array;
  open(sealed: Uint8Array, context: string): Uint8Array;
}
