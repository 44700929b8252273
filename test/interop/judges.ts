/** tshark, which shares no line with this project, says what is in a capture. Callers say `needs('tshark')` first. */
import { spawnSync } from 'node:child_process';

/**
 * Which fields of which packets tshark finds; `ports` are decoded as RTP. One array of texts a packet; where a field has
 * several values, `|` stands between them.
 */
export function tsharkFields(
  capture: string,
  { ports, filter, fields }: { ports: readonly number[]; filter: string; fields: readonly string[] },
): string[][] {
  const args = [
    ...['-r', capture, '-Y', filter, '-T', 'fields', '-E', 'aggregator=|'],
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
