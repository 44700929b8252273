/**
 * GStreamer with libsrtp, which share no line with this project, open SRTP and SRTCP and make them. One packet is one
 * file, so that nothing depends on sockets and time. Callers say `needs(...GSTREAMER)` first.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { concat, toHex } from '../../src/foundation/base/bytes.ts';
import { temporaryDirectory } from '../support/lab.ts';
import type { JudgedStream } from './srtp-material.ts';

/** The program and its elements that are used here. */
export const GSTREAMER = [
  'gst-launch-1.0',
  ...['multifilesrc', 'multifilesink', 'srtpenc', 'srtpdec'].map((element) => `gst-element:${element}`),
];

/** Of RTP or of RTCP. */
export type PacketKind = 'rtp' | 'rtcp';

/** RTP (RTCP) packets that GStreamer gets out of SRTP (SRTCP) packets; it passes over those that it refuses. */
export function gstreamerOpens(packets: readonly Uint8Array[], stream: JudgedStream, kind: PacketKind): Uint8Array[] {
  const { cipher, authentication } = algorithms(stream);
  const caps = [
    `application/x-s${kind}`,
    ...['payload=(int)0', `ssrc=(uint)${String(stream.ssrc)}`, `roc=(uint)${String(stream.roc ?? 0)}`],
    `srtp-key=(buffer)${masterKey(stream)}`,
    ...[`srtp-cipher=(string)${cipher}`, `srtp-auth=(string)${authentication}`],
    ...[`srtcp-cipher=(string)${cipher}`, 'srtcp-auth=(string)hmac-sha1-80'],
  ];
  return gstreamer(packets, caps.join(','), ['srtpdec', 'name=judge'], `${kind}_sink`, `${kind}_src`);
}

/** SRTP (SRTCP) packets that GStreamer makes of RTP (RTCP) packets; its rollover counter begins with 0. */
export function gstreamerProtects(
  packets: readonly Uint8Array[],
  stream: JudgedStream,
  kind: PacketKind,
): Uint8Array[] {
  const { cipher, authentication } = algorithms(stream);
  const element = [
    ...['srtpenc', 'name=judge', `key=${masterKey(stream)}`],
    ...[`rtp-cipher=${cipher}`, `rtp-auth=${authentication}`],
    ...[`rtcp-cipher=${cipher}`, 'rtcp-auth=hmac-sha1-80'],
  ];
  const caps = `application/x-${kind},payload=(int)0,ssrc=(uint)${String(stream.ssrc)}`;
  return gstreamer(packets, caps, element, `${kind}_sink_0`, `${kind}_src_0`);
}

const masterKey = (stream: JudgedStream): string => toHex(concat(stream.masterKey, stream.masterSalt));

function algorithms({ suite, masterKey: { length } }: JudgedStream): { cipher: string; authentication: string } {
  return {
    cipher: length === 32 ? 'aes-256-icm' : 'aes-128-icm',
    authentication: suite === 'AES_CM_128_HMAC_SHA1_32' ? 'hmac-sha1-32' : 'hmac-sha1-80',
  };
}

/** Passes packets through the element named "judge", from its pad `sink` to its pad `source`. */
function gstreamer(
  packets: readonly Uint8Array[],
  caps: string,
  element: readonly string[],
  sink: string,
  source: string,
): Uint8Array[] {
  const directory = temporaryDirectory();
  const [before, after] = [join(directory, 'in'), join(directory, 'out')];
  for (const folder of [before, after]) mkdirSync(folder);
  packets.forEach((packet, i) => {
    writeFileSync(join(before, String(i).padStart(5, '0')), packet);
  });
  const pipeline = [
    ...[...element],
    ...['multifilesrc', `location=${before}/%05d`, `caps=${caps}`, '!', `judge.${sink}`],
    ...[`judge.${source}`, '!', 'multifilesink', `location=${after}/%05d`],
  ];
  // What it makes of octets that it does not understand may have no end.
  const { status, stderr } = spawnSync('timeout', ['20', 'gst-launch-1.0', '-q', ...pipeline], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`gst-launch-1.0 ended with status ${String(status)}: ${stderr}`);
  return readdirSync(after)
    .sort()
    .map((name) => Uint8Array.from(readFileSync(join(after, name))));
}
