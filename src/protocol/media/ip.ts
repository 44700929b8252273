/**
 * IPv4 (RFC 791) and IPv6 (RFC 8200) headers, extension headers included.
 * Checksums are not verified: captures on the sending host hold them before the network card fills them in.
 */
import type { IpOctets } from './link-layer.ts';

/** A datagram or a fragment of one. */
export interface IpPacket {
  readonly version: 4 | 6;
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  /** Number of the upper protocol: 6 TCP, 17 UDP. In a fragment, that of the whole datagram. */
  readonly protocol: number;
  readonly payload: Uint8Array;
  readonly fragment?: { readonly id: number; readonly offset: number; readonly more: boolean };
}

const MAX_EXTENSIONS = 16;

/** The packet in `ip`; undefined when it is malformed or was cut by the capture. */
export function parseIp(ip: IpOctets): IpPacket | undefined {
  return ip.version === 4 ? parseIpv4(ip.bytes) : parseIpv6(ip.bytes);
}

function parseIpv4(bytes: Uint8Array): IpPacket | undefined {
  if (bytes.length < 20) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const headerLength = 4 * (view.getUint8(0) & 0x0f);
  const total = view.getUint16(2) || bytes.length; // 0: segmentation is left to the network card
  if (view.getUint8(0) >> 4 !== 4 || headerLength < 20 || total < headerLength || total > bytes.length)
    return undefined;
  const flags = view.getUint16(6);
  const packet: IpPacket = {
    version: 4,
    source: bytes.subarray(12, 16),
    destination: bytes.subarray(16, 20),
    protocol: view.getUint8(9),
    payload: bytes.subarray(headerLength, total),
  };
  if ((flags & 0x3fff) === 0) return packet;
  return { ...packet, fragment: { id: view.getUint16(4), offset: 8 * (flags & 0x1fff), more: (flags & 0x2000) !== 0 } };
}

/** Octets of the extension header of type `type` that stands at `offset`; 0 when it is the upper protocol. */
function extensionLength(view: DataView, type: number, offset: number): number {
  const units = view.byteLength >= offset + 2 ? view.getUint8(offset + 1) : 0;
  switch (type) {
    case 0: // hop-by-hop options
    case 43: // routing
    case 60: // destination options
    case 135: // mobility
      return 8 * (units + 1);
    case 44: // fragment
      return 8;
    case 51: // authentication header, RFC 4302 2.2
      return 4 * (units + 2);
    default:
      return 0;
  }
}

/** The upper protocol in IPv6 octets that begin with a header of type `first`, or the fragment that stands before it. */
export function skipExtensions(
  first: number,
  bytes: Uint8Array,
): Omit<IpPacket, 'version' | 'source' | 'destination'> | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let protocol = first;
  let offset = 0;
  for (let count = 0; count <= MAX_EXTENSIONS; count++) {
    const length = extensionLength(view, protocol, offset);
    if (length === 0) return { protocol, payload: bytes.subarray(offset) };
    if (offset + length > bytes.length) return undefined;
    const field = protocol === 44 ? view.getUint16(offset + 2) & 0xfff9 : 0; // 0: an atomic fragment (RFC 6946)
    const id = field === 0 ? 0 : view.getUint32(offset + 4);
    protocol = view.getUint8(offset);
    offset += length;
    if (field !== 0) {
      return {
        protocol,
        payload: bytes.subarray(offset),
        fragment: { id, offset: field & 0xfff8, more: (field & 1) !== 0 },
      };
    }
  }
  return undefined;
}

function parseIpv6(bytes: Uint8Array): IpPacket | undefined {
  if (bytes.length < 40 || (bytes[0] as number) >> 4 !== 6) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const end = 40 + (view.getUint16(4) || bytes.length - 40); // 0: jumbogram, or segmentation is left to the network card
  if (end > bytes.length) return undefined;
  const upper = skipExtensions(view.getUint8(6), bytes.subarray(40, end));
  if (upper === undefined) return undefined;
  return { version: 6, source: bytes.subarray(8, 24), destination: bytes.subarray(24, 40), ...upper };
}
