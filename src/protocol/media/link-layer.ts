/**
 * From a captured frame to the IP packet in it: Ethernet with VLAN tags (802.1Q, 802.1ad), Linux cooked v1 and v2,
 * BSD null and loopback, raw IP. Anything else, and anything cut off, has none.
 */

const VLAN_TYPES: ReadonlySet<number> = new Set([0x8100, 0x88a8, 0x9100, 0x9200]);
const MAX_TAGS = 8;

/** An IP packet of either version, perhaps followed by link-layer padding. */
export interface IpOctets {
  readonly version: 4 | 6;
  readonly bytes: Uint8Array;
}

/** Link types that are understood (LINKTYPE_ numbers; 12 and 14 are what some systems write for raw IP). */
export const LINK_TYPE = {
  null: 0,
  ethernet: 1,
  rawOld: 12,
  rawOpenBsd: 14,
  raw: 101,
  loop: 108,
  linuxCooked: 113,
  ipv4: 228,
  ipv6: 229,
  linuxCooked2: 276,
} as const;

function uint16(bytes: Uint8Array, offset: number): number | undefined {
  const high = bytes[offset];
  const low = bytes[offset + 1];
  return high === undefined || low === undefined ? undefined : high * 256 + low;
}

/** What follows an EtherType that stands at `offset`, through any VLAN tags. */
function afterEtherType(bytes: Uint8Array, offset: number): IpOctets | undefined {
  let at = offset;
  for (let tags = 0; tags <= MAX_TAGS; tags++) {
    const type = uint16(bytes, at);
    if (type === 0x0800) return { version: 4, bytes: bytes.subarray(at + 2) };
    if (type === 0x86dd) return { version: 6, bytes: bytes.subarray(at + 2) };
    if (type === undefined || !VLAN_TYPES.has(type)) return undefined;
    at += 4; // tag control information 2, next EtherType
  }
  return undefined;
}

function byVersion(bytes: Uint8Array): IpOctets | undefined {
  const version = (bytes[0] ?? 0) >> 4;
  return version === 4 || version === 6 ? { version, bytes } : undefined;
}

/** The IP packet of a frame, as a view; undefined when there is none or the link type is not understood. */
export function ipOf(linkType: number, frame: Uint8Array): IpOctets | undefined {
  switch (linkType) {
    case LINK_TYPE.ethernet:
      return afterEtherType(frame, 12);
    case LINK_TYPE.linuxCooked:
      return afterEtherType(frame, 14);
    case LINK_TYPE.linuxCooked2: {
      // The protocol stands first, 18 octets before the packet; a VLAN tag follows the header.
      const type = uint16(frame, 0);
      if (type !== undefined && VLAN_TYPES.has(type)) return afterEtherType(frame, 22);
      if (frame.length < 20 || (type !== 0x0800 && type !== 0x86dd)) return undefined;
      return { version: type === 0x0800 ? 4 : 6, bytes: frame.subarray(20) };
    }
    case LINK_TYPE.null:
    case LINK_TYPE.loop:
      // The 4-octet address family differs by system and byte order; the version nibble says the same.
      return byVersion(frame.subarray(4));
    case LINK_TYPE.rawOld:
    case LINK_TYPE.rawOpenBsd:
    case LINK_TYPE.raw:
    case LINK_TYPE.ipv4:
    case LINK_TYPE.ipv6:
      return byVersion(frame);
    default:
      return undefined;
  }
}
