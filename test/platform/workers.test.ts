import { afterEach, describe, expect, it } from 'vitest';
import { startWorkers, type WorkerPool } from '../../src/platform/index.ts';
import { coded } from './support.ts';

let pool: WorkerPool<string, string>;
const start = async (count: number): Promise<void> => {
  const file = new URL('./echo-thread.mjs', import.meta.url);
  pool = await startWorkers<object, string, string>(file, count, (send) => send({}, []));
};
afterEach(() => pool.close());

describe('a thread that ends', () => {
  it('fails its own task and gets no other: the next ones run in those that are left', async () => {
    await start(2);
    await expect(pool.run('fall')).rejects.toThrow(coded('INTERNAL'));
    const answers = [await pool.run('a'), ...(await Promise.all(['b', 'c', 'd'].map((task) => pool.run(task))))];
    expect(answers.map((answer) => answer.split(' ')[0])).toEqual(['a', 'b', 'c', 'd']);
    expect(new Set(answers.map((answer) => answer.split(' ')[1])).size).toBe(1);
  });

  it('fails every task when it was the last, also those that wait', async () => {
    await start(2);
    const outcomes = await Promise.allSettled(['fall', 'fall', 'a', 'b'].map((task) => pool.run(task)));
    expect(outcomes).toEqual(outcomes.map(() => ({ status: 'rejected', reason: coded('INTERNAL') })));
    await expect(pool.run('c')).rejects.toThrow(coded('INTERNAL'));
  });
});
