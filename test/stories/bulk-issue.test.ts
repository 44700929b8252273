/**
 * An operator issues the keys of all its subscribers at once, for a recipient that will hand them out.
 *
 *   operator -> kms issue     list of identities, epochs, the recipient's public key
 *   kms issue -> log          a record for each subscriber, before its keys are made
 *   kms issue -> threads      s from memory to memory
 *   threads -> file           each subscriber's keys, checked, and sealed to the recipient
 */
import { appendFileSync, existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { extractPrivateKey, identityInfo } from '../../src/crypto/ibe/index.ts';
import { generalizedTime, identityFromText } from '../../src/foundation/identity/index.ts';
import { bulkKms, DAY, MASTER_SECRET, runProgram, subscriber, type BulkKms } from '../support/bulk.ts';
import { ensureBuilt } from '../support/children.ts';
import { findInFiles, findNeedles, secretNeedle, textNeedle } from '../support/taint.ts';

beforeAll(ensureBuilt);

const resultOf = (stdout: string): Record<string, unknown> => JSON.parse(stdout) as Record<string, unknown>;
const all = (count: number): string[] => Array.from({ length: count }, (_, i) => subscriber(i));

/** The file holds everybody once, each with keys that are its own, and the log as many records. */
async function expectComplete(kms: BulkKms, count: number, epochs: number): Promise<void> {
  const { header, lines, rest } = kms.file();
  expect([rest, header.subscribers, header.keyEpochs.length]).toEqual(['', count, epochs]);
  expect(lines.map(({ position }) => position).sort((a, b) => a - b)).toEqual(all(count).map((_, i) => i + 1));
  const log = await kms.log();
  const records = log.filter(({ kind }) => kind === 'issue');
  expect(records.map(({ position }) => position).sort((a, b) => Number(a) - Number(b))).toEqual(
    all(count).map((_, i) => i + 1),
  );
  for (const line of lines) {
    expect(await kms.opened(header, line)).toBe(subscriber(line.position - 1));
    expect(log[line.entry - 1]).toMatchObject({ kind: 'issue', position: line.position, batch: header.batch });
  }
}

describe('a batch in one run', () => {
  it('gives everybody the keys of every epoch, in sealed lines, each recorded', async () => {
    const kms = await bulkKms(6);
    const { status, stdout, stderr } = await runProgram(kms.args('--epochs', '3', '--workers', '2', '--json'));
    expect([stderr, status]).toEqual(['', 0]);
    expect(resultOf(stdout)).toMatchObject({ subscribers: 6, issued: 6, refused: 0, keys: 18, workers: 2 });
    await expectComplete(kms, 6, 3);
    expect(statSync(kms.out).mode & 0o777).toBe(0o600);
    const [record] = (await kms.log()).filter(({ kind }) => kind === 'issue');
    const { header } = kms.file();
    expect(record).toEqual({
      ...{ kind: 'issue', operation: 'bulk-private-keys', requester: header.recipient, batch: header.batch },
      ...{ position: 1, keyEpochs: header.keyEpochs, masterSecrets: false },
      ...{ subscriber: expect.stringMatching(/^[0-9a-f]{32}$/) as unknown, time: expect.any(Number) as unknown },
    });

    // Once more: nothing is left to do, and nothing changes.
    const before = readFileSync(kms.out);
    const again = await runProgram(kms.args('--epochs', '3', '--json'));
    expect(resultOf(again.stdout)).toMatchObject({ issued: 0, refused: 0, keys: 0 });
    expect(readFileSync(kms.out)).toEqual(before);
    await expectComplete(kms, 6, 3);
  });

  it('leaves no key, no master secret and no identity in what it writes', async () => {
    const kms = await bulkKms(3);
    const { stdout, stderr } = await runProgram(kms.args('--verbose'));
    const { keyEpochs } = kms.file().header;
    const notBefore = generalizedTime(keyEpochs[0] ?? 0);
    const needles = [
      secretNeedle('s', MASTER_SECRET.toString(16).padStart(40, '0')),
      ...all(3).flatMap((text) => {
        const identity = identityFromText(text);
        const id = identityInfo({ district: 'https://pps.operator-a.example/ibe/pp', serial: 1n, identity, notBefore });
        const { x, y } = extractPrivateKey(kms.params, MASTER_SECRET, id);
        return [
          ...[x, y].map((value) => secretNeedle('S_id', value.toString(16).padStart(128, '0'))),
          textNeedle('an identity', text),
        ];
      }),
    ];
    expect(findInFiles(join(kms.directory, 'state'), needles)).toEqual([]);
    expect(findNeedles('keys.jsonl', readFileSync(kms.out), needles)).toEqual([]);
    expect(findNeedles('what it said', stdout + stderr, needles)).toEqual([]);
    expect(stdout).toContain('3 of 3 subscribers got 3 keys');
  });

  it('refuses who is not registered, tells who, and issues the others', async () => {
    const kms = await bulkKms(4);
    kms.list(['# a comment', '', subscriber(0), 'sip:stranger@operator-a.example', subscriber(1)]);
    const { status, stdout } = await runProgram(kms.args('--json'));
    expect([status, resultOf(stdout)]).toMatchObject([2, { subscribers: 3, issued: 2, refused: 1 }]);
    const { lines } = kms.file();
    expect(lines.find(({ position }) => position === 2)).toMatchObject({ refused: 'UNKNOWN_SUBSCRIBER' });
    const refusals = (await kms.log()).filter(({ kind }) => kind === 'issue-refused');
    expect(refusals).toMatchObject([{ operation: 'bulk-private-keys', position: 2, code: 'UNKNOWN_SUBSCRIBER' }]);
    // Still so, and not recorded again.
    const again = await runProgram(kms.args('--json'));
    expect([again.status, resultOf(again.stdout)]).toMatchObject([2, { issued: 0, refused: 1 }]);
    expect((await kms.log()).length).toBe(3);
  });
});

describe('killed at any moment', () => {
  /** What is there after a run that was killed, and that the next run makes it whole without losing or doubling. */
  async function expectGoesOn(kms: BulkKms, count: number): Promise<number> {
    const before = kms.file();
    const recorded = (await kms.log()).filter(({ kind }) => kind === 'issue');
    expect(before.lines.length).toBeLessThan(count);
    // Every line that is there was recorded before.
    for (const { position } of before.lines) expect(recorded.some((body) => body['position'] === position)).toBe(true);
    // The beginning of a line, as a write that was cut short leaves it.
    appendFileSync(kms.out, '{"position":3,"entry":1,"ke');
    const { status, stdout } = await runProgram(kms.args('--workers', '2', '--json'));
    expect([status, resultOf(stdout)]).toMatchObject([0, { issued: count - before.lines.length, refused: 0 }]);
    expect(kms.file().lines.slice(0, before.lines.length)).toEqual(before.lines);
    await expectComplete(kms, count, 1);
    return before.lines.length;
  }

  it.each<['recorded' | 'made' | 'written', number]>([
    ['recorded', 0],
    ['made', 0],
    ['written', 1],
  ])('%s, at the first subscriber: the same command goes on', async (point, lines) => {
    const kms = await bulkKms(5);
    kms.configure({ unsafeTestCrashAt: `issue:${point}` });
    const killed = await runProgram(kms.args('--workers', '1', '--json'));
    expect([killed.status, killed.stdout]).toEqual([null, '']);
    kms.configure({});
    expect(await expectGoesOn(kms, 5)).toBe(lines);
  });

  it('from outside, when some lines are there: the same command goes on', async () => {
    const kms = await bulkKms(60);
    const killed = await runProgram(kms.args('--workers', '2', '--json'), (kill) => {
      const look = setInterval(() => {
        if (!existsSync(kms.out) || statSync(kms.out).size < 2_000) return;
        clearInterval(look);
        kill();
      }, 1);
    });
    expect([killed.status, killed.stdout]).toEqual([null, '']);
    expect(await expectGoesOn(kms, 60)).toBeGreaterThan(0);
  });
});

describe('misuse', () => {
  let idle: BulkKms;
  beforeAll(async () => {
    idle = await bulkKms(1);
  });

  it.each<[string, string, (kms: BulkKms) => string[]]>([
    ['no number of epochs', 'USAGE', (kms) => kms.args('--epochs', '0')],
    ['no time', 'USAGE', (kms) => kms.args('--from', 'tomorrow')],
    ['a list of something else', 'USAGE', (kms) => kms.args('--identities', join(kms.directory, 'kms.json'))],
    ['a recipient that is no key', 'USAGE', (kms) => kms.args('--to', join(kms.directory, 'kms.json'))],
    ['an output that is something else', 'OUTPUT_EXISTS', (kms) => kms.args('--out', join(kms.directory, 'kms.json'))],
    ['an epoch that is over', 'IssueWindow', (kms) => kms.args('--from', '2020-01-01T00:00:00Z')],
    ['an epoch too far ahead', 'IssueWindow', (kms) => kms.args('--epochs', '30')],
  ])('%s: %s, and nothing is issued', async (_what, code, make) => {
    const config = readFileSync(join(idle.directory, 'kms.json'));
    const { status, stdout } = await runProgram([...make(idle), '--json']);
    expect((resultOf(stdout)['error'] as { code: string }).code).toBe(code);
    expect(status).toBe(code === 'IssueWindow' ? 3 : 1);
    expect(readFileSync(join(idle.directory, 'kms.json'))).toEqual(config);
    expect([existsSync(idle.out), await idle.log()]).toEqual([false, []]);
  });

  it('a file of another batch is left as it is: OUTPUT_EXISTS', async () => {
    const kms = await bulkKms(2);
    await runProgram(kms.args());
    const before = readFileSync(kms.out);
    kms.list([subscriber(0)]);
    const other = await runProgram(kms.args('--json'));
    expect((resultOf(other.stdout)['error'] as { code: string }).code).toBe('OUTPUT_EXISTS');
    expect(readFileSync(kms.out)).toEqual(before);
    expect((await kms.log()).length).toBe(2);
  });

  it('without --from the epochs of the file go on', async () => {
    const kms = await bulkKms(2);
    const tomorrow = String(Math.floor(Date.now() / 1000) + DAY);
    await runProgram(kms.args('--from', tomorrow));
    const again = await runProgram(kms.args('--json'));
    expect([again.status, resultOf(again.stdout)]).toMatchObject([0, { issued: 0 }]);
  });
});
