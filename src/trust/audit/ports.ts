/**
 * What a log is made of, and what it needs from storage. Types only.
 */

/** What a record may hold: I-JSON (RFC 7493) without fractions. Never a key, a nonce or an identity. */
export type LogValue = string | number | boolean | null | readonly LogValue[] | { readonly [name: string]: LogValue };

/** The body of a record. */
export type LogBody = Readonly<Record<string, LogValue>>;

/** Where a log ends: the sequence number and hash of its last entry; sequence 0 is the empty log. */
export interface LogHead {
  /** 0 for an empty log, then 1, 2, 3 ... */
  readonly sequence: number;
  /** 32 octets. */
  readonly hash: Uint8Array;
}

/** A record in its place. */
export interface LogEntry extends LogHead {
  /** Hash of the entry before, 32 octets. */
  readonly previousHash: Uint8Array;
  /** Canonical encoding of the body, UTF-8. */
  readonly octets: Uint8Array;
}

/** Makes the entry that follows `previous`: `chainRecord`, passed to storage so that storage knows no hashing. */
export type ChainRecord = (previous: LogHead, body: LogBody) => LogEntry;

/** Durable storage of one log. */
export interface LogStore {
  /** Appends one record after the current head in one durable transaction; returns after fsync, never before. */
  append(body: LogBody): Promise<LogEntry>;
  /** Appends records in this order in one durable transaction, all or none; returns after fsync, never before. */
  appendAll(bodies: readonly LogBody[]): Promise<readonly LogEntry[]>;
  /** The head; the origin's empty head when nothing was appended. */
  head(): Promise<LogHead>;
  /** Up to `limit` (1 to 10 000) entries in order, from sequence number `from` (1 is the first). */
  read(from: number, limit: number): Promise<readonly LogEntry[]>;
}
