/** The callee as any SIP peer meets it (RFC 3261, RFC 3262). */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { headerValue, headerValues } from '../../../src/protocol/signalling/index.ts';
import type { KeyExchange } from '../../../src/entity/endpoint/key-exchange.ts';
import { exchangeOf, RawPeer, sdpWith } from './raw-peer.ts';
import { mikeyOf, TwoClients } from './two-clients.ts';

let clients: TwoClients;
let peer: RawPeer;
let exchange: KeyExchange;

beforeEach(() => {
  clients = new TwoClients();
  peer = new RawPeer(clients);
  exchange = exchangeOf(clients);
});
afterEach(async () => {
  await clients.settle();
  expect(clients.callee.pending).toEqual({ calls: 0, timers: 0, transactions: 0 });
  expect(clients.net.open).toBe(0);
});

describe('outside a dialog', () => {
  it.each([
    ['OPTIONS', {}, 200],
    ['REGISTER', {}, 405],
    ['BYE', {}, 405],
    ['BYE', { toTag: 'nobody' }, 481],
    ['PRACK', { toTag: 'nobody' }, 481],
    ['CANCEL', {}, 481],
    ['INVITE', { toTag: 'nobody' }, 481],
    ['INVITE', { headers: ['Require: 100rel, timer'] }, 420],
    ['INVITE', {}, 421],
    ['INVITE', { headers: ['Supported: 100rel'] }, 488],
    ['INVITE', { headers: ['Supported: 100rel', 'Content-Encoding: gzip'], body: 'x' }, 488],
  ] as const)('%s %j gets %i', async (method, request, status) => {
    peer.send({ method, ...request });
    const answer = await peer.next();
    expect(answer.status).toBe(status);
    expect(answer.toTag).toBeDefined();
    if (status === 405 || method === 'OPTIONS') expect(headerValue(answer, 'allow')).toContain('PRACK');
    if (status === 420) expect(headerValues(answer, 'unsupported')).toEqual(['timer']);
    if (status === 421) expect(headerValues(answer, 'require')).toEqual(['100rel']);
  });

  it('an ACK that belongs to nothing, and a response that nobody awaits, are dropped', async () => {
    peer.send({ method: 'ACK', toTag: 'nobody' });
    peer.send({ method: 'ACK' });
    peer.raw(peer.text({ method: 'OPTIONS' }).replace('OPTIONS sip:bob@operator-b.example SIP/2.0', 'SIP/2.0 200 OK'));
    expect(await peer.silence()).toBe(0);
  });

  it('the same request again gets the same answer, and the other way round 482', async () => {
    const body = sdpWith(exchange.call({ type: 1, text: 'sip:bob@operator-b.example' } as never).offer.message);
    const headers = ['Require: 100rel'];
    const invite = peer.text({ method: 'INVITE', headers, body, branch: 'z9hG4bKone' });
    peer.raw(invite);
    const first = await peer.next();
    expect(first.status).toBe(183);
    peer.raw(invite);
    expect(await peer.next()).toEqual(first);
    peer.raw(invite.replace('z9hG4bKone', 'z9hG4bKtwo'));
    expect((await peer.next()).status).toBe(482);
    expect(exchange.halfOpen).toBe(0);
  });
});

describe('in a dialog', () => {
  it('Record-Route is followed by our requests, loose and strict', async () => {
    const routes = ['Record-Route: <sip:p2.example;lr>, <sip:p1.example:5061;transport=tcp;lr>'];
    const { toTag, i2, rseq } = await peer.invite(exchange, { headers: routes });
    peer.send({ method: 'PRACK', cseq: 2, toTag, headers: [`RAck: ${rseq} 1 INVITE`], body: sdpWith(i2) });
    expect((await peer.next()).status).toBe(200);
    const answer = await peer.next();
    expect(headerValues(answer, 'record-route')).toEqual([
      '<sip:p2.example;lr>',
      '<sip:p1.example:5061;transport=tcp;lr>',
    ]);
    peer.send({ method: 'ACK', toTag });
    await clients.time.pass(10);
    clients.callee.hangUp();
    const bye = await peer.next();
    expect(bye.method).toBe('BYE');
    expect(bye.requestUri).toBe('sip:raw@192.0.2.1:50000;transport=tcp');
    expect(headerValues(bye, 'route')).toEqual(['<sip:p2.example;lr>', '<sip:p1.example:5061;transport=tcp;lr>']);
  });

  it('a strict router gets its own URI in the request line', async () => {
    const { toTag, i2, rseq } = await peer.invite(exchange, {
      headers: ['Record-Route: <sip:old.example>, <sip:p1.example;lr>'],
    });
    peer.send({ method: 'PRACK', cseq: 2, toTag, headers: [`RAck: ${rseq} 1 INVITE`], body: sdpWith(i2) });
    await peer.next();
    await peer.next();
    peer.send({ method: 'ACK', toTag });
    await clients.time.pass(10);
    clients.callee.hangUp();
    const bye = await peer.next();
    expect(bye.requestUri).toBe('sip:old.example');
    expect(headerValues(bye, 'route')).toEqual(['<sip:p1.example;lr>', '<sip:raw@192.0.2.1:50000;transport=tcp>']);
  });

  it('PRACK must name the 183: another RAck is 481, and the 183 goes on', async () => {
    const { toTag, rseq } = await peer.invite(exchange);
    peer.send({ method: 'PRACK', cseq: 2, toTag, headers: [`RAck: ${String(Number(rseq) + 1)} 1 INVITE`] });
    expect((await peer.next()).status).toBe(481);
    await clients.time.pass(600);
    expect((await peer.next()).status).toBe(183);
  });

  it('I_MESSAGE_2 may come in an UPDATE after a bare PRACK', async () => {
    const { toTag, i2, rseq, keys } = await peer.invite(exchange);
    peer.send({ method: 'PRACK', cseq: 2, toTag, headers: [`RAck: ${rseq} 1 INVITE`] });
    expect((await peer.next()).body.length).toBe(0);
    expect(await peer.silence()).toBe(0);
    peer.send({ method: 'UPDATE', cseq: 3, toTag, body: sdpWith(i2) });
    const updated = await peer.next();
    expect(updated).toMatchObject({ status: 200, cseq: { method: 'UPDATE' } });
    expect(keys.finish(String(toTag), mikeyOf(updated) ?? new Uint8Array()).ok).toBe(true);
    expect((await peer.next()).status).toBe(200);
    peer.send({ method: 'BYE', cseq: 4, toTag });
    expect((await peer.next()).cseq.method).toBe('BYE');
  });

  it('a running call is not changed by re-INVITE, UPDATE or anything else, and its ACK may have the branch of its INVITE', async () => {
    const { toTag, i2, rseq } = await peer.invite(exchange, { branch: 'z9hG4bKsame' });
    peer.send({ method: 'PRACK', cseq: 2, toTag, headers: [`RAck: ${rseq} 1 INVITE`], body: sdpWith(i2) });
    await peer.next();
    await peer.next();
    peer.send({ method: 'ACK', toTag, branch: 'z9hG4bKsame' });
    await clients.time.pass(10);
    const answers: (number | undefined)[] = [];
    for (const [i, method] of ['INVITE', 'UPDATE', 'OPTIONS', 'INFO', 'PRACK'].entries()) {
      peer.send({ method, cseq: 10 + i, toTag, body: sdpWith(i2) });
      answers.push((await peer.next()).status);
    }
    expect(answers).toEqual([488, 488, 200, 405, 481]);
    expect(clients.results).toEqual([]);
    peer.send({ method: 'BYE', cseq: 9, toTag });
    expect((await peer.next()).status).toBe(500); // out of order
    peer.send({ method: 'BYE', cseq: 20, toTag, fromTag: 'other' });
    expect((await peer.next()).status).toBe(481);
    peer.send({ method: 'BYE', cseq: 20, toTag });
    expect((await peer.next()).status).toBe(200);
    expect(clients.results).toMatchObject([{ outcome: 'completed' }]);
  });

  it('CANCEL is answered, and so is its INVITE; after the answer it means nothing', async () => {
    const first = await peer.invite(exchange, { branch: 'z9hG4bKcancel' });
    peer.send({ method: 'CANCEL', branch: 'z9hG4bKcancel' });
    expect([(await peer.next()).status, (await peer.next()).status]).toEqual([200, 487]);
    peer.send({ method: 'ACK', branch: 'z9hG4bKcancel', toTag: first.toTag });
    const again = { callId: 'second', branch: 'z9hG4bKsecond' };
    const { toTag, i2, rseq } = await peer.invite(exchange, again);
    peer.send({
      method: 'PRACK',
      callId: 'second',
      cseq: 2,
      toTag,
      headers: [`RAck: ${rseq} 1 INVITE`],
      body: sdpWith(i2),
    });
    expect([(await peer.next()).status, (await peer.next()).status]).toEqual([200, 200]);
    peer.send({ method: 'ACK', toTag, ...again, branch: 'z9hG4bKack' });
    peer.send({ method: 'CANCEL', ...again });
    expect((await peer.next()).status).toBe(200);
    expect(clients.results).toHaveLength(1);
    peer.send({ method: 'BYE', cseq: 3, toTag, callId: 'second' });
    expect((await peer.next()).status).toBe(200);
  });

  it('BYE in an early dialog ends it with 487', async () => {
    const { toTag } = await peer.invite(exchange);
    peer.send({ method: 'BYE', cseq: 2, toTag });
    expect(
      [await peer.next(), await peer.next()].map(({ status, cseq }) => `${String(status)} ${cseq.method}`),
    ).toEqual(['200 BYE', '487 INVITE']);
  });
});

describe('hostile peers', () => {
  it('any change of any message is answered or dropped, and a call works afterwards', async () => {
    const body = sdpWith(exchange.call({ type: 1, text: 'sip:bob@operator-b.example' } as never).offer.message);
    const texts = [
      peer.text({ method: 'INVITE', headers: ['Require: 100rel', 'Record-Route: <sip:p1.example;lr>'], body }),
      peer.text({ method: 'PRACK', headers: ['RAck: 1 1 INVITE'], toTag: 'x' }),
      peer.text({ method: 'CANCEL' }),
      peer.text({ method: 'OPTIONS' }).replace('OPTIONS sip:bob@operator-b.example SIP/2.0', 'SIP/2.0 183 x'),
    ];
    const sent: string[] = [];
    fc.assert(
      fc.property(fc.constantFrom(...texts), fc.nat(), fc.string({ maxLength: 4 }), (text, place, change) => {
        const at = place % text.length;
        sent.push(`${text.slice(0, at)}${change}${text.slice(at + change.length)}`);
      }),
      { numRuns: 300, seed: 3261 },
    );
    const other = new RawPeer(clients);
    for (const text of sent) other.raw(text);
    await clients.time.pass(70_000);
    expect(clients.results.every(({ outcome }) => outcome !== 'completed')).toBe(true);
    expect(await clients.call()).toMatchObject({ outcome: 'completed' });
  });

  it('what is nothing but garbage closes the connection', async () => {
    const other = new RawPeer(clients);
    for (let i = 0; i < 40; i++) other.raw('OPTIONS sip:bob@operator-b.example SIP/2.0\r\nbroken line\r\n\r\n');
    await clients.time.pass(10);
    other.send({ method: 'OPTIONS' });
    expect(await other.silence()).toBe(0);
  });
});
