import { describe, expect, it } from 'vitest';
import { HalfkeyError } from '../../../src/foundation/base/index.ts';
import { createReleaser, gate, type Gate } from '../../../src/trust/release/index.ts';
import { answerKey, authorised, memoryStore, newRequest, type MemoryStore } from './support.ts';

const df = { role: 'df', fingerprint: 'f1' };

interface Fixture extends Gate {
  readonly store: MemoryStore;
  readonly slept: number[];
  readonly touched: string[];
  /** Milliseconds that the next decision takes. */
  takes: number;
}

/** A gate with a clock that only stands still or jumps. */
function fixture(refusalFloorMs?: number): Fixture {
  const store = memoryStore();
  let now = 1000;
  const [slept, touched]: [number[], string[]] = [[], []];
  const self = { store, slept, touched, takes: 0 };
  const made = gate(
    {
      releaser: createReleaser({ store, clock: () => 0 }),
      monotonicMs: () => now,
      sleep: async (ms) => {
        slept.push(ms);
      },
      ...(refusalFloorMs === undefined ? {} : { refusalFloorMs }),
    },
    {
      operation: 'decrypt',
      roles: ['df'],
      parse(body) {
        now += self.takes;
        if (typeof body !== 'object' || body === null) throw new HalfkeyError('BAD_REQUEST', 'the body: invalid_type');
        return body as { requestId: string; answerKey: typeof answerKey; steps?: string };
      },
      steps({ steps }) {
        if (steps === 'none') throw new HalfkeyError('NOT_THIS_CUSTODY', 'not here');
        return {
          authorise: async () => {
            if (steps === 'refuse') throw new HalfkeyError('DUAL_CONTROL', 'no');
            return authorised();
          },
          answer: async () => {
            touched.push('secret');
            return {};
          },
        };
      },
    },
  );
  return Object.assign(self, made);
}

const request = (more: object = {}): object => ({ requestId: newRequest().requestId, answerKey, ...more });

describe('what the gate refuses is recorded before anything is decided', () => {
  it('a client of another role: ROLE, and its body is not looked at', async () => {
    const { handle, store } = fixture();
    await expect(handle(request(), { role: 'auditor', fingerprint: 'f2' })).rejects.toMatchObject({ code: 'ROLE' });
    await expect(handle('garbage', { role: '', fingerprint: 'f2' })).rejects.toMatchObject({ code: 'ROLE' });
    expect(store.bodies()).toMatchObject([
      { kind: 'refused', operation: 'decrypt', requester: 'f2', code: 'ROLE' },
      { kind: 'refused', code: 'ROLE' },
    ]);
  });

  it('a body of the wrong form: BAD_REQUEST', async () => {
    const { handle, store } = fixture();
    await expect(handle(null, df)).rejects.toMatchObject({ code: 'BAD_REQUEST' });
    expect(store.bodies()).toMatchObject([{ kind: 'refused', code: 'BAD_REQUEST' }]);
  });

  it('a body that could not be read, unless the role is wrong already', async () => {
    const { unreadable, store } = fixture();
    const error = new HalfkeyError('BAD_REQUEST', 'the body is not JSON in UTF-8');
    await expect(unreadable(error, df)).rejects.toBe(error);
    await expect(unreadable(error, { ...df, role: 'tap' })).rejects.toMatchObject({ code: 'ROLE' });
    expect(store.bodies().map(({ code }) => code)).toEqual(['BAD_REQUEST', 'ROLE']);
  });

  it('what the holder does not answer: NOT_THIS_CUSTODY', async () => {
    const { handle, store } = fixture();
    await expect(handle(request({ steps: 'none' }), df)).rejects.toMatchObject({ code: 'NOT_THIS_CUSTODY' });
    expect(store.kinds()).toEqual(['refused']);
  });

  it('an answer key off the curve: BAD_REQUEST, the secret is not touched', async () => {
    const { handle, store, touched } = fixture();
    const bad = { ...answerKey, y: answerKey.x };
    await expect(handle(request({ answerKey: bad }), df)).rejects.toMatchObject({ code: 'BAD_REQUEST' });
    expect(store.kinds()).toEqual(['refused']);
    expect(touched).toEqual([]);
  });
});

describe('5.3 T18 the moment at which a refusal leaves', () => {
  it.each([
    ['a wrong role', request(), { ...df, role: 'ue' }],
    ['a wrong form', null, df],
    ['a refusal of the warrant', request({ steps: 'refuse' }), df],
    ['another custody', request({ steps: 'none' }), df],
  ] as const)('is the floor after it came, whatever the cause: %s', async (_, body, client) => {
    const { handle, slept } = fixture();
    await expect(handle(body, client)).rejects.toThrow();
    expect(slept).toEqual([50]);
  });

  it('counts what the work has taken, and adds nothing to what took longer', async () => {
    const quick = fixture(80);
    quick.takes = 30;
    await expect(quick.handle(null, df)).rejects.toThrow();
    expect(quick.slept).toEqual([50]);
    const slow = fixture(80);
    slow.takes = 90;
    await expect(slow.handle(null, df)).rejects.toThrow();
    expect(slow.slept).toEqual([]);
  });

  it('answers are not delayed', async () => {
    const { handle, slept, store } = fixture();
    await handle(request(), df);
    expect(store.kinds()).toEqual(['request', 'answer']);
    expect(slept).toEqual([]);
  });

  it('a fault of ours leaves no earlier than a refusal', async () => {
    const { handle, store, slept } = fixture();
    store.failOn = 'request';
    await expect(handle(request(), df)).rejects.toThrow('disk full');
    expect(slept).toEqual([50]);
  });
});
