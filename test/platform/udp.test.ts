import { afterEach, describe, expect, it } from 'vitest';
import { ascii, latin1 } from '../../src/foundation/base/bytes.ts';
import type { SocketAddress } from '../../src/platform/sockets.ts';
import { bindUdp, bindUdpPair, type UdpSocket } from '../../src/platform/sockets.ts';

const open: UdpSocket[] = [];
afterEach(async () => {
  for (const socket of open.splice(0)) await socket.close();
});
const keep = (socket: UdpSocket): UdpSocket => {
  open.push(socket);
  return socket;
};

function next(socket: UdpSocket): Promise<{ text: string; from: SocketAddress }> {
  return new Promise((resolve) => {
    socket.onDatagram((octets, from) => {
      resolve({ text: latin1(octets), from });
    });
  });
}

describe('UDP', () => {
  it('carries datagrams between free ports and tells where they come from', async () => {
    const [a, b] = [keep(await bindUdp('127.0.0.1')), keep(await bindUdp('127.0.0.1'))];
    const arrived = next(b);
    a.send(ascii('speech'), b.local);
    expect(await arrived).toEqual({ text: 'speech', from: a.local });
    expect(a.dropped).toBe(0);
  });

  it('a pair is an even port and the next one', async () => {
    for (let i = 0; i < 3; i++) {
      const { rtp, rtcp } = await bindUdpPair('127.0.0.1');
      keep(rtp);
      keep(rtcp);
      expect(rtp.local.port % 2).toBe(0);
      expect(rtcp.local.port).toBe(rtp.local.port + 1);
    }
    await expect(bindUdpPair('127.0.0.1', 5001)).rejects.toThrow(TypeError);
  });

  it('UNAVAILABLE: the port is taken; closing frees it', async () => {
    const { rtp, rtcp } = await bindUdpPair('127.0.0.1');
    keep(rtcp);
    await expect(bindUdp('127.0.0.1', rtp.local.port)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await expect(bindUdpPair('127.0.0.1', rtp.local.port)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await rtp.close();
    await rtp.close();
    keep(await bindUdp('127.0.0.1', rtp.local.port));
  });

  it('what cannot be sent is dropped and counted: a name, port 0, another family, after the end, too many at once', async () => {
    const socket = keep(await bindUdp('127.0.0.1'));
    socket.send(ascii('x'), { address: 'localhost', port: 9 });
    socket.send(ascii('x'), { address: '127.0.0.1', port: 0 });
    socket.send(ascii('x'), { address: '::1', port: 9 });
    expect(socket.dropped).toBe(3);
    const to = keep(await bindUdp('127.0.0.1')).local;
    for (let i = 0; i < 300; i++) socket.send(ascii('x'), to);
    expect(socket.dropped).toBeGreaterThan(3);
    await socket.close();
    const before = socket.dropped;
    socket.send(ascii('x'), to);
    expect(socket.dropped).toBe(before + 1);
  });

  it('without a handler what arrives is dropped', async () => {
    const [a, b] = [keep(await bindUdp('127.0.0.1')), keep(await bindUdp('127.0.0.1'))];
    const first = next(b);
    a.send(ascii('one'), b.local);
    expect((await first).text).toBe('one');
    b.onDatagram(undefined);
    a.send(ascii('two'), b.local);
    const back = next(a);
    b.send(ascii('three'), a.local);
    expect((await back).text).toBe('three');
    const again = next(b);
    a.send(ascii('four'), b.local);
    expect((await again).text).toBe('four');
  });
});
