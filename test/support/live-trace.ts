/**
 * Everything of a live call that its clients can see, without what is drawn anew each time: SIP as it passes, sizes of
 * the key exchange, packets, the keys that the holders issued them, and what stands in their directories.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { keyEpochStart } from '../../src/foundation/identity/index.ts';
import { createTransport, readCapture, type TransportEvent } from '../../src/protocol/media/index.ts';
import { createSipCarriers, encodeSipMessage } from '../../src/protocol/signalling/index.ts';
import { DAY } from './exchange.ts';
import { filesBelow } from './lab.ts';

export interface CallTrace {
  /** Each message in order: who sent it and its text, with drawn values replaced by `#`. */
  readonly messages: readonly string[];
  /** Octets of the MIKEY message in each, 0 where there is none. */
  readonly mikey: readonly number[];
  /** For each sender's stream: RTP packets by size, and whether it sent reports. */
  readonly media: readonly { readonly packets: Readonly<Record<string, number>>; readonly reports: boolean }[];
  /** What each holder issued to clients, in order. */
  readonly issued: Readonly<Record<string, readonly string[]>>;
  /** The files of each client, and its configuration, which says whom it connects to. */
  readonly directories: readonly string[];
}

const HOLDERS = ['operator-a/kms', 'operator-a/provider', 'operator-b/kms', 'operator-b/provider'];

/** The octets in a capture that went over the network. */
export async function eventsOf(capture: string): Promise<TransportEvent[]> {
  const transport = createTransport();
  const events: TransportEvent[] = [];
  for await (const packet of readCapture([readFileSync(capture)])) events.push(...transport.feed(packet));
  return [...events, ...transport.flush()];
}

/** @param roles directory of a lab's roles, which have ended */
export async function traceOf(roles: string): Promise<CallTrace> {
  const events = await eventsOf(join(roles, 'tap', 'capture.pcap'));
  const carriers = createSipCarriers();
  const passed = events.flatMap((event) =>
    event.kind === 'tcp' ? (carriers.take(event) ?? []).map((message) => ({ from: event.source.port, message })) : [],
  );
  const caller = passed[0]?.from;
  const texts = passed.map(({ from, message }) => ({
    sender: from === caller ? 'caller' : 'callee',
    text: Buffer.from(encodeSipMessage(message)).toString('latin1'),
  }));
  return {
    messages: texts.map(({ sender, text }) => `${sender}: ${withoutDrawn(text)}`),
    mikey: texts.map(({ text }) => Buffer.from(/a=key-mgmt:mikey (\S+)/.exec(text)?.[1] ?? '', 'base64').length),
    media: mediaOf(events),
    issued: Object.fromEntries(HOLDERS.map((holder) => [holder, issuedBy(join(roles, holder))])),
    directories: ['caller', 'callee'].flatMap((client) => directoryOf(join(roles, client))),
  };
}

/** Keys, tags, ports, addresses of contacts, session numbers, and the length that depends on them. */
const withoutDrawn = (text: string): string =>
  text
    .replace(/(a=key-mgmt:mikey )\S+/g, '$1#')
    .replace(/z9hG4bK[0-9a-f]+|\b[0-9a-f]{24}\b/g, '#')
    .replace(/(127\.0\.0\.1:|m=audio |o=- |RSeq: |RAck: |Content-Length: )\d+/g, '$1#');

function mediaOf(events: readonly TransportEvent[]): CallTrace['media'] {
  const streams = new Map<string, { packets: Record<string, number>; reports: boolean }>();
  for (const { kind, payload } of events) {
    if (kind !== 'udp') continue;
    // RTCP packet types are 192 to 223 (RFC 5761 4), where RTP has its marker and payload type.
    const report = (payload[1] ?? 0) >= 192 && (payload[1] ?? 0) <= 223;
    const ssrc = Buffer.from(payload.subarray(report ? 4 : 8, report ? 8 : 12)).toString('hex');
    const stream = streams.get(ssrc) ?? { packets: {}, reports: false };
    streams.set(ssrc, stream);
    if (report) stream.reports = true;
    else stream.packets[payload.length] = (stream.packets[payload.length] ?? 0) + 1;
  }
  // Both begin at once: which packet is first says nothing.
  return [...streams.values()].sort((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)));
}

/** What a holder's log has of clients: pseudonyms and fingerprints are drawn anew, epochs count from the present one. */
function issuedBy(directory: string): string[] {
  const database = new DatabaseSync(join(directory, 'state', 'state.db'), { readOnly: true });
  try {
    return (database.prepare('SELECT octets FROM log ORDER BY sequence').all() as { octets: Uint8Array }[])
      .map(({ octets }) => JSON.parse(Buffer.from(octets).toString()) as Record<string, unknown>)
      .filter(({ kind }) => kind !== 'request' && kind !== 'answer')
      .map(({ kind, operation, time, keyEpochs, masterSecrets }) => {
        const present = keyEpochStart(time as number, DAY);
        const epochs = ((keyEpochs ?? []) as number[]).map((epoch) => (epoch - present) / DAY);
        // The one before is asked for in its grace time only: a matter of the hour.
        return JSON.stringify({ kind, operation, masterSecrets, epochs: epochs.filter((epoch) => epoch >= 0) });
      });
  } finally {
    database.close();
  }
}

/** Files of a client, and its configuration without ports. */
function directoryOf(directory: string): string[] {
  const names = filesBelow(directory).map((file) => file.slice(directory.length + 1));
  const config = readFileSync(join(directory, 'config.json'), 'utf8').replace(/(127\.0\.0\.1:|"port": )\d+/g, '$1#');
  return [...names.sort(), config];
}
