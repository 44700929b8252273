import { createServer, connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { ascii, concat, latin1 } from '../../src/foundation/base/bytes.ts';
import { connectTcp, listenTcp, type TcpConnection, type TcpListener } from '../../src/platform/sockets.ts';

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});

/** A listener and both ends of a connection to it. */
async function pair(
  sendLimit?: number,
): Promise<{ listener: TcpListener; client: TcpConnection; server: TcpConnection }> {
  const options = sendLimit === undefined ? {} : { sendLimit };
  let accept: (connection: TcpConnection) => void;
  const accepted = new Promise<TcpConnection>((resolve) => {
    accept = resolve;
  });
  const listener = await listenTcp(
    { host: '127.0.0.1', port: 0 },
    (connection) => {
      accept(connection);
    },
    options,
  );
  open.push(listener);
  const client = await connectTcp({ host: '127.0.0.1', port: listener.local.port }, options);
  open.push(client);
  return { listener, client, server: await accepted };
}

async function all(connection: TcpConnection): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of connection.chunks) chunks.push(chunk);
  return latin1(concat(...chunks));
}

describe('TCP', () => {
  it('carries octets both ways, tells the addresses, and ends cleanly', async () => {
    const { listener, client, server } = await pair();
    expect(client.remote).toEqual(listener.local);
    expect(server.remote).toEqual(client.local);
    const [atServer, atClient] = [all(server), all(client)];
    await client.send(ascii('INVITE '));
    await client.send(ascii('sip:'));
    await server.send(ascii('100'));
    await client.end();
    expect(await atServer).toBe('INVITE sip:');
    expect(await atClient).toBe('100');
    await Promise.all([client.closed, server.closed]);
    expect(listener.connections.size).toBe(0);
  });

  it('a slow reader slows the sender down, and every octet arrives in order', async () => {
    const { client, server } = await pair(2 ** 24);
    const sent = Uint8Array.from({ length: 4_000_000 }, (_, i) => i % 251);
    const sending = client.send(sent).then(() => 'sent');
    // The system's buffers hold less than that: as long as nobody reads, there is no room.
    expect(await Promise.race([sending, new Promise((resolve) => setTimeout(resolve, 50, 'waits'))])).toBe('waits');
    const end = client.end(30_000);
    const chunks: Uint8Array[] = [];
    for await (const chunk of server.chunks) chunks.push(chunk);
    expect(Buffer.compare(concat(...chunks), sent)).toBe(0);
    expect(await sending).toBe('sent');
    await end;
  });

  it('UNAVAILABLE: more waits than the limit, and the connection is closed', async () => {
    const { client } = await pair(1_000_000);
    const results: Promise<unknown>[] = [];
    for (let i = 0; i < 40; i++) results.push(client.send(new Uint8Array(500_000)).catch((error: unknown) => error));
    expect(await Promise.all(results)).toContainEqual(expect.objectContaining({ code: 'UNAVAILABLE' }));
    await client.closed;
  });

  it('UNAVAILABLE: nobody listens, the port is taken, the connection is closed', async () => {
    const { listener, client } = await pair();
    const { port } = listener.local;
    const unavailable = expect.objectContaining({ code: 'UNAVAILABLE' }) as unknown;
    await expect(listenTcp({ host: '127.0.0.1', port }, () => undefined)).rejects.toEqual(unavailable);
    await listener.close();
    await client.closed;
    await expect(client.send(ascii('x'))).rejects.toEqual(unavailable);
    await expect(connectTcp({ host: '127.0.0.1', port })).rejects.toEqual(unavailable);
  });

  it('UNAVAILABLE: a connection that breaks ends the reading with an error, one closed here without', async () => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.resetAndDestroy());
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    open.push({ close: () => server.close() });
    const { port } = server.address() as { port: number };
    const first = await connectTcp({ host: '127.0.0.1', port });
    const reading = all(first);
    await first.send(ascii('x'));
    await expect(reading).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    const second = await connectTcp({ host: '127.0.0.1', port });
    const quiet = all(second);
    second.close();
    second.close();
    expect(await quiet).toBe('');
  });

  it('an end that the other side does not answer is not waited for longer than told', async () => {
    const listener = createServer({ allowHalfOpen: true }, (socket) => {
      socket.on('error', () => undefined);
      socket.resume();
    });
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    open.push({ close: () => listener.close() });
    const client = await connectTcp({ host: '127.0.0.1', port: (listener.address() as { port: number }).port });
    await client.end(20);
    await client.closed;
  });

  it('connections above the limit are closed at once, the others stay', async () => {
    const accepted: TcpConnection[] = [];
    const listener = await listenTcp({ host: '127.0.0.1', port: 0 }, (c) => accepted.push(c), { maxConnections: 1 });
    open.push(listener);
    const first = await connectTcp({ host: '127.0.0.1', port: listener.local.port });
    open.push(first);
    const second = connect(listener.local.port, '127.0.0.1');
    second.on('error', () => undefined);
    await once(second, 'close');
    expect(accepted).toHaveLength(1);
    await first.send(ascii('still'));
    expect(listener.connections.size).toBe(1);
  });

  it('a connection over which no whole message comes is closed after a while, keep-alives or not', async () => {
    const accepted: TcpConnection[] = [];
    const onConnection = (connection: TcpConnection): void => {
      if (accepted.push(connection) === 1) connection.heard();
    };
    const listener = await listenTcp({ host: '127.0.0.1', port: 0 }, onConnection, { firstMessageMs: 50 });
    open.push(listener);
    open.push(await connectTcp({ host: '127.0.0.1', port: listener.local.port }));
    // It comes later: when it is closed, the time of the first is over.
    const second = await connectTcp({ host: '127.0.0.1', port: listener.local.port });
    open.push(second);
    await second.send(ascii('\r\n\r\n'));
    expect(await all(second)).toBe('');
    await accepted[1]?.closed;
    expect([...listener.connections]).toEqual([accepted[0]]);
  });

  it('a connection that has been heard is closed when it is silent for too long', async () => {
    const accepted: TcpConnection[] = [];
    const onConnection = (connection: TcpConnection): void => {
      accepted.push(connection);
      connection.heard();
    };
    const listener = await listenTcp({ host: '127.0.0.1', port: 0 }, onConnection, { silenceMs: 20 });
    open.push(listener);
    const client = await connectTcp({ host: '127.0.0.1', port: listener.local.port });
    open.push(client);
    expect(await all(client)).toBe('');
    await accepted[0]?.closed;
    expect(listener.connections.size).toBe(0);
  });

  it('one address cannot take all places', async () => {
    const accepted: TcpConnection[] = [];
    const limits = { maxConnections: 3, maxPerAddress: 2 };
    const listener = await listenTcp({ host: '127.0.0.1', port: 0 }, (c) => accepted.push(c), limits);
    open.push(listener);
    const from = async (localAddress: string): Promise<Socket> => {
      const socket = connect({ port: listener.local.port, host: '127.0.0.1', localAddress });
      open.push({ close: () => socket.destroy() });
      socket.on('error', () => undefined).resume();
      await once(socket, 'connect');
      return socket;
    };
    await from('127.0.0.1');
    await from('127.0.0.1');
    await once(await from('127.0.0.1'), 'close');
    await from('127.0.0.2');
    while (accepted.length < 3) await new Promise((resolve) => setImmediate(resolve));
    expect(accepted.map(({ remote }) => remote.address)).toEqual(['127.0.0.1', '127.0.0.1', '127.0.0.2']);
  });
});
