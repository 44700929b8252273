/**
 * The session description inside a SIP body: the body itself, or a part of a multipart body (RFC 3261 7.4,
 * RFC 5621, RFC 2046 5.1). Nothing else of a body is looked at; encodings that would have to be undone are refused.
 */
import { latin1 } from '../../foundation/base/bytes.ts';
import { headerValue, type SipHeader } from './sip-message.ts';
import { badSip, isToken, parseParameters, trimBlank } from './sip-syntax.ts';

const MAX_PARTS = 32;
const MAX_DEPTH = 3;

/**
 * The octets of the session description, or undefined when there is none: the first `application/sdp` whose
 * disposition is `session`, which is its default (RFC 3261 20.11). A view into the body.
 * @throws HalfkeyError `BadSip`, offsets counted in the body
 */
export function sdpOf(message: {
  readonly headers: readonly SipHeader[];
  readonly body: Uint8Array;
}): Uint8Array | undefined {
  return message.body.length === 0 ? undefined : findSdp(message.headers, message.body, 0, 0);
}

function findSdp(
  headers: readonly SipHeader[],
  body: Uint8Array,
  offset: number,
  depth: number,
): Uint8Array | undefined {
  const { type, parameters } = contentType(headerValue({ headers }, 'content-type') ?? '', offset);
  if (type === 'application/sdp') {
    const disposition = headerValue({ headers }, 'content-disposition') ?? 'session';
    if (!/^session[ \t]*(?:;|$)/i.test(disposition)) return undefined;
    refuseEncoding(headers, offset);
    return body;
  }
  if (!type.startsWith('multipart/')) return undefined;
  if (depth === MAX_DEPTH) throw badSip('bodies are nested too deeply', offset);
  refuseEncoding(headers, offset);
  for (const [start, end] of partBounds(body, parameters.get('boundary') ?? '', offset)) {
    const part = readPart(body.subarray(start, end), offset + start);
    const found = findSdp(part.headers, part.content, offset + start, depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

function contentType(value: string, offset: number): { type: string; parameters: ReadonlyMap<string, string> } {
  const semicolon = value.indexOf(';');
  const end = semicolon < 0 ? value.length : semicolon;
  const [major = '', minor = '', ...more] = value.slice(0, end).split('/').map(trimBlank);
  if (value !== '' && (!isToken(major) || !isToken(minor) || more.length > 0))
    throw badSip('malformed Content-Type', offset);
  return { type: `${major}/${minor}`.toLowerCase(), parameters: parseParameters(value.slice(end), offset) };
}

function refuseEncoding(headers: readonly SipHeader[], offset: number): void {
  const transfer = headerValue({ headers }, 'content-transfer-encoding') ?? 'binary';
  const content = headerValue({ headers }, 'content-encoding') ?? 'identity';
  if (!/^(?:binary|8bit|7bit)$/i.test(transfer) || !/^identity$/i.test(content)) {
    throw badSip('the session description is encoded', offset);
  }
}

/** Start and end of each part, header included. */
function partBounds(body: Uint8Array, boundary: string, offset: number): (readonly [number, number])[] {
  if (!/^[0-9A-Za-z'()+_,\-./:=? ]{1,70}$/.test(boundary)) throw badSip('malformed boundary', offset);
  // A delimiter stands at the start of a line; its CRLF belongs to it (RFC 2046 5.1.1). The CRLF put in front
  // lets the first one stand at the very start, and moves each index by two.
  const text = `\r\n${latin1(body)}`;
  const delimiter = `\r\n--${boundary}`;
  const bounds: (readonly [number, number])[] = [];
  let start = -1;
  for (let at = text.indexOf(delimiter); at >= 0; at = text.indexOf(delimiter, at + 2)) {
    const rest = at + delimiter.length;
    const lineEnd = text.indexOf('\r\n', rest);
    const tail = trimBlank(text.slice(rest, Math.min(lineEnd < 0 ? text.length : lineEnd, rest + 80)));
    if (tail !== '' && tail !== '--') continue;
    if (start >= 0) bounds.push([start, at - 2]);
    if (bounds.length > MAX_PARTS) throw badSip('too many parts', offset + at - 2);
    if (tail === '--') return bounds;
    if (lineEnd < 0) break;
    start = lineEnd;
  }
  throw badSip('a multipart body does not end', offset + body.length);
}

function readPart(part: Uint8Array, offset: number): { headers: SipHeader[]; content: Uint8Array } {
  const text = latin1(part);
  // A part may have no header at all: then it starts with the blank line.
  const blank = text.startsWith('\r\n') ? 0 : text.indexOf('\r\n\r\n') + 2;
  if (blank === 1) throw badSip('a part has no blank line', offset);
  const lines = text
    .slice(0, blank)
    .replace(/\r\n[ \t]+/g, ' ')
    .split('\r\n');
  const headers = lines
    .filter((line) => line !== '')
    .map((line) => {
      const colon = line.indexOf(':');
      const name = trimBlank(line.slice(0, Math.max(colon, 0)));
      if (!isToken(name)) throw badSip('malformed header field of a part', offset);
      return { name, value: trimBlank(line.slice(colon + 1)) };
    });
  return { headers, content: part.subarray(blank + 2) };
}
