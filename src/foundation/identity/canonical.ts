/**
 * The canonical text of an identity, protocol profile 2.3 (over RFC 3261 19.1, RFC 5627, RFC 3966, RFC 4282):
 * a total function or a refusal. Used where SIP, configuration or a person enters an identity; it must
 * never be applied to octets from the wire to repair them (see wire.ts), and computes no other equivalence.
 */
import { HalfkeyError } from '../base/index.ts';

/** Kinds of identity, by MIKEY ID type (RFC 3830 6.7): 0 NAI, 1 URI. */
export interface CanonicalText {
  readonly type: 0 | 1;
  readonly text: string;
}

const PARAM_CHAR = "(?:[A-Za-z0-9\\-_.!~*'()\\[\\]/:&+$]|%[0-9A-Fa-f]{2})";
const SIP_PARAMETER = new RegExp(`^${PARAM_CHAR}+(?:=${PARAM_CHAR}+)?$`);
const SIP_USER = /^(?:[A-Za-z0-9\-_.!~*'()&=+$,;?/]|%[0-9A-Fa-f]{2})+$/;
const TEL_PARAMETER = new RegExp(`^[A-Za-z0-9-]+(?:=${PARAM_CHAR}+)?$`);
/** RFC 4282 2.1: a dot-string; no colon, so that no NAI reads as a URI. */
const NAI_USER = /^[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]+(?:\.[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]+)*$/;
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
/** Parameters of a tel URI that make it another, or a local, number: never dropped silently. */
const TEL_REFUSED = new Set(['ext', 'isub', 'postd', 'phone-context']);

function refuse(why: string): never {
  throw new HalfkeyError('InvalidIdentity', why);
}

/**
 * Canonical form of `text`: `sip:`, `sips:` and `tel:` (any case) are URIs, all else is a NAI.
 * @returns type and 1 to 255 characters of 0x21-0x7E
 * @throws HalfkeyError `InvalidIdentity`; the message never repeats the text
 */
export function canonicalText(text: string): CanonicalText {
  if (!/^[\x21-\x7e]+$/.test(text)) refuse('an identity is printable ASCII without spaces');
  const scheme = /^(sips?|tel):/i.exec(text)?.[1]?.toLowerCase();
  const rest = scheme === undefined ? text : text.slice(scheme.length + 1);
  const canonical: CanonicalText =
    scheme === undefined
      ? { type: 0, text: canonicalNai(rest) }
      : { type: 1, text: scheme === 'tel' ? canonicalTel(rest) : canonicalSip(rest) };
  if (canonical.text.length > 255) refuse('an identity has at most 255 octets');
  return canonical;
}

/** `user@host[:port][;parameters][?headers]` to `sip:user@host[;gr=value]`; sips is merged into sip on purpose. */
function canonicalSip(rest: string): string {
  const at = rest.indexOf('@');
  if (at < 0) refuse('a SIP identity has a user part');
  const user = rest.slice(0, at);
  if (user.includes(':')) refuse('a password is refused');
  if (!SIP_USER.test(user)) refuse('the user part does not follow RFC 3261 25.1');
  const [address = '', headers] = splitOnce(rest.slice(at + 1), '?');
  if (address.includes('@') || headers?.includes('@') === true) refuse('a second @');
  const [hostPort = '', ...parameters] = address.split(';');
  const [host = '', port] = splitOnce(hostPort, ':');
  if (port !== undefined && !/^[0-9]{1,5}$/.test(port)) refuse('the port is not a number');
  let gr: string | undefined;
  for (const parameter of parameters) {
    const [name = '', value] = splitOnce(parameter, '=');
    if (name.toLowerCase() === 'gr') {
      // RFC 5627 allows gr without a value (a temporary GRUU): it names no device by itself.
      if (value === undefined || gr !== undefined) refuse('gr stands once and has a value');
      gr = value;
    }
    if (!SIP_PARAMETER.test(parameter)) refuse('a URI parameter does not follow RFC 3261 25.1');
  }
  return `sip:${canonicalEscapes(user)}@${canonicalDomain(host)}${gr === undefined ? '' : `;gr=${gr}`}`;
}

/** %HH of an RFC 3261 `unreserved` character is decoded, every other stays with upper-case digits. */
function canonicalEscapes(user: string): string {
  return user.replace(/%([0-9A-Fa-f]{2})/g, (escape, digits: string) => {
    const character = String.fromCharCode(parseInt(digits, 16));
    return /[A-Za-z0-9\-_.!~*'()]/.test(character) ? character : escape.toUpperCase();
  });
}

/** A global number of 1 to 15 digits without visual separators (RFC 3966 5.1.4, E.164). */
function canonicalTel(rest: string): string {
  const [number = '', ...parameters] = rest.split(';');
  const digits = number.replace(/[-.()]/g, '');
  if (!/^\+[0-9]{1,15}$/.test(digits) || !number.startsWith('+'))
    refuse('a tel identity is a global number of 1 to 15 digits');
  for (const parameter of parameters) {
    if (!TEL_PARAMETER.test(parameter)) refuse('a tel parameter does not follow RFC 3966 3');
    if (TEL_REFUSED.has(parameter.replace(/=.*/s, '').toLowerCase()))
      refuse('ext, isub, postd and phone-context are refused');
  }
  return `tel:${digits}`;
}

/** `user@realm`; a NAI without realm belongs to no district and is refused. */
function canonicalNai(text: string): string {
  const at = text.indexOf('@');
  const user = text.slice(0, Math.max(at, 0));
  if (!NAI_USER.test(user)) refuse('not a sip, sips or tel URI, and not a NAI of RFC 4282');
  return `${user}@${canonicalDomain(text.slice(at + 1))}`;
}

/** A domain name in lower case, A-labels, without trailing dot; the top label begins with a letter, so no IP literal passes. */
function canonicalDomain(host: string): string {
  const name = host.toLowerCase().replace(/\.$/, '');
  const labels = name.split('.');
  if (name.length > 253 || !labels.every((label) => LABEL.test(label))) refuse('the host is not a domain name');
  if (!/^[a-z]/.test(labels.at(-1) ?? '')) refuse('the host is an IP literal or has no top-level domain');
  return name;
}

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}
