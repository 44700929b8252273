/** Messages of one call as the tests need them: Alice (caller, tag a) and Bob (callee, tag b or another). */
import { ascii, concat, toBase64, uint } from '../../../src/foundation/base/bytes.ts';
import { encodeSipMessage, parseSipMessage, type SipMessage } from '../../../src/protocol/signalling/index.ts';

export const DATA_TYPES = { i1: 22, r1: 23, i2: 24, r2: 25, error: 6 } as const;

/** MIKEY octets that only carry what the tracker looks at: data type, CSB ID, and a mark to tell messages apart. */
export function mikey(type: keyof typeof DATA_TYPES, csbId: number, mark = 0): Uint8Array {
  return concat(Uint8Array.of(1, DATA_TYPES[type], 5, 0x81), uint(csbId, 4), Uint8Array.of(0, 1), uint(mark, 2));
}

export interface Description {
  readonly port?: number;
  readonly address?: string;
  readonly session?: Uint8Array | string;
  readonly media?: readonly string[];
  readonly protocol?: string;
}

/** A description with one audio line. */
export function sdp({
  port = 6000,
  address = '192.0.2.1',
  session,
  media = [],
  protocol = 'RTP/SAVP',
}: Description = {}): string {
  const data = session instanceof Uint8Array ? `a=key-mgmt:mikey ${toBase64(session)}` : session;
  const lines = [
    'v=0',
    `o=- 1 1 IN IP4 ${address}`,
    's=-',
    `c=IN IP4 ${address}`,
    't=0 0',
    ...(data === undefined ? [] : [data]),
    `m=audio ${String(port)} ${protocol} 0`,
    ...media,
  ];
  return `${lines.join('\r\n')}\r\n`;
}

export interface Options {
  readonly from?: 'caller' | 'callee';
  readonly branch?: string | undefined;
  readonly cseq?: number;
  readonly callId?: string;
  readonly body?: string | undefined;
  readonly type?: string;
  readonly leg?: number;
  readonly extra?: readonly (readonly [string, string])[];
}

const ALICE = 'sip:alice@operator-a.example';
const BOB = 'sip:bob@operator-b.example';

function headers(
  method: string,
  { from = 'caller', branch, cseq = 1, callId = 'call-1', body, type, leg = 1, extra = [] }: Options,
): [string, string][] {
  const alice = `<${ALICE}>;tag=a`;
  const bob = branch === undefined ? `<${BOB}>` : `<${BOB}>;tag=${branch}`;
  return [
    ...Array.from({ length: leg }, (_, i): [string, string] => [
      'Via',
      `SIP/2.0/TCP 192.0.2.${String(i + 1)};branch=z9hG4bK${String(i)}`,
    ]),
    ['From', from === 'caller' ? alice : bob],
    ['To', from === 'caller' ? bob : alice],
    ['Call-ID', callId],
    ['CSeq', `${String(cseq)} ${method}`],
    ...(body === undefined ? [] : [['Content-Type', type ?? 'application/sdp'] as [string, string]]),
    ...extra.map(([name, value]): [string, string] => [name, value]),
  ];
}

function pairs(list: readonly [string, string][]): { name: string; value: string }[] {
  return list.map(([name, value]) => ({ name, value }));
}

/** Octets of a request; `from` says whose request it is. */
export function requestOctets(method: string, options: Options = {}): Uint8Array {
  const requestUri = options.from === 'callee' ? ALICE : BOB;
  const content = { headers: pairs(headers(method, options)), body: ascii(options.body ?? '') };
  return encodeSipMessage({ kind: 'request', method, requestUri, ...content });
}

/** Octets of a response to a request of `from`. */
export function responseOctets(status: number, method: string, options: Options = {}): Uint8Array {
  const content = { headers: pairs(headers(method, options)), body: ascii(options.body ?? '') };
  return encodeSipMessage({ kind: 'response', status, reason: 'Reason', ...content });
}

export function request(method: string, options: Options = {}): SipMessage {
  return parseSipMessage(requestOctets(method, options));
}

export function response(status: number, method: string, options: Options = {}): SipMessage {
  return parseSipMessage(responseOctets(status, method, options));
}
