/** The caller as any SIP peer meets it: a callee that says what a test writes (RFC 3261, RFC 3262). */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { identityFromText } from '../../../src/foundation/identity/index.ts';
import type { IncomingKeys, KeyExchange } from '../../../src/entity/endpoint/key-exchange.ts';
import { dispose, type Established } from '../../../src/protocol/ibake/index.ts';
import { placeCall, type CallResult, type PlaceCallOptions } from '../../../src/entity/endpoint/index.ts';
import { createSipStream, headerValue, headerValues, type SipMessage } from '../../../src/protocol/signalling/index.ts';
import { exchangeOf, sdpWith } from './raw-peer.ts';
import { secretsLeft } from './secrets.ts';
import { ALICE, BOB, channelPair, keysOf, mikeyOf, TwoClients } from './two-clients.ts';

vi.mock('../../../src/foundation/base/secret.ts', async (original) => {
  const { trackSecrets } = await import('./secrets.ts');
  return trackSecrets(await original());
});

/** A callee that is written out. */
class RawCallee {
  readonly clients = new TwoClients();
  readonly exchange: KeyExchange = exchangeOf(this.clients, keysOf(BOB));
  readonly received: SipMessage[] = [];
  readonly #leg = channelPair({ address: '192.0.2.1', port: 1 }, { address: '192.0.2.7', port: 2 }, () => undefined);
  #keys: IncomingKeys | undefined;
  #established: Established | undefined;

  constructor() {
    const stream = createSipStream();
    void (async () => {
      for await (const chunk of this.#leg.callee.chunks) this.received.push(...stream.push(chunk));
    })();
  }

  place(options: Partial<PlaceCallOptions> = {}): Promise<CallResult> {
    const { time, net } = this.clients;
    return placeCall({
      ...{ keys: keysOf(ALICE), to: BOB, channel: this.#leg.caller, speech: new Uint8Array(80_000).fill(1) },
      ...{ media: () => net.media(), clock: time.clock, scheduler: time },
      ...options,
    });
  }

  async next(): Promise<SipMessage> {
    for (let i = 0; this.received.length === 0; i++) {
      if (i > 20) throw new Error('raw callee: nothing came');
      await this.clients.time.pass(5);
    }
    return this.received.shift() as SipMessage;
  }

  send(text: string): void {
    this.#leg.callee.send(new Uint8Array(Buffer.from(text, 'latin1'))).catch(() => undefined);
  }

  answer(request: SipMessage, status: number, options: { tag?: string; headers?: string[]; body?: string } = {}): void {
    const { tag = 'raw', headers = [], body = '' } = options;
    const to = headerValue(request, 'to') ?? '';
    this.send(
      [
        `SIP/2.0 ${String(status)} x`,
        ...headerValues(request, 'via').map((via) => `Via: ${via}`),
        `From: ${headerValue(request, 'from') ?? ''}`,
        `To: ${to}${to.includes(';tag=') || tag === '' ? '' : `;tag=${tag}`}`,
        `Call-ID: ${request.callId}`,
        `CSeq: ${String(request.cseq.number)} ${request.cseq.method}`,
        'Contact: <sip:raw@192.0.2.7:5060;transport=tcp>',
        ...headers,
        ...(body === '' ? [] : ['Content-Type: application/sdp']),
        `Content-Length: ${String(body.length)}`,
        '',
        body,
      ].join('\r\n'),
    );
  }

  /** A request in the dialog of an INVITE. */
  request(invite: SipMessage, method: string, cseq: number, tag = 'raw'): void {
    this.send(
      [
        `${method} sip:caller@192.0.2.1:1 SIP/2.0`,
        `Via: SIP/2.0/TCP 192.0.2.7:5060;branch=z9hG4bK${method}${String(cseq)}${tag}`,
        'Max-Forwards: 70',
        `From: ${headerValue(invite, 'to') ?? ''};tag=${tag}`,
        `To: ${headerValue(invite, 'from') ?? ''}`,
        `Call-ID: ${invite.callId}`,
        `CSeq: ${String(cseq)} ${method}`,
        'Content-Length: 0',
        '',
        '',
      ].join('\r\n'),
    );
  }

  /** R_MESSAGE_1 to an INVITE, as the body of a response. */
  r1(invite: SipMessage): string {
    const offer = { accepted: [true], sdpIds: ['mikey'], hop: 'raw', authenticatedHop: true };
    const admission = this.exchange.admit(mikeyOf(invite) ?? new Uint8Array(), offer);
    const step = admission.ok ? admission.open() : admission;
    if (!step.ok) throw step.error;
    this.#keys = step.keys;
    return sdpWith(step.keys.message, 45_000);
  }

  r2(prack: SipMessage): string {
    const step = this.#keys?.finish(mikeyOf(prack) ?? new Uint8Array());
    if (step?.ok !== true) throw new Error('raw callee: I_MESSAGE_2 was refused');
    this.#established = step.established;
    return sdpWith(step.message, 45_000);
  }

  /** Wipes what is its own: what is left then is the caller's. */
  wipe(): void {
    this.#keys?.close();
    if (this.#established !== undefined) dispose(this.#established);
  }

  /** Up to the PRACK: the INVITE and the PRACK. */
  async early(): Promise<{ invite: SipMessage; prack: SipMessage }> {
    const invite = await this.next();
    this.answer(invite, 183, { headers: ['Require: 100rel', 'RSeq: 7'], body: this.r1(invite) });
    return { invite, prack: await this.next() };
  }

  /** Up to the ACK: a call that is up. */
  async up(): Promise<SipMessage> {
    const { invite, prack } = await this.early();
    this.answer(prack, 200, { body: this.r2(prack) });
    this.answer(invite, 200);
    expect((await this.next()).method).toBe('ACK');
    return invite;
  }
}

const kinds = (messages: readonly SipMessage[]): string[] =>
  messages.map((message) =>
    message.kind === 'request' ? message.method : `${String(message.status)} ${message.cseq.method}`,
  );

let callee: RawCallee;
beforeEach(() => {
  callee = new RawCallee();
});
afterEach(() => {
  callee.wipe();
  expect(secretsLeft()).toEqual([]);
  expect(callee.clients.net.open).toBe(0);
});

describe('a callee that is no client of ours', () => {
  it.each([
    [486, 'busy', 'CALL_REFUSED'],
    [600, 'busy', 'CALL_REFUSED'],
    [302, 'refused', 'CALL_REFUSED'],
    [407, 'refused', 'CALL_REFUSED'],
    [408, 'timeout', 'CALL_TIMEOUT'],
    [504, 'timeout', 'CALL_TIMEOUT'],
  ] as const)('%i is %s', async (status, outcome, code) => {
    const call = callee.place();
    const invite = await callee.next();
    callee.answer(invite, 100, { tag: '' });
    callee.answer(invite, status, { headers: ['Content-Type: application/mikey'] });
    expect(await callee.clients.time.run(call)).toMatchObject({ outcome, code, status });
    const ack = await callee.next();
    expect([ack.method, ack.requestUri, ack.toTag]).toEqual(['ACK', invite.requestUri, 'raw']);
    expect(headerValue(ack, 'via')).toBe(headerValue(invite, 'via'));
  });

  it('a NAI is called by a SIP URI, over the routes that are configured', async () => {
    const route = ['<sip:proxy.example;lr>', '<sip:second.example;lr>'];
    const call = callee.place({ to: identityFromText('bob@operator-b.example'), route });
    const invite = await callee.next();
    expect(invite.requestUri).toBe('sip:bob@operator-b.example');
    expect(headerValues(invite, 'route')).toEqual(route);
    callee.answer(invite, 404);
    await callee.clients.time.run(call);
    expect(headerValues(await callee.next(), 'route')).toEqual(route);
  });

  it('reliable ringing is acknowledged by itself, out of order it is not; the answer follows', async () => {
    const call = callee.place();
    const invite = await callee.next();
    callee.answer(invite, 180, { headers: ['Require: 100rel', 'RSeq: 3'] });
    const first = await callee.next();
    expect(headerValue(first, 'rack')).toBe('3 1 INVITE');
    expect(first.body.length).toBe(0);
    callee.answer(first, 200);
    callee.answer(invite, 183, { headers: ['Require: 100rel', 'RSeq: 5'], body: sdpWith(new Uint8Array(4)) });
    callee.answer(invite, 183, { headers: ['Require: 100rel', 'RSeq: x'], body: sdpWith(new Uint8Array(4)) });
    callee.answer(invite, 183, { headers: ['Require: 100rel', 'RSeq: 4'], body: callee.r1(invite) });
    const prack = await callee.next();
    expect(headerValue(prack, 'rack')).toBe('4 1 INVITE');
    expect(prack.requestUri).toBe('sip:raw@192.0.2.7:5060;transport=tcp');
    callee.answer(prack, 200, { body: callee.r2(prack) });
    // One more reliable response in the same dialog changes nothing.
    callee.answer(invite, 180, { headers: ['Require: 100rel', 'RSeq: 5'] });
    callee.answer(await callee.next(), 200);
    callee.answer(invite, 200);
    expect((await callee.next()).method).toBe('ACK');
    callee.request(invite, 'BYE', 1);
    expect(await callee.clients.time.run(call)).toMatchObject({ outcome: 'completed', endedBy: 'peer' });
  });

  it('a 200 that overtakes the 200 to PRACK: acknowledged at once, a call when R_MESSAGE_2 is there', async () => {
    const call = callee.place();
    const { invite, prack } = await callee.early();
    callee.answer(invite, 200);
    expect((await callee.next()).method).toBe('ACK');
    callee.answer(prack, 200, { body: callee.r2(prack) });
    await callee.clients.time.pass(50);
    callee.request(invite, 'BYE', 1);
    expect(await callee.clients.time.run(call)).toMatchObject({ outcome: 'completed', endedBy: 'peer' });
  });

  it.each([
    [
      'a wrong R_MESSAGE_2',
      'AuthenticationFailure',
      (prack: SipMessage) => {
        // One character inside V.
        const wrong = (_match: string, character: string, rest: string): string =>
          (character === 'A' ? 'B' : 'A') + rest;
        callee.answer(prack, 200, { body: callee.r2(prack).replace(/(\S)(\S{8}\r\nm=)/, wrong) });
      },
    ],
    [
      'no R_MESSAGE_2',
      'BiddingDown',
      (prack: SipMessage) => {
        callee.answer(prack, 200);
      },
    ],
    ['BYE', 'CALL_REFUSED', undefined],
  ] as const)('a 200 that overtakes %s is no call: BYE, and nothing was spoken', async (_name, code, answer) => {
    const call = callee.place();
    const { invite, prack } = await callee.early();
    callee.answer(invite, 200);
    await callee.next();
    if (answer === undefined) callee.request(invite, 'BYE', 1);
    else {
      answer(prack);
      const bye = await callee.next();
      expect(bye.method).toBe('BYE');
      callee.answer(bye, 200);
    }
    const result = await callee.clients.time.run(call);
    expect(result).toMatchObject({ outcome: 'failed', code });
    expect(result.statistics).toBeUndefined();
  });

  it('a 2xx again gets its ACK again; what else comes in the dialog changes nothing', async () => {
    const call = callee.place();
    const invite = await callee.up();
    callee.answer(invite, 200);
    callee.answer(invite, 503); // no longer a final response of this call
    expect(kinds([await callee.next(), await callee.next()])).toEqual(['ACK', 'ACK']);
    callee.request(invite, 'INVITE', 5);
    callee.request(invite, 'UPDATE', 6);
    callee.request(invite, 'OPTIONS', 7);
    callee.request(invite, 'PRACK', 8);
    callee.request(invite, 'MESSAGE', 9);
    callee.request(invite, 'BYE', 4); // out of order
    callee.request(invite, 'BYE', 10, 'stranger');
    await callee.clients.time.pass(50);
    expect(kinds(callee.received.splice(0))).toEqual([
      '488 INVITE',
      '488 UPDATE',
      '200 OPTIONS',
      '481 PRACK',
      '405 MESSAGE',
      '500 BYE',
      '481 BYE',
    ]);
    callee.request(invite, 'BYE', 11);
    expect(await callee.clients.time.run(call)).toMatchObject({ outcome: 'completed', endedBy: 'peer' });
  });

  it('an answer that crosses CANCEL is acknowledged and ended', async () => {
    const abort = new AbortController();
    const call = callee.place({ signal: abort.signal });
    const { invite, prack } = await callee.early();
    callee.answer(prack, 200, { body: callee.r2(prack) });
    await callee.clients.time.pass(20);
    abort.abort();
    callee.answer(invite, 200);
    expect(kinds([await callee.next(), await callee.next(), await callee.next()])).toEqual(['CANCEL', 'ACK', 'BYE']);
    expect(await callee.clients.time.run(call)).toMatchObject({ outcome: 'cancelled' });
  });

  it('CANCEL that nobody answers: 64*T1 later the call is over', async () => {
    const abort = new AbortController();
    const call = callee.place({ signal: abort.signal });
    await callee.early();
    abort.abort();
    expect(await callee.clients.time.run(call)).toMatchObject({ outcome: 'cancelled' });
    expect(callee.clients.time.nowMs).toBeGreaterThan(31_000);
    expect(callee.clients.time.nowMs).toBeLessThan(33_000);
  });

  it('BYE in the early dialog ends the call before it was one', async () => {
    const call = callee.place();
    const { invite } = await callee.early();
    callee.request(invite, 'BYE', 1);
    expect(kinds([await callee.next()])).toEqual(['200 BYE']);
    callee.answer(invite, 487);
    expect(await callee.clients.time.run(call)).toMatchObject({ outcome: 'failed', code: 'CALL_REFUSED' });
  });

  it('a second final response, after the first refused, gets its ACK and nothing else', async () => {
    const call = callee.place();
    const invite = await callee.next();
    callee.answer(invite, 486);
    callee.answer(invite, 486);
    expect(await callee.clients.time.run(call)).toMatchObject({ outcome: 'busy' });
  });
});
