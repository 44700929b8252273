/**
 * The tap: relays SIP and RTP between two clients, writes what passes into a capture, and feeds an intake with the
 * same octets. It holds no key and knows of no warrant; when it ends, discovery ends.
 */
import { systemClock, systemScheduler } from '../../foundation/base/index.ts';
import { createSipStream, encodeSipMessage } from '../../protocol/signalling/index.ts';
import { createFeed, createMediaRelays, createRecorder, type Side } from '../../entity/tap/index.ts';
import { intakeRoute } from '../../contract/intake/index.ts';
import { parseBody } from '../../contract/route/index.ts';
import { createClient, createLogger } from '../../platform/index.ts';
import { connectTcp, listenTcp, type TcpConnection, type TcpListener } from '../../platform/sockets.ts';
import { readTls, type Emit, type RunningRole } from './running.ts';
import { createCaptureFile, type CaptureFile } from './tap-capture.ts';
import { readTapConfig } from './tap-config.ts';
import { openRelay } from './tap-media.ts';

export async function serve(configFile: string, emit: Emit): Promise<RunningRole> {
  const { config, at } = await readTapConfig(configFile);
  const recorder = createRecorder();
  const feed = createFeed(recorder.header);
  const file = config.capture === undefined ? undefined : await openCapture(at(config.capture), emit);
  file?.write(recorder.header);
  const record = (records: readonly Uint8Array[]): void => {
    feed.push(records);
    for (const octets of records) file?.write(octets);
  };
  const media = createMediaRelays(
    (onPacket) => openRelay(config.mediaAddress, record, recorder.datagram, onPacket),
    systemScheduler,
  );
  const listeners: TcpListener[] = [];

  /** One direction of a connection between two clients: whole SIP messages, in order. */
  async function pass(from: TcpConnection, to: TcpConnection, side: Side): Promise<void> {
    const stream = createSipStream();
    try {
      for await (const chunk of from.chunks) {
        for (const message of stream.push(chunk)) {
          from.heard();
          const octets = encodeSipMessage(await media.pass(message, side));
          record(recorder.octets(systemClock(), from.remote, to.remote, octets));
          await to.send(octets);
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
      await Promise.all(listeners.map((listener) => listener.close()));
      await media.close();
      feed.end();
      await intake?.ended;
      await file?.close();
    },
  };
}

/** The file of the capture; that it is lost is said once, and what is relayed goes on. */
async function openCapture(path: string, emit: Emit): Promise<CaptureFile> {
  // Loaded now: where a file cannot be written any more, none may be there to be loaded.
  const logger = await createLogger({ role: 'tap', level: 'info' });
  return createCaptureFile(path, (error) => {
    logger.error('the capture is lost', {}, error);
    emit({ event: 'capture-lost', role: 'tap', code: error.code });
  });
}
