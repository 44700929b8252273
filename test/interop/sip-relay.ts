/** For calls with foreign programs: a relay of TCP that keeps every octet, what SIP stands in them, short speech. */
import { readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { once } from 'node:events';
import { onTestFinished } from 'vitest';
import { createSipStream, keyMgmt, parseSdp, sdpOf, type SipMessage } from '../../src/protocol/signalling/index.ts';
import { speech } from '../support/clients.ts';

export interface SipRelay {
  readonly port: number;
  /** SIP from who connected, and from who was connected to, in order. */
  sent(): SipMessage[];
  received(): SipMessage[];
}

/** Passes connections on to a port of this machine, which `to` tells when somebody connects, until the test is over. */
export async function relaySip(to: () => number): Promise<SipRelay> {
  const sockets = new Set<Socket>();
  const kept: { readonly up: Buffer[]; readonly down: Buffer[] }[] = [];
  const server = createServer((near) => {
    const far = connect(to(), '127.0.0.1');
    const octets = { up: [] as Buffer[], down: [] as Buffer[] };
    kept.push(octets);
    const pass = (from: Socket, onto: Socket, store: Buffer[]): void => {
      sockets.add(from);
      from.on('data', (chunk) => {
        store.push(Buffer.from(chunk));
        onto.write(chunk);
      });
      from.on('error', () => onto.destroy());
      from.on('close', () => onto.end());
    };
    pass(near, far, octets.up);
    pass(far, near, octets.down);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  const read = (side: 'up' | 'down') => (): SipMessage[] =>
    kept.flatMap((octets) => createSipStream().push(Uint8Array.from(Buffer.concat(octets[side]))));
  return {
    port: (server.address() as AddressInfo).port,
    sent: read('up'),
    received: read('down'),
  };
}

/** The MIKEY message in the description of a SIP message. */
export function mikeyOf(message: SipMessage): Uint8Array | undefined {
  const sdp = sdpOf(message);
  return sdp === undefined ? undefined : keyMgmt(parseSdp(sdp))[0]?.mikey;
}

/** `INVITE`, or `183 INVITE`. */
export const nameOf = (message: SipMessage): string =>
  message.kind === 'request' ? message.method : `${String(message.status)} ${message.cseq.method}`;

/** A TCP port of this machine that is free now, for a program that cannot choose one itself. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

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
