/**
 * The independent programs that judge a replay: tshark says what is in a capture, ffmpeg decrypts SRTP under a key that
 * it is given. Neither shares a line with this project. Their callers say `needs('tshark')`, `needs('ffmpeg')` first.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { waitUntil } from '../support/lab.ts';

/** Which fields of which packets tshark finds; `ports` are decoded as RTP. One array of texts a packet. */
export function tsharkFields(
  capture: string,
  { ports, filter, fields }: { ports: readonly number[]; filter: string; fields: readonly string[] },
): string[][] {
  const args = [
    ...['-r', capture, '-Y', filter, '-T', 'fields'],
    ...ports.flatMap((port) => ['-d', `udp.port==${String(port)},rtp`]),
    ...fields.flatMap((field) => ['-e', field]),
  ];
  const { status, stdout, stderr } = spawnSync('tshark', args, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  if (status !== 0) throw new Error(`tshark: ${stderr}`);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('\t'));
}

/** A payload as ffmpeg got it out of one packet. */
export interface JudgedPacket {
  /** RTP timestamp, relative to that of the first packet. */
  readonly timestamp: number;
  /** Octets. */
  readonly size: number;
  /** Lower-case hex SHA-256 of the payload. */
  readonly sha256: string;
}

/** Sends SRTP packets (AES_CM_128_HMAC_SHA1_80, G.711 mu-law) to an ffmpeg that has the master key and salt. */
export async function ffmpegDecrypts(
  packets: readonly Uint8Array[],
  masterKey: Uint8Array,
  masterSalt: Uint8Array,
  directory: string,
): Promise<JudgedPacket[]> {
  const port = await freeEvenPort();
  const description = join(directory, `ffmpeg-${String(port)}.sdp`);
  const inline = Buffer.concat([masterKey, masterSalt]).toString('base64');
  const lines = [
    ...['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 'c=IN IP4 127.0.0.1', 't=0 0'],
    `m=audio ${String(port)} RTP/SAVP 0`,
    `a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${inline}`,
  ];
  writeFileSync(description, lines.map((line) => `${line}\r\n`).join(''));
  const input = ['-protocol_whitelist', 'file,udp,rtp,srtp,crypto', '-i', description];
  const output = [
    '-map',
    '0:a',
    '-c',
    'copy',
    '-frames:a',
    String(packets.length),
    '-f',
    'framehash',
    '-hash',
    'sha256',
    '-',
  ];
  const child = spawn('ffmpeg', ['-nostdin', '-hide_banner', '-loglevel', 'error', ...input, ...output], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  let errors = '';
  let over = false;
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  const ended = once(child, 'close').then(() => (over = true));
  const sender = createSocket('udp4');
  try {
    await waitUntil(
      () => boundPorts().has(port),
      'ffmpeg to listen',
      () => over && errors,
    );
    for (const packet of packets) {
      await send(sender, packet, port);
      await sleep(1); // what is sent faster than it is read is lost
    }
    await ended;
  } finally {
    sender.close();
    child.kill('SIGKILL');
  }
  return text
    .split('\n')
    .filter((line) => /^\d/.test(line))
    .map((line) => {
      const [, timestamp, , , size, sha256 = ''] = line.split(',').map((field) => field.trim());
      return { timestamp: Number(timestamp), size: Number(size), sha256 };
    });
}

function send(socket: Socket, packet: Uint8Array, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.send(packet, port, '127.0.0.1', (error) => {
      if (error === null) resolve();
      else reject(error);
    });
  });
}

/** Local UDP ports that something listens on, as the kernel lists them. */
function boundPorts(): Set<number> {
  const ports = [...readFileSync('/proc/net/udp', 'latin1').matchAll(/^ *\d+: [0-9A-F]{8}:([0-9A-F]{4}) /gm)];
  return new Set(ports.map(([, port = '']) => parseInt(port, 16)));
}

/** An even port that is free with its successor: RTP and RTCP. */
async function freeEvenPort(): Promise<number> {
  for (;;) {
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const { port } = socket.address();
    socket.close();
    await once(socket, 'close');
    if (port % 2 === 0 && !boundPorts().has(port + 1)) return port;
  }
}
