/** The same calls over real sockets and the host's clock. */
import { afterEach, expect, it } from 'vitest';
import { toHex } from '../../../src/foundation/base/index.ts';
import { createCallee, placeCall, type CallResult, type MediaPorts } from '../../../src/entity/endpoint/index.ts';
import { bindUdpPair, connectTcp, listenTcp } from '../../../src/platform/sockets.ts';
import { ALICE, BOB, keysOf, speechOf } from './two-clients.ts';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function media(): Promise<MediaPorts> {
  const { rtp, rtcp } = await bindUdpPair('127.0.0.1');
  return {
    rtp,
    rtcp,
    async close() {
      await Promise.all([rtp.close(), rtcp.close()]);
    },
  };
}

it('a call over TCP and UDP: what was said was heard, on both sides', async () => {
  const results: CallResult[] = [];
  let ended: () => void = () => undefined;
  const over = new Promise<void>((resolve) => (ended = resolve));
  const listener = await listenTcp({ host: '127.0.0.1', port: 0 }, (connection) => void callee.attach(connection));
  ends.push(() => listener.close());
  const callee = createCallee({
    keys: keysOf(BOB),
    speech: speechOf(100, 1600),
    media,
    contact: listener.local,
    replay: { initial: { refuseBefore: 0, entries: new Map() } },
    authenticatedHops: true,
    onResult: (result) => {
      results.push(result);
      ended();
    },
  });
  ends.push(() => {
    callee.close();
  });
  const channel = await connectTcp({ host: '127.0.0.1', port: listener.local.port });
  const result = await placeCall({ keys: keysOf(ALICE), to: BOB, channel, speech: speechOf(0, 2400), media });
  await over;
  expect(result).toMatchObject({ outcome: 'completed', statistics: { lostPackets: 0, droppedPackets: 0 } });
  expect(toHex(result.recording?.subarray(58) ?? new Uint8Array())).toBe(toHex(speechOf(100, 1600)));
  expect(toHex(results[0]?.recording?.subarray(58) ?? new Uint8Array())).toBe(toHex(speechOf(0, 2400)));
  expect(result.ibeMs).toBeGreaterThan(0);
  await channel.closed;
});
