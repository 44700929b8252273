/**
 * Asking a holder: one request id and one answer key a question until the session ends, through outages and crashes;
 * and an answer counts only when it is the answer to this request.
 */
import { describe, expect, it } from 'vitest';
import type { HolderClient } from '../../../src/entity/delivery/index.ts';
import { HalfkeyError } from '../../../src/foundation/base/index.ts';
import { createAnswerKey, sealAnswer } from '../../../src/trust/release/index.ts';
import { chunksOf, makeCall, pcapOf, testDistrict, testParty, type TestCall } from '../../support/calls.ts';
import {
  createHarness,
  digestOf,
  expectNothing,
  memoryRequests,
  T1,
  WAYS,
  type Harness,
  type HarnessOptions,
} from './harness.ts';

const district = testDistrict('operator-a.example');
const alice = testParty('sip:alice@operator-a.example', district);
const bob = testParty('sip:bob@operator-a.example', district);
const made = makeCall({ number: 1, caller: alice, called: bob, t1Ms: T1 });
const harnessFor = (options: Partial<HarnessOptions> = {}): Promise<Harness> =>
  createHarness({ district, served: [alice, bob], way: '4/2', targets: [alice.identity.text], ...options });

const unavailable = (): Promise<never> => Promise.reject(new HalfkeyError('UNAVAILABLE', 'cannot be reached'));
const idsOf = ({ asked }: Pick<Harness, 'asked'>, holder: string): unknown[] =>
  asked.filter((one) => one.holder === holder).map(({ body }) => body['requestId']);

/** Fails the first `times` requests to a holder; `after` lets the holder see them all the same. */
function failing(which: string, times: number, after: boolean): NonNullable<HarnessOptions['between']> {
  let left = times;
  return (holder, client) =>
    holder !== which
      ? client
      : async (path, body) => {
          if (left === 0) return client(path, body);
          left -= 1;
          if (after) await client(path, body);
          return unavailable();
        };
}

describe('a holder that cannot be reached', () => {
  it.each(['kms', 'provider'] as const)('%s: asked again with the same request until it answers', async (holder) => {
    const harness = await harnessFor({ patienceMs: 5000, between: failing(holder, 3, false) });
    const { sessions } = await harness.take(made.frames);
    expect(sessions).toMatchObject([{ status: 'recovered', kSession: made.exchange.kSession }]);
    expect(idsOf(harness, holder)).toHaveLength(4);
    expect(new Set(idsOf(harness, holder)).size).toBe(1);
    expect(harness.slept).toEqual([100, 200, 400]);
    expect(harness.events.filter((event) => (event as { event: string }).event === 'waiting')).toHaveLength(3);
  });

  it.each(['kms', 'provider'] as const)('%s: an answer that was lost is given again, from its log', async (holder) => {
    const harness = await harnessFor({ patienceMs: 5000, between: failing(holder, 2, true) });
    const { sessions } = await harness.take(made.frames);
    expect(sessions).toMatchObject([{ status: 'recovered', kSession: made.exchange.kSession }]);
    const log = holder === 'kms' ? harness.kmsLog : harness.providerLog;
    expect([log.count('answer'), log.count('repeat')]).toEqual([1, 2]);
  });

  it('stays away: UNAVAILABLE after the patience, nothing is kept', async () => {
    const harness = await harnessFor({ patienceMs: 3000, between: () => unavailable });
    const outcome = await harness.take(made.frames);
    expect(outcome.sessions).toMatchObject([{ status: 'UNAVAILABLE', reason: 'cannot be reached' }]);
    const waited = harness.slept.reduce((sum, ms) => sum + ms, 0);
    expect(waited).toBeGreaterThanOrEqual(3000);
    expect(waited).toBeLessThan(3000 + 2001);
    expectNothing(harness, outcome, made);
    expect(harness.requests.kept.size).toBe(0);
  });

  it('a refusal is not asked about again', async () => {
    const harness = await harnessFor({
      patienceMs: 5000,
      between: () => () => Promise.reject(new HalfkeyError('CAP_REACHED', 'no more')),
    });
    await harness.take(made.frames);
    expect(harness.asked).toHaveLength(1);
    expect(harness.slept).toEqual([]);
  });

  it('a fault of the client: INTERNAL, told to who runs the Delivery Function and to nobody else', async () => {
    const harness = await harnessFor({ between: () => () => Promise.reject(new Error('socket of /run/secret')) });
    const outcome = await harness.take(made.frames);
    expect(outcome.sessions).toMatchObject([{ status: 'INTERNAL' }]);
    expect(JSON.stringify([outcome.sessions, outcome.notes, harness.events])).not.toContain('secret');
    expect(harness.faults).toHaveLength(1);
    expectNothing(harness, outcome, made);
  });
});

describe('only the answer to this request counts: UNAVAILABLE', () => {
  type Request = { requestId: string; answerKey: Parameters<typeof sealAnswer>[1] };
  const receipt = { sequence: 1, hash: '00'.repeat(32) };

  async function answeredWith(answer: (request: Request, harness: Harness) => unknown): Promise<void> {
    const holder: { harness?: Harness } = {};
    const harness = await harnessFor({
      way: '3',
      patienceMs: 5000,
      between: () => async (_, body) => answer(body as Request, holder.harness as Harness),
    });
    holder.harness = harness;
    const outcome = await harness.take(made.frames);
    expect(outcome.sessions).toMatchObject([{ status: 'UNAVAILABLE' }]);
    expectNothing(harness, outcome, made);
    // It was reached: asking again would not help.
    expect(harness.slept).toEqual([]);
    expect(harness.receipts).toEqual([]);
  }
  const payload = { kSession: made.exchange.kSession, confirmed: true, csbId: made.csbId, t1: '00'.repeat(8) };

  it('sealed for another request', async () => {
    await answeredWith(async ({ answerKey }, { signed }) => ({
      answer: await sealAnswer(payload, answerKey, {
        requestId: '00000000-0000-0000-0000-000000000000',
        warrantDigest: digestOf(signed),
      }),
      receipt,
    }));
  });

  it('sealed under another warrant', async () => {
    await answeredWith(async ({ requestId, answerKey }) => ({
      answer: await sealAnswer(payload, answerKey, { requestId, warrantDigest: '11'.repeat(32) }),
      receipt,
    }));
  });

  it('sealed to another key', async () => {
    const { publicKey } = await createAnswerKey();
    await answeredWith(async ({ requestId }, { signed }) => ({
      answer: await sealAnswer(payload, publicKey, { requestId, warrantDigest: digestOf(signed) }),
      receipt,
    }));
  });

  it('an old answer to another question of the same Delivery Function', async () => {
    let old: unknown;
    const other = makeCall({ number: 2, caller: alice, called: bob, t1Ms: T1 });
    const harness = await harnessFor({
      way: '3',
      between: (_, client) => async (path, body) => {
        old ??= await client(path, body);
        return old;
      },
    });
    expect((await harness.take(other.frames)).sessions).toMatchObject([{ status: 'recovered' }]);
    const outcome = await harness.take(made.frames);
    expect(outcome.sessions).toMatchObject([{ status: 'UNAVAILABLE', kSession: null }]);
    expect([...outcome.files.keys()].filter((name) => name.startsWith('session-2'))).toEqual([]);
  });

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['a text', 'no'],
    ['no receipt', { answer: 'a.b.c.d.e' }],
    ['a receipt of another form', { answer: 'a.b.c.d.e', receipt: { sequence: -1, hash: '' } }],
    ['no JWE', { answer: 'a.b.c.d.e', receipt }],
    ['a member more', { answer: 'a.b.c.d.e', receipt, key: '04' }],
  ])('%s', async (_, answer) => {
    await answeredWith(() => Promise.resolve(answer));
  });

  it.each<[string, object]>([
    ['no key', { confirmed: true, csbId: made.csbId, t1: '00'.repeat(8) }],
    ['a key that is no hex', { ...payload, kSession: 'zz' }],
    ['a member more', { ...payload, masterSecret: '00' }],
  ])('rightly sealed, but %s', async (_, content) => {
    await answeredWith(async ({ requestId, answerKey }, { signed }) => ({
      answer: await sealAnswer(content, answerKey, { requestId, warrantDigest: digestOf(signed) }),
      receipt,
    }));
  });
});

describe('a Delivery Function that stops in the middle', () => {
  /** Feeds the capture and breaks off when the holder has answered the first question. */
  async function crashed(way: (typeof WAYS)[number]): Promise<Harness> {
    let stop = (): void => undefined;
    const stopped = new Promise<void>((resolve) => (stop = resolve));
    const dead: HolderClient = () => new Promise(() => undefined);
    const harness = await harnessFor({
      way,
      between: (_, client) => async (path, body) => {
        await client(path, body);
        stop();
        return dead(path, body);
      },
    });
    void harness.take(made.frames);
    await stopped;
    return harness;
  }

  it.each(WAYS)('way %s: a new one over the same state sends the very same request', async (way) => {
    const first = await crashed(way);
    expect(first.requests.kept.size).toBe(1);
    const again = await harnessFor({ way, requests: memoryRequests(first.requests.kept) });
    const { sessions } = await again.take(made.frames);
    expect(sessions).toMatchObject([{ status: 'recovered', kSession: made.exchange.kSession }]);
    const sent = ({ body: { requestId, answerKey } }: Harness['asked'][number]): unknown => ({ requestId, answerKey });
    expect(again.asked.slice(0, 1).map(sent)).toEqual(first.asked.map(sent));
    expect(again.requests.kept.size).toBe(0);
  });

  it('what lies in its state is no key: the private part of the answer key is sealed', async () => {
    const { requests, asked } = await crashed('3');
    const [pending] = requests.kept.values();
    expect(pending?.answerKey).toBe(JSON.stringify(asked[0]?.body['answerKey']));
    expect(pending?.answerKey).not.toContain('"d"');
    expect(Buffer.from(pending?.sealedKey ?? []).toString('latin1')).not.toContain('"d"');
  });

  it('a capture that breaks off with a fault of the reader leaves the request as it is', async () => {
    const harness = await harnessFor({ between: failing('kms', 1, true), patienceMs: 0 });
    const octets = pcapOf(made.frames);
    const broken = (async function* () {
      yield* chunksOf(octets);
      throw new Error('the tap has gone');
    })();
    await expect(harness.delivery.takeCapture(broken, 0)).rejects.toThrow('the tap has gone');
    expect(harness.requests.kept.size).toBe(1);
    const { sessions, files } = await harness.take(made.frames);
    expect(sessions).toMatchObject([{ status: 'recovered' }]);
    expect(harness.kmsLog.count('repeat')).toBe(1);
    expect(files.size).toBe(3);
  });

  it('two captures of the same call at a time share their request', async () => {
    const harness = await harnessFor();
    const outcomes = await Promise.all([harness.take(made.frames), harness.take(made.frames)]);
    for (const { sessions } of outcomes)
      expect(sessions).toMatchObject([{ status: 'recovered', kSession: made.exchange.kSession }]);
    expect(new Set(idsOf(harness, 'kms')).size).toBe(1);
    expect([harness.kmsLog.count('answer'), harness.kmsLog.count('repeat')]).toEqual([1, 1]);
  });
});

it('what became of an intake is told once', async () => {
  const harness = await harnessFor();
  const { intake, packets } = await harness.delivery.takeCapture(chunksOf(pcapOf(made.frames)), 0);
  expect(packets).toBe(made.frames.length);
  expect(harness.delivery.sessionsOf(intake).sessions).toHaveLength(1);
  expect(() => harness.delivery.sessionsOf(intake)).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }) as Error);
  const unused: TestCall['frames'] = [];
  await expect(harness.take(unused)).rejects.toMatchObject({ code: 'BadCapture' });
});
