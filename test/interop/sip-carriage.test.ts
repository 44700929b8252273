/**
 * The golden messages between two sipp through Kamailio, over UDP and over TCP: three programs that share no line with
 * this project, and only carry. What arrives is compared with what was sent, and opened from a capture of either leg.
 *
 *   sipp ── relay ── kamailio ── relay ── sipp
 *             │                    │
 *             └── near capture     └── far capture
 *
 * Requests of this size go over TCP in the profile (2.2); that a proxy also carries them over UDP, and a Delivery Function
 * reads them there, is more than it asks. Responses over UDP are taken up to 65535 octets.
 */
import { describe, expect, it } from 'vitest';
import { fromHex, Secret, toBase64, toHex } from '../../src/foundation/base/index.ts';
import {
  confirmSessionKey,
  discoverComponents,
  exchangeFrom,
  recoverSessionKey,
} from '../../src/protocol/discovery/index.ts';
import { createTransport, readCapture } from '../../src/protocol/media/index.ts';
import { readIbakeMessage, type IbakeType } from '../../src/protocol/mikey/index.ts';
import { createCallTracker, createSipCarriers, type SipMessage } from '../../src/protocol/signalling/index.ts';
import { alice, bob, keysOf, testLevel } from '../protocol/discovery/fixture.ts';
import { chunksOf } from '../support/call-wire.ts';
import { coded } from '../platform/support.ts';
import { describeNeeding } from '../support/needs.ts';
import { kamailio, type Route } from './kamailio.ts';
import { freePort } from './ports.ts';
import { mikeyOf, nameOf, relaySip, relaySipDatagrams, type SipRelay } from './sip-relay.ts';
import { listening, scenario, send, sipp } from './sipp.ts';

type Transport = Route['transport'];

const octetsOf = (type: IbakeType): Uint8Array => fromHex(testLevel.messages[type]);

/** A session description that carries a golden message; `more` lines pad it. */
const description = (type: IbakeType, more: readonly string[] = []): string =>
  [
    ...['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 'c=IN IP4 127.0.0.1', 't=0 0'],
    `a=key-mgmt:mikey ${toBase64(octetsOf(type))}`,
    ...['m=audio 6000 RTP/SAVP 0', 'a=rtpmap:0 PCMU/8000'],
    ...more,
  ].join('\n');

const SDP = ['Content-Type: application/sdp', 'Content-Length: [len]', ''];
const EMPTY = ['Content-Length: 0'];

function caller(transport: Transport): string {
  const request = (method: string, cseq: number, target: string, to: string, ...more: readonly string[]): string =>
    send(
      `${method} ${target} SIP/2.0`,
      'Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]',
      'Max-Forwards: 70',
      `From: <${alice.text}>;tag=a[call_number]`,
      to,
      ...(method === 'INVITE' ? [] : ['[routes]']),
      'Call-ID: [call_id]',
      `CSeq: ${String(cseq)} ${method}`,
      `Contact: <sip:alice@[local_ip]:[local_port];transport=${transport}>`,
      ...more,
    );
  const [to, tagged] = [`To: <${bob.text}>`, `To: <${bob.text}>[peer_tag_param]`];
  return scenario(
    request('INVITE', 1, bob.text, to, 'Supported: 100rel', 'Require: 100rel', ...SDP, description('I_MESSAGE_1')),
    '<recv response="100" optional="true"></recv>',
    '<recv response="183" rrs="true"></recv>',
    request('PRACK', 2, '[next_url]', tagged, 'RAck: 1 1 INVITE', ...SDP, description('I_MESSAGE_2')),
    '<recv response="200"></recv>',
    '<recv response="200" rrs="true"></recv>',
    request('ACK', 1, '[next_url]', tagged, ...EMPTY),
    request('BYE', 3, '[next_url]', tagged, ...EMPTY),
    '<recv response="200"></recv>',
  );
}

/** `port`: where the proxy reaches it; `padding` makes its 183 longer. */
function callee(transport: Transport, port: number, padding: readonly string[]): string {
  const response = (status: string, cseq: string, ...more: readonly string[]): string =>
    send(
      `SIP/2.0 ${status}`,
      ...(cseq === '' ? ['[last_Via:]'] : ['Via: [$via]']),
      '[last_Record-Route:]',
      '[last_From:]',
      `To: <${bob.text}>;tag=b[call_number]`,
      '[last_Call-ID:]',
      cseq === '' ? '[last_CSeq:]' : cseq,
      `Contact: <sip:bob@[local_ip]:${String(port)};transport=${transport}>`,
      ...more,
    );
  const keepVia =
    '<action><ereg regexp="[^ ].*" search_in="hdr" header="Via:" occurence="1" assign_to="via"/></action>';
  return scenario(
    `<recv request="INVITE">${keepVia}</recv>`,
    response('183 Session Progress', '', 'Require: 100rel', 'RSeq: 1', ...SDP, description('R_MESSAGE_1', padding)),
    '<recv request="PRACK"></recv>',
    response('200 OK', '', ...SDP, description('R_MESSAGE_2')),
    response('200 OK', 'CSeq: 1 INVITE', ...EMPTY),
    '<recv request="ACK"></recv>',
    '<recv request="BYE"></recv>',
    response('200 OK', '', ...EMPTY),
  );
}

interface Carried {
  readonly near: SipRelay;
  readonly far: SipRelay;
}

/** One call, from end to end. @throws when one of the two sipp has not taken every step of its script */
async function carry(
  transport: Transport,
  { falsify, padding = [] }: Pick<Route, 'falsify'> & { readonly padding?: readonly string[] } = {},
): Promise<Carried> {
  const relay = transport === 'tcp' ? relaySip : relaySipDatagrams;
  const calleePort = await freePort();
  const ports = { kamailio: 0 };
  const [near, far] = [await relay(() => ports.kamailio), await relay(() => calleePort)];
  ports.kamailio = await kamailio({ callee: far.port, transport, ...(falsify && { falsify }) });
  const answering = sipp(callee(transport, far.port, padding), ['-p', String(calleePort)], transport);
  await Promise.race([listening(calleePort, transport), answering]);
  const calling = sipp(caller(transport), [`127.0.0.1:${String(near.port)}`], transport);
  for (const [status, said] of await Promise.all([calling, answering])) expect(status, said).toBe(0);
  return { near, far };
}

/** Names and descriptions of the messages that carry MIKEY. */
const carrying = (messages: readonly SipMessage[]): (readonly [string, string, Uint8Array])[] =>
  messages.flatMap((message) => {
    const mikey = mikeyOf(message);
    return mikey === undefined ? [] : [[nameOf(message), toHex(mikey), message.body] as const];
  });

/** K_SESSION, confirmed by V, out of a capture, for a target on either side. */
async function opened(capture: Uint8Array, role: 'initiator' | 'responder'): Promise<string> {
  const [transport, carriers, tracker] = [createTransport(), createSipCarriers(), createCallTracker()];
  for await (const packet of readCapture(chunksOf(capture)))
    for (const event of transport.feed(packet))
      for (const message of carriers.take(event) ?? []) tracker.feed(message, event.timeMs);
  const [found] = tracker.calls().flatMap(({ exchanges }) => exchanges);
  const messages = [found?.i1, found?.r1, found?.i2, found?.r2].filter((octets) => octets !== undefined);
  const exchange = exchangeFrom(messages.map((octets) => readIbakeMessage(octets)));
  const [side, target, scalar] =
    role === 'initiator' ? (['A', alice, testLevel.x] as const) : (['B', bob, testLevel.y] as const);
  const { open } = keysOf(testLevel, side);
  const components = discoverComponents({ exchange, role, target, open });
  const kSession = recoverSessionKey(components, new Secret('EcdhScalar', fromHex(scalar.slice(2))));
  expect(confirmSessionKey(exchange, kSession)).toBe(true);
  return kSession.use(toHex);
}

describeNeeding(['kamailio', 'sipp'], 'golden messages in foreign hands', () => {
  describe.each(['udp', 'tcp'] as const)('over %s', (transport) => {
    it('arrive octet for octet, and are opened from a capture of either leg', async () => {
      const { near, far } = await carry(transport);
      const [up, down] = [carrying(near.sent()), carrying(near.received())];
      expect([...up, ...down].map(([name, mikey]) => [name, mikey])).toEqual([
        ['INVITE', testLevel.messages.I_MESSAGE_1],
        ['PRACK', testLevel.messages.I_MESSAGE_2],
        ['183 INVITE', testLevel.messages.R_MESSAGE_1],
        ['200 PRACK', testLevel.messages.R_MESSAGE_2],
      ]);
      expect(carrying(far.sent())).toEqual(up);
      expect(carrying(far.received())).toEqual(down);
      for (const relay of [near, far])
        for (const role of ['initiator', 'responder'] as const)
          expect(await opened(relay.capture(), role)).toBe(testLevel.K_SESSION);
    });

    it('planted fault, the proxy changes one octet of I_MESSAGE_1: it is found, and nothing opens', async () => {
      // Of the encrypted part, which begins before octet 200: eight letters and digits of its base64.
      const text = toBase64(octetsOf('I_MESSAGE_1'));
      const { 0: original, index } = /(?<=^.{400,})[A-Za-z0-9]{8}/.exec(text) as RegExpExecArray;
      const falsified = (original.startsWith('A') ? 'B' : 'A') + original.slice(1);
      const { near, far } = await carry(transport, { falsify: [original, falsified] });
      const [sent = '', arrived = ''] = [near, far].map((relay) => carrying(relay.sent())[0]?.[1]);
      expect(sent).toBe(testLevel.messages.I_MESSAGE_1);
      const differences = [...fromHex(sent)].flatMap((octet, i) => (octet === fromHex(arrived)[i] ? [] : [i]));
      expect(arrived).toHaveLength(sent.length);
      expect(differences.map((at) => Math.floor((at * 8) / 6))).toContain(index);
      expect(await opened(near.capture(), 'responder')).toBe(testLevel.K_SESSION);
      await expect(opened(far.capture(), 'responder')).rejects.toThrow(coded('IbeDecryptFailed'));
    });
  });

  it('a response of 60 000 octets in one datagram arrives, and is read', async () => {
    const padding = Array.from({ length: 60 }, (_, i) => `a=x-${String(i)}:${'p'.repeat(990)}`);
    const { near } = await carry('udp', { padding });
    const long = near.received().find(({ body }) => body.length > 59_000);
    expect(long?.kind === 'response' && long.status).toBe(183);
    expect(await opened(near.capture(), 'initiator')).toBe(testLevel.K_SESSION);
  });
});
