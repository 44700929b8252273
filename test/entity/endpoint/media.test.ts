import { describe, expect, it } from 'vitest';
import { concat, Secret, systemRandom, toHex } from '../../../src/foundation/base/index.ts';
import { createMediaSession } from '../../../src/entity/endpoint/media-session.ts';
import { pace } from '../../../src/entity/endpoint/media-pacer.ts';
import type { Established, StreamKey } from '../../../src/protocol/ibake/index.ts';
import { parseRtcp } from '../../../src/protocol/media/index.ts';
import { createSrtcpReceiver } from '../../../src/protocol/srtp/index.ts';
import { ALICE, MemoryNet, speechOf, VirtualTime } from './two-clients.ts';

const KEYS = [new Uint8Array(16).fill(1), new Uint8Array(16).fill(2)] as const;
const SALT = new Uint8Array(14).fill(3);

/** Both ends of an exchange, each with secrets of its own. */
function established(role: 'initiator' | 'responder', mki?: Uint8Array): Established {
  const stream = (direction: StreamKey['direction'], i: 0 | 1): StreamKey => ({
    ...{ csId: i + 1, mediaIndex: 0, direction, ssrc: 0x1000 + i, roc: 0, suite: 'AES_CM_128_HMAC_SHA1_80' },
    masterKey: Secret.copyOf('SrtpMasterKey', KEYS[i]),
    masterSalt: SALT,
  });
  const streams = [stream('initiator-to-responder', 0), stream('responder-to-initiator', 1)];
  const kSession = new Secret('SessionKey', new Uint8Array(65));
  const holds = [kSession, ...streams.map(({ masterKey }) => masterKey)];
  return { role, peer: ALICE, csbId: new Uint8Array(4), kSession, streams, holds, ...(mki && { mki }) };
}

async function pair(options: { mki?: Uint8Array; speech?: [Uint8Array, Uint8Array]; listens?: boolean } = {}) {
  const time = new VirtualTime();
  const net = new MemoryNet(time);
  const [a, b] = [await net.media(), await net.media()];
  const idle: string[] = [];
  const session = (role: 'initiator' | 'responder', own: typeof a, other: typeof a, speech: Uint8Array) => {
    const keys = established(role, options.mki);
    const remote = {
      rtp: other.rtp.local,
      rtcp: other.rtcp?.local ?? other.rtp.local,
      muxed: false,
      listens: options.listens ?? true,
    };
    const made = createMediaSession({
      ...{ established: keys, ports: own, remote, speech, clock: time.clock, scheduler: time, random: systemRandom },
      ...{ tailMs: 500, silenceMs: 5000, onIdle: () => idle.push(role) },
    });
    return { ...made, made, keys };
  };
  const [first, second] = options.speech ?? [speechOf(0, 1000), speechOf(50, 500)];
  return {
    ...{ time, net, idle },
    initiator: session('initiator', a, b, first),
    responder: session('responder', b, a, second),
    ports: [a, b] as const,
  };
}

describe('pacer', () => {
  it('a packet every 20 ms, the last one shorter, the end a packet time later; late timers catch up', async () => {
    const time = new VirtualTime();
    const sent: [number, number][] = [];
    let endMs = -1;
    pace(
      time,
      new Uint8Array(500),
      (payload) => sent.push([time.nowMs, payload.length]),
      () => (endMs = time.nowMs),
    );
    await time.pass(200);
    expect(sent).toEqual([
      [0, 160],
      [20, 160],
      [40, 160],
      [60, 20],
    ]);
    expect(endMs).toBe(80);
    const late: number[] = [];
    const slow = { monotonicMs: () => time.nowMs, after: (ms: number, fn: () => void) => time.after(ms + 45, fn) };
    pace(
      slow,
      new Uint8Array(1600),
      (_payload, index) => late.push(index),
      () => undefined,
    );
    await time.pass(500);
    expect(late).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('stops when told, and with nothing to say ends at once', async () => {
    const time = new VirtualTime();
    let sent = 0;
    const stop = pace(
      time,
      new Uint8Array(16_000),
      () => sent++,
      () => undefined,
    );
    await time.pass(100);
    stop();
    const before = sent;
    await time.pass(500);
    expect(sent).toBe(before);
    let ended = false;
    pace(
      time,
      new Uint8Array(),
      () => sent++,
      () => (ended = true),
    );
    await time.pass(1);
    expect([ended, sent]).toEqual([true, before]);
  });
});

describe('media session', () => {
  it.each([[undefined], [Uint8Array.of(1, 2, 3, 4)]])('speech both ways, with MKI %s', async (mki) => {
    const { time, initiator, responder, idle } = await pair(mki === undefined ? {} : { mki });
    initiator.made.speak();
    responder.made.speak();
    await time.pass(3000);
    expect(toHex(initiator.made.recording().subarray(58))).toBe(toHex(speechOf(50, 500)));
    expect(toHex(responder.made.recording().subarray(58))).toBe(toHex(speechOf(0, 1000)));
    expect(idle.sort()).toEqual(['initiator', 'responder']);
    initiator.made.close();
    responder.made.close();
    initiator.made.close();
    for (const { keys } of [initiator, responder]) expect(keys.holds.every(({ wiped }) => wiped)).toBe(true);
  });

  it('nothing leaves in clear, and sequence and timestamp start at random', async () => {
    const { time, net, initiator } = await pair();
    const wire: Uint8Array[] = [];
    net.onWire = (octets) => (wire.push(octets), [octets]);
    initiator.made.speak();
    await time.pass(300);
    initiator.made.close();
    expect(wire.length).toBeGreaterThan(7);
    const all = Buffer.from(concat(...wire));
    for (let i = 0; i + 16 <= 1000; i += 16)
      expect(all.includes(Buffer.from(speechOf(0, 1000).subarray(i, i + 16)))).toBe(false);
    const first = wire.find((octets) => (octets[1] ?? 0) === 0x80);
    expect(first?.[2]).toBeLessThan(0x80);
    const again = await pair();
    const other: Uint8Array[] = [];
    again.net.onWire = (octets) => (other.push(octets), [octets]);
    again.initiator.made.speak();
    await again.time.pass(30);
    again.initiator.made.close();
    expect(other.find((octets) => octets[1] === 0x80)?.subarray(2, 8)).not.toEqual(first?.subarray(2, 8));
  });

  it('N66 forged, repeated, foreign and cut datagrams are dropped and counted; the stream goes on', async () => {
    const { time, net, initiator, responder, ports } = await pair();
    net.onWire = (octets, to) => {
      if (to.port !== ports[1].rtp.local.port) return [octets];
      const forged = octets.map((octet, i) => (i === 20 ? octet ^ 1 : octet));
      const foreign = octets.map((octet, i) => (i === 11 ? octet ^ 1 : octet));
      return [forged, octets, octets, foreign, octets.subarray(0, 15), new Uint8Array()];
    };
    initiator.made.speak();
    responder.made.speak();
    await time.pass(400);
    expect(toHex(responder.made.recording().subarray(58))).toBe(toHex(speechOf(0, 1000)));
    expect(responder.made.statistics).toMatchObject({ receivedPackets: 7, droppedPackets: 35, lostPackets: 0 });
    initiator.made.close();
    responder.made.close();
  });

  it('a lost packet is silence in the recording, counted, and told to the one who sent it', async () => {
    const { time, net, initiator, responder, ports } = await pair({ speech: [speechOf(0, 48_000), new Uint8Array()] });
    let packets = 0;
    net.onWire = (octets, to) => (to.port === ports[1].rtp.local.port && packets++ === 3 ? [] : [octets]);
    initiator.made.speak();
    responder.made.speak();
    await time.pass(5500);
    const heard = responder.made.recording().subarray(58);
    expect(toHex(heard.subarray(480, 640))).toBe('ff'.repeat(160));
    expect(toHex(heard.subarray(640, 800))).toBe(toHex(speechOf(0, 800).subarray(640)));
    expect(responder.made.statistics.lostPackets).toBe(1);
    expect(initiator.made.statistics.lostAtPeer).toBe(1);
    initiator.made.close();
    responder.made.close();
  });

  it('reports: at the start, every 5 s, and BYE at the end, with a CNAME that names no one', async () => {
    const { time, net, initiator, ports } = await pair({ speech: [new Uint8Array(80_000), new Uint8Array()] });
    const receiver = createSrtcpReceiver({ suite: 'AES_CM_128_HMAC_SHA1_80', masterKey: KEYS[0], masterSalt: SALT });
    const reports: ReturnType<typeof parseRtcp>[] = [];
    net.onWire = (octets, to) => {
      if (to.port === ports[1].rtcp?.local.port) reports.push(parseRtcp(receiver.unprotect(octets)));
      return [octets];
    };
    initiator.made.speak();
    initiator.made.speak();
    await time.pass(4000);
    expect(reports).toHaveLength(1);
    await time.pass(3000);
    initiator.made.close();
    expect(reports.map((compound) => compound.map(({ kind }) => kind))).toEqual([
      ['SR', 'SDES'],
      ['SR', 'SDES'],
      ['SR', 'SDES', 'BYE'],
    ]);
    expect(reports[1]?.[0]).toMatchObject({ ssrc: 0x1000, packets: 250, octets: 40_000, reports: [] });
    const cname = reports[0]?.[1];
    expect(cname?.kind === 'SDES' ? cname.chunks[0]?.items : []).toMatchObject([
      { type: 1, text: expect.stringMatching(/^[A-Za-z0-9+/]{16}$/) as string },
    ]);
  });

  it('one who does not want to hear is sent nothing but reports', async () => {
    const { time, net, initiator, ports } = await pair({ listens: false });
    let packets = 0;
    net.onWire = (_octets, to) => {
      if (to.port === ports[1].rtp.local.port) packets++;
      return [];
    };
    initiator.made.speak();
    await time.pass(300);
    expect([packets, initiator.made.statistics.sentReports]).toEqual([0, 1]);
    initiator.made.close();
  });

  it('silence while we speak ends the call, and an exchange without keys both ways is no session', async () => {
    const { time, net, initiator, idle, ports } = await pair({ speech: [new Uint8Array(160_000), new Uint8Array()] });
    net.onWire = () => [];
    initiator.made.speak();
    await time.pass(4900);
    expect(idle).toEqual([]);
    await time.pass(300);
    expect(idle).toEqual(['initiator']);
    initiator.made.close();
    const keys = established('initiator');
    const one = { ...keys, streams: keys.streams.slice(0, 1) };
    const remote = { rtp: ports[1].rtp.local, rtcp: ports[1].rtp.local, muxed: false, listens: true };
    expect(() =>
      createMediaSession({
        ...{ established: one, ports: ports[0], remote, speech: new Uint8Array(), clock: time.clock, scheduler: time },
        ...{ random: systemRandom, tailMs: 0, silenceMs: 0, onIdle: () => undefined },
      }),
    ).toThrow(TypeError);
    expect(keys.holds.every(({ wiped }) => wiped)).toBe(true);
  });
});
