/** Limits of protocol profile 5.4: asked before a pairing, and given back when an exchange is over. */
import { describe, expect, it } from 'vitest';
import { identityFromText } from '../../../src/foundation/identity/index.ts';
import { CallLimits } from '../../../src/entity/endpoint/call-limits.ts';
import { emptyReplayCache, type ReplayCache } from '../../../src/protocol/ibake/index.ts';
import { exchangeOf, RawPeer } from './raw-peer.ts';
import { channelPair, keysOf, START, TwoClients } from './two-clients.ts';

/** Enters and opens: nothing waits. */
function opened(limits: CallLimits, caller: string, hop: string, nowMs: number) {
  const place = limits.enter(caller, hop, true, nowMs);
  place?.leaveQueue();
  return place;
}

describe('limits', () => {
  it('five a minute of one caller, thirty a minute over one hop, then again', () => {
    const limits = new CallLimits();
    const five = Array.from({ length: 6 }, (_, i) => {
      const place = opened(limits, 'a', 'hop', i);
      place?.release();
      return place !== undefined;
    });
    expect(five).toEqual([true, true, true, true, true, false]);
    for (let i = 0; i < 24; i++) opened(limits, `caller ${String(i)}`, 'hop', 10)?.release();
    expect(opened(limits, 'someone', 'hop', 20)).toBeUndefined();
    expect(opened(limits, 'someone', 'another hop', 20)).toBeDefined();
    expect(opened(limits, 'a', 'hop', 60_011)).toBeDefined();
  });

  it('four half-open of one caller, sixty-four in all; what is released is free again, once', () => {
    const limits = new CallLimits();
    const first = opened(limits, 'a', 'h0', 0);
    for (let i = 0; i < 3; i++) expect(opened(limits, 'a', 'h0', 0)).toBeDefined();
    expect(opened(limits, 'a', 'h1', 0)).toBeUndefined();
    first?.release();
    first?.release();
    expect(limits.halfOpen).toBe(3);
    for (let i = 0; i < 61; i++) expect(opened(limits, `b${String(i)}`, `h${String(2 + (i % 8))}`, 0)).toBeDefined();
    expect(limits.halfOpen).toBe(64);
    expect(opened(limits, 'last', 'h20', 0)).toBeUndefined();
  });

  it('one decryption and ten in the queue; over a hop that is not authenticated nothing waits', () => {
    const limits = new CallLimits();
    const places = Array.from({ length: 12 }, (_, i) => limits.enter(`c${String(i)}`, `h${String(i)}`, true, 0));
    expect(places.filter((place) => place !== undefined)).toHaveLength(11);
    expect(limits.enter('x', 'hx', false, 0)).toBeUndefined();
    for (const place of places) place?.leaveQueue();
    expect(limits.enter('x', 'hx', false, 0)).toBeDefined();
    expect(limits.enter('y', 'hy', false, 0)).toBeUndefined();
    for (const place of places) place?.release();
    expect(limits.halfOpen).toBe(1);
  });
});

describe('a callee under load', () => {
  it('503 to a sixth invitation of a minute, before any pairing; another caller is answered', async () => {
    const clients = new TwoClients();
    const peer = new RawPeer(clients);
    const exchange = exchangeOf(clients);
    for (let i = 0; i < 4; i++) {
      const { progress } = await peer.invite(exchange, { callId: `call ${String(i)}`.replace(' ', '-') });
      expect(progress.status).toBe(183);
    }
    // The fifth would be a half-open exchange too many of this caller.
    expect((await peer.invite(exchange, { callId: 'fifth' })).progress.status).toBe(503);
    expect(clients.results.at(-1)).toEqual({ outcome: 'failed', code: 'EndpointBusy', ibeMs: 0 });
    const carol = exchangeOf(clients, keysOf(identityFromText('sip:carol@operator-a.example')));
    expect((await new RawPeer(clients).invite(carol, { callId: 'carol' })).progress.status).toBe(183);
    await clients.settle();
    expect(clients.callee.pending).toEqual({ calls: 0, timers: 0, transactions: 0 });
  });

  it('answers the requests of its calls, and the CANCEL of one, while a stranger has filled the table', async () => {
    const clients = new TwoClients();
    const peer = new RawPeer(clients);
    const exchange = exchangeOf(clients);
    const { keys, rseq, toTag } = await peer.invite(exchange, { callId: 'running' });
    const branch = 'z9hG4bKcancelled';
    await peer.invite(exchange, { callId: 'cancelled', branch });
    const stranger = new RawPeer(clients);
    for (let i = 0; i < 1100; i++) stranger.send({ method: 'OPTIONS', callId: `flood-${String(i)}` });
    await clients.time.pass(10);
    expect(stranger.received.length).toBeLessThan(1024);
    peer.received.length = 0;
    peer.send({ method: 'PRACK', callId: 'running', toTag, cseq: 2, headers: [`RAck: ${rseq} 1 INVITE`] });
    expect((await peer.next()).cseq.method).toBe('PRACK');
    peer.send({ method: 'CANCEL', callId: 'cancelled', branch });
    expect(await peer.next()).toMatchObject({ status: 200, cseq: { method: 'CANCEL' } });
    keys.close();
    await clients.settle();
    expect(clients.callee.pending).toEqual({ calls: 0, timers: 0, transactions: 0 });
  });

  it('tells a connection that a whole message has come: half of one and keep-alives are none', async () => {
    const clients = new TwoClients();
    const [here, there] = [
      { address: '192.0.2.1', port: 1 },
      { address: '192.0.2.2', port: 5060 },
    ];
    const { caller, callee } = channelPair(here, there, () => undefined);
    let heard = 0;
    const serving = clients.callee.attach({ ...callee, heard: () => (heard += 1) });
    const message = Buffer.from(new RawPeer(clients).text({ method: 'OPTIONS' }), 'latin1');
    for (const octets of [Buffer.from('\r\n\r\n'), message.subarray(0, 40)]) await caller.send(octets);
    await clients.time.pass(10);
    expect(heard).toBe(0);
    await caller.send(message.subarray(40));
    await clients.time.pass(10);
    expect(heard).toBe(1);
    caller.close();
    await serving;
    await clients.settle();
  });

  it('T3 what was opened is kept, and refused after a restart; without it everything from before the start + window', async () => {
    const saved: ReplayCache[] = [];
    const first = new TwoClients({
      callee: { replay: { initial: emptyReplayCache(), save: (cache) => saved.push(cache) } },
    });
    expect(await first.call()).toMatchObject({ outcome: 'completed' });
    expect(saved).toHaveLength(1);
    expect(JSON.stringify([...(saved[0]?.entries ?? [])])).not.toMatch(/alice|bob/);
    const restarted = new TwoClients({ callee: { replay: { initial: emptyReplayCache(START / 1000 + 300) } } });
    expect(await restarted.call()).toMatchObject({ outcome: 'timeout' });
    expect(restarted.results).toMatchObject([{ code: 'Replay' }]);
    await first.settle();
    await restarted.settle();
  });
});
