/**
 * One INVITE, several devices (RFC 3261 16, protocol profile 6.1): a branch each, with I_MESSAGE_2 in each; the first
 * answer is the call, and the others leave nothing.
 */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { identityFromText } from '../../../src/foundation/identity/index.ts';
import { createCallee, type CallResult } from '../../../src/entity/endpoint/index.ts';
import { createSipStream, type SipMessage } from '../../../src/protocol/signalling/index.ts';
import { secretsLeft } from './secrets.ts';
import { channelPair, keysOf, TwoClients } from './two-clients.ts';

vi.mock('../../../src/foundation/base/secret.ts', async (original) => {
  const { trackSecrets } = await import('./secrets.ts');
  return trackSecrets(await original());
});

const clients = new TwoClients();
afterEach(async () => {
  await clients.time.pass(70_000);
  expect(secretsLeft()).toEqual([]);
});

/** A proxy that sends an INVITE to every device; what is in a dialog goes to the one that its request line names. */
function fork(devices: readonly { readonly ringMs: number }[]) {
  const results: CallResult[][] = devices.map(() => []);
  const toProxy = { address: '192.0.2.8', port: 5060 };
  const front = channelPair({ address: '192.0.2.1', port: 1 }, toProxy, () => undefined);
  const seen: string[] = [];
  const legs = devices.map(({ ringMs }, i) => {
    const contact = { address: '192.0.2.2', port: 6000 + i };
    const callee = createCallee({
      keys: keysOf(identityFromText(`sip:bob@operator-b.example;gr=device${String(i)}`)),
      speech: clients.calleeSpeech,
      media: () => clients.net.media(),
      clock: clients.time.clock,
      scheduler: clients.time,
      contact,
      replay: { initial: { refuseBefore: 0, entries: new Map() } },
      authenticatedHops: true,
      ringMs,
      onResult: (result) => results[i]?.push(result),
    });
    const leg = channelPair(toProxy, contact, () => undefined);
    void callee.attach(leg.callee);
    const stream = createSipStream();
    void (async () => {
      for await (const chunk of leg.caller.chunks) {
        const [message] = stream.push(chunk);
        if (message === undefined) continue;
        seen.push(`${String(i)} ${name(message)}`);
        // A proxy keeps refusals of single branches to itself (RFC 3261 16.7).
        if (message.cseq.method !== 'INVITE' || (message.status ?? 0) < 300)
          front.callee.send(chunk).catch(() => undefined);
      }
    })();
    return { callee, leg, contact };
  });
  const stream = createSipStream();
  void (async () => {
    for await (const chunk of front.callee.chunks) {
      for (const message of stream.push(chunk)) {
        const uri = message.requestUri ?? '';
        const named = legs.filter(({ contact }) => uri.includes(`:${String(contact.port)};`));
        for (const [i, { leg }] of legs.entries()) {
          if (named.length > 0 && named[0] !== legs[i]) continue;
          seen.push(`> ${String(i)} ${name(message)}`);
          // It takes its time, so that answers cross what is said to end them.
          clients.time.after(5, () => {
            leg.caller.send(chunk).catch(() => undefined);
          });
        }
      }
    }
  })();
  return { channel: front.caller, results, seen };
}

const name = (message: SipMessage): string =>
  message.kind === 'request' ? message.method : `${String(message.status)} ${message.cseq.method}`;

describe('forking', () => {
  it('two devices, each with its own keys: the one that answers first has the call, the other an end', async () => {
    const { channel, results, seen } = fork([{ ringMs: 3000 }, { ringMs: 1000 }]);
    const result = await clients.time.run(clients.place({ channel }));
    expect(result).toMatchObject({ outcome: 'completed', peer: { text: 'sip:bob@operator-b.example;gr=device1' } });
    await clients.time.pass(5000);
    expect(results[1]).toMatchObject([{ outcome: 'completed' }]);
    expect(results[0]).toMatchObject([{ outcome: 'cancelled' }]);
    expect(seen.filter((step) => step.endsWith(' PRACK') && step.startsWith('>'))).toEqual(['> 0 PRACK', '> 1 PRACK']);
    expect(seen).toContain('> 0 BYE');
  });

  it('two devices that answer at the same time: the second answer is acknowledged and ended', async () => {
    const { channel, results, seen } = fork([{ ringMs: 1000 }, { ringMs: 1000 }]);
    expect(await clients.time.run(clients.place({ channel }))).toMatchObject({ outcome: 'completed' });
    await clients.time.pass(5000);
    expect(results.flat().filter(({ outcome }) => outcome === 'completed').length).toBeGreaterThanOrEqual(1);
    expect(seen.filter((step) => /^> \d ACK/.test(step)).length).toBe(2);
    expect(seen.filter((step) => /^> \d BYE/.test(step)).length).toBeGreaterThanOrEqual(2);
    expect(clients.net.open).toBe(0);
  });

  it('a ninth device is not given keys, and the call works', async () => {
    const { channel, seen } = fork(Array.from({ length: 9 }, (_, i) => ({ ringMs: 2000 + 100 * i })));
    expect(await clients.time.run(clients.place({ channel }))).toMatchObject({ outcome: 'completed' });
    expect(seen.filter((step) => /^> \d PRACK/.test(step))).toHaveLength(8);
  });
});
