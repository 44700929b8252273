/**
 * ffmpeg, which shares no line with this project, opens SRTP and makes it, under a key that it is given. It takes packets
 * from sockets only. Callers say `needs('ffmpeg')` first.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { concat, toBase64 } from '../../src/foundation/base/bytes.ts';
import { temporaryDirectory, waitUntil } from '../support/lab.ts';
import { boundPorts, freeEvenPort } from './ports.ts';
import type { JudgedStream } from './srtp-material.ts';

/** A payload as ffmpeg got it out of one packet. */
export interface JudgedPacket {
  /** RTP timestamp, relative to that of the first packet. */
  readonly timestamp: number;
  /** Octets. */
  readonly size: number;
  /** Lower-case hex SHA-256 of the payload. */
  readonly sha256: string;
}

/** What ffmpeg makes of packets: each is either opened or refused for its tag. */
export interface Opened {
  readonly opened: readonly JudgedPacket[];
  readonly refused: number;
}

type Keys = Pick<JudgedStream, 'suite' | 'masterKey' | 'masterSalt'>;

/** Sends SRTP packets of G.711 mu-law, in order, to an ffmpeg that has the master key and salt. */
export async function ffmpegOpens(packets: readonly Uint8Array[], keys: Keys): Promise<Opened> {
  const port = await freeEvenPort();
  const description = join(temporaryDirectory(), 'stream.sdp');
  const lines = [
    ...['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 'c=IN IP4 127.0.0.1', 't=0 0'],
    `m=audio ${String(port)} RTP/SAVP 0`,
    `a=crypto:1 ${suiteName(keys)} inline:${inline(keys)}`,
  ];
  writeFileSync(description, lines.map((line) => `${line}\r\n`).join(''));
  // Without the queue a packet that is refused holds nobody up.
  const input = ['-protocol_whitelist', 'file,udp,rtp,srtp,crypto', '-reorder_queue_size', '0', '-i', description];
  const output = ['-map', '0:a', '-c', 'copy', '-flush_packets', '1', '-f', 'framehash', '-hash', 'sha256', '-'];
  const { child, said, errors, ended } = ffmpeg([...input, ...output]);
  const frames = (): string[] =>
    said()
      .split('\n')
      .slice(0, -1)
      .filter((line) => /^\d/.test(line));
  const refused = (): number => errors().split('HMAC mismatch').length - 1;
  const sender = createSocket('udp4');
  try {
    await waitUntil(() => boundPorts('udp').has(port), 'ffmpeg to listen', ended);
    for (const packet of packets) {
      await send(sender, packet, port);
      await sleep(1); // what is sent faster than it is read is lost
    }
    await waitUntil(() => frames().length + refused() >= packets.length, 'ffmpeg to judge every packet', ended);
  } finally {
    sender.close();
    child.kill('SIGKILL');
  }
  const opened = frames().map((line) => {
    const [, timestamp, , , size, sha256 = ''] = line.split(',').map((field) => field.trim());
    return { timestamp: Number(timestamp), size: Number(size), sha256 };
  });
  return { opened, refused: refused() };
}

/** SRTP and SRTCP packets that an ffmpeg with the master key and salt makes of mu-law, from a sequence number on. */
export async function ffmpegProtects(
  speech: Uint8Array,
  keys: Keys & Pick<JudgedStream, 'ssrc'>,
  firstSequence: number,
): Promise<{ readonly srtp: readonly Uint8Array[]; readonly srtcp: readonly Uint8Array[] }> {
  const port = await freeEvenPort();
  const source = join(temporaryDirectory(), 'speech.ul');
  writeFileSync(source, speech);
  const received = { srtp: [] as Uint8Array[], srtcp: [] as Uint8Array[] };
  const sockets = await Promise.all([
    listen(port, (packet) => received.srtp.push(packet)),
    listen(port + 1, (packet) => received.srtcp.push(packet)),
  ]);
  const input = ['-f', 'mulaw', '-ar', '8000', '-ac', '1', '-i', source, '-c', 'copy'];
  const output = [
    ...['-f', 'rtp', '-seq', String(firstSequence), '-ssrc', String(keys.ssrc)],
    ...['-srtp_out_suite', suiteName(keys), '-srtp_out_params', inline(keys)],
    `srtp://127.0.0.1:${String(port)}?rtcpport=${String(port + 1)}&pkt_size=182`,
  ];
  const { child, errors } = ffmpeg([...input, ...output]);
  const overhead = 12 + (keys.suite === 'AES_CM_128_HMAC_SHA1_32' ? 4 : 10);
  const octets = (): number => received.srtp.reduce((sum, { length }) => sum + length - overhead, 0);
  try {
    // It ends by itself, while packets still wait in the sockets: only its failure is the end of hope.
    const failed = (): string | false => (child.exitCode ?? 0) !== 0 && errors();
    await waitUntil(() => octets() >= speech.length && received.srtcp.length > 0, 'what ffmpeg sends', failed);
  } finally {
    for (const socket of sockets) socket.close();
    child.kill('SIGKILL');
  }
  return received;
}

/** By the name of RFC 5764 ffmpeg has 80 bits for SRTCP; by that of RFC 4568, which says 80 too (6.2.2), it has 32. */
const suiteName = ({ suite }: Keys): string =>
  suite === 'AES_CM_128_HMAC_SHA1_32' ? 'SRTP_AES128_CM_HMAC_SHA1_32' : suite;

const inline = ({ masterKey, masterSalt }: Keys): string => toBase64(concat(masterKey, masterSalt));

interface RunningFfmpeg {
  readonly child: ChildProcess;
  /** Its standard output so far. */
  readonly said: () => string;
  /** Its standard error so far. */
  readonly errors: () => string;
  /** The same, once it has ended: nothing more will come. */
  readonly ended: () => string | false;
}

function ffmpeg(args: readonly string[]): RunningFfmpeg {
  // "repeat": each refusal is a line of its own.
  const child = spawn('ffmpeg', ['-nostdin', '-hide_banner', '-loglevel', 'repeat+warning', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  let errors = '';
  let over = false;
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  child.once('close', () => (over = true));
  return { child, said: () => text, errors: () => errors, ended: () => over && errors };
}

async function listen(port: number, take: (packet: Uint8Array) => void): Promise<Socket> {
  const socket = createSocket('udp4').bind(port, '127.0.0.1');
  socket.on('message', (packet) => {
    take(Uint8Array.from(packet));
  });
  await once(socket, 'listening');
  return socket;
}

function send(socket: Socket, packet: Uint8Array, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.send(packet, port, '127.0.0.1', (error) => {
      if (error === null) resolve();
      else reject(error);
    });
  });
}
