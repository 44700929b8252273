/**
 * Offer and answer of a protected call (RFC 3264, RFC 4567, protocol profile 3.8): one audio stream, PCMU over RTP/SAVP,
 * key management at session level. Nothing weaker is offered, taken, or fallen back to.
 */
import { HalfkeyError } from '../../foundation/base/index.ts';
import { addressOctets, type Endpoint } from '../../protocol/media/index.ts';
import {
  checkSecureOnly,
  encodeSdp,
  keyMgmt,
  keyMgmtAttribute,
  mediaDirection,
  mediaEndpoint,
  mediaFormats,
  parseSdp,
  rtcpEndpoint,
  type Sdp,
} from '../../protocol/signalling/index.ts';
import type { MediaPorts } from './ua-ports.ts';

type SdpMedia = Sdp['media'][number];

/** RTP payload type and name of the only encoding. */
export const PAYLOAD_TYPE = 0;

/** Our side of a session description, in the version that was sent last. */
export interface LocalSession {
  readonly sessionId: string;
  version: number;
  readonly ports: MediaPorts;
}

/** Where the other side receives, and what it wants. */
export interface RemoteMedia {
  readonly rtp: Endpoint;
  readonly rtcp: Endpoint;
  /** Whether both share a port: the other side has said a=rtcp-mux. */
  readonly muxed: boolean;
  /** Whether it wants to hear us. */
  readonly listens: boolean;
}

/** What a description says about a protected call. */
export interface SecureSession {
  readonly sdp: Sdp;
  /** The MIKEY message. */
  readonly mikey: Uint8Array;
  readonly sdpIds: readonly string[];
  /** For each m-line, whether it is the stream we take. */
  readonly accepted: readonly boolean[];
  readonly remote: RemoteMedia;
}

/** The octets of our description with a MIKEY message; raises the version for the next one. `offer`: what is answered. */
export function describeSession(local: LocalSession, mikey: Uint8Array, offer?: SecureSession): Uint8Array {
  const { ports, sessionId } = local;
  const address = ports.advertise?.address ?? ports.rtp.local.address;
  const addressType = address.includes(':') ? 'IP6' : 'IP4';
  const version = local.version++;
  const own = audioLine(ports);
  return encodeSdp({
    origin: { username: '-', sessionId, sessionVersion: String(version), addressType, address },
    sessionName: '-',
    connection: { addressType, address },
    details: [{ type: 't', value: '0 0' }],
    attributes: [keyMgmtAttribute(mikey)],
    // RFC 3264 6: an answer has the lines of its offer; those that are refused have port 0.
    media: offer?.sdp.media.map((media, line) => (offer.accepted[line] === true ? own : refused(media))) ?? [own],
  });
}

function audioLine({ rtp, rtcp, advertise }: MediaPorts): SdpMedia {
  const port = advertise?.rtpPort ?? rtp.local.port;
  const rtcpPort = advertise?.rtcpPort ?? rtcp?.local.port ?? port;
  return {
    kind: 'audio',
    port,
    protocol: 'RTP/SAVP',
    formats: [String(PAYLOAD_TYPE)],
    connections: [],
    details: [],
    attributes: [
      { name: 'rtpmap', value: `${String(PAYLOAD_TYPE)} PCMU/8000` },
      { name: 'ptime', value: '20' },
      ...(rtcp === undefined ? [{ name: 'rtcp-mux' }] : []),
      ...(rtcp !== undefined && rtcpPort !== port + 1 ? [{ name: 'rtcp', value: String(rtcpPort) }] : []),
      { name: 'sendrecv' },
    ],
  };
}

function refused({ kind, protocol, formats }: SdpMedia): SdpMedia {
  return { kind, port: 0, protocol, formats, connections: [], details: [], attributes: [] };
}

/**
 * Reads an offer, or, with `answered`, the answer to an offer of ours with one line.
 * @throws HalfkeyError `BadSdp` (no stream that we take, no numeric address), `BadKeyMgmt`, `BiddingDown` (no key
 * management, or something weaker beside it)
 */
export function readSecureSession(body: Uint8Array, answered = false): SecureSession {
  const sdp = parseSdp(body);
  checkSecureOnly(sdp);
  const levels = keyMgmt(sdp);
  const [level] = levels;
  if (level?.mikey === undefined) throw new HalfkeyError('BiddingDown', 'the description has no MIKEY message');
  if (levels.length > 1 || level.mediaIndex !== undefined)
    throw new HalfkeyError('BadKeyMgmt', 'key management stands at another level than that of the session');
  if (answered && sdp.media.length !== 1) throw new HalfkeyError('BadSdp', 'the answer has other lines than the offer');
  const line = sdp.media.findIndex(isOurs);
  const [rtp, rtcp] = [mediaEndpoint(sdp, line), rtcpEndpoint(sdp, line)];
  if (rtp === undefined || rtcp === undefined || !isNumeric(rtp) || !isNumeric(rtcp))
    throw new HalfkeyError('BadSdp', 'there is no stream of PCMU over RTP/SAVP at a numeric address');
  const media = sdp.media[line] as SdpMedia;
  const direction = mediaDirection(sdp, line);
  return {
    sdp,
    mikey: level.mikey,
    sdpIds: level.protocols,
    accepted: sdp.media.map((_, index) => index === line),
    remote: {
      rtp,
      rtcp,
      muxed: media.attributes.some(({ name }) => name === 'rtcp-mux'),
      listens: direction === 'sendrecv' || direction === 'recvonly',
    },
  };
}

function isOurs(media: SdpMedia): boolean {
  return (
    media.kind === 'audio' &&
    media.port !== 0 &&
    /^RTP\/SAVPF?$/.test(media.protocol) &&
    mediaFormats(media).some(({ payloadType, encoding }) => payloadType === PAYLOAD_TYPE && /^PCMU$/i.test(encoding))
  );
}

/** No name of a description is ever looked up. */
function isNumeric({ address }: Endpoint): boolean {
  try {
    return addressOctets(address).length > 0;
  } catch {
    return false;
  }
}

/** A session id that says nothing (RFC 8866 5.2 wants a number): 48 random bits. */
export function newSession(ports: MediaPorts, random: (octets: number) => Uint8Array): LocalSession {
  const sessionId = String(random(6).reduce((value, octet) => value * 256 + octet, 0));
  return { sessionId, version: 1, ports };
}
