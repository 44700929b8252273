/**
 * SIP octets to values (RFC 3261 7, 18.3, 25.1). Total: a message or `BadSip` with the offset.
 * Strict where two readers could disagree (line ends, doubled fields, methods), lenient where the RFC is.
 * Header at most 64 KiB, body at most 1 MiB. It does not ask for Via: a capture shows what was sent.
 */
import { latin1 } from '../../foundation/base/bytes.ts';
import { canonicalHeaderName, type SipHeader, type SipMessage } from './sip-message.ts';
import { badSip, isToken, isUri, parseAddress, TOKEN, trimBlank } from './sip-syntax.ts';

/** Start line and header fields with the blank line, octets. */
export const MAX_SIP_HEADER = 65_536;
/** Body, octets. */
export const MAX_SIP_BODY = 1_048_576;

type StartLine =
  | { readonly kind: 'request'; readonly method: string; readonly requestUri: string }
  | { readonly kind: 'response'; readonly status: number; readonly reason: string };

/** A header section that made sense; the body has still to come. */
export interface SipHead {
  readonly start: StartLine;
  readonly fields: Omit<SipMessage, 'kind' | 'method' | 'requestUri' | 'status' | 'reason' | 'body' | 'octets'>;
  /** undefined when the field is absent. */
  readonly contentLength: number | undefined;
  /** Index of the first octet after the blank line. */
  readonly bodyStart: number;
}

/**
 * One message, for example a datagram: CRLFs before the start line are skipped (RFC 3261 7.5), octets after
 * Content-Length are discarded (18.3), a message without Content-Length goes to the end. Copies what it keeps.
 * @throws HalfkeyError `BadSip`
 */
export function parseSipMessage(bytes: Uint8Array): SipMessage {
  let at = 0;
  while (bytes[at] === 0x0d && bytes[at + 1] === 0x0a) at += 2;
  const head = readSipHead(bytes, at);
  const length = head.contentLength ?? bytes.length - head.bodyStart;
  if (length > MAX_SIP_BODY) throw badSip('the body is longer than 1 MiB', head.bodyStart);
  if (length > bytes.length - head.bodyStart) throw badSip('the body is shorter than Content-Length', bytes.length);
  return withBody(head, head.bodyStart - at, bytes.subarray(head.bodyStart, head.bodyStart + length));
}

/** The message of a header section of `headLength` octets and its body, which is copied. */
export function withBody(head: SipHead, headLength: number, body: Uint8Array): SipMessage {
  return { ...head.start, ...head.fields, octets: headLength + body.length, body: new Uint8Array(body) };
}

/** Index after the first CRLF CRLF at or after `from` and before `limit`, -1 when there is none. */
export function endOfHeader(bytes: Uint8Array, from: number, limit: number): number {
  const end = Math.min(limit, bytes.length);
  for (let i = bytes.indexOf(0x0d, from); i >= 0 && i + 4 <= end; i = bytes.indexOf(0x0d, i + 1)) {
    if (bytes[i + 1] === 0x0a && bytes[i + 2] === 0x0d && bytes[i + 3] === 0x0a) return i + 4;
  }
  return -1;
}

/** Start line and header lines, each well formed by itself. */
export interface SipLines {
  readonly start: StartLine;
  readonly headers: readonly HeaderLine[];
  readonly bodyStart: number;
}

interface HeaderLine {
  readonly name: string;
  readonly value: string;
  readonly offset: number;
}

/** The start line and the header fields from octet `at` on. @throws HalfkeyError `BadSip` */
export function readSipHead(bytes: Uint8Array, at: number): SipHead {
  const bodyStart = endOfHeader(bytes, at, at + MAX_SIP_HEADER);
  if (bodyStart < 0) throw badSip('no blank line ends the header', Math.min(bytes.length, at + MAX_SIP_HEADER));
  return readSipFields(readSipLines(bytes, at, bodyStart));
}

/**
 * The lines of a header section that ends, with its blank line, at `bodyStart`. Reads no further than to the first
 * bad line, so that resynchronisation costs no more than the octets it gives up.
 * @throws HalfkeyError `BadSip` with the offset of what is no header line
 */
export function readSipLines(bytes: Uint8Array, at: number, bodyStart: number): SipLines {
  const headers: { name: string; parts: string[]; offset: number }[] = [];
  let start: StartLine | undefined;
  for (let offset = at; offset < bodyStart - 2;) {
    let end = bytes.indexOf(0x0d, offset);
    while (bytes[end + 1] !== 0x0a) end = bytes.indexOf(0x0d, end + 1);
    const line = latin1(bytes.subarray(offset, end));
    if (start !== undefined) readHeaderLine(line, offset, headers);
    else start = matchStartLine(line);
    if (start === undefined) throw badSip('neither a request line nor a status line', offset);
    offset = end + 2;
  }
  if (start === undefined) throw badSip('neither a request line nor a status line', at);
  return {
    start,
    // RFC 3261 7.3.1: a fold and the white space around it count as one space.
    headers: headers.map(({ name, parts, offset }) => ({
      name,
      value: parts.filter((part) => part !== '').join(' '),
      offset,
    })),
    bodyStart,
  };
}

// Request-Line and Status-Line; the SIP version is case-insensitive (RFC 3261 7.1, 7.2).
const requestLine = new RegExp(`^([${TOKEN}]+) ([^ ]+) [Ss][Ii][Pp]/2\\.0$`);
const statusLine = /^[Ss][Ii][Pp]\/2\.0 ([1-6][0-9]{2}) ([\t\x20-\x7e\x80-\xff]*)$/;

/** A start line without its CRLF, undefined when it is none. */
export function matchStartLine(line: string): StartLine | undefined {
  const status = statusLine.exec(line);
  if (status !== null) return { kind: 'response', status: Number(status[1]), reason: status[2] as string };
  const [, method = '', requestUri = ''] = requestLine.exec(line) ?? [];
  return isUri(requestUri) ? { kind: 'request', method, requestUri } : undefined;
}

// Controls but TAB; a CR or LF that is not part of a CRLF is one of them.
const control = /[\x00-\x08\x0a-\x1f\x7f]/;

function readHeaderLine(
  line: string,
  offset: number,
  headers: { name: string; parts: string[]; offset: number }[],
): void {
  const bad = control.exec(line);
  if (bad !== null) throw badSip('control character in a header field', offset + bad.index);
  const last = headers.at(-1);
  if (line.startsWith(' ') || line.startsWith('\t')) {
    if (last === undefined) throw badSip('a folded line follows the start line', offset);
    last.parts.push(trimBlank(line));
    return;
  }
  const colon = line.indexOf(':');
  const name = trimBlank(line.slice(0, Math.max(colon, 0)));
  if (!isToken(name)) throw badSip('malformed header field', offset);
  headers.push({ name, parts: [trimBlank(line.slice(colon + 1))], offset });
}

const SINGLE = ['call-id', 'cseq', 'from', 'to', 'content-length', 'content-type'] as const;

/** The header fields that every message needs. @throws HalfkeyError `BadSip` */
export function readSipFields({ start, headers, bodyStart }: SipLines): SipHead {
  const single = new Map<string, HeaderLine>();
  for (const header of headers) {
    const canonical = canonicalHeaderName(header.name);
    if (!(SINGLE as readonly string[]).includes(canonical)) continue;
    if (single.has(canonical)) throw badSip(`${canonical} stands twice`, header.offset);
    single.set(canonical, header);
  }
  const required = (name: (typeof SINGLE)[number]): HeaderLine => {
    const field = single.get(name);
    if (field === undefined) throw badSip(`${name} is missing`, bodyStart);
    return field;
  };
  const callId = required('call-id');
  if (!/^[\x21-\x7e]+$/.test(callId.value)) throw badSip('malformed Call-ID', callId.offset);
  const [fromField, toField] = [required('from'), required('to')];
  const from = parseAddress(fromField.value, fromField.offset);
  const to = parseAddress(toField.value, toField.offset);
  const length = single.get('content-length');
  return {
    start,
    bodyStart,
    fields: {
      headers: headers
        .filter((h) => canonicalHeaderName(h.name) !== 'content-length')
        .map(({ name, value }): SipHeader => ({ name, value })),
      callId: callId.value,
      cseq: readCseq(required('cseq'), start),
      fromUri: from.uri,
      toUri: to.uri,
      ...(from.tag === undefined ? {} : { fromTag: from.tag }),
      ...(to.tag === undefined ? {} : { toTag: to.tag }),
    },
    contentLength: length === undefined ? undefined : readLength(length),
  };
}

/** RFC 3261 8.1.1.5: below 2^31, and the method of the request line. */
function readCseq(field: HeaderLine, start: StartLine): SipMessage['cseq'] {
  const match = /^([0-9]{1,10})[ \t]+([^ \t]+)$/.exec(field.value);
  const method = match?.[2] ?? '';
  const number = Number(match?.[1]);
  if (!isToken(method) || number >= 2 ** 31) throw badSip('malformed CSeq', field.offset);
  if (start.kind === 'request' && start.method !== method) throw badSip('CSeq has another method', field.offset);
  return { number, method };
}

function readLength(field: HeaderLine): number {
  if (!/^[0-9]{1,10}$/.test(field.value)) throw badSip('malformed Content-Length', field.offset);
  const length = Number(field.value);
  if (length > MAX_SIP_BODY) throw badSip('the body is longer than 1 MiB', field.offset);
  return length;
}
