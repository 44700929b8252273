/**
 * SIP out of what a network carried: messages framed in each direction of each TCP connection, and one message a
 * datagram (RFC 3261 18.3). What is no SIP is passed over.
 */
import { isHalfkeyError } from '../../foundation/base/errors.ts';
import type { Endpoint } from './sdp-media.ts';
import type { SipMessage } from './sip-message.ts';
import { parseSipMessage } from './sip-parse.ts';
import { createSipStream, looksLikeSip, type SipStream } from './sip-stream.ts';

/** Directions of connections that are followed at a time: the one that was silent longest is dropped for a new one. */
const MAX_STREAMS = 4096;

/** A datagram, or the next octets of one direction of a TCP connection. */
export interface CarriedOctets {
  readonly kind: 'udp' | 'tcp';
  readonly source: Endpoint;
  readonly destination: Endpoint;
  readonly payload: Uint8Array;
  /** TCP: octets before these are missing. */
  readonly gap?: true;
  /** TCP: the direction ends here. */
  readonly end?: true;
}

export interface SipCarriers {
  /** The messages that these octets complete; undefined for a datagram that is no SIP. */
  take(octets: CarriedOctets): SipMessage[] | undefined;
}

export function createSipCarriers(): SipCarriers {
  const streams = new Map<string, SipStream>();

  function takeSegment({ source, destination, payload, gap, end }: CarriedOctets): SipMessage[] {
    const key = [source.address, source.port, destination.address, destination.port].join(' ');
    const stream = streams.get(key) ?? createSipStream();
    if (gap === true) stream.gap();
    const messages = stream.push(payload);
    streams.delete(key);
    if (end === true) return messages;
    streams.set(key, stream);
    if (streams.size > MAX_STREAMS) streams.delete(streams.keys().next().value ?? key);
    return messages;
  }

  function takeDatagram({ payload }: CarriedOctets): SipMessage[] | undefined {
    // RTP and RTCP begin with version 2, SIP with a letter or an end of line: no need to look further.
    if ((payload[0] ?? 0xff) >= 0x80 || !looksLikeSip(payload)) return undefined;
    try {
      return [parseSipMessage(payload)];
    } catch (error) {
      if (!isHalfkeyError(error)) throw error;
      return [];
    }
  }

  return { take: (octets) => (octets.kind === 'tcp' ? takeSegment(octets) : takeDatagram(octets)) };
}
