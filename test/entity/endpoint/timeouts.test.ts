/** A peer that dies at any message (protocol profile 4.3): 64*T1 later nothing of the call is left, and the next one works. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { secretsLeft, secretsMade } from './secrets.ts';
import { TwoClients, withBody, type Wire } from './two-clients.ts';

vi.mock('../../../src/foundation/base/secret.ts', async (original) => {
  const { trackSecrets } = await import('./secrets.ts');
  return trackSecrets(await original());
});

const TIMEOUT = 32_000;
let clients: TwoClients;

afterEach(async () => {
  expect(secretsMade()).toBeGreaterThan(0);
  clients.wire = () => undefined;
  clients.net.onWire = (octets) => [octets];
  await clients.time.pass(61_000);
  expect(await clients.call()).toMatchObject({ outcome: 'completed' });
  await clients.settle();
  expect(clients.callee.pending).toEqual({ calls: 0, timers: 0, transactions: 0 });
});

/** From the message of that number on (counted from 0) nothing passes any more, neither SIP nor media. */
function dieAt(number: number): { readonly diedMs: () => number } {
  let seen = 0;
  let diedMs = -1;
  clients.wire = () => {
    if (seen++ < number) return undefined;
    if (diedMs < 0) diedMs = clients.time.nowMs;
    return [];
  };
  clients.net.onWire = (octets) => (diedMs < 0 ? [octets] : []);
  return { diedMs: () => diedMs };
}

describe('a peer that dies', () => {
  it.each([
    [0, 'INVITE', 'timeout'],
    [1, '183', 'timeout'],
    [2, 'PRACK', 'timeout'],
    [3, '200 to PRACK', 'timeout'],
    [4, '200 to INVITE', 'timeout'],
    [5, 'ACK', 'completed'],
    [6, 'BYE', 'completed'],
    [7, '200 to BYE', 'completed'],
  ] as const)('at message %i, %s', async (number, _name, outcome) => {
    clients = new TwoClients();
    const { diedMs } = dieAt(number);
    const call = clients.place();
    let result: unknown;
    void call.then((ended) => (result = ended));
    while (diedMs() < 0) await clients.time.pass(10);
    await clients.time.pass(TIMEOUT + 100);
    expect(secretsLeft()).toEqual([]);
    expect(clients.net.ports.size).toBe(0);
    // What was said to end the call is waited for once more, without a secret.
    await clients.time.pass(TIMEOUT + 100);
    expect(result).toMatchObject({ outcome });
    expect(clients.results).toHaveLength(number === 0 ? 0 : 1);
    expect(clients.net.open).toBe(0);
  });

  it('while both speak', async () => {
    clients = new TwoClients({ callee: { speech: new Uint8Array(800_000).fill(2) } });
    clients.callerSpeech = new Uint8Array(800_000).fill(1);
    const call = clients.place();
    await clients.time.pass(4000);
    clients.wire = () => [];
    clients.net.onWire = () => [];
    await clients.time.pass(TIMEOUT);
    expect(secretsLeft()).toEqual([]);
    expect(await clients.time.run(call)).toMatchObject({ outcome: 'completed', endedBy: 'us' });
  });

  it('while it rings: signs of life are given every 20 s, and missed after 64*T1', async () => {
    clients = new TwoClients({ callee: { ringMs: 60_000 } });
    const call = clients.place();
    await clients.time.pass(50_000);
    expect(secretsLeft().length).toBeGreaterThan(0);
    expect(clients.ladder.filter((step) => step === 'callee 180 INVITE')).toHaveLength(3);
    clients.wire = () => [];
    await clients.time.pass(TIMEOUT);
    expect(await clients.time.run(call)).toMatchObject({ outcome: 'timeout', code: 'CALL_TIMEOUT' });
    await clients.time.pass(TIMEOUT);
    expect(secretsLeft()).toEqual([]);
  });

  it('after a PRACK without I_MESSAGE_2: y is gone 64*T1 after R_MESSAGE_1, and the INVITE gets 504', async () => {
    clients = new TwoClients();
    clients.wire = (message, octets) => (message.method === 'PRACK' ? [withBody(octets, () => '')] : undefined);
    const call = clients.place();
    await clients.time.pass(TIMEOUT + 100);
    await clients.time.run(call);
    expect(clients.results[0]).toMatchObject({ outcome: 'cancelled' });
    expect(secretsLeft()).toEqual([]);
  });
});

describe('a peer that takes its time', () => {
  it('N77 R_MESSAGE_1 after 400 s of ringing: accepted', async () => {
    clients = new TwoClients();
    let held: Uint8Array | undefined;
    const channel = clients.connect();
    const ringing = (): void => {
      const text = Buffer.from(held ?? []).toString('latin1');
      const ring = text.replace('183 Session Progress', '180 Ringing').replace(/Require: 100rel\r\nRSeq: \d+\r\n/, '');
      deliver(withBody(new Uint8Array(Buffer.from(ring, 'latin1')), () => ''));
    };
    const wire: Wire = (message, octets, from) => {
      if (from === 'caller') return undefined;
      // The other side seems to ring for 400 s; that it gives up meanwhile is not told.
      if (message.status !== 183 || held !== undefined) return [];
      held = octets;
      for (let ms = 0; ms <= 400_000; ms += 30_000) clients.time.after(ms, ringing);
      clients.time.after(400_000, () => {
        deliver(octets);
      });
      return [];
    };
    clients.wire = wire;
    const deliver = clients.deliverToCaller(channel);
    const call = clients.place({ channel });
    await clients.time.pass(400_100);
    expect(clients.callerEvents.map(({ name }) => name).filter((name) => name !== undefined)).toEqual([
      'I_MESSAGE_1',
      'R_MESSAGE_1',
      'I_MESSAGE_2',
    ]);
    // Whoever has sent it has given up long since.
    expect(await clients.time.run(call)).toMatchObject({ outcome: 'timeout' });
    await clients.time.pass(1000);
    expect(secretsLeft()).toEqual([]);
  });
});
