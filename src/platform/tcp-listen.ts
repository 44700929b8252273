/**
 * Where SIP connections arrive: so many at a time, so many of one address, and none for ever that says nothing. Places are
 * few, and whoever takes one need not have been asked who he is.
 */
import { createServer, type Server } from 'node:net';
import { broken, Connection, type SocketAddress, type TcpConnection, type TcpOptions } from './tcp.ts';

export interface TcpListener {
  readonly local: SocketAddress;
  readonly connections: ReadonlySet<TcpConnection>;
  /** Stops listening and closes every connection. */
  close(): Promise<void>;
}

export interface TcpListenOptions extends TcpOptions {
  /** Connections at a time; 64 by default. */
  readonly maxConnections?: number;
  /** Connections at a time from one address; 48 by default. */
  readonly maxPerAddress?: number;
  /** After how long without an octet either way, keep-alives counted, a connection is closed; 2 hours by default. */
  readonly silenceMs?: number;
}

const MAX_CONNECTIONS = 64;
/** Below the whole, so that one address leaves room for others; not far below, since a proxy or tap has one address. */
const MAX_PER_ADDRESS = 48;
/** Within this time the first whole message must have come. */
const FIRST_MESSAGE_MS = 30_000;
/** A call may be silent for long: its media go another way, and nothing need be said before its BYE. */
const SILENCE_MS = 7_200_000;

/**
 * Listens on an address; port 0 takes a free one. `onConnection` gets each connection, which lives until one of its sides
 * closes it or the listener is closed; until it is told to have been {@link TcpConnection.heard}, 30 s at most; then until
 * it is silent for too long. More than may be there at a time, in all or from one address, are closed at once.
 * @throws HalfkeyError `UNAVAILABLE` when the address cannot be taken
 */
export async function listenTcp(
  at: { readonly host: string; readonly port: number },
  onConnection: (connection: TcpConnection) => void,
  options: TcpListenOptions = {},
): Promise<TcpListener> {
  const { maxPerAddress = MAX_PER_ADDRESS, silenceMs = SILENCE_MS } = options;
  const connections = new Set<TcpConnection>();
  const server = createServer({ noDelay: true }, (socket) => {
    const connection = new Connection(socket, { firstMessageMs: FIRST_MESSAGE_MS, ...options });
    const { address } = connection.remote;
    if ([...connections].filter(({ remote }) => remote.address === address).length >= maxPerAddress) {
      connection.close();
      return;
    }
    socket.setTimeout(silenceMs, () => {
      connection.close();
    });
    connections.add(connection);
    void connection.closed.then(() => connections.delete(connection));
    onConnection(connection);
  });
  server.maxConnections = options.maxConnections ?? MAX_CONNECTIONS;
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
