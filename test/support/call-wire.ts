/**
 * What a tap sees of a call: labelled frames, put together to captures of either format. A test leaves frames out,
 * changes their order or cuts the file; the label says what a frame carries.
 */
import { concat, uint } from '../../src/foundation/base/index.ts';
import { pcapHeader, pcapRecord, tcpFrame, udpFrame, type Endpoint } from '../../src/protocol/media/index.ts';

export interface Frame {
  /** Milliseconds since 1970. */
  readonly timeMs: number;
  readonly octets: Uint8Array;
  /** Call-ID of the call it belongs to. */
  readonly callId: string;
  /** Name of the SIP message, or `RTP`. */
  readonly what: string;
  /** 1 caller to proxy, 2 proxy to callee; 0 for media. */
  readonly leg: 0 | 1 | 2;
}

/** One TCP connection: numbers its octets and cuts them to segments. */
export class TcpLink {
  readonly #next = new Map<string, number>();
  readonly #mss: number;

  constructor(mss: number) {
    this.#mss = mss;
  }

  /** The segments that carry `payload`. */
  send(source: Endpoint, destination: Endpoint, payload: Uint8Array): Uint8Array[] {
    const direction = `${source.address} ${String(source.port)} ${destination.address}`;
    let sequence = this.#next.get(direction) ?? 1_000;
    const frames: Uint8Array[] = [];
    for (let at = 0; at < payload.length; at += this.#mss) {
      const part = payload.subarray(at, at + this.#mss);
      frames.push(tcpFrame({ source, destination, sequence, flags: ['ack', 'psh'], payload: part }));
      sequence += part.length;
    }
    this.#next.set(direction, sequence);
    return frames;
  }
}

export { udpFrame };

/** The frame in an IEEE 802.1Q VLAN. */
export function inVlan(frame: Uint8Array): Uint8Array {
  return concat(frame.subarray(0, 12), uint(0x81000064, 4), frame.subarray(12));
}

/** Frames of several calls as one tap sees them. */
export function interleave(...frames: readonly (readonly Frame[])[]): Frame[] {
  return frames.flat().toSorted((a, b) => a.timeMs - b.timeMs);
}

/** A pcap file of the frames in the order given. */
export function pcapOf(frames: readonly Frame[]): Uint8Array {
  return concat(pcapHeader(), ...frames.map(({ timeMs, octets }) => pcapRecord(timeMs, octets)));
}

/** A pcapng file (draft-ietf-opsawg-pcapng): one section, one Ethernet interface, little endian, microseconds. */
export function pcapngOf(frames: readonly Frame[]): Uint8Array {
  const block = (type: number, body: Uint8Array): Uint8Array => {
    const padded = concat(body, new Uint8Array((4 - (body.length % 4)) % 4));
    const length = little(12 + padded.length);
    return concat(little(type), length, padded, length);
  };
  const section = block(0x0a0d0d0a, concat(little(0x1a2b3c4d), little(1), little(0xffffffff), little(0xffffffff)));
  const ethernet = block(1, concat(little(1), little(0)));
  const packets = frames.map(({ timeMs, octets }) => {
    const us = BigInt(Math.round(timeMs * 1000));
    const time = concat(little(Number(us >> 32n)), little(Number(us & 0xffffffffn)));
    const length = little(octets.length);
    return block(6, concat(little(0), time, length, length, octets));
  });
  return concat(section, ethernet, ...packets);
}

function little(value: number): Uint8Array {
  return uint(value, 4).reverse();
}

/** A capture as a stream of chunks. */
export async function* chunksOf(octets: Uint8Array, size = 4096): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < octets.length; at += size) yield await Promise.resolve(octets.subarray(at, at + size));
}
