/** Ports of this machine, for programs that cannot choose one themselves. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';

/** Ports that something listens on, as the kernel lists them. */
export function boundPorts(transport: 'tcp' | 'udp'): Set<number> {
  // Local address, remote address, state: 0A is LISTEN.
  const lines = readFileSync(`/proc/net/${transport}`, 'latin1').matchAll(
    /^ *\d+: [0-9A-F]{8}:([0-9A-F]{4}) \S+ (..)/gm,
  );
  const listening = [...lines].filter(([, , state]) => transport === 'udp' || state === '0A');
  return new Set(listening.map(([, port = '']) => parseInt(port, 16)));
}

/** A port that is free now, of TCP and of UDP. */
export async function freePort(): Promise<number> {
  for (;;) {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    if (!boundPorts('udp').has(port)) return port;
  }
}

/** An even port of UDP that is free with its successor: RTP and RTCP. */
export async function freeEvenPort(): Promise<number> {
  for (;;) {
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const { port } = socket.address();
    socket.close();
    await once(socket, 'close');
    if (port % 2 === 0 && !boundPorts('udp').has(port + 1)) return port;
  }
}
