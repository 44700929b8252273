/**
 * A SIP message as a value (RFC 3261 7), and access to its header fields by name.
 * Header fields keep their order and spelling; Content-Length is framing, not content, and is not among them.
 * Texts hold one character an octet (Latin-1). Addresses name people: never print a message.
 */
import { splitList } from './sip-syntax.ts';

/** One header field: the name as it was written, the value unfolded and trimmed (RFC 3261 7.3.1). */
export interface SipHeader {
  readonly name: string;
  readonly value: string;
}

interface SipContent {
  readonly headers: readonly SipHeader[];
  /** Octets after the header, at most 1 MiB; owned by the message. */
  readonly body: Uint8Array;
}

/** What identifies the dialog and the transaction, read from the header fields. */
interface SipFields {
  readonly callId: string;
  /** Number below 2^31; in a response the method of the request. */
  readonly cseq: { readonly number: number; readonly method: string };
  readonly fromUri: string;
  readonly toUri: string;
  readonly fromTag?: string;
  readonly toTag?: string;
  /** How long the message was on the wire, octets: start line, header and body. */
  readonly octets: number;
}

interface RequestLine {
  readonly kind: 'request';
  readonly method: string;
  readonly requestUri: string;
  readonly status?: never;
  readonly reason?: never;
}

interface StatusLine {
  readonly kind: 'response';
  /** 100 to 699. */
  readonly status: number;
  readonly reason: string;
  readonly method?: never;
  readonly requestUri?: never;
}

export type SipRequest = RequestLine & SipContent & SipFields;
export type SipResponse = StatusLine & SipContent & SipFields;
export type SipMessage = SipRequest | SipResponse;

/** What a message is encoded from; the fields that {@link SipMessage} adds are read from the headers again. */
export type SipDraft = (RequestLine | StatusLine) & SipContent;

/** RFC 3261 7.3.3, and the extensions that registered a compact form. */
const COMPACT: Readonly<Record<string, string>> = {
  a: 'accept-contact',
  b: 'referred-by',
  c: 'content-type',
  d: 'request-disposition',
  e: 'content-encoding',
  f: 'from',
  i: 'call-id',
  j: 'reject-contact',
  k: 'supported',
  l: 'content-length',
  m: 'contact',
  n: 'identity-info',
  o: 'event',
  r: 'refer-to',
  s: 'subject',
  t: 'to',
  u: 'allow-events',
  v: 'via',
  x: 'session-expires',
  y: 'identity',
};

/** Fields whose grammar is a comma list; any other comma belongs to the value (RFC 3261 7.3.1). */
const LISTS: ReadonlySet<string> = new Set(
  (
    'accept accept-contact accept-encoding accept-language alert-info allow allow-events call-info contact ' +
    'content-encoding content-language error-info history-info in-reply-to p-asserted-identity p-preferred-identity ' +
    'path proxy-require reason record-route reject-contact request-disposition require route service-route supported ' +
    'unsupported via warning'
  ).split(' '),
);

/** The full name of a field in lower case: names are case-insensitive, some have a compact form (RFC 3261 7.3.3). */
export function canonicalHeaderName(name: string): string {
  const lower = name.toLowerCase();
  return lower.length === 1 ? (COMPACT[lower] ?? lower) : lower;
}

/** The first value of a field, whole; undefined when it is absent. */
export function headerValue(message: { readonly headers: readonly SipHeader[] }, name: string): string | undefined {
  const wanted = canonicalHeaderName(name);
  return message.headers.find((header) => canonicalHeaderName(header.name) === wanted)?.value;
}

/** All values of a field in order, comma lists taken apart where the field's grammar is a list. */
export function headerValues(message: { readonly headers: readonly SipHeader[] }, name: string): string[] {
  const wanted = canonicalHeaderName(name);
  const values = message.headers.filter((header) => canonicalHeaderName(header.name) === wanted).map((h) => h.value);
  return LISTS.has(wanted) ? values.flatMap(splitList) : values;
}
