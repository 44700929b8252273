/**
 * The tap: relays SIP and RTP between two clients, writes what passes into a capture, and feeds an intake with the
 * same octets. It holds no key and knows of no warrant; when it ends, discovery ends.
 */
import { createWriteStream, type WriteStream } from 'node:fs';
import { systemClock } from '../../foundation/base/index.ts';
import { createSipStream, encodeSipMessage } from '../../protocol/signalling/index.ts';
import { createFeed, createMediaRelays, createRecorder, type MediaRelay, type Side } from '../../entity/tap/index.ts';
import { intakeRoute } from '../../contract/intake/index.ts';
import { parseBody } from '../../contract/route/index.ts';
import { createClient } from '../../platform/index.ts';
import {
  bindUdpPair,
  connectTcp,
  listenTcp,
  type TcpConnection,
  type TcpListener,
  type UdpSocket,
} from '../../platform/sockets.ts';
import { readTls, type Emit, type RunningRole } from './running.ts';
import { readTapConfig } from './tap-config.ts';

/** How long the media of a call are still relayed after its BYE: what is on the way arrives. */
const LINGER_MS = 500;

export async function serve(configFile: string, emit: Emit): Promise<RunningRole> {
  const { config, at } = await readTapConfig(configFile);
  const recorder = createRecorder();
  const feed = createFeed(recorder.header);
  const file =
    config.capture === undefined ? undefined : createWriteStream(at(config.capture), { mode: 0o600, flags: 'wx' });
  file?.write(recorder.header);
  const record = (records: readonly Uint8Array[]): void => {
    feed.push(records);
    for (const octets of records) file?.write(octets);
  };
  const media = createMediaRelays(() => openRelay(config.mediaAddress, record, recorder.datagram));
  const listeners: TcpListener[] = [];
  const lingering = new Set<NodeJS.Timeout>();

  /** One direction of a connection between two clients: whole SIP messages, in order. */
  async function pass(from: TcpConnection, to: TcpConnection, side: Side): Promise<void> {
    const stream = createSipStream();
    try {
      for await (const chunk of from.chunks) {
        for (const message of stream.push(chunk)) {
          const octets = encodeSipMessage(await media.pass(message, side));
          record(recorder.octets(systemClock(), from.remote, to.remote, octets));
          await to.send(octets);
          if (message.method === 'BYE') lingering.add(setTimeout(() => void media.end(message.callId), LINGER_MS));
        }
      }
    } finally {
      record([recorder.end(systemClock(), from.remote, to.remote)]);
      await to.end();
    }
  }

  for (const { listen, forward } of config.sip) {
    const listener = await listenTcp(listen, (client) => {
      connectTcp(forward).then(
        (other) => Promise.allSettled([pass(client, other, 'a'), pass(other, client, 'b')]),
        () => {
          client.close();
        },
      );
    });
    listeners.push(listener);
  }
  const intake = config.intake === undefined ? undefined : await startIntake(config.intake);

  async function startIntake({ origin, tls }: NonNullable<typeof config.intake>): Promise<{ ended: Promise<void> }> {
    const client = createClient({ origin, ...(await readTls(tls, at)), serverRole: 'df' });
    const { method, path, response } = intakeRoute;
    const ended = client.request({ method, path, stream: feed.chunks, timeoutMs: 0 }).then(
      (answer) => {
        emit({ event: 'taken', role: 'tap', ...parseBody(response, answer) });
      },
      () => {
        emit({ event: 'lost', role: 'tap' });
      },
    );
    return { ended: ended.finally(() => client.close()) };
  }

  return {
    role: config.role,
    ports: Object.fromEntries(listeners.map(({ local }, i) => [`sip${String(i)}`, local.port])),
    exitWithParent: config.exitWithParent,
    async close() {
      for (const timer of lingering) clearTimeout(timer);
      await Promise.all(listeners.map((listener) => listener.close()));
      await media.close();
      feed.end();
      await intake?.ended;
      await finish(file);
    },
  };
}

/** The two ports at which packets for one party arrive: each is recorded and passed on. */
async function openRelay(
  address: string,
  record: (records: readonly Uint8Array[]) => void,
  datagram: ReturnType<typeof createRecorder>['datagram'],
): Promise<MediaRelay> {
  const { rtp, rtcp } = await bindUdpPair(address);
  let party: { address: string; port: number } | undefined;
  const relay = (socket: UdpSocket, offset: 0 | 1): void => {
    socket.onDatagram((octets, from) => {
      record([datagram(systemClock(), from, socket.local, octets)]);
      if (party !== undefined) socket.send(octets, { address: party.address, port: party.port + offset });
    });
  };
  relay(rtp, 0);
  relay(rtcp, 1);
  return {
    local: rtp.local,
    passTo(own) {
      party = own;
    },
    async close() {
      await Promise.all([rtp.close(), rtcp.close()]);
    },
  };
}

function finish(file: WriteStream | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (file === undefined) resolve();
    else
      file.end(() => {
        resolve();
      });
  });
}
