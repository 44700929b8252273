/**
 * What a call needs from outside: time, timers, one way for SIP, two for media. Types only, so that a test, a lab and a
 * network card look the same to a call.
 */
import type { Endpoint } from '../../protocol/media/index.ts';

/** One reliable, ordered way for SIP messages: a TCP connection to the next hop. */
export interface SipChannel {
  /** Where the next hop sees us: goes into Via and, for calls placed over it, Contact. */
  readonly local: Endpoint;
  /** Who the next hop is, for limits a hop. */
  readonly remote: Endpoint;
  /** What comes, to be read once; ends, or throws, when the connection does. */
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Sends in the order of the calls; rejected when the connection is over. */
  send(octets: Uint8Array): Promise<void>;
  /** A whole message has come: who is silent need not be listened to for ever. */
  heard(): void;
  close(): void;
}

/** One UDP socket. */
export interface DatagramPort {
  readonly local: Endpoint;
  /** Never throws for what the network does. */
  send(octets: Uint8Array, to: Endpoint): void;
  /** Replaces the handler; undefined drops what arrives. */
  onDatagram(handler: ((octets: Uint8Array, from: Endpoint) => void) | undefined): void;
}

/** The sockets of one call. */
export interface MediaPorts {
  readonly rtp: DatagramPort;
  /** Undefined: RTCP goes over the port of RTP, where the other side agrees (RFC 5761), and is not sent otherwise. */
  readonly rtcp?: DatagramPort;
  /** What the SDP says instead of the local address: that of a relay in between. */
  readonly advertise?: { readonly address: string; readonly rtpPort: number; readonly rtcpPort: number };
  /** Frees the ports. */
  close(): Promise<void>;
}
