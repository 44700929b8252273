/** Bulk issuing without threads and files: order of record, making and writing, refusals, failures, going on. */
import { describe, expect, it } from 'vitest';
import { bulkHeaderOf, issueBulk, readIdentities, type BulkIssuing } from '../../../src/entity/kms/index.ts';
import type { BulkLine } from '../../../src/contract/provisioning/index.ts';
import { HalfkeyError } from '../../../src/foundation/base/index.ts';
import { identityFromText } from '../../../src/foundation/identity/index.ts';
import { coded } from '../../platform/support.ts';

const DAY = 86_400;
const identities = Array.from({ length: 9 }, (_, i) => identityFromText(`sip:u${String(i)}@operator-a.example`));
const members = {
  ...{ district: 'https://a.example/pp', serial: 1, keyEpochSeconds: DAY, keyEpochs: [0, DAY] },
  recipient: 'ab'.repeat(32),
};
const names = identities.map(({ text }) => text);
const header = bulkHeaderOf(members, names);

/** What happened, in order, and what is there. */
function setup(change: Partial<BulkIssuing> = {}) {
  const events: string[] = [];
  const lines: BulkLine[] = [];
  const records: Record<string, unknown>[] = [];
  let writing = false;
  const bulk: BulkIssuing = {
    ...{ header, identities, lanes: 3, clock: () => 1000, pseudonym: () => 'pseudonym' },
    service: { register: { set: () => Promise.resolve(), has: () => Promise.resolve(true) }, issueAheadDays: 7 },
    ...{ recorded: new Map(), written: new Set(), signal: new AbortController().signal },
    record(bodies) {
      const entries = bodies.map((body) => {
        events.push(`record ${String(body['position'])}`);
        return { sequence: records.push(body) };
      });
      return Promise.resolve(entries);
    },
    make(subscribers) {
      for (const { position } of subscribers) events.push(`make ${String(position)}`);
      return Promise.resolve(subscribers.map(({ position }) => `sealed ${String(position)}`));
    },
    async write(batch) {
      expect(writing).toBe(false);
      writing = true;
      await Promise.resolve();
      lines.push(...batch);
      writing = false;
    },
    progress: ({ position }) => events.push(`done ${String(position)}`),
    ...change,
  };
  return { bulk, events, lines, records };
}

describe('bulk issuing', () => {
  it('records before it makes, makes before it tells, everybody once', async () => {
    const { bulk, events, lines, records } = setup();
    await issueBulk(bulk);
    expect(records.length).toBe(9);
    expect(lines.map(({ position }) => position).sort()).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    for (const { position, ...rest } of lines) {
      expect(rest).toMatchObject({ keys: `sealed ${String(position)}` });
      const at = ['record', 'make', 'done'].map((what) => events.indexOf(`${what} ${String(position)}`));
      expect(at).toEqual([...at].sort((a, b) => a - b));
    }
  });

  it('goes on: nothing that is written, no record that is there', async () => {
    const recorded = new Map([['issue 4', 77]]);
    const { bulk, lines, records } = setup({ written: new Set([1, 2, 3]), recorded });
    await issueBulk(bulk);
    expect(lines.map(({ position }) => position).sort()).toEqual([4, 5, 6, 7, 8, 9]);
    expect(lines.find(({ position }) => position === 4)).toMatchObject({ entry: 77 });
    expect(records.map((body) => body['position'])).toEqual([5, 6, 7, 8, 9]);
  });

  it('refuses who is not registered, and everybody when an epoch is over by now', async () => {
    const has = ({ text }: { text: string }): Promise<boolean> => Promise.resolve(!text.includes('u4'));
    const one = setup({ service: { register: { set: () => Promise.resolve(), has }, issueAheadDays: 7 } });
    await issueBulk(one.bulk);
    expect(one.lines.filter((line) => 'refused' in line)).toMatchObject([
      { position: 5, refused: 'UNKNOWN_SUBSCRIBER' },
    ]);
    expect(one.events).not.toContain('make 5');
    const late = setup({ clock: () => 1000 * 3 * DAY });
    await issueBulk(late.bulk);
    expect(late.lines.every((line) => 'refused' in line && line.refused === 'IssueWindow')).toBe(true);
    expect(late.events.some((event) => event.startsWith('make'))).toBe(false);
  });

  it.each<[string, Partial<BulkIssuing>]>([
    ['making', { make: () => Promise.reject(new HalfkeyError('INTERNAL', 'a thread ended')) }],
    ['writing', { write: () => Promise.reject(new HalfkeyError('UNAVAILABLE', 'the disk is full')) }],
    ['recording', { record: () => Promise.reject(new HalfkeyError('UNAVAILABLE', 'the disk is full')) }],
  ])('a failure of %s ends it, and nobody is told of a line that is not there', async (_what, change) => {
    const { bulk, events, lines } = setup(change);
    await expect(issueBulk(bulk)).rejects.toThrow(HalfkeyError);
    expect([lines, events.filter((event) => event.startsWith('done'))]).toEqual([[], []]);
  });

  it('interrupted: what is under way is written, the rest is not begun', async () => {
    const stop = new AbortController();
    const { bulk, lines } = setup({ signal: stop.signal, lanes: 1 });
    const write = bulk.write.bind(bulk);
    const stopping = async (batch: readonly BulkLine[]): Promise<void> => {
      stop.abort();
      await write(batch);
    };
    await expect(issueBulk({ ...bulk, write: stopping })).rejects.toThrow(coded('INTERRUPTED'));
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.length).toBeLessThan(9);
  });
});

describe('the list of identities', () => {
  it('is made canonical; comments and empty lines are passed over', () => {
    const list = readIdentities('# list\n\nSIP:alice@Operator-A.example:5060\r\n tel:+44-20-7946-0123\n');
    expect(list.map(({ text }) => text)).toEqual(['sip:alice@operator-a.example', 'tel:+442079460123']);
  });

  it.each([
    ['nothing', '# nobody\n', /empty/],
    ['no identity', 'sip:a@b.example\nnobody at all\n', /^line 2 /],
    ['one twice, in two spellings', 'sip:a@b.example\n\nsips:a@B.example\n', /^line 3 .* repeats line 1$/],
  ])('%s: USAGE, which names the line and nobody', (_what, text, message) => {
    expect(() => readIdentities(text)).toThrow(coded('USAGE', { message: expect.stringMatching(message) as unknown }));
  });

  it('a batch is another for another list, epoch or recipient', () => {
    const all = [
      header,
      bulkHeaderOf(members, names.slice(1)),
      bulkHeaderOf({ ...members, keyEpochs: [0] }, names),
      bulkHeaderOf({ ...members, recipient: 'cd'.repeat(32) }, names),
    ];
    expect(new Set(all.map(({ batch }) => batch)).size).toBe(4);
  });
});
