import { describe, expect, it } from 'vitest';
import { toHex } from '../../../src/foundation/base/index.ts';
import { TwoClients } from './two-clients.ts';

describe('a call', () => {
  it('is set up by the four messages, carries speech both ways, and leaves nothing', async () => {
    const clients = new TwoClients();
    const result = await clients.call();
    expect(result).toMatchObject({ outcome: 'completed', endedBy: 'us' });
    expect(toHex(result.recording!.subarray(58))).toBe(toHex(clients.calleeSpeech));
    await clients.settle();
    expect(clients.callee.pending).toEqual({ calls: 0, timers: 0, transactions: 0 });
  });
});
