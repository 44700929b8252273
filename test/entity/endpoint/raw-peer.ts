/** A SIP peer that says what a test writes: requests and responses as text, octet for octet. */
import { systemRandom } from '../../../src/foundation/base/index.ts';
import { createKeyExchange, type KeyExchange } from '../../../src/entity/endpoint/key-exchange.ts';
import type { SipChannel } from '../../../src/entity/endpoint/index.ts';
import { createSipStream, headerValue, type SipMessage } from '../../../src/protocol/signalling/index.ts';
import { ALICE, keysOf, mikeyOf, type TwoClients } from './two-clients.ts';

/** The key exchange of a client by itself. */
export function exchangeOf(clients: TwoClients, keys = keysOf(ALICE)): KeyExchange {
  return createKeyExchange({
    keys,
    clock: clients.time.clock,
    monotonicMs: () => clients.time.nowMs,
    replay: { initial: { refuseBefore: 0, entries: new Map() } },
    random: systemRandom,
  });
}

/** The lines of an SDP description with a MIKEY message. */
export function sdpWith(mikey: Uint8Array, port = 40_000): string {
  return [
    'v=0',
    'o=- 1 1 IN IP4 192.0.2.1',
    's=-',
    'c=IN IP4 192.0.2.1',
    't=0 0',
    `a=key-mgmt:mikey ${Buffer.from(mikey).toString('base64')}`,
    `m=audio ${String(port)} RTP/SAVP 0`,
    'a=rtpmap:0 PCMU/8000',
    '',
  ].join('\r\n');
}

export interface RawRequest {
  readonly method: string;
  readonly uri?: string;
  readonly cseq?: number;
  readonly cseqMethod?: string;
  readonly branch?: string;
  readonly callId?: string;
  readonly fromTag?: string;
  readonly toTag?: string | undefined;
  readonly headers?: readonly string[];
  readonly body?: string;
}

export class RawPeer {
  readonly #clients: TwoClients;
  readonly #channel: SipChannel;
  readonly received: SipMessage[] = [];
  #branch = 0;

  constructor(clients: TwoClients) {
    this.#clients = clients;
    const channel = clients.connect();
    this.#channel = channel;
    const stream = createSipStream();
    void (async () => {
      for await (const chunk of channel.chunks) this.received.push(...stream.push(chunk));
    })();
  }

  /** Sends octets as they are, which need not be SIP: the wire of the test is not asked. */
  raw(text: string): void {
    void this.#channel.send(new Uint8Array(Buffer.from(text, 'latin1'))).catch(() => undefined);
  }

  send(request: RawRequest): void {
    this.raw(this.text(request));
  }

  text({ method, uri = 'sip:bob@operator-b.example', headers = [], body = '', ...rest }: RawRequest): string {
    const { cseq = 1, cseqMethod = method, callId = 'raw-call', fromTag = 'raw', toTag } = rest;
    const branch = rest.branch ?? `z9hG4bKraw${String(++this.#branch)}`;
    return [
      `${method} ${uri} SIP/2.0`,
      `Via: SIP/2.0/TCP 192.0.2.1:50000;branch=${branch}`,
      'Max-Forwards: 70',
      `From: <sip:alice@operator-a.example>;tag=${fromTag}`,
      `To: <sip:bob@operator-b.example>${toTag === undefined ? '' : `;tag=${toTag}`}`,
      `Call-ID: ${callId}`,
      `CSeq: ${String(cseq)} ${cseqMethod}`,
      'Contact: <sip:raw@192.0.2.1:50000;transport=tcp>',
      ...headers,
      ...(body === '' ? [] : ['Content-Type: application/sdp']),
      `Content-Length: ${String(body.length)}`,
      '',
      body,
    ].join('\r\n');
  }

  /** The next message, after a little time. */
  async next(): Promise<SipMessage> {
    for (let i = 0; this.received.length === 0; i++) {
      if (i > 20) throw new Error('raw peer: nothing came');
      await this.#clients.time.pass(5);
    }
    return this.received.shift() as SipMessage;
  }

  /** That nothing more has come. */
  async silence(): Promise<number> {
    await this.#clients.time.pass(50);
    return this.received.length;
  }

  /** An INVITE with a fresh I_MESSAGE_1, up to its 183. */
  async invite(exchange: KeyExchange, request: Partial<RawRequest> = {}) {
    const keys = exchange.call({ type: 1, text: 'sip:bob@operator-b.example' } as never);
    const headers = ['Require: 100rel', ...(request.headers ?? [])];
    this.send({ method: 'INVITE', body: sdpWith(keys.offer.message), ...request, headers });
    const progress = await this.next();
    const r1 = mikeyOf(progress);
    const step = r1 === undefined ? undefined : keys.answer(progress.toTag ?? '', r1, [true]);
    const rseq = headerValue(progress, 'rseq') ?? '';
    return { keys, progress, i2: step?.ok === true ? step.message : new Uint8Array(), rseq, toTag: progress.toTag };
  }
}
