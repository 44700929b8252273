/** What passed a relay of SIP: its messages, and a capture as a tap would have made it. */
import { concat } from '../../src/foundation/base/bytes.ts';
import { pcapHeader, pcapRecord, udpFrame, type Endpoint } from '../../src/protocol/media/index.ts';
import { createSipStream, parseSipMessage, type SipMessage } from '../../src/protocol/signalling/index.ts';
import { TcpLink } from '../support/call-wire.ts';

type Direction = 'up' | 'down';

/** What was read from TCP at a time, or a datagram. */
interface Passed {
  readonly direction: Direction;
  readonly connection: number;
  readonly timeMs: number;
  readonly octets: Uint8Array;
}

export class SipTrace {
  readonly #transport: 'tcp' | 'udp';
  readonly #passed: Passed[] = [];

  constructor(transport: 'tcp' | 'udp') {
    this.#transport = transport;
  }

  /** Takes a copy. Connections of TCP are counted from 0. */
  keep(direction: Direction, octets: Uint8Array, connection = 0): void {
    this.#passed.push({ direction, connection, timeMs: Date.now(), octets: Uint8Array.from(octets) });
  }

  messages(direction: Direction): SipMessage[] {
    const passed = this.#passed.filter((one) => one.direction === direction);
    if (this.#transport === 'udp') return passed.map(({ octets }) => parseSipMessage(octets));
    return [...new Set(passed.map(({ connection }) => connection))].flatMap((number) => {
      const chunks = passed.filter(({ connection }) => connection === number).map(({ octets }) => octets);
      return createSipStream().push(concat(...chunks));
    });
  }

  /** A pcap file, Ethernet; the ports say nothing of those that there were. */
  capture(): Uint8Array {
    const link = new TcpLink(1400);
    const records = this.#passed.flatMap(({ direction, connection, timeMs, octets }) => {
      const client: Endpoint = { address: '192.0.2.1', port: 40_000 + connection };
      const server: Endpoint = { address: '192.0.2.2', port: 5060 };
      const [source, destination] = direction === 'up' ? [client, server] : [server, client];
      const frames =
        this.#transport === 'udp' ? [udpFrame(source, destination, octets)] : link.send(source, destination, octets);
      return frames.map((frame) => pcapRecord(timeMs, frame));
    });
    return concat(pcapHeader(), ...records);
  }
}
