/**
 * The small pieces of RFC 3261 25.1 that several headers share: tokens, parameters, comma lists, addresses.
 * Texts hold one character an octet (Latin-1), so nothing is lost; UTF-8 display names are not decoded.
 * Errors carry an offset and never the text, which may name a person.
 */
import { HalfkeyError } from '../../foundation/base/errors.ts';

/** Characters of a token (RFC 3261 25.1), to be put between brackets of a regular expression. */
export const TOKEN = "A-Za-z0-9.!%*_+`'~\\-";

const tokenText = new RegExp(`^[${TOKEN}]+$`);
const uriText = /^[A-Za-z][A-Za-z0-9+.-]*:[\x21-\x7e]+$/;

/** Whether `text` is a token (RFC 3261 25.1). */
export function isToken(text: string): boolean {
  return tokenText.test(text);
}

/** Whether `text` has the shape of an absolute URI: a scheme, a colon, visible ASCII. */
export function isUri(text: string): boolean {
  return uriText.test(text);
}

/** Without spaces and tabs at both ends; `trim` would take the octet A0 of a UTF-8 text with it. */
export function trimBlank(text: string): string {
  return text.replace(/^[ \t]+/, '').replace(/(?<![ \t])[ \t]+$/, '');
}

/** A coded refusal of octets that are not SIP. */
export function badSip(message: string, offset: number): HalfkeyError {
  return new HalfkeyError('BadSip', message, { offset });
}

// gen-value = token / host / quoted-string; a host may be an IPv6 reference.
const parameter = new RegExp(
  `[ \\t]*;[ \\t]*([${TOKEN}]+)(?:[ \\t]*=[ \\t]*([^ \\t;",<>]+|"(?:[^"\\\\]|\\\\.)*"))?`,
  'y',
);

/**
 * Parameters `;name=value` (RFC 3261 25.1 generic-param) that fill the whole of `text`, names in lower case,
 * a quoted value without its quotes; a name without a value has the value ''. A repeated name is refused.
 * @throws HalfkeyError `BadSip` with `offset`
 */
export function parseParameters(text: string, offset: number): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>();
  const end = trimBlank(`;${text}`).length - 1;
  parameter.lastIndex = 0;
  for (let at = 0; at < end; at = parameter.lastIndex) {
    parameter.lastIndex = at;
    const match = parameter.exec(text);
    if (match === null) throw badSip('malformed header parameter', offset);
    const name = (match[1] as string).toLowerCase();
    if (parameters.has(name)) throw badSip('a header parameter stands twice', offset);
    parameters.set(name, unquote(match[2] ?? ''));
  }
  return parameters;
}

function unquote(value: string): string {
  return value.startsWith('"') ? value.slice(1, -1).replace(/\\(.)/gs, '$1') : value;
}

/** Parts of a comma list (RFC 3261 7.3.1), trimmed; commas inside quotes and angle brackets do not part. */
export function splitList(value: string): string[] {
  const parts: string[] = [];
  let start = 0;
  let quoted = false;
  let bracketed = false;
  for (let i = 0; i < value.length; i++) {
    const c = value[i];
    if (quoted) {
      if (c === '\\') i++;
      else if (c === '"') quoted = false;
    } else if (c === '"') quoted = true;
    else if (c === '<') bracketed = true;
    else if (c === '>') bracketed = false;
    else if (c === ',' && !bracketed) {
      parts.push(trimBlank(value.slice(start, i)));
      start = i + 1;
    }
  }
  parts.push(trimBlank(value.slice(start)));
  return parts.filter((part) => part !== '');
}

/** The address of From, To or P-Asserted-Identity; the display name is not kept. */
export interface SipAddress {
  readonly uri: string;
  readonly tag?: string;
}

/**
 * name-addr or addr-spec with parameters (RFC 3261 20.10, 25.1). Without angle brackets everything from the
 * first semicolon on is a parameter of the header, not of the URI.
 * @throws HalfkeyError `BadSip` with `offset`
 */
export function parseAddress(value: string, offset: number): SipAddress {
  const displayEnd = value.startsWith('"') ? endOfQuoted(value) : 0;
  if (displayEnd < 0) throw badSip('malformed display name', offset);
  const semicolon = value.indexOf(';', displayEnd);
  const bareEnd = semicolon < 0 ? value.length : semicolon;
  const open = value.indexOf('<', displayEnd);
  // A bracket behind the first semicolon belongs to a parameter.
  const bracketed = open >= 0 && open < bareEnd;
  const close = bracketed ? value.indexOf('>', open) : -1;
  const uri = bracketed ? value.slice(open + 1, Math.max(close, 0)) : trimBlank(value.slice(displayEnd, bareEnd));
  if (!isUri(uri) || (displayEnd > 0 && !bracketed)) throw badSip('malformed address', offset);
  const tag = parseParameters(value.slice(bracketed ? close + 1 : bareEnd), offset).get('tag');
  if (tag === undefined) return { uri };
  if (!isToken(tag)) throw badSip('malformed tag', offset);
  return { uri, tag };
}

/** Index after the closing quote of a text that starts with a quote, -1 when it does not close. */
function endOfQuoted(value: string): number {
  for (let i = 1; i < value.length; i++) {
    if (value[i] === '\\') i++;
    else if (value[i] === '"') return i + 1;
  }
  return -1;
}
