/**
 * Making of Ethernet frames with UDP or TCP over IPv4 or IPv6, checksums filled in: what the clear capture is written
 * with, and what tests and the lab build captures from. Never fragments.
 */
import { concat, fromHex, uint } from '../../foundation/base/bytes.ts';
import { addressOctets, type Endpoint } from './address.ts';

const TCP_FLAGS = { fin: 0x01, syn: 0x02, rst: 0x04, psh: 0x08, ack: 0x10 } as const;
export type TcpFlag = keyof typeof TCP_FLAGS;

/** One TCP segment to make a frame of. */
export interface TcpFrameOptions {
  readonly source: Endpoint;
  readonly destination: Endpoint;
  /** Of the first octet of the payload, or of the SYN, 32 bits. */
  readonly sequence: number;
  /** 32 bits, 0 by default; stands only with the flag `ack`. */
  readonly acknowledgement?: number;
  /** `['ack']` by default. */
  readonly flags?: readonly TcpFlag[];
  readonly payload?: Uint8Array;
}

/** The Internet checksum (RFC 1071). */
export function internetChecksum(octets: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < octets.length; i += 2) sum += (octets[i] as number) * 256 + (octets[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum % 0x10000) + Math.floor(sum / 0x10000);
  return 0xffff - sum;
}

/** Puts a checksum, at `offset` of `upper`, and the headers below around it. */
function frame(from: Endpoint, to: Endpoint, protocol: number, upper: Uint8Array, offset: number): Uint8Array {
  const source = addressOctets(from.address);
  const destination = addressOctets(to.address);
  if (source.length !== destination.length) throw new TypeError('frame: addresses of two families');
  if (upper.length > 65515) throw new TypeError('frame: the payload does not fit a datagram');
  const pseudo = concat(source, destination, uint(upper.length, 4), uint(protocol, 4)); // same sum as RFC 768's and RFC 8200 8.1's
  const sum = internetChecksum(concat(pseudo, upper));
  upper.set(uint(protocol === 17 && sum === 0 ? 0xffff : sum, 2), offset); // RFC 768: 0 says that there is none
  const macs = fromHex('020000000002020000000001');
  if (source.length === 16) {
    const header = concat(uint(0x60000000, 4), uint(upper.length, 2), Uint8Array.of(protocol, 64), source, destination);
    return concat(macs, uint(0x86dd, 2), header, upper);
  }
  const header = concat(
    uint(0x4500, 2),
    uint(20 + upper.length, 2),
    uint(0x00004000, 4),
    Uint8Array.of(64, protocol, 0, 0),
    source,
    destination,
  );
  header.set(uint(internetChecksum(header), 2), 10);
  return concat(macs, uint(0x0800, 2), header, upper);
}

/** An Ethernet frame with a UDP datagram. @throws TypeError for bad addresses, mixed families, or too long a payload */
export function udpFrame(source: Endpoint, destination: Endpoint, payload: Uint8Array): Uint8Array {
  if (payload.length > 65507) throw new TypeError('udpFrame: the payload does not fit a datagram');
  const header = concat(uint(source.port, 2), uint(destination.port, 2), uint(8 + payload.length, 2), uint(0, 2));
  return frame(source, destination, 17, concat(header, payload), 6);
}

/** An Ethernet frame with a TCP segment. @throws TypeError as {@link udpFrame} */
export function tcpFrame(options: TcpFrameOptions): Uint8Array {
  const { source, destination, sequence, acknowledgement = 0, flags = ['ack'], payload = new Uint8Array() } = options;
  if (payload.length > 65495) throw new TypeError('tcpFrame: the payload does not fit a segment');
  const bits = flags.reduce((all, flag) => all | TCP_FLAGS[flag], 0);
  const header = concat(
    uint(source.port, 2),
    uint(destination.port, 2),
    uint(sequence, 4),
    uint(acknowledgement, 4),
    Uint8Array.of(0x50, bits),
    uint(0xffff, 2),
    uint(0, 4),
  );
  return frame(source, destination, 6, concat(header, payload), 16);
}
