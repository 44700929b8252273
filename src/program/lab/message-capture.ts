/**
 * A capture made of nothing but four MIKEY messages: the SIP dialog that would carry them (INVITE, 183, PRACK, 200),
 * for a fixture that comes without one. It has no media.
 */
import { fromHex, toBase64 } from '../../foundation/base/index.ts';
import { readIbakeMessage } from '../../protocol/mikey/index.ts';
import { pcapHeader, pcapRecord, tcpFrame, type Endpoint } from '../../protocol/media/index.ts';
import { encodeSipMessage, type SipDraft } from '../../protocol/signalling/index.ts';
import type { Fixture } from './fixture.ts';

type Messages = NonNullable<Fixture['messages']>;

const CALLER: Endpoint = { address: '192.0.2.1', port: 5060 };
const CALLEE: Endpoint = { address: '192.0.2.2', port: 5060 };

/** Each step of the dialog, in order, and which message it carries. */
const STEPS = [
  { type: 'I_MESSAGE_1', from: CALLER, to: CALLEE, cseq: '1 INVITE', line: 'INVITE' },
  { type: 'R_MESSAGE_1', from: CALLEE, to: CALLER, cseq: '1 INVITE', line: 183 },
  { type: 'I_MESSAGE_2', from: CALLER, to: CALLEE, cseq: '2 PRACK', line: 'PRACK' },
  { type: 'R_MESSAGE_2', from: CALLEE, to: CALLER, cseq: '2 PRACK', line: 200 },
] as const;

/** A pcap file; its packets are captured at `t1` (seconds since 1970). */
export function captureOf(messages: Messages, t1: number): Uint8Array {
  const first = Object.values(messages)[0];
  const { idri, idrr, csbId } = readIbakeMessage(fromHex(first ?? ''));
  const callId = `${Buffer.from(csbId).toString('hex')}@fixture.invalid`;
  const sent = new Map<Endpoint, number>([
    [CALLER, 1],
    [CALLEE, 1],
  ]);
  const records = STEPS.flatMap(({ type, from, to, cseq, line }, i) => {
    const message = messages[type];
    if (message === undefined) return [];
    const draft: SipDraft = {
      ...(typeof line === 'string'
        ? { kind: 'request', method: line, requestUri: idrr.text }
        : { kind: 'response', status: line, reason: line === 200 ? 'OK' : 'Session Progress' }),
      headers: [
        { name: 'Via', value: `SIP/2.0/TCP ${CALLER.address};branch=z9hG4bK-${String(i >> 1)}` },
        { name: 'From', value: `<${idri.text}>;tag=caller` },
        { name: 'To', value: `<${idrr.text}>${i === 0 ? '' : ';tag=callee'}` },
        { name: 'Call-ID', value: callId },
        { name: 'CSeq', value: cseq },
        { name: 'Content-Type', value: 'application/sdp' },
      ],
      body: description(from, fromHex(message)),
    };
    const payload = encodeSipMessage(draft);
    const sequence = sent.get(from) ?? 1;
    sent.set(from, sequence + payload.length);
    return [pcapRecord(1000 * t1 + i, tcpFrame({ source: from, destination: to, sequence, payload }))];
  });
  return Buffer.concat([pcapHeader(), ...records]);
}

/** A session without media ports that anything could be sent to: port 9 is discard. */
function description({ address }: Endpoint, message: Uint8Array): Uint8Array {
  const lines = [
    'v=0',
    `o=- 1 1 IN IP4 ${address}`,
    's=-',
    `c=IN IP4 ${address}`,
    't=0 0',
    `a=key-mgmt:mikey ${toBase64(message)}`,
    'm=audio 9 RTP/SAVP 0',
  ];
  return new TextEncoder().encode(lines.map((text) => `${text}\r\n`).join(''));
}
