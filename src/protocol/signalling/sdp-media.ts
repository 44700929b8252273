/**
 * What a description says about the packets of a stream: where its sender receives them, and what is in them
 * (RFC 8866 5.7, 5.14, 6.6; RFC 3605; RFC 5761; RFC 3264 8.4; payload types of RFC 3551 6).
 */
import type { Sdp, SdpAttribute, SdpMedia } from './sdp.ts';

/** An address in canonical text (IPv6 as in RFC 5952) or a host name in lower case, and a port. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** One RTP payload type of a stream. */
export interface MediaFormat {
  readonly payloadType: number;
  readonly encoding: string;
  /** Hz. */
  readonly clockRate: number;
  readonly channels?: number;
  /** The text of a=fmtp. */
  readonly parameters?: string;
}

export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

const STATIC: ReadonlyMap<number, readonly [string, number]> = new Map([
  [0, ['PCMU', 8000]],
  [3, ['GSM', 8000]],
  [4, ['G723', 8000]],
  [8, ['PCMA', 8000]],
  [9, ['G722', 8000]],
  [15, ['G728', 8000]],
  [18, ['G729', 8000]],
]);

/** Values of the attributes of one name, those without a value left out. */
export function attributeValues(attributes: readonly SdpAttribute[], name: string): string[] {
  return attributes.filter((attribute) => attribute.name === name).flatMap(({ value }) => value ?? []);
}

/**
 * Where the sender of the description receives RTP of m-line `index` (counted from 0): undefined for port 0,
 * for the unspecified address of an old-style hold (RFC 3264 8.4), and without any c=.
 */
export function mediaEndpoint(sdp: Sdp, index: number): Endpoint | undefined {
  const media = sdp.media[index];
  const connection = media?.connections[0] ?? sdp.connection;
  return media === undefined || connection === undefined ? undefined : endpoint(connection.address, media.port);
}

/** Where it receives RTCP: a=rtcp (RFC 3605 2.1), the RTP port with a=rtcp-mux (RFC 5761), else the next port. */
export function rtcpEndpoint(sdp: Sdp, index: number): Endpoint | undefined {
  const media = sdp.media[index];
  const rtp = mediaEndpoint(sdp, index);
  if (media === undefined || rtp === undefined) return undefined;
  if (media.attributes.some(({ name }) => name === 'rtcp-mux')) return rtp;
  const explicit = /^([0-9]{1,5})(?: IN IP[46] ([\x21-\x7e]+))?$/.exec(
    attributeValues(media.attributes, 'rtcp')[0] ?? '',
  );
  if (explicit !== null) return endpoint(explicit[2] ?? rtp.address, Number(explicit[1]));
  return endpoint(rtp.address, rtp.port + 1);
}

function endpoint(text: string, port: number): Endpoint | undefined {
  const address = canonicalAddress(text);
  const unspecified = address === '0.0.0.0' || address === '::';
  return unspecified || port < 1 || port > 65535 ? undefined : { address, port };
}

/** IPv4 in four decimals, IPv6 as in RFC 5952 4, anything else in lower case; a multicast suffix is cut off. */
export function canonicalAddress(text: string): string {
  const address = text.replace(/\/.*$/s, '').toLowerCase();
  if (/^[0-9]{1,3}(?:\.[0-9]{1,3}){3}$/.test(address)) return address.split('.').map(Number).join('.');
  if (/^[0-9a-f:.]+$/.test(address) && URL.canParse(`http://[${address}]/`)) {
    return new URL(`http://[${address}]/`).hostname.slice(1, -1);
  }
  return address;
}

/** The payload types of an m-line that have a name: by a=rtpmap, or static ones without. */
export function mediaFormats(media: SdpMedia): MediaFormat[] {
  const maps = attributeValues(media.attributes, 'rtpmap');
  const parameters = attributeValues(media.attributes, 'fmtp');
  return media.formats.flatMap((text): MediaFormat[] => {
    if (!/^[0-9]{1,3}$/.test(text) || Number(text) > 127) return [];
    const payloadType = Number(text);
    const fmtp = parameters.find((value) => value.startsWith(`${text} `))?.slice(text.length + 1);
    const rest = fmtp === undefined ? {} : { parameters: fmtp };
    const line = maps.find((value) => value.startsWith(`${text} `)) ?? '';
    const map = /^[0-9]+ ([^ /]+)\/([0-9]{1,9})(?:\/([0-9]{1,3}))?$/.exec(line);
    if (map !== null) {
      const channels = map[3] === undefined ? {} : { channels: Number(map[3]) };
      return [{ payloadType, encoding: map[1] as string, clockRate: Number(map[2]), ...channels, ...rest }];
    }
    const known = STATIC.get(payloadType);
    return known === undefined ? [] : [{ payloadType, encoding: known[0], clockRate: known[1], ...rest }];
  });
}

/** The direction as the sender of the description sees it; at media level, else at session level, else sendrecv. */
export function mediaDirection(sdp: Sdp, index: number): Direction {
  const isDirection = ({ name }: SdpAttribute): boolean => /^(?:sendrecv|sendonly|recvonly|inactive)$/.test(name);
  const found = sdp.media[index]?.attributes.find(isDirection) ?? sdp.attributes.find(isDirection);
  return (found?.name ?? 'sendrecv') as Direction;
}
