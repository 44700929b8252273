/**
 * What passes a tap, as a capture: TCP octets and datagrams become pcap records, with the addresses between which they
 * went. Pure: times come in, octets go out. It knows of no warrant and reads nothing of what it records.
 */
import { pcapHeader, pcapRecord, tcpFrame, udpFrame, type Endpoint } from '../../protocol/media/index.ts';

export interface Recorder {
  /** The head of the capture: comes before every record. */
  readonly header: Uint8Array;
  /** A datagram that passed, at `timeMs` since 1970. */
  readonly datagram: (timeMs: number, source: Endpoint, destination: Endpoint, payload: Uint8Array) => Uint8Array;
  /** The next octets of one direction of a TCP connection: one record a segment. */
  octets(timeMs: number, source: Endpoint, destination: Endpoint, payload: Uint8Array): Uint8Array[];
  /** One direction of a TCP connection has ended. */
  end(timeMs: number, source: Endpoint, destination: Endpoint): Uint8Array;
}

/** Longest payload of a recorded segment: what fits an Ethernet frame. */
const SEGMENT = 1400;

const keyOf = (source: Endpoint, destination: Endpoint): string =>
  [source.address, source.port, destination.address, destination.port].join(' ');

export function createRecorder(): Recorder {
  /** Next sequence number of each direction. */
  const sequences = new Map<string, number>();
  let connections = 0;
  /** Each connection begins elsewhere, so that two between the same addresses are not taken for one. */
  const initial = (): number => (connections++ * 0x2000_0001) >>> 0;

  function segment(
    timeMs: number,
    source: Endpoint,
    destination: Endpoint,
    payload: Uint8Array,
    flag: 'ack' | 'syn' | 'fin',
  ): Uint8Array {
    const key = keyOf(source, destination);
    const sequence = flag === 'syn' ? initial() : (sequences.get(key) ?? 1);
    const acknowledgement = sequences.get(keyOf(destination, source)) ?? 1;
    if (flag === 'fin') sequences.delete(key);
    else sequences.set(key, (sequence + payload.length + (flag === 'syn' ? 1 : 0)) >>> 0);
    const flags = flag === 'ack' ? (['ack'] as const) : ([flag, 'ack'] as const);
    return pcapRecord(timeMs, tcpFrame({ source, destination, sequence, acknowledgement, flags, payload }));
  }

  return {
    header: pcapHeader(),
    datagram: (timeMs, source, destination, payload) => pcapRecord(timeMs, udpFrame(source, destination, payload)),
    octets(timeMs, source, destination, payload) {
      // A SYN tells a reader that an earlier connection between the same addresses is over.
      const begun = sequences.has(keyOf(source, destination));
      const records = begun ? [] : [segment(timeMs, source, destination, new Uint8Array(0), 'syn')];
      for (let at = 0; at < payload.length; at += SEGMENT) {
        records.push(segment(timeMs, source, destination, payload.subarray(at, at + SEGMENT), 'ack'));
      }
      return records;
    },
    end: (timeMs, source, destination) => segment(timeMs, source, destination, new Uint8Array(0), 'fin'),
  };
}
