/**
 * SIP messages of a user agent: what RFC 3261 8.1, 8.2 and 12 want in them. Headers are texts; the encoder of the
 * signalling module refuses any that would read differently.
 */
import { toHex, type Random } from '../../foundation/base/index.ts';
import type { Identity } from '../../foundation/identity/index.ts';
import {
  headerValue,
  headerValues,
  parseAddress,
  type SipDraft,
  type SipMessage,
} from '../../protocol/signalling/index.ts';

export type SipRequestMessage = Extract<SipMessage, { kind: 'request' }>;
export type SipResponseMessage = Extract<SipMessage, { kind: 'response' }>;
export type RequestDraft = Extract<SipDraft, { kind: 'request' }>;
export type Header = SipDraft['headers'][number];

/** A body and what it is. */
export interface Body {
  readonly type: 'application/sdp' | 'application/mikey';
  readonly octets: Uint8Array;
}

export const ALLOWED = 'INVITE, ACK, CANCEL, BYE, PRACK, UPDATE, OPTIONS';

const REASONS: Readonly<Record<number, string>> = {
  100: 'Trying',
  180: 'Ringing',
  183: 'Session Progress',
  200: 'OK',
  400: 'Bad Request',
  405: 'Method Not Allowed',
  415: 'Unsupported Media Type',
  420: 'Bad Extension',
  421: 'Extension Required',
  481: 'Call/Transaction Does Not Exist',
  482: 'Loop Detected',
  486: 'Busy Here',
  487: 'Request Terminated',
  488: 'Not Acceptable Here',
  500: 'Server Internal Error',
  503: 'Service Unavailable',
  504: 'Server Time-out',
};

/** A token nobody can guess: tags, branches, Call-IDs (RFC 3261 19.3: at least 32 random bits). */
export function token(random: Random): string {
  return toHex(random(12));
}

/** The address of record of an identity as a SIP header names it; a NAI takes the form of a SIP URI. */
export function addressOf({ type, text }: Identity): string {
  return `<${type === 1 ? text : `sip:${text}`}>`;
}

/** `host:port`, an IPv6 address in brackets. */
export function hostPort({ address, port }: { readonly address: string; readonly port: number }): string {
  return `${address.includes(':') ? `[${address}]` : address}:${String(port)}`;
}

/** Branch of the topmost Via (RFC 3261 17.1.3), '' when it has none. */
export function topBranch(message: SipMessage): string {
  return /;[ \t]*branch[ \t]*=[ \t]*([^;, \t]+)/i.exec(headerValues(message, 'via')[0] ?? '')?.[1] ?? '';
}

/** Whether a list of option tags (Require, Supported) names `tag`. */
export function hasOption(message: SipMessage, field: string, tag: string): boolean {
  return headerValues(message, field).some((value) => value.toLowerCase() === tag);
}

/** URI of the first Contact, undefined when there is none that can be read. */
export function contactUri(message: SipMessage): string | undefined {
  const [value] = headerValues(message, 'contact');
  try {
    return value === undefined ? undefined : parseAddress(value, 0).uri;
  } catch {
    return undefined;
  }
}

/** Content-Type and body of a message. */
export function bodyParts(body: Body | undefined): { readonly headers: readonly Header[]; readonly body: Uint8Array } {
  if (body === undefined) return { headers: [], body: new Uint8Array() };
  return { headers: [{ name: 'Content-Type', value: body.type }], body: body.octets };
}

/**
 * A response to a request (RFC 3261 8.2.6). `toTag` is added where To has none; Record-Route is copied into those that
 * form a dialog (12.1.1).
 */
export function responseTo(
  request: SipRequestMessage,
  status: number,
  options: { readonly toTag?: string; readonly headers?: readonly Header[]; readonly body?: Body } = {},
): SipDraft {
  const { toTag, headers = [], body } = options;
  const copied = (name: string, field: string): Header[] =>
    headerValues(request, field).map((value) => ({ name, value }));
  const to = headerValue(request, 'to') ?? '';
  const tag = request.toTag === undefined && toTag !== undefined ? `;tag=${toTag}` : '';
  const forms = status > 100 && status < 300 && request.method === 'INVITE';
  const content = bodyParts(body);
  return {
    kind: 'response',
    status,
    reason: REASONS[status] ?? 'Unknown',
    headers: [
      ...copied('Via', 'via'),
      ...(forms ? copied('Record-Route', 'record-route') : []),
      { name: 'From', value: headerValue(request, 'from') ?? '' },
      { name: 'To', value: to + tag },
      { name: 'Call-ID', value: request.callId },
      { name: 'CSeq', value: `${String(request.cseq.number)} ${request.cseq.method}` },
      ...headers,
      ...content.headers,
    ],
    body: content.body,
  };
}
