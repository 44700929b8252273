/** For calls with foreign programs: relays that keep every octet, what SIP stands in them, short speech. */
import { createSocket } from 'node:dgram';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { once } from 'node:events';
import { onTestFinished } from 'vitest';
import { keyMgmt, parseSdp, sdpOf, type SipMessage } from '../../src/protocol/signalling/index.ts';
import { speech } from '../support/clients.ts';
import { SipTrace } from './sip-trace.ts';

export interface SipRelay {
  readonly port: number;
  /** SIP from who connected, and from who was connected to, in order. */
  sent(): SipMessage[];
  received(): SipMessage[];
  /** All that passed, as a pcap file. */
  capture(): Uint8Array;
}

const relayOf = (port: number, trace: SipTrace): SipRelay => ({
  port,
  sent: () => trace.messages('up'),
  received: () => trace.messages('down'),
  capture: () => trace.capture(),
});

/** Passes connections on to a port of this machine, which `to` tells when somebody connects, until the test is over. */
export async function relaySip(to: () => number): Promise<SipRelay> {
  const sockets = new Set<Socket>();
  const trace = new SipTrace('tcp');
  let connections = 0;
  const server = createServer((near) => {
    const far = connect(to(), '127.0.0.1');
    const connection = connections++;
    const pass = (from: Socket, onto: Socket, direction: 'up' | 'down'): void => {
      sockets.add(from);
      from.on('data', (chunk: Buffer) => {
        trace.keep(direction, chunk, connection);
        onto.write(chunk);
      });
      from.on('error', () => onto.destroy());
      from.on('close', () => onto.end());
    };
    pass(near, far, 'up');
    pass(far, near, 'down');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  return relayOf((server.address() as AddressInfo).port, trace);
}

/** The same for the datagrams of one client; answers go to where its last one came from. */
export async function relaySipDatagrams(to: () => number): Promise<SipRelay> {
  const [near, far] = [createSocket('udp4'), createSocket('udp4')];
  const trace = new SipTrace('udp');
  let client = 0;
  near.on('message', (datagram, { port }) => {
    client = port;
    trace.keep('up', datagram);
    far.send(datagram, to(), '127.0.0.1');
  });
  far.on('message', (datagram) => {
    trace.keep('down', datagram);
    near.send(datagram, client, '127.0.0.1');
  });
  for (const socket of [near, far]) {
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
  }
  onTestFinished(() => {
    for (const socket of [near, far]) socket.close();
  });
  return relayOf(near.address().port, trace);
}

/** The MIKEY message in the description of a SIP message. */
export function mikeyOf(message: SipMessage): Uint8Array | undefined {
  const sdp = sdpOf(message);
  return sdp === undefined ? undefined : keyMgmt(parseSdp(sdp))[0]?.mikey;
}

/** `INVITE`, or `183 INVITE`. */
export const nameOf = (message: SipMessage): string =>
  message.kind === 'request' ? message.method : `${String(message.status)} ${message.cseq.method}`;

/** The first 400 ms of speech, as a WAV in the directory. */
export function shortSpeech(directory: string): string {
  const wav = Buffer.from(readFileSync(speech('alice')));
  const begin = wav.indexOf('data') + 8;
  const short = wav.subarray(0, begin + 6400);
  short.writeUInt32LE(6400, begin - 4);
  short.writeUInt32LE(short.length - 8, 4);
  const file = join(directory, 'speech.wav');
  writeFileSync(file, short);
  return file;
}
