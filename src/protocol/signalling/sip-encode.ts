/**
 * SIP values to octets (RFC 3261 7). Writes Content-Length itself, as the last field.
 * It never writes what the parser would read differently: what comes out is parsed again and compared,
 * so that no line break in a value can add a field.
 */
import { isDeepStrictEqual } from 'node:util';
import { concat, equalBytes } from '../../foundation/base/bytes.ts';
import { canonicalHeaderName, type SipDraft, type SipMessage } from './sip-message.ts';
import { parseSipMessage } from './sip-parse.ts';

/**
 * The octets of a request or response; parsing them gives the same message.
 * @throws TypeError when the draft is not a SIP message: a mandatory field is missing or malformed, a value holds a
 * control character or blanks at its ends, Content-Length is among the headers, or a limit is exceeded
 */
export function encodeSipMessage(draft: SipDraft): Uint8Array {
  const start =
    draft.kind === 'request'
      ? `${draft.method} ${draft.requestUri} SIP/2.0`
      : `SIP/2.0 ${String(draft.status)} ${draft.reason}`;
  if (draft.headers.some((header) => canonicalHeaderName(header.name) === 'content-length')) {
    throw new TypeError('encodeSipMessage: Content-Length is written by the encoder');
  }
  const lines = [start, ...draft.headers.map(({ name, value }) => `${name}: ${value}`)];
  const head = `${lines.join('\r\n')}\r\nContent-Length: ${String(draft.body.length)}\r\n\r\n`;
  const bytes = concat(octets(head), draft.body);
  if (!readsBack(bytes, draft)) throw new TypeError('encodeSipMessage: not a SIP message');
  return bytes;
}

function octets(text: string): Uint8Array {
  const out = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0xff) throw new TypeError('encodeSipMessage: a text holds one character an octet');
    out[i] = code;
  }
  return out;
}

function readsBack(bytes: Uint8Array, draft: SipDraft): boolean {
  let message: SipMessage;
  try {
    message = parseSipMessage(bytes);
  } catch {
    return false;
  }
  const headers = draft.headers.map(({ name, value }) => ({ name, value }));
  return (
    message.method === draft.method &&
    message.requestUri === draft.requestUri &&
    message.status === draft.status &&
    message.reason === draft.reason &&
    isDeepStrictEqual(message.headers, headers) &&
    equalBytes(message.body, draft.body)
  );
}
