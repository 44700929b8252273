/**
 * Session descriptions (RFC 8866 5): values to text, lines in the order of the RFC, each ended by CRLF.
 * What comes out is parsed again and compared, so that no line break in a value can add a line.
 */
import { isDeepStrictEqual } from 'node:util';
import { parseSdp, type Sdp, type SdpAttribute, type SdpConnection, type SdpLine, type SdpMedia } from './sdp.ts';

/**
 * The octets of a description; parsing them gives the same value.
 * @throws TypeError when the value is not a session description (a member with a line break, a port out of range,
 * details that do not belong into their section or stand in another order than the RFC's)
 */
export function encodeSdp(sdp: Sdp): Uint8Array {
  const { origin } = sdp;
  const lines = [
    'v=0',
    `o=${origin.username} ${origin.sessionId} ${origin.sessionVersion} IN ${origin.addressType} ${origin.address}`,
    `s=${sdp.sessionName}`,
    ...details(sdp.details, 'iuep'),
    ...(sdp.connection === undefined ? [] : [connection(sdp.connection)]),
    ...details(sdp.details, 'btrzk'),
    ...sdp.attributes.map(attribute),
    ...sdp.media.flatMap(mediaLines),
  ];
  const bytes = new Uint8Array(Buffer.from(`${lines.join('\r\n')}\r\n`, 'latin1'));
  if (!readsBack(bytes, sdp)) throw new TypeError('encodeSdp: not a session description');
  return bytes;
}

function mediaLines(media: SdpMedia): string[] {
  const count = media.portCount === undefined ? '' : `/${String(media.portCount)}`;
  return [
    `m=${media.kind} ${String(media.port)}${count} ${media.protocol} ${media.formats.join(' ')}`,
    ...details(media.details, 'i'),
    ...media.connections.map(connection),
    ...details(media.details, 'bk'),
    ...media.attributes.map(attribute),
  ];
}

/** The lines of these types in their order, so that t= and its r= stay together. */
function details(lines: readonly SdpLine[], types: string): string[] {
  return lines.filter((line) => types.includes(line.type)).map(({ type, value }) => `${type}=${value}`);
}

function connection({ addressType, address }: SdpConnection): string {
  return `c=IN ${addressType} ${address}`;
}

function attribute({ name, value }: SdpAttribute): string {
  return value === undefined ? `a=${name}` : `a=${name}:${value}`;
}

function readsBack(bytes: Uint8Array, sdp: Sdp): boolean {
  try {
    return isDeepStrictEqual(parseSdp(bytes), sdp);
  } catch {
    return false;
  }
}
