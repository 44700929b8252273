/**
 * UDP sockets for media: datagrams in and out, one port or the pair of an RTP session. What cannot be sent at once is
 * dropped and counted, since late speech is worth nothing; received datagrams go to one handler, which must be quick.
 */
import { createSocket, type Socket } from 'node:dgram';
import { isIP, isIPv6 } from 'node:net';
import { HalfkeyError } from '../foundation/base/index.ts';
import type { SocketAddress } from './tcp.ts';

/** `octets` are the handler's to keep. */
export type DatagramHandler = (octets: Uint8Array, from: SocketAddress) => void;

export interface UdpSocket {
  readonly local: SocketAddress;
  /** Sends one datagram to a numeric address; a name is dropped, never resolved. Never throws for what the network does. */
  send(octets: Uint8Array, to: SocketAddress): void;
  /** Replaces the handler; undefined drops what arrives. */
  onDatagram(handler: DatagramHandler | undefined): void;
  /** Datagrams that were not sent: too many waited, or the system refused. */
  readonly dropped: number;
  /** Fulfilled when the port is free again. Repeated calls do nothing. */
  close(): Promise<void>;
}

/** Datagrams that may wait for the system. */
const MAX_PENDING = 256;
const PAIR_ATTEMPTS = 50;

/** A socket on a numeric address; port 0, the default, takes a free one. @throws HalfkeyError `UNAVAILABLE` */
export async function bindUdp(address: string, port = 0): Promise<UdpSocket> {
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind({ address, port, exclusive: true }, () => {
        socket.off('error', reject);
        resolve();
      });
    });
  } catch (cause) {
    socket.close();
    throw new HalfkeyError('UNAVAILABLE', `cannot bind ${address}:${String(port)}`, { cause });
  }
  return new Datagrams(socket);
}

/**
 * The two sockets of an RTP session (RFC 3550 11): RTP on an even port, RTCP on the next. Port 0 takes free ones.
 * @throws HalfkeyError `UNAVAILABLE`; TypeError for an odd port
 */
export async function bindUdpPair(address: string, port = 0): Promise<{ rtp: UdpSocket; rtcp: UdpSocket }> {
  if (port % 2 !== 0) throw new TypeError('bindUdpPair: RTP has an even port');
  if (port !== 0) return { rtp: await bindUdp(address, port), rtcp: await bindUdp(address, port + 1) };
  for (let attempt = 1; ; attempt++) {
    const first = await bindUdp(address);
    const even = first.local.port % 2 === 0;
    try {
      const second = await bindUdp(address, first.local.port + (even ? 1 : -1));
      return even ? { rtp: first, rtcp: second } : { rtp: second, rtcp: first };
    } catch (error) {
      await first.close();
      if (attempt === PAIR_ATTEMPTS) throw error;
    }
  }
}

class Datagrams implements UdpSocket {
  dropped = 0;
  readonly local: SocketAddress;
  readonly #socket: Socket;
  readonly #family: number;
  #pending = 0;
  #handler: DatagramHandler | undefined;
  #closed: Promise<void> | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    const { address, port } = socket.address();
    this.local = { address, port };
    this.#family = isIP(address);
    socket.on('message', (message, { address: from, port: fromPort }) => {
      this.#handler?.(new Uint8Array(message), { address: from, port: fromPort });
    });
    // Without a listener an ICMP error would end the process.
    socket.on('error', () => {
      this.dropped++;
    });
  }

  send(octets: Uint8Array, to: SocketAddress): void {
    // An address comes from a peer's SDP: no datagram may cause a question to a name server.
    const unfit = isIP(to.address) !== this.#family || to.port < 1 || to.port > 65535;
    if (unfit || this.#closed !== undefined || this.#pending >= MAX_PENDING) {
      this.dropped++;
      return;
    }
    this.#pending++;
    this.#socket.send(octets, to.port, to.address, (error) => {
      this.#pending--;
      if (error !== null) this.dropped++;
    });
  }

  onDatagram(handler: DatagramHandler | undefined): void {
    this.#handler = handler;
  }

  close(): Promise<void> {
    this.#closed ??= new Promise((resolve) => {
      this.#handler = undefined;
      this.#socket.close(resolve);
    });
    return this.#closed;
  }
}
