/**
 * The hash chain of a log: every entry carries the hash of the one before, so that an edit, a deletion,
 * a reordering or a gap shows at the first entry it touches (protocol profile P15, N68).
 * Truncation shows only against a head that somebody else keeps. Must never repair anything.
 *
 *   hash_n = SHA-256("halfkey log v1" 00 || hash_(n-1) || uint64 n || octets_n)
 *   hash_0 = the same over 32 zero octets, n = 0 and the origin's UTF-8 octets: logs of two holders never fit together.
 */
import { createHash } from 'node:crypto';
import { equalBytes, HalfkeyError } from '../../foundation/base/index.ts';
import { canonicalJson, decodeRecord } from './canonical.ts';
import type { LogBody, LogEntry, LogHead } from './ports.ts';

const LABEL = new TextEncoder().encode('halfkey log v1\0');

function hashOf(previousHash: Uint8Array, sequence: number, octets: Uint8Array): Uint8Array {
  const number = Buffer.alloc(8);
  number.writeBigUInt64BE(BigInt(sequence));
  return new Uint8Array(createHash('sha256').update(LABEL).update(previousHash).update(number).update(octets).digest());
}

/** The head of the empty log of `origin`, a name that no other log has (for example `provider.example/release`). @throws TypeError on an empty origin */
export function emptyHead(origin: string): LogHead {
  if (origin === '') throw new TypeError('emptyHead: a log needs an origin');
  return { sequence: 0, hash: hashOf(new Uint8Array(32), 0, new TextEncoder().encode(origin)) };
}

/** The entry for `body` after `previous`. Pure: nothing is stored. @throws what `canonicalJson` throws */
export function chainRecord(previous: LogHead, body: LogBody): LogEntry {
  const sequence = previous.sequence + 1;
  const octets = canonicalJson(body);
  return { sequence, previousHash: previous.hash, hash: hashOf(previous.hash, sequence, octets), octets };
}

/** Checks a log entry by entry, in constant memory. */
export interface LogVerifier {
  /**
   * Takes the next entry and returns its body.
   * @throws HalfkeyError `LOG_BROKEN` naming the sequence number at which the chain breaks; every later call throws it again
   */
  push(entry: LogEntry): LogBody;
  /** The head so far. */
  head(): LogHead;
  /** Compares with a head that was kept elsewhere. @throws HalfkeyError `LOG_BROKEN` when the log is shorter, longer or another */
  expect(head: LogHead): void;
}

/** A verifier for the log of `origin` that starts at its first entry. */
export function createVerifier(origin: string): LogVerifier {
  let head = emptyHead(origin);
  let broken: HalfkeyError | undefined;

  function fail(sequence: number, what: string): never {
    broken = new HalfkeyError('LOG_BROKEN', `entry ${String(sequence)}: ${what}`);
    throw broken;
  }

  return {
    push(entry) {
      if (broken !== undefined) throw broken;
      const expected = head.sequence + 1;
      if (entry.sequence !== expected) fail(expected, 'missing or out of order');
      if (!equalBytes(entry.previousHash, head.hash)) fail(expected, 'does not follow the entry before');
      if (!equalBytes(entry.hash, hashOf(head.hash, expected, entry.octets)))
        fail(expected, 'its octets do not give its hash');
      let body: LogBody;
      try {
        body = decodeRecord(entry.octets);
      } catch {
        return fail(expected, 'its octets are not a canonical record');
      }
      head = { sequence: expected, hash: Uint8Array.from(entry.hash) };
      return body;
    },
    head: () => head,
    expect(other) {
      if (broken !== undefined) throw broken;
      if (other.sequence > head.sequence)
        fail(head.sequence + 1, `missing; the log should end at ${String(other.sequence)}`);
      if (other.sequence < head.sequence) fail(other.sequence + 1, 'the log should have ended before it');
      if (!equalBytes(other.hash, head.hash)) fail(head.sequence, 'is not the expected last entry');
    },
  };
}
