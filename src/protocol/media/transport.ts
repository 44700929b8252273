/**
 * From captured frames to what applications exchanged: UDP datagrams and TCP streams, each octet once and in order.
 * Total: a frame that is malformed, cut or of an unknown kind is counted and otherwise ignored, never thrown.
 * Checksums are not verified: captures on the sending host hold them unfinished (checksum offload).
 */
import { addressText, type Endpoint } from './address.ts';
import type { CapturedPacket } from './captured-packet.ts';
import { createReassembler } from './fragments.ts';
import { parseIp, type IpPacket } from './ip.ts';
import { ipOf } from './link-layer.ts';
import { TcpStream, type StreamPiece } from './tcp-stream.ts';

/** A datagram. The payload is a view into the frame, or into its reassembly. */
export interface UdpEvent {
  readonly kind: 'udp';
  readonly timeMs: number;
  readonly source: Endpoint;
  readonly destination: Endpoint;
  readonly payload: Uint8Array;
}

/** The next octets of one direction of a TCP connection; may be empty when only `end` is told. */
export interface TcpEvent {
  readonly kind: 'tcp';
  readonly timeMs: number;
  readonly source: Endpoint;
  readonly destination: Endpoint;
  readonly payload: Uint8Array;
  /** Octets before these are missing from the capture: a parser of the stream has to find its place again. */
  readonly gap?: true;
  /** The direction ends here; the same endpoints may begin a new connection afterwards. */
  readonly end?: true;
}

export type TransportEvent = UdpEvent | TcpEvent;

export interface Transport {
  /** What the frame brings; frames must come in capture order. */
  feed(packet: CapturedPacket): TransportEvent[];
  /** What still waits for missing segments, holes marked, and an `end` for each open direction: when the capture is over. */
  flush(): TransportEvent[];
  /** Frames, fragments and segments that brought nothing because they are malformed, cut, or neither UDP nor TCP over IP. */
  readonly ignored: number;
}

/** Directions of TCP connections that are remembered; the least recently used goes first. */
const MAX_STREAMS = 16384;
/** Octets that may wait for missing segments, over all streams. */
const MAX_HELD_OCTETS = 64 * 1024 * 1024;
/** How often, in capture time, streams that wait are looked at. */
const CHECK_INTERVAL_MS = 200;

interface Direction {
  readonly key: string;
  readonly source: Endpoint;
  readonly destination: Endpoint;
  readonly stream: TcpStream;
  lastMs: number;
}

/** A fresh transport: one for each capture. */
export function createTransport(): Transport {
  const reassembler = createReassembler();
  const directions = new Map<string, Direction>();
  const waiting = new Set<Direction>();
  let heldOctets = 0;
  let ignored = 0;
  let lastCheckMs = 0;

  function events(direction: Direction, pieces: readonly StreamPiece[]): TransportEvent[] {
    const { source, destination } = direction;
    return pieces.map((piece) => ({ kind: 'tcp', source, destination, ...piece }));
  }

  /** Runs `step` on a direction and keeps the books of what waits. */
  function step(direction: Direction, run: (stream: TcpStream) => StreamPiece[]): TransportEvent[] {
    const before = direction.stream.heldOctets;
    const ignoredBefore = direction.stream.ignored;
    const pieces = run(direction.stream);
    heldOctets += direction.stream.heldOctets - before;
    ignored += direction.stream.ignored - ignoredBefore;
    if (direction.stream.heldOctets === 0) waiting.delete(direction);
    else waiting.add(direction);
    return events(direction, pieces);
  }

  function finish(direction: Direction): TransportEvent[] {
    directions.delete(direction.key);
    return step(direction, (stream) => stream.finish(direction.lastMs));
  }

  function directionOf(source: Endpoint, destination: Endpoint, timeMs: number, out: TransportEvent[]): Direction {
    const key = directionKey(source, destination);
    const known = directions.get(key);
    const direction = known ?? { key, source, destination, stream: new TcpStream(), lastMs: timeMs };
    direction.lastMs = timeMs;
    directions.delete(key); // to the end of the insertion order: most recently used
    directions.set(key, direction);
    if (known === undefined && directions.size > MAX_STREAMS) {
      const [oldest] = directions.values();
      if (oldest !== undefined) out.push(...finish(oldest));
    }
    return direction;
  }

  function tcp(packet: IpPacket, timeMs: number): TransportEvent[] | undefined {
    const { payload: segment } = packet;
    if (segment.length < 20) return undefined;
    const view = new DataView(segment.buffer, segment.byteOffset, segment.length);
    const headerLength = 4 * (view.getUint8(12) >> 4);
    if (headerLength < 20 || headerLength > segment.length) return undefined;
    const source = { address: addressText(packet.source), port: view.getUint16(0) };
    const destination = { address: addressText(packet.destination), port: view.getUint16(2) };
    const flags = view.getUint8(13);
    const out: TransportEvent[] = [];
    const direction = directionOf(source, destination, timeMs, out);
    const taken = {
      sequence: view.getUint32(4),
      fin: (flags & 0x01) !== 0,
      syn: (flags & 0x02) !== 0,
      rst: (flags & 0x04) !== 0,
      payload: segment.subarray(headerLength),
    };
    out.push(...step(direction, (stream) => stream.take(taken, timeMs)));
    if ((flags & 0x10) !== 0) directions.get(directionKey(destination, source))?.stream.acknowledge(view.getUint32(8));
    return out;
  }

  function udp(packet: IpPacket, timeMs: number): TransportEvent[] | undefined {
    const { payload: datagram } = packet;
    if (datagram.length < 8) return undefined;
    const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.length);
    const length = view.getUint16(4);
    if (length < 8 || length > datagram.length) return undefined;
    const source = { address: addressText(packet.source), port: view.getUint16(0) };
    const destination = { address: addressText(packet.destination), port: view.getUint16(2) };
    return [{ kind: 'udp', timeMs, source, destination, payload: datagram.subarray(8, length) }];
  }

  /** Undefined when the frame brings nothing because nothing can be made of it. */
  function read(packet: CapturedPacket): TransportEvent[] | undefined {
    const link = ipOf(packet.linkType, packet.bytes);
    const ip = link === undefined ? undefined : parseIp(link);
    if (ip === undefined) return undefined;
    const whole = reassembler.add(ip, packet.timeMs);
    if (whole === undefined) return []; // waits for more, or was counted by the reassembler
    if (whole.protocol === 6) return tcp(whole, packet.timeMs);
    if (whole.protocol === 17) return udp(whole, packet.timeMs);
    return undefined;
  }

  function feed(packet: CapturedPacket): TransportEvent[] {
    const out = read(packet);
    if (out === undefined) ignored++;
    const all = out ?? [];
    const full = heldOctets > MAX_HELD_OCTETS;
    if (full || Math.abs(packet.timeMs - lastCheckMs) >= CHECK_INTERVAL_MS) {
      lastCheckMs = packet.timeMs;
      for (const direction of [...waiting]) {
        all.push(...step(direction, (stream) => stream.skipHoles(packet.timeMs, full)));
      }
    }
    return all;
  }

  return {
    feed,
    flush: () => [...directions.values()].flatMap((direction) => finish(direction)),
    get ignored() {
      return ignored + reassembler.discarded;
    },
  };
}

function directionKey(source: Endpoint, destination: Endpoint): string {
  return `${source.address} ${String(source.port)} ${destination.address} ${String(destination.port)}`;
}
