import { describe, expect, it } from 'vitest';
import { verifyLog, type ReadEntries } from '../../../src/entity/evidence/index.ts';
import { chainRecord, emptyHead, type LogEntry } from '../../../src/trust/audit/index.ts';

const ORIGIN = 'provider test';

function logOf(count: number, origin = ORIGIN): LogEntry[] {
  const entries: LogEntry[] = [];
  for (let i = 0; i < count; i++) {
    entries.push(chainRecord(entries.at(-1) ?? emptyHead(origin), { kind: i % 3 === 0 ? 'request' : 'answer', i }));
  }
  return entries;
}

/** Reads like a store: pages of at most `most`. */
const reader =
  (entries: readonly LogEntry[], most = Number.POSITIVE_INFINITY): ReadEntries =>
  async (from, limit) =>
    entries.filter(({ sequence }) => sequence >= from).slice(0, Math.min(limit, most));

const broken = (message: RegExp): object => ({ code: 'LOG_BROKEN', message: expect.stringMatching(message) });

describe('verifyLog', () => {
  it('an empty log verifies', async () => {
    expect(await verifyLog(ORIGIN, reader([]))).toEqual({ head: emptyHead(ORIGIN), kinds: {} });
  });

  it('counts the entries by kind, however they are paged', async () => {
    const entries = logOf(1203);
    for (const most of [1, 7, 500, 5000]) {
      const { head, kinds } = await verifyLog(ORIGIN, reader(entries, most));
      expect(head.sequence).toBe(1203);
      expect(kinds).toEqual({ request: 401, answer: 802 });
    }
  });

  it('a record without a kind is counted as other', async () => {
    expect((await verifyLog(ORIGIN, reader([chainRecord(emptyHead(ORIGIN), { kind: 3 })]))).kinds).toEqual({
      other: 1,
    });
  });

  it('a kind with control characters cannot drive the terminal on which it is shown', async () => {
    const [erasing, joined] = ['answer\u001b[2J\u009b31m', 'a\u202eb'];
    const first = chainRecord(emptyHead(ORIGIN), { kind: erasing });
    const { kinds } = await verifyLog(ORIGIN, reader([first, chainRecord(first, { kind: joined })]));
    expect(kinds).toEqual({ 'answer?[2J?31m': 1, 'a?b': 1 });
  });

  it("N68 another origin's log: LOG_BROKEN at its first entry", async () => {
    await expect(verifyLog(ORIGIN, reader(logOf(3, 'kms test')))).rejects.toMatchObject(broken(/^entry 1: /));
  });

  it.each([1, 250, 500, 501, 599])('P15 N68 a removed record names its place: %i', async (at) => {
    const entries = logOf(600).filter(({ sequence }) => sequence !== at);
    await expect(verifyLog(ORIGIN, reader(entries))).rejects.toMatchObject(
      broken(new RegExp(`^entry ${String(at)}: `)),
    );
  });

  it('P15 an edited record, and a reordering', async () => {
    const entries = logOf(6);
    const edited = entries.with(3, { ...entries[3]!, octets: entries[4]!.octets });
    await expect(verifyLog(ORIGIN, reader(edited))).rejects.toMatchObject(broken(/^entry 4: /));
    const turned = entries.with(1, entries[2]!).with(2, entries[1]!);
    await expect(verifyLog(ORIGIN, reader(turned))).rejects.toMatchObject(broken(/^entry 2: /));
  });

  it('a log cut off verifies by itself, and not against a head that was kept', async () => {
    const entries = logOf(6);
    const head = entries[5]!;
    await expect(verifyLog(ORIGIN, reader(entries), head)).resolves.toMatchObject({ head: { sequence: 6 } });
    await expect(verifyLog(ORIGIN, reader(entries.slice(0, 4)))).resolves.toMatchObject({ head: { sequence: 4 } });
    await expect(verifyLog(ORIGIN, reader(entries.slice(0, 4)), head)).rejects.toMatchObject(broken(/^entry 5: /));
    // Grown since, or another chain of the same length: neither ends at that head.
    await expect(verifyLog(ORIGIN, reader(logOf(7)), head)).rejects.toMatchObject(broken(/^entry 7: /));
    const other = { ...head, hash: new Uint8Array(32) };
    await expect(verifyLog(ORIGIN, reader(entries), other)).rejects.toMatchObject(broken(/^entry 6: /));
  });
});
