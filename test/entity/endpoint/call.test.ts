import { afterEach, describe, expect, it, vi } from 'vitest';
import { HalfkeyError, toHex } from '../../../src/foundation/base/index.ts';
import { identityFromText } from '../../../src/foundation/identity/index.ts';
import { secretsLeft, secretsMade } from './secrets.ts';
import { ALICE, BOB, keysOf, TwoClients, type Wire } from './two-clients.ts';

vi.mock('../../../src/foundation/base/secret.ts', async (original) => {
  const { trackSecrets } = await import('./secrets.ts');
  return trackSecrets(await original());
});

const LADDER = [
  'caller INVITE',
  'callee 183 INVITE',
  'caller PRACK',
  'callee 200 PRACK',
  'callee 200 INVITE',
  'caller ACK',
  'caller BYE',
  'callee 200 BYE',
];
const NOTHING = { calls: 0, timers: 0, transactions: 0 };
const samples = (wav: Uint8Array | undefined): string => toHex((wav ?? new Uint8Array(58)).subarray(58));

let clients: TwoClients;
afterEach(async () => {
  await clients.settle();
  expect(clients.callee.pending).toEqual(NOTHING);
  expect(clients.time.timers).toBe(0);
  expect(clients.net.open).toBe(0);
  expect(clients.net.ports.size).toBe(0);
  expect(secretsLeft()).toEqual([]);
  expect(secretsMade()).toBeGreaterThan(0);
});

describe('a call', () => {
  it('is set up by the four messages, carries speech both ways, and leaves nothing', async () => {
    clients = new TwoClients();
    const result = await clients.call();
    expect(clients.ladder).toEqual(LADDER);
    expect(result).toMatchObject({ outcome: 'completed', endedBy: 'us', peer: BOB });
    expect(clients.results).toMatchObject([{ outcome: 'completed', endedBy: 'peer', peer: ALICE }]);
    expect(samples(result.recording)).toBe(toHex(clients.calleeSpeech));
    expect(samples(clients.results[0]?.recording)).toBe(toHex(clients.callerSpeech));
    expect(result.statistics).toMatchObject({ sentPackets: 5, receivedPackets: 7, lostPackets: 0, droppedPackets: 0 });
  });

  it('tells of each message by name, size and time, and of no identity, key or nonce', async () => {
    clients = new TwoClients();
    await clients.call();
    const named = clients.callerEvents.filter(({ name }) => name !== undefined);
    expect(named.map(({ name, direction }) => `${direction} ${String(name)}`)).toEqual([
      'sent I_MESSAGE_1',
      'received R_MESSAGE_1',
      'sent I_MESSAGE_2',
      'received R_MESSAGE_2',
    ]);
    expect(named.map(({ octets }) => octets)).toEqual(
      clients.calleeEvents.filter(({ name }) => name !== undefined).map(({ octets }) => octets),
    );
    expect(clients.calleeEvents.map(({ sip }) => sip)).toEqual([
      'INVITE',
      '183 INVITE',
      'PRACK',
      '200 PRACK',
      '200 INVITE',
      'ACK',
      'BYE',
      '200 BYE',
    ]);
    expect(JSON.stringify([clients.callerEvents, clients.calleeEvents])).not.toMatch(/alice|bob|operator|secret/i);
  });

  it('says nothing in SIP that is not needed: random tags, Call-ID and CNAME, no user agent', async () => {
    clients = new TwoClients();
    await clients.call();
    const [invite] = clients.sip;
    expect(invite?.message.headers.map(({ name }) => name)).toEqual([
      'Via',
      'Max-Forwards',
      'From',
      'To',
      'Call-ID',
      'CSeq',
      'Contact',
      'Allow',
      'Supported',
      'Require',
      'Content-Type',
    ]);
    expect(new Set(clients.sip.map(({ message }) => message.callId)).size).toBe(1);
  });

  it('follows another, and another', async () => {
    clients = new TwoClients();
    for (let i = 0; i < 3; i++) {
      expect(await clients.call()).toMatchObject({ outcome: 'completed' });
      await clients.time.pass(1000);
      expect(clients.callee.pending.calls).toBe(0);
      expect(clients.callee.pending.transactions).toBe(3 * (i + 1)); // what repeats is answered for 64*T1
      expect(secretsLeft()).toEqual([]);
    }
  });

  it.each([
    ['P-384', { curve: 11 as const }],
    ['P-521', { curve: 14 as const }],
    ['AES_256_CM_HMAC_SHA1_80', { suite: 'AES_256_CM_HMAC_SHA1_80' as const }],
    ['AES_CM_128_HMAC_SHA1_32', { suite: 'AES_CM_128_HMAC_SHA1_32' as const }],
  ])('with %s', async (_name, offer) => {
    clients = new TwoClients();
    const result = await clients.call({ offer });
    expect(samples(result.recording)).toBe(toHex(clients.calleeSpeech));
  });

  it('works where neither side has a master secret: no nonce is sent', async () => {
    clients = new TwoClients({
      caller: keysOf(ALICE, { nonces: false }),
      callee: { keys: keysOf(BOB, { nonces: false }) },
    });
    expect(await clients.call()).toMatchObject({ outcome: 'completed' });
  });

  it('of a device that answers for its user: the answering identity is proved', async () => {
    const device = identityFromText('sip:bob@operator-b.example;gr=kx81');
    clients = new TwoClients({ callee: { keys: keysOf(device) } });
    expect(await clients.call()).toMatchObject({ outcome: 'completed', peer: device });
  });

  it('RTCP goes over the port of RTP where both have said so', async () => {
    clients = new TwoClients({ callee: { media: () => clients.net.media(true) } });
    const result = await clients.call({ media: () => clients.net.media(true) });
    expect(result.statistics).toMatchObject({ receivedReports: 1, droppedPackets: 0, receivedPackets: 7 });
    expect(Buffer.from(clients.sip[0]?.message.body ?? []).toString()).toContain('a=rtcp-mux');
  });

  it('RTCP is not sent over the port of RTP to one who has not said so', async () => {
    clients = new TwoClients();
    const result = await clients.call({ media: () => clients.net.media(true) });
    expect(result).toMatchObject({ outcome: 'completed', statistics: { sentReports: 0, droppedPackets: 0 } });
  });

  it('advertises the address of a relay in its SDP and in Contact', async () => {
    const advertise = { address: '198.51.100.9', rtpPort: 7000, rtcpPort: 7010 };
    clients = new TwoClients();
    await clients.call({
      media: async () => ({ ...(await clients.net.media()), advertise }),
      contact: { address: '2001:db8::1', port: 5070 },
    });
    const invite = Buffer.from(clients.sip[0]?.message.body ?? []).toString();
    expect(invite).toContain('c=IN IP4 198.51.100.9');
    expect(invite).toContain('m=audio 7000 RTP/SAVP 0');
    expect(invite).toContain('a=rtcp:7010');
    expect(clients.sip[0]?.message.headers.find(({ name }) => name === 'Contact')?.value).toMatch(
      /^<sip:[0-9a-f]{24}@\[2001:db8::1\]:5070;transport=tcp>$/,
    );
  });

  it('hears the other side out before it hangs up, and reports every five seconds', async () => {
    clients = new TwoClients({ callee: { speech: new Uint8Array(8 * 12_000).fill(0x55) } });
    const result = await clients.call();
    expect(result.recording?.length).toBe(58 + 96_000);
    expect(result.statistics).toMatchObject({ sentReports: 4, receivedReports: 3, lostAtPeer: 0 });
    expect(clients.time.nowMs).toBeGreaterThan(12_000);
  });

  it('keeps the PCM of a last short packet: nothing is padded', async () => {
    clients = new TwoClients();
    clients.callerSpeech = clients.callerSpeech.subarray(0, 321);
    await clients.call();
    expect(samples(clients.results[0]?.recording)).toBe(toHex(clients.callerSpeech));
  });
});

describe('how a call ends', () => {
  it('the callee rings before it answers', async () => {
    clients = new TwoClients({ callee: { ringMs: 20_000 } });
    const result = await clients.call();
    expect(result.outcome).toBe('completed');
    expect(clients.ladder).toContain('callee 180 INVITE');
    expect(clients.time.nowMs).toBeGreaterThan(20_000);
  });

  it('a caller who gives up while it rings sends CANCEL, and no key is left then', async () => {
    clients = new TwoClients({ callee: { ringMs: 20_000 } });
    const abort = new AbortController();
    const call = clients.place({ signal: abort.signal });
    await clients.time.pass(5000);
    expect(secretsLeft().length).toBeGreaterThan(0);
    abort.abort();
    expect(await clients.time.run(call)).toMatchObject({ outcome: 'cancelled' });
    await clients.time.pass(100);
    expect(clients.ladder.slice(-4)).toEqual(['caller CANCEL', 'callee 200 CANCEL', 'callee 487 INVITE', 'caller ACK']);
    expect(clients.results).toMatchObject([{ outcome: 'cancelled' }]);
    expect(secretsLeft()).toEqual([]);
  });

  it('a caller who gives up at once waits for a sign of life before CANCEL', async () => {
    clients = new TwoClients();
    const abort = new AbortController();
    abort.abort();
    expect(await clients.call({ signal: abort.signal })).toMatchObject({ outcome: 'cancelled' });
    expect(clients.ladder.slice(0, 3)).toEqual(['caller INVITE', 'callee 183 INVITE', 'caller CANCEL']);
    expect(clients.net.open).toBe(0);
  });

  it('a caller hangs up while it speaks', async () => {
    clients = new TwoClients();
    clients.callerSpeech = new Uint8Array(80_000).fill(1);
    const abort = new AbortController();
    const call = clients.place({ signal: abort.signal });
    await clients.time.pass(2000);
    abort.abort();
    const result = await clients.time.run(call);
    expect(result).toMatchObject({ outcome: 'completed', endedBy: 'us' });
    expect(clients.time.nowMs).toBeLessThan(3000);
  });

  it('the callee hangs up', async () => {
    clients = new TwoClients();
    clients.callerSpeech = new Uint8Array(80_000).fill(1);
    const call = clients.place();
    await clients.time.pass(2000);
    clients.callee.hangUp();
    expect(await clients.time.run(call)).toMatchObject({ outcome: 'completed', endedBy: 'peer' });
    expect(clients.results).toMatchObject([{ outcome: 'completed', endedBy: 'us' }]);
  });

  it('the callee refuses what still rings when it is told to stop', async () => {
    clients = new TwoClients({ callee: { ringMs: 20_000 } });
    const call = clients.place();
    await clients.time.pass(2000);
    clients.callee.hangUp();
    expect(await clients.time.run(call)).toMatchObject({ outcome: 'busy', status: 486 });
  });

  it('486 to a second call; the first one goes on', async () => {
    clients = new TwoClients();
    clients.callerSpeech = new Uint8Array(40_000).fill(1);
    const first = clients.place();
    await clients.time.pass(1000);
    expect(await clients.call()).toMatchObject({ outcome: 'busy', status: 486, code: 'CALL_REFUSED' });
    expect((await clients.time.run(first)).outcome).toBe('completed');
    expect(clients.results).toHaveLength(1);
    expect(clients.results[0]?.recording?.length).toBe(58 + 40_000);
  });

  it('486 to the second of two calls that have keys at the same time', async () => {
    clients = new TwoClients({ callee: { ringMs: 5000 } });
    const outcomes = await clients.time.run(Promise.all([clients.place(), clients.place()]));
    expect(outcomes.map(({ outcome }) => outcome).sort()).toEqual(['busy', 'completed']);
  });

  it('both hang up at the same time', async () => {
    clients = new TwoClients();
    clients.callerSpeech = new Uint8Array(80_000).fill(1);
    const abort = new AbortController();
    const call = clients.place({ signal: abort.signal });
    await clients.time.pass(2000);
    abort.abort();
    clients.callee.hangUp();
    expect(await clients.time.run(call)).toMatchObject({ outcome: 'completed' });
    await clients.time.pass(1000);
    expect(clients.results).toMatchObject([{ outcome: 'completed' }]);
  });

  it('the connection breaks while the call is being set up, and while it is up', async () => {
    clients = new TwoClients({ callee: { ringMs: 5000 } });
    const channel = clients.connect();
    const ringing = clients.place({ channel });
    await clients.time.pass(1000);
    channel.close();
    expect(await clients.time.run(ringing)).toMatchObject({ outcome: 'failed', code: 'UNAVAILABLE' });
    await clients.time.pass(10);
    expect(clients.results).toMatchObject([{ outcome: 'failed', code: 'UNAVAILABLE' }]);
    expect(secretsLeft()).toEqual([]);
    clients.callerSpeech = new Uint8Array(80_000).fill(1);
    const second = clients.connect();
    const up = clients.place({ channel: second });
    await clients.time.pass(7000);
    second.close();
    expect(await clients.time.run(up)).toMatchObject({ outcome: 'failed', code: 'UNAVAILABLE' });
    // The callee hears nothing any more: 64*T1 later its keys are gone too.
    await clients.time.pass(33_000);
    expect(secretsLeft()).toEqual([]);
  });

  it('sockets that cannot be had, or not be described, are no call: 503, and nothing is left', async () => {
    const media = vi.fn(() => clients.net.media());
    clients = new TwoClients({ callee: { media } });
    media.mockRejectedValueOnce(new HalfkeyError('UNAVAILABLE', 'no port'));
    expect(await clients.call()).toMatchObject({ outcome: 'refused', status: 503 });
    const advertise = { address: 'not\r\nan address', rtpPort: 1, rtcpPort: 2 };
    media.mockImplementationOnce(async () => ({ ...(await clients.net.media()), advertise }));
    expect(await clients.call()).toMatchObject({ outcome: 'refused', status: 503 });
    expect(clients.results.map(({ code }) => code)).toEqual(['UNAVAILABLE', 'INTERNAL']);
    const broken = clients.place({ media: async () => ({ ...(await clients.net.media()), advertise }) });
    await expect(clients.time.run(broken)).rejects.toThrow(TypeError);
    expect(secretsLeft()).toEqual([]);
  });

  it('closing the callee ends everything at once', async () => {
    clients = new TwoClients();
    clients.callerSpeech = new Uint8Array(80_000).fill(1);
    const call = clients.place();
    await clients.time.pass(1000);
    clients.callee.close();
    expect(clients.callee.pending).toEqual({ calls: 0, timers: 0, transactions: 0 });
    expect(await clients.time.run(call)).toMatchObject({ outcome: 'failed', code: 'UNAVAILABLE' });
    expect(secretsLeft()).toEqual([]);
  });
});

describe('a wire that is not clean', () => {
  it('every message twice: one call, and the same speech', async () => {
    clients = new TwoClients();
    clients.wire = (_message, octets) => [octets, octets];
    const result = await clients.call();
    expect(result).toMatchObject({ outcome: 'completed' });
    expect(samples(result.recording)).toBe(toHex(clients.calleeSpeech));
    expect(clients.results).toHaveLength(1);
    expect(clients.callerEvents.filter(({ name }) => name !== undefined)).toHaveLength(4);
  });

  const lose = (which: RegExp, times: number): Wire => {
    let left = times;
    return (message, _octets, from) => {
      const name = message.kind === 'request' ? message.method : `${String(message.status)} ${message.cseq.method}`;
      return which.test(`${from} ${name}`) && left-- > 0 ? [] : undefined;
    };
  };

  it.each([
    ['a lost 183 comes again', /callee 183/, 2],
    ['a lost 200 comes again', /callee 200 INVITE/, 3],
    ['a lost ACK makes the 200 come again', /caller ACK/, 2],
  ])('%s', async (_name, which, times) => {
    clients = new TwoClients();
    clients.callerSpeech = new Uint8Array(16_000).fill(1);
    clients.wire = lose(which, times);
    expect(await clients.call()).toMatchObject({ outcome: 'completed' });
    expect(clients.results).toMatchObject([{ outcome: 'completed' }]);
  });

  it('garbage between the messages is skipped; nothing but garbage closes the connection', async () => {
    clients = new TwoClients();
    clients.wire = (_message, octets) => [new Uint8Array(Buffer.from('\r\n\r\nxx\r\nyy zz\r\n')), octets];
    expect(await clients.call()).toMatchObject({ outcome: 'completed' });
  });
});
