/**
 * TCP connections for SIP: octets in order, with bounded buffers both ways and a clean end. Whoever reads slowly slows
 * the sender down; whoever writes faster than the other side reads is told, and cut off before memory grows.
 */
import { connect, type Socket } from 'node:net';
import { HalfkeyError } from '../foundation/base/index.ts';

/** A numeric address and a port. */
export interface SocketAddress {
  readonly address: string;
  readonly port: number;
}

export interface TcpConnection {
  readonly local: SocketAddress;
  readonly remote: SocketAddress;
  /**
   * What the other side sends, to be iterated once; reading stops while the consumer is busy. Ends when the other side
   * has finished or the connection is closed here.
   * @throws HalfkeyError `UNAVAILABLE` when the connection breaks
   */
  readonly chunks: AsyncIterable<Uint8Array>;
  /**
   * Sends octets, in the order of the calls; they must not be changed afterwards. Fulfilled when there is room for more:
   * awaiting it is backpressure, not awaiting it is bounded by `sendLimit`.
   * @throws HalfkeyError `UNAVAILABLE` (rejected) when the connection is closed, or more than the limit waits, which
   * closes it
   */
  send(octets: Uint8Array): Promise<void>;
  /** Sends what waits, then ends this side, and waits for the end of the other at most `graceMs`, by default 1000. */
  end(graceMs?: number): Promise<void>;
  /** Ends both sides at once; what waits is dropped. Repeated calls do nothing. */
  close(): void;
  /**
   * A whole message has come: to be called by whoever reads the messages of a connection that was accepted, which is
   * closed without it after a while. Repeated calls do nothing.
   */
  heard(): void;
  /** Fulfilled when the connection is over, whatever ended it. */
  readonly closed: Promise<void>;
}

export interface TcpOptions {
  /** Octets that may wait for sending; 1 MiB by default. */
  readonly sendLimit?: number;
  /** After how long a connection over which no whole message has come is closed; by default never. */
  readonly firstMessageMs?: number;
}

const DEFAULT_SEND_LIMIT = 1_048_576;
const CONNECT_TIMEOUT_MS = 10_000;

/** That something of a connection does not work. */
export function broken(what: string, cause?: unknown): HalfkeyError {
  return new HalfkeyError('UNAVAILABLE', what, cause === undefined ? {} : { cause });
}

/** Connects to a host, by name or address. @throws HalfkeyError `UNAVAILABLE` when that takes longer than 10 s or fails */
export async function connectTcp(
  to: { readonly host: string; readonly port: number },
  options: TcpOptions = {},
): Promise<TcpConnection> {
  const socket = connect({ ...to, noDelay: true });
  const timer = setTimeout(() => {
    socket.destroy(new Error('timed out'));
  }, CONNECT_TIMEOUT_MS);
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve();
      });
    });
  } catch (cause) {
    throw broken(`${to.host}:${String(to.port)} does not answer`, cause);
  } finally {
    clearTimeout(timer);
  }
  return new Connection(socket, options);
}

/** A connection over a socket that is open. */
export class Connection implements TcpConnection {
  readonly local: SocketAddress;
  readonly remote: SocketAddress;
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  readonly #sendLimit: number;
  readonly #deadline: NodeJS.Timeout | undefined;
  #error: unknown;

  constructor(socket: Socket, { sendLimit = DEFAULT_SEND_LIMIT, firstMessageMs }: TcpOptions) {
    this.#socket = socket;
    this.#sendLimit = sendLimit;
    this.local = { address: socket.localAddress ?? '', port: socket.localPort ?? 0 };
    this.remote = { address: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 };
    if (firstMessageMs !== undefined)
      this.#deadline = setTimeout(() => {
        this.close();
      }, firstMessageMs);
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        clearTimeout(this.#deadline);
        resolve();
      });
    });
    // An error is followed by `close`; without a listener it would end the process.
    socket.on('error', (error) => {
      this.#error = error;
    });
  }

  get chunks(): AsyncIterable<Uint8Array> {
    return this.#read();
  }

  async *#read(): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of this.#socket) yield chunk as Uint8Array;
    } catch (cause) {
      // Closed on this side while reading is an end like another.
      if (this.#error !== undefined) throw broken('the connection broke', cause);
    }
  }

  send(octets: Uint8Array): Promise<void> {
    const socket = this.#socket;
    if (!socket.writable) return Promise.reject(broken('the connection is closed', this.#error));
    if (socket.writableLength + octets.length > this.#sendLimit) {
      this.close();
      return Promise.reject(broken('the other side does not read'));
    }
    return new Promise((resolve, reject) => {
      const room = socket.write(octets, (error) => {
        if (error instanceof Error) reject(broken('the connection broke', error));
        else resolve();
      });
      if (room) resolve();
    });
  }

  heard(): void {
    clearTimeout(this.#deadline);
  }

  async end(graceMs = 1000): Promise<void> {
    this.#socket.end();
    const timer = setTimeout(() => {
      this.close();
    }, graceMs);
    // Nobody may be reading: what still comes is dropped, so that the end can arrive.
    if (this.#socket.listenerCount('readable') === 0) this.#socket.resume();
    await this.closed;
    clearTimeout(timer);
  }

  close(): void {
    this.#socket.destroy();
  }
}
