/** Whatever happens on the way: no call with a changed message, no secret left, nothing thrown, and the next call works. */
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { secretsLeft } from './secrets.ts';
import { mikeyOf, TwoClients, withBody } from './two-clients.ts';

vi.mock('../../../src/foundation/base/secret.ts', async (original) => {
  const { trackSecrets } = await import('./secrets.ts');
  return trackSecrets(await original());
});

describe('a wire that changes things', () => {
  it('P6 one bit of one of the four messages: there is no call', async () => {
    const clients = new TwoClients();
    const run = fc.asyncProperty(fc.integer({ min: 22, max: 25 }), fc.nat(), fc.nat(7), async (type, place, bit) => {
      let changed = false;
      clients.wire = (message, octets) => {
        const mikey = mikeyOf(message);
        if (changed || mikey?.[1] !== type) return undefined;
        changed = true;
        const flipped = mikey.map((octet, i) => (i === place % mikey.length ? octet ^ (1 << bit) : octet));
        const text = Buffer.from(flipped).toString('base64');
        return [withBody(octets, (body) => body.replace(/(key-mgmt:mikey )\S+/, `$1${text}`))];
      };
      await clients.time.pass(61_000);
      const { outcome } = await clients.call();
      expect(changed).toBe(true);
      // R_MESSAGE_1 that comes again was not changed: the branch was ended before.
      expect(outcome).not.toBe('completed');
      await clients.time.pass(33_000);
      expect(secretsLeft()).toEqual([]);
    });
    await fc.assert(run, { numRuns: 24, seed: 6267 });
    clients.wire = () => undefined;
    await clients.time.pass(61_000);
    expect(await clients.call()).toMatchObject({ outcome: 'completed' });
  });

  it('octets of SIP messages, in either direction: whatever comes of it, nothing is left', async () => {
    const clients = new TwoClients();
    const run = fc.asyncProperty(fc.nat(7), fc.nat(), fc.string({ maxLength: 3 }), async (which, place, change) => {
      let seen = 0;
      clients.wire = (_message, octets) => {
        if (seen++ !== which) return undefined;
        const text = Buffer.from(octets).toString('latin1');
        const at = place % text.length;
        return [new Uint8Array(Buffer.from(text.slice(0, at) + change + text.slice(at + change.length), 'latin1'))];
      };
      await clients.time.pass(61_000);
      const { outcome } = await clients.call();
      expect(['completed', 'refused', 'failed', 'timeout', 'cancelled']).toContain(outcome);
      await clients.time.pass(70_000);
      expect(secretsLeft()).toEqual([]);
      expect(clients.net.open).toBe(0);
    });
    await fc.assert(run, { numRuns: 24, seed: 3261 });
    clients.wire = () => undefined;
    expect(await clients.call()).toMatchObject({ outcome: 'completed' });
    await clients.settle();
    expect(clients.callee.pending).toEqual({ calls: 0, timers: 0, transactions: 0 });
  });
});
