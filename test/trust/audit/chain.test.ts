import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isHalfkeyError } from '../../../src/foundation/base/index.ts';
import { chainRecord, createVerifier, emptyHead, type LogEntry } from '../../../src/trust/audit/index.ts';

const ORIGIN = 'provider.example/release';

function makeLog(length: number, origin = ORIGIN): LogEntry[] {
  const entries: LogEntry[] = [];
  for (let n = 1; n <= length; n++) entries.push(chainRecord(entries.at(-1) ?? emptyHead(origin), { kind: 'test', n }));
  return entries;
}

/** The sequence number that the refusal names, or undefined when the whole log verifies. */
function brokenAt(entries: readonly LogEntry[], origin = ORIGIN): number | undefined {
  const verifier = createVerifier(origin);
  try {
    for (const entry of entries) verifier.push(entry);
    return undefined;
  } catch (error) {
    if (!isHalfkeyError(error, 'LOG_BROKEN')) throw error;
    return Number(/entry (\d+)/.exec(error.message)?.[1]);
  }
}

describe('hash chain', () => {
  it('computes the hashes as documented', () => {
    const label = Buffer.from('halfkey log v1\0');
    const number = (n: number): Buffer => Buffer.from(n.toString(16).padStart(16, '0'), 'hex');
    const first = createHash('sha256')
      .update(Buffer.concat([label, Buffer.alloc(32), number(0), Buffer.from(ORIGIN)]))
      .digest();
    const second = createHash('sha256')
      .update(Buffer.concat([label, first, number(1), Buffer.from('{"kind":"test","n":1}')]))
      .digest();
    expect(Buffer.from(emptyHead(ORIGIN).hash)).toEqual(first);
    expect(Buffer.from(makeLog(1)[0]?.hash ?? [])).toEqual(second);
  });

  it('verifies a whole log and gives the bodies back', () => {
    const verifier = createVerifier(ORIGIN);
    expect(makeLog(5).map((entry) => verifier.push(entry)['n'])).toEqual([1, 2, 3, 4, 5]);
    expect(verifier.head().sequence).toBe(5);
    verifier.expect(makeLog(5)[4] as LogEntry);
  });

  it('N68 a removed record: LOG_BROKEN naming its sequence number', () => {
    for (let removed = 1; removed < 10; removed++) {
      expect(brokenAt(makeLog(10).filter((entry) => entry.sequence !== removed))).toBe(removed);
    }
  });

  it('N68 a removed record whose followers were renumbered is found at the same place', () => {
    const entries = makeLog(10)
      .filter((entry) => entry.sequence !== 4)
      .map((entry, i) => ({ ...entry, sequence: i + 1 }));
    expect(brokenAt(entries)).toBe(4);
  });

  it('finds an edit, also one that recomputes its own hash', () => {
    const entries = makeLog(6);
    const edited = { ...(entries[2] as LogEntry), octets: new TextEncoder().encode('{"kind":"test","n":33}') };
    expect(brokenAt(entries.with(2, edited))).toBe(3);
    expect(brokenAt(entries.with(2, chainRecord(entries[1] as LogEntry, { kind: 'test', n: 33 })))).toBe(4);
  });

  it('finds a truncation against the expected head', () => {
    const entries = makeLog(6);
    const verifier = createVerifier(ORIGIN);
    for (const entry of entries.slice(0, 4)) verifier.push(entry);
    expect(() => {
      verifier.expect(entries[5] as LogEntry);
    }).toThrow(/entry 5: missing/);
  });

  it('finds a log that was continued or rewritten after the expected head', () => {
    const entries = makeLog(3);
    const longer = createVerifier(ORIGIN);
    for (const entry of entries) longer.push(entry);
    expect(() => {
      longer.expect(entries[1] as LogEntry);
    }).toThrow(/entry 3/);
    const rewritten = createVerifier(ORIGIN);
    rewritten.push(entries[0] as LogEntry);
    expect(() => {
      rewritten.expect(chainRecord(emptyHead(ORIGIN), { kind: 'test', n: 99 }));
    }).toThrow(/entry 1/);
  });

  it("refuses another origin's log at its first entry", () => {
    expect(brokenAt(makeLog(2, 'kms.example/release'))).toBe(1);
  });

  it('keeps refusing once broken', () => {
    const entries = makeLog(3);
    const verifier = createVerifier(ORIGIN);
    expect(() => verifier.push(entries[1] as LogEntry)).toThrow();
    expect(() => verifier.push(entries[0] as LogEntry)).toThrow(expect.objectContaining({ code: 'LOG_BROKEN' }));
  });

  it('refuses a record that chains but is not canonical', () => {
    const head = emptyHead(ORIGIN);
    const octets = new TextEncoder().encode('{"n": 1}');
    const number = Buffer.alloc(8);
    number.writeBigUInt64BE(1n);
    const hash = createHash('sha256')
      .update('halfkey log v1\0')
      .update(head.hash)
      .update(number)
      .update(octets)
      .digest();
    expect(brokenAt([{ sequence: 1, previousHash: head.hash, hash, octets }])).toBe(1);
  });

  it('P15 any swap, deletion or changed octet is found', () => {
    const entries = makeLog(12);
    const at = fc.integer({ min: 0, max: 10 });
    fc.assert(
      fc.property(at, at, fc.constantFrom('swap', 'delete', 'octet', 'hash'), (i, j, how) => {
        const changed = [...entries];
        const [a, b] = [entries[i] as LogEntry, entries[j] as LogEntry];
        if (how === 'swap') [changed[i], changed[j]] = [b, a];
        if (how === 'delete') changed.splice(i, 1);
        if (how === 'octet') changed[i] = { ...a, octets: a.octets.with(j, (a.octets[j] as number) ^ 1) };
        if (how === 'hash') changed[i] = { ...a, hash: a.hash.with(j, (a.hash[j] as number) ^ 1) };
        expect(brokenAt(changed)).toBe(how === 'swap' ? (i === j ? undefined : Math.min(i, j) + 1) : i + 1);
      }),
      { numRuns: 200, seed: 15 },
    );
  });

  it('needs an origin', () => {
    expect(() => emptyHead('')).toThrow(TypeError);
  });
});
