/**
 * TCP connections for SIP: octets in order, with bounded buffers both ways and a clean end. Whoever reads slowly slows
 * the sender down; whoever writes faster than the other side reads is told, and cut off before memory grows.
 */
import { connect, createServer, type Server, type Socket } from 'node:net';
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
  /** Fulfilled when the connection is over, whatever ended it. */
  readonly closed: Promise<void>;
}

export interface TcpOptions {
  /** Octets that may wait for sending; 1 MiB by default. */
  readonly sendLimit?: number;
}

export interface TcpListener {
  readonly local: SocketAddress;
  readonly connections: ReadonlySet<TcpConnection>;
  /** Stops listening and closes every connection. */
  close(): Promise<void>;
}

const DEFAULT_SEND_LIMIT = 1_048_576;
const CONNECT_TIMEOUT_MS = 10_000;

function broken(what: string, cause?: unknown): HalfkeyError {
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

/**
 * Listens on an address; port 0 takes a free one. `onConnection` gets each connection, which lives until one of its sides
 * closes it or the listener is closed. More than `maxConnections` (64 by default) at a time are closed at once.
 * @throws HalfkeyError `UNAVAILABLE` when the address cannot be taken
 */
export async function listenTcp(
  at: { readonly host: string; readonly port: number },
  onConnection: (connection: TcpConnection) => void,
  options: TcpOptions & { readonly maxConnections?: number } = {},
): Promise<TcpListener> {
  const connections = new Set<TcpConnection>();
  const server = createServer({ noDelay: true }, (socket) => {
    const connection = new Connection(socket, options);
    connections.add(connection);
    void connection.closed.then(() => connections.delete(connection));
    onConnection(connection);
  });
  server.maxConnections = options.maxConnections ?? 64;
  await listening(server, at);
  const local = server.address() as { address: string; port: number };
  return {
    local: { address: local.address, port: local.port },
    connections,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        for (const connection of connections) connection.close();
      }),
  };
}

function listening(server: Server, at: { readonly host: string; readonly port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      reject(broken(`cannot listen on ${at.host}:${String(at.port)}`, cause));
    });
    server.listen(at, resolve);
  });
}

class Connection implements TcpConnection {
  readonly local: SocketAddress;
  readonly remote: SocketAddress;
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  readonly #sendLimit: number;
  #error: unknown;

  constructor(socket: Socket, { sendLimit = DEFAULT_SEND_LIMIT }: TcpOptions) {
    this.#socket = socket;
    this.#sendLimit = sendLimit;
    this.local = { address: socket.localAddress ?? '', port: socket.localPort ?? 0 };
    this.remote = { address: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 };
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
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
