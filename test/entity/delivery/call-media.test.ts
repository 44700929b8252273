import { describe, expect, it } from 'vitest';
import { CallMedia } from '../../../src/entity/delivery/call-media.ts';
import { Secret } from '../../../src/foundation/base/index.ts';
import type { MediaKey } from '../../../src/protocol/discovery/index.ts';
import type { UdpEvent } from '../../../src/protocol/media/index.ts';
import { createSrtpSender } from '../../../src/protocol/srtp/index.ts';
import { concat, uint } from '../../../src/foundation/base/index.ts';

const SSRC = 0x01020304;
const masterKey = new Uint8Array(16).fill(7);
const masterSalt = new Uint8Array(14).fill(9);
const key: MediaKey = {
  csId: 1,
  mediaIndex: 0,
  direction: 'initiator-to-responder',
  ssrc: SSRC,
  roc: 0,
  suite: 'AES_CM_128_HMAC_SHA1_80',
  masterKey: Secret.copyOf('SrtpMasterKey', masterKey),
  masterSalt,
};
const formats = [{ payloadType: 0, encoding: 'PCMU', clockRate: 8000 }];
const call = {
  media: [
    {
      index: 0,
      kind: 'audio',
      protocol: 'RTP/SAVP',
      formats,
      initiator: [],
      responder: [],
      initiatorRtcp: [],
      responderRtcp: [],
    },
  ],
};

/** Packets of one sender; `first` is the first octet of the RTP header. */
function packets(count: number, first = 0x80, payload = new Uint8Array(160).fill(0x55)): UdpEvent[] {
  const sender = createSrtpSender({ suite: key.suite, masterKey, masterSalt, ssrc: SSRC });
  return Array.from({ length: count }, (_, i) => ({
    kind: 'udp',
    timeMs: 1000 + 20 * i,
    source: { address: '192.0.2.1', port: 20_000 },
    destination: { address: '192.0.2.2', port: 30_000 },
    payload: sender.protect(concat(Uint8Array.of(first, 0), uint(i, 2), uint(160 * i, 4), uint(SSRC, 4), payload)),
  }));
}

function media(heldLimit?: number): CallMedia {
  const made = new CallMedia({
    call,
    fromMs: 0,
    toMs: 1e9,
    keepContent: true,
    ...(heldLimit === undefined ? {} : { heldLimit }),
  });
  made.expect(SSRC, 'initiator-to-responder');
  return made;
}

describe('packets that wait for a key', () => {
  it('no more than the limit are kept: the rest is counted, told and lost', () => {
    const made = media(3 * 400);
    expect([made.started, made.full]).toEqual([false, false]);
    for (const event of packets(10)) made.feed(event, 'initiator-to-responder');
    expect([made.started, made.full, made.dropped]).toEqual([true, true, 7]);
    made.unlock([key]);
    expect(made.full).toBe(false);
    expect(made.streams(true)).toEqual([
      {
        ...{ ssrc: '01020304', direction: 'initiator-to-responder', packets: 10, decrypted: 3, failed: 7 },
        timeline: { startMs: 1060, stepMs: 100, packets: [8, 2], lost: [0, 0], failed: [5, 2] },
      },
    ]);
  });

  it('all of them count as failed when no key comes', () => {
    const made = media();
    for (const event of packets(4)) made.feed(event, 'initiator-to-responder');
    expect(made.streams(false)).toMatchObject([{ packets: 4, decrypted: 0, failed: 4 }]);
    expect(made.product()).toEqual({ pcap: undefined, wav: undefined });
  });

  it('the octets are not changed: other sessions may hold the same', () => {
    const [one, other] = [media(), media()];
    for (const event of packets(2)) for (const made of [one, other]) made.feed(event, 'initiator-to-responder');
    for (const made of [one, other]) {
      made.unlock([key]);
      expect(made.streams(true)).toMatchObject([{ packets: 2, decrypted: 2 }]);
      made.close();
    }
  });
});

it('a direction that the address does not tell, or tells wrongly, is found by the SSRC', () => {
  const made = media();
  made.unlock([key]);
  const [a, b] = packets(2) as [UdpEvent, UdpEvent];
  made.feed(a, undefined);
  made.feed(b, 'responder-to-initiator');
  expect(made.streams(true)).toMatchObject([{ direction: 'initiator-to-responder', packets: 2, decrypted: 2 }]);
});

it('an authenticated packet that is no RTP is delivered as it is, and is no sound', () => {
  const made = media();
  made.unlock([key]);
  // Padding longer than the payload.
  for (const event of packets(1, 0xa0, new Uint8Array(160).fill(0xff))) made.feed(event, 'initiator-to-responder');
  const { pcap, wav } = made.product();
  expect(pcap?.length).toBeGreaterThan(160);
  expect(wav).toBeUndefined();
});

it('what was decrypted can be thrown away, and then nothing is left of it', () => {
  const made = media();
  made.unlock([key]);
  for (const event of packets(3)) made.feed(event, 'initiator-to-responder');
  expect(made.product().pcap).toBeDefined();
  made.discard();
  expect(made.product()).toEqual({ pcap: undefined, wav: undefined });
  expect(made.streams(false)).toMatchObject([{ packets: 3, decrypted: 0, failed: 3 }]);
  made.close();
  expect(made.streams(true)).toEqual([]);
});
