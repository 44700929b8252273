import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { HalfkeyError, Secret, toHex } from '../../../src/foundation/base/index.ts';
import { createVerifier } from '../../../src/trust/audit/index.ts';
import { createReleaser, openAnswer, type Releaser, type ReleaseSteps } from '../../../src/trust/release/index.ts';
import type { Authorised } from '../../../src/trust/release/index.ts';
import { authorised, memoryStore, newRequest, privateKey, WARRANT, type MemoryStore } from './support.ts';

interface Fixture {
  readonly trace: string[];
  readonly store: MemoryStore;
  readonly releaser: Releaser;
  readonly steps: (more?: Partial<Authorised>, answer?: () => object) => ReleaseSteps<Authorised>;
}

function fixture(options: { queueLimit?: number } = {}): Fixture {
  const trace: string[] = [];
  const store = memoryStore(trace);
  return {
    trace,
    store,
    releaser: createReleaser({ store, clock: () => 1_700_000_000_999, ...options }),
    steps: (more, answer = () => ({ secret: 'the secret' })) => ({
      authorise: async () => {
        trace.push('authorise');
        return authorised(more);
      },
      answer: async () => {
        trace.push('touch the secret');
        return answer();
      },
    }),
  };
}

const refusing = (code: 'DUAL_CONTROL' | 'TARGET_MISMATCH'): ReleaseSteps<Authorised> => ({
  authorise: () => Promise.reject(new HalfkeyError(code, 'no')),
  answer: () => Promise.reject(new Error('never asked')),
});

describe('a first answer', () => {
  it('is recorded before the secret is touched, and again before it leaves', async () => {
    const { releaser, steps, trace } = fixture();
    await releaser.release(newRequest(), steps());
    trace.push('left');
    expect(trace).toEqual([
      'authorise',
      'record request',
      'recorded request',
      'touch the secret',
      'authorise',
      'record answer',
      'recorded answer',
      'left',
    ]);
  });

  it('names its entry in the receipt, and its digest in the entry', async () => {
    const { releaser, steps, store } = fixture();
    const request = newRequest();
    const { answer, receipt } = await releaser.release(request, steps());
    const entry = store.entries[1]!;
    expect(receipt).toEqual({ sequence: 2, hash: toHex(entry.hash) });
    const common = {
      operation: 'open-nonce',
      requestId: request.requestId,
      requestDigest: createHash('sha256').update(JSON.stringify(request.body)).digest('hex'),
      requester: 'f1',
      time: 1_700_000_000,
      warrant: WARRANT,
      warrantId: 'w1',
      target: 'pseudonym',
    };
    expect(store.bodies()).toEqual([
      { kind: 'request', ...common },
      { kind: 'answer', ...common, answerDigest: createHash('sha256').update(answer).digest('hex') },
    ]);
    const verifier = createVerifier('test');
    for (const one of store.entries) verifier.push(one);
  });

  it('is kept sealed: the store holds nothing of it in clear', async () => {
    const { releaser, steps, store } = fixture();
    const request = newRequest();
    const { answer } = await releaser.release(request, steps());
    expect(store.answers).toMatchObject([{ requestId: request.requestId, sealed: answer, sequence: 2 }]);
    expect(JSON.stringify([store.answers, store.bodies()])).not.toContain('the secret');
    const opened = await openAnswer(answer, Secret.copyOf('AnswerKey', privateKey), {
      requestId: request.requestId,
      warrantDigest: WARRANT,
    });
    expect(opened).toEqual({ secret: 'the secret' });
  });
});

describe('the log cannot be written: nothing leaves', () => {
  it('when the request cannot be recorded the secret is not touched', async () => {
    const { releaser, steps, store, trace } = fixture();
    store.failOn = 'request';
    await expect(releaser.release(newRequest(), steps())).rejects.toThrow('disk full');
    expect(trace).not.toContain('touch the secret');
    expect(store.answers).toEqual([]);
  });

  it('when the answer cannot be recorded it is not returned and not kept', async () => {
    const { releaser, steps, store } = fixture();
    store.failOn = 'answer';
    await expect(releaser.release(newRequest(), steps())).rejects.toMatchObject({ code: 'INTERNAL' });
    expect(store.kinds()).toEqual(['request', 'failed']);
    expect(store.answers).toEqual([]);
  });

  it('when a repeat cannot be recorded the stored answer stays', async () => {
    const { releaser, steps, store } = fixture();
    const request = newRequest();
    const first = await releaser.release(request, steps());
    store.failOn = 'repeat';
    await expect(releaser.release(request, steps())).rejects.toThrow('disk full');
    delete store.failOn;
    expect(await releaser.release(request, steps())).toEqual(first);
  });

  it('when a refusal cannot be recorded it is not said: the requester sees a fault', async () => {
    const { releaser, store } = fixture();
    store.failOn = 'refused';
    await expect(releaser.release(newRequest(), refusing('DUAL_CONTROL'))).rejects.toThrow('disk full');
    const refusal = releaser.refuse(newRequest(), new HalfkeyError('ROLE', 'no'));
    await expect(refusal).rejects.toThrow('disk full');
  });
});

describe('refusals', () => {
  it('are recorded with their code, and nothing of the warrant is believed', async () => {
    const { releaser, store } = fixture();
    const request = newRequest();
    await expect(releaser.release(request, refusing('TARGET_MISMATCH'))).rejects.toMatchObject({
      code: 'TARGET_MISMATCH',
    });
    expect(Object.keys(store.bodies()[0]!).sort()).toEqual(
      ['code', 'kind', 'operation', 'requestDigest', 'requestId', 'requester', 'time'].sort(),
    );
    expect(store.bodies()[0]).toMatchObject({ kind: 'refused', code: 'TARGET_MISMATCH' });
  });

  it('of a request that could not be read are recorded, too', async () => {
    const { releaser, store } = fixture();
    const error = await releaser.refuse(newRequest(), new HalfkeyError('BAD_REQUEST', 'no'));
    expect(error.code).toBe('BAD_REQUEST');
    expect(store.bodies()).toEqual([
      { kind: 'refused', operation: 'open-nonce', requester: 'f1', code: 'BAD_REQUEST', time: 1_700_000_000 },
    ]);
  });

  it('of the secret itself keep their exact code in the log and show the requester another', async () => {
    const { releaser, store, steps } = fixture();
    const failing = steps({}, () => {
      throw new HalfkeyError('IbeDecryptFailed', 'inside');
    });
    const outward = (): HalfkeyError => new HalfkeyError('XK_REFUSED', 'outside');
    await expect(releaser.release(newRequest(), { ...failing, outward })).rejects.toMatchObject({
      code: 'XK_REFUSED',
      message: 'outside',
    });
    expect(store.bodies()).toMatchObject([{ kind: 'request' }, { kind: 'failed', code: 'IbeDecryptFailed' }]);
  });

  it('a fault of ours is recorded as INTERNAL and loses its text', async () => {
    const { releaser, store, steps } = fixture();
    const failing = steps({}, () => {
      throw new Error('sip:alice@operator-a.example');
    });
    await expect(releaser.release(newRequest(), failing)).rejects.toMatchObject({
      code: 'INTERNAL',
      message: 'the request could not be worked on',
    });
    expect(JSON.stringify(store.bodies())).not.toContain('alice');
  });
});

describe('a warrant that ends while the answer was made', () => {
  it.each(['WARRANT_REVOKED', 'WARRANT_EXPIRED'] as const)('%s: recorded, and nothing leaves', async (code) => {
    const { releaser, store, steps } = fixture();
    const request = newRequest();
    let ended = false;
    const ending: ReleaseSteps<Authorised> = {
      ...steps(),
      authorise: async () => {
        if (ended) throw new HalfkeyError(code, 'no');
        return authorised();
      },
      answer: async () => {
        ended = true;
        return { secret: 'the secret' };
      },
      outward: () => new HalfkeyError('XK_REFUSED', 'outside'),
    };
    await expect(releaser.release(request, ending)).rejects.toMatchObject({ code });
    expect(store.bodies()).toMatchObject([{ kind: 'request' }, { kind: 'refused', code, warrant: WARRANT }]);
    expect(store.answers).toEqual([]);
    await expect(releaser.release(request, ending)).rejects.toMatchObject({ code });
    expect(store.kinds()).toEqual(['request', 'refused', 'refused']);
  });
});

describe('repeats, caps and questions', () => {
  it('a repeat gets the stored answer, is recorded, and the secret is not touched again', async () => {
    const { releaser, store, steps, trace } = fixture();
    const request = newRequest();
    const first = await releaser.release(request, steps());
    trace.length = 0;
    expect(await releaser.release(request, steps())).toEqual(first);
    expect(trace).toEqual(['authorise', 'record repeat', 'recorded repeat']);
    expect(store.bodies()[2]).toMatchObject({ kind: 'repeat', of: first.receipt.sequence });
  });

  it('a repeat after the warrant has ended is refused', async () => {
    const { releaser, store, steps } = fixture();
    const request = newRequest();
    await releaser.release(request, steps());
    await expect(releaser.release(request, refusing('TARGET_MISMATCH'))).rejects.toMatchObject({
      code: 'TARGET_MISMATCH',
    });
    expect(store.kinds()).toEqual(['request', 'answer', 'refused']);
  });

  it.each([
    ['content', { body: { asks: 'something else' } }],
    ['certificate', { client: { role: 'df', fingerprint: 'f2' } }],
  ])('a request id with another %s: REQUEST_CONFLICT', async (_, change) => {
    const { releaser, store, steps } = fixture();
    const request = newRequest();
    await releaser.release(request, steps());
    const other = { ...request, ...change };
    await expect(releaser.release(other, steps())).rejects.toMatchObject({ code: 'REQUEST_CONFLICT' });
    expect(store.kinds()).toEqual(['request', 'answer', 'refused']);
    expect(store.answers).toHaveLength(1);
  });

  it('a failed request may be sent again under its id, and counts for nothing', async () => {
    const { releaser, store, steps } = fixture();
    const request = newRequest();
    const failing = steps({ maxReleases: 1 }, () => {
      throw new HalfkeyError('UNAVAILABLE', 'not yet');
    });
    await expect(releaser.release(request, failing)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await releaser.release(request, steps({ maxReleases: 1 }));
    expect(store.kinds()).toEqual(['request', 'failed', 'request', 'answer']);
  });

  it('the cap counts first answers of this warrant only', async () => {
    const { releaser, steps } = fixture();
    const cap = { maxReleases: 2 };
    await releaser.release(newRequest(), steps({ ...cap, warrantDigest: 'ee'.repeat(32), question: { about: 'x' } }));
    const first = newRequest();
    await releaser.release(first, steps(cap));
    await releaser.release(newRequest(), steps({ ...cap, question: { about: 'call 2' } }));
    const third = releaser.release(newRequest(), steps({ ...cap, question: { about: 'call 3' } }));
    await expect(third).rejects.toMatchObject({ code: 'CAP_REACHED' });
    await expect(releaser.release(first, steps(cap))).resolves.toBeDefined();
  });

  it('one question has one content: ANSWERED_DIFFERENTLY, for whoever asks; the same content is answered again', async () => {
    const { releaser, store, steps } = fixture();
    await releaser.release(newRequest(), steps());
    const other = releaser.release(
      newRequest({ client: { role: 'df', fingerprint: 'f2' } }),
      steps({ warrantDigest: 'ee'.repeat(32), content: { octets: '01' } }),
    );
    await expect(other).rejects.toMatchObject({ code: 'ANSWERED_DIFFERENTLY' });
    await releaser.release(newRequest(), steps());
    expect(store.answers).toHaveLength(2);
  });

  it('the members of a question have no order', async () => {
    const { releaser, steps } = fixture();
    await releaser.release(newRequest(), steps({ question: { a: 1, b: 2 } }));
    const turned = steps({ question: { b: 2, a: 1 }, content: { octets: '01' } });
    await expect(releaser.release(newRequest(), turned)).rejects.toMatchObject({ code: 'ANSWERED_DIFFERENTLY' });
  });
});

describe('many at once', () => {
  it('are worked on one after the other: the same request gives one answer and repeats', async () => {
    const { releaser, store, steps } = fixture();
    const request = newRequest();
    const all = await Promise.all(Array.from({ length: 8 }, () => releaser.release(request, steps())));
    expect(new Set(all.map(({ answer }) => answer)).size).toBe(1);
    expect(store.kinds()).toEqual(['request', 'answer', ...Array.from({ length: 7 }, () => 'repeat')]);
  });

  it('cannot race the cap, and a refusal of one does not touch the next', async () => {
    const { releaser, store, steps } = fixture();
    const all = await Promise.allSettled([
      releaser.release(newRequest(), refusing('DUAL_CONTROL')),
      ...Array.from({ length: 4 }, () => releaser.release(newRequest(), steps({ maxReleases: 1 }))),
    ]);
    expect(all.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'rejected', 'rejected', 'rejected']);
    expect(store.answers).toHaveLength(1);
  });

  it('more than may wait: UNAVAILABLE, and the queue is free again afterwards', async () => {
    const { releaser, steps } = fixture({ queueLimit: 2 });
    const waiting = [releaser.release(newRequest(), steps()), releaser.release(newRequest(), steps())];
    await expect(releaser.release(newRequest(), steps())).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await Promise.all(waiting);
    await expect(releaser.release(newRequest(), steps())).resolves.toBeDefined();
  });
});

it('checkpoints are told place and name, in the order of the work', async () => {
  const seen: string[] = [];
  const store = memoryStore();
  const releaser = createReleaser({
    store,
    clock: () => 0,
    checkpoint: (place, name) => {
      seen.push(`${place}:${name}`);
    },
  });
  await releaser.release(newRequest(), { authorise: async () => authorised(), answer: async () => ({}) });
  await releaser.refuse(newRequest(), new HalfkeyError('ROLE', 'no'));
  expect(seen).toEqual(
    ['request', 'answer', 'refusal'].flatMap((place) =>
      ['before-write', 'before-commit', 'after-commit'].map((name) => `${place}:${name}`),
    ),
  );
});
