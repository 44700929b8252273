/**
 * Session descriptions (RFC 8866 5): text to values. Total: a description or `BadSdp` with the offset.
 * Texts hold one character an octet (Latin-1). Lines are told apart by their letter; their order within a section
 * is not enforced, because descriptions in the field, and RFC 4567's own examples, have t= before c=.
 */
import { latin1 } from '../../foundation/base/bytes.ts';
import { HalfkeyError } from '../../foundation/base/errors.ts';

/** A line that is carried unread: i u e p b t r z k. */
export interface SdpLine {
  readonly type: string;
  readonly value: string;
}

/** a=name or a=name:value; the value may be empty. */
export interface SdpAttribute {
  readonly name: string;
  readonly value?: string;
}

/** c=: the address as it was written, with the suffixes of a multicast address. */
export interface SdpConnection {
  readonly addressType: 'IP4' | 'IP6';
  readonly address: string;
}

/** o=: ids are decimal texts of any length. */
export interface SdpOrigin extends SdpConnection {
  readonly username: string;
  readonly sessionId: string;
  readonly sessionVersion: string;
}

/** m= and the lines below it. */
export interface SdpMedia {
  readonly kind: string;
  /** 0 to 65535; 0 = the stream is refused or over (RFC 3264 6). */
  readonly port: number;
  readonly portCount?: number;
  readonly protocol: string;
  /** At least one; RTP payload types as decimal text. */
  readonly formats: readonly string[];
  readonly connections: readonly SdpConnection[];
  /** i=, then b= k= in order of appearance. */
  readonly details: readonly SdpLine[];
  readonly attributes: readonly SdpAttribute[];
}

export interface Sdp {
  readonly origin: SdpOrigin;
  readonly sessionName: string;
  readonly connection?: SdpConnection;
  /** i= u= e= p= in order of appearance, then b= t= r= z= k= in order of appearance; at least one t=. */
  readonly details: readonly SdpLine[];
  readonly attributes: readonly SdpAttribute[];
  /** At most 127: two crypto sessions each, and #CS is one octet (protocol profile 3.4). */
  readonly media: readonly SdpMedia[];
}

export const MAX_SDP_MEDIA = 127;

interface Line extends SdpLine {
  readonly offset: number;
}

/** A session description; lines end with CRLF or LF (RFC 8866 5). @throws HalfkeyError `BadSdp` */
export function parseSdp(body: Uint8Array): Sdp {
  const sections = splitSections(readLines(body));
  const session = sections[0] as Line[];
  const version = session[0];
  if (version?.type !== 'v' || version.value !== '0') throw badSdp('does not start with v=0', 0);
  const end = session.at(-1)?.offset ?? 0;
  const one = (type: string): Line | undefined => {
    const [first, second] = session.filter((line) => line.type === type);
    if (second !== undefined) throw badSdp(`${type}= stands twice`, second.offset);
    return first;
  };
  one('v');
  const [origin, name, connection] = [one('o'), one('s'), one('c')];
  if (origin === undefined || name === undefined) throw badSdp('o= or s= is missing', end);
  if (!session.some((line) => line.type === 't')) throw badSdp('t= is missing', end);
  if (sections.length - 1 > MAX_SDP_MEDIA)
    throw badSdp('too many media', (sections[MAX_SDP_MEDIA + 1] as Line[])[0]?.offset ?? end);
  return {
    origin: readOrigin(origin),
    sessionName: name.value,
    ...(connection === undefined ? {} : { connection: readConnection(connection) }),
    details: carried(session, 'iuep', 'btrzk'),
    attributes: readAttributes(session),
    media: sections.slice(1).map(readMedia),
  };
}

/** A coded refusal of octets that are not SDP. */
function badSdp(message: string, offset: number): HalfkeyError {
  return new HalfkeyError('BadSdp', message, { offset });
}

function readLines(body: Uint8Array): Line[] {
  const lines: Line[] = [];
  let offset = 0;
  const texts = latin1(body).split('\n');
  // The line end of the last line may be missing, or be followed by empty lines.
  while (texts.length > 0 && (texts.at(-1) === '' || texts.at(-1) === '\r')) texts.pop();
  for (const text of texts) {
    const line = text.endsWith('\r') ? text.slice(0, -1) : text;
    // RFC 8866 5: no white space beside the equals sign, an unknown letter makes the description unusable.
    if (!/^[vosiuepcbtrzkam]=/.test(line)) throw badSdp('not a line of a session description', offset);
    if (/[\0\r]/.test(line)) throw badSdp('NUL or CR in a line', offset);
    lines.push({ type: line.charAt(0), value: line.slice(2), offset });
    offset += text.length + 1;
  }
  return lines;
}

/** The session section, then one section for each m=. */
function splitSections(lines: readonly Line[]): Line[][] {
  const sections: Line[][] = [[]];
  for (const line of lines) {
    if (line.type === 'm') sections.push([]);
    (sections.at(-1) as Line[]).push(line);
  }
  return sections;
}

/** The lines that stand before c=, then those that stand behind it, so that encoding finds them in the RFC's order. */
function carried(lines: readonly Line[], beforeConnection: string, behind: string): SdpLine[] {
  return [beforeConnection, behind].flatMap((types) =>
    lines.filter((line) => types.includes(line.type)).map(({ type, value }) => ({ type, value })),
  );
}

function readOrigin({ value, offset }: Line): SdpOrigin {
  const match = /^([^ ]+) ([0-9]{1,40}) ([0-9]{1,40}) IN (IP4|IP6) ([^ ]+)$/.exec(value);
  if (match === null) throw badSdp('malformed o=', offset);
  const [, username, sessionId, sessionVersion, addressType, address] = match as unknown as string[];
  return { username, sessionId, sessionVersion, addressType, address } as SdpOrigin;
}

function readConnection({ value, offset }: Line): SdpConnection {
  const match = /^IN (IP4|IP6) ([\x21-\x7e]+)$/.exec(value);
  if (match === null) throw badSdp('malformed c=', offset);
  return { addressType: match[1] as 'IP4' | 'IP6', address: match[2] as string };
}

function readAttributes(lines: readonly Line[]): SdpAttribute[] {
  return lines
    .filter((line) => line.type === 'a')
    .map(({ value, offset }) => {
      const colon = value.indexOf(':');
      const name = colon < 0 ? value : value.slice(0, colon);
      if (!/^[!#-'*+\-.0-9A-Z^-~]+$/.test(name)) throw badSdp('malformed a=', offset);
      return colon < 0 ? { name } : { name, value: value.slice(colon + 1) };
    });
}

// RFC 8866 5.14 and 9: tokens parted by single spaces.
const mediaLine =
  /^([!#-'*+\-.0-9A-Z^-~]+) ([0-9]{1,5})(?:\/([0-9]{1,5}))? ([!#-'*+\-./0-9A-Z^-~]+)((?: [!#-'*+\-.0-9A-Z^-~]+)+)$/;

function readMedia(lines: readonly Line[]): SdpMedia {
  const { value, offset } = lines[0] as Line;
  const match = mediaLine.exec(value);
  const [port, count] = [Number(match?.[2]), match?.[3]];
  if (match === null || port > 65535 || count === '0') throw badSdp('malformed m=', offset);
  const stray = lines.find((line) => !'micbka'.includes(line.type));
  if (stray !== undefined) throw badSdp(`${stray.type}= stands below m=`, stray.offset);
  return {
    kind: match[1] as string,
    port,
    ...(count === undefined ? {} : { portCount: Number(count) }),
    protocol: match[4] as string,
    formats: (match[5] as string).slice(1).split(' '),
    connections: lines.filter((line) => line.type === 'c').map(readConnection),
    details: carried(lines, 'i', 'bk'),
    attributes: readAttributes(lines),
  };
}
