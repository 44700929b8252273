/**
 * A captured call at the small level, with media: the SIP dialog with the four messages of the golden file, then SRTP
 * each way under its keys. For stories in which the level is not the point, and which want to be quick.
 */
import { readFileSync } from 'node:fs';
import { captureOf } from '../../src/program/lab/message-capture.ts';
import { readFixture } from '../../src/program/lab/fixture.ts';
import { pcapHeader, pcapRecord, udpFrame } from '../../src/protocol/media/index.ts';
import { encodeSipMessage } from '../../src/protocol/signalling/index.ts';
import { createSrtpSender } from '../../src/protocol/srtp/index.ts';
import { ALICE, BOB, GOLDEN_1024 } from '../support/lab.ts';

export interface SmallCall {
  /** A pcap file: dialog and media. */
  readonly all: Uint8Array;
  /** A pcap file: the dialog alone. */
  readonly signalling: Uint8Array;
  /** The rest of `all`: packets of the media. */
  readonly media: Uint8Array;
  /** Packets each way. */
  readonly packets: number;
  /** Payloads in the clear: the n-th is filled with 65 + n and 193 + n. */
  readonly clear: { readonly initiator: readonly Uint8Array[]; readonly responder: readonly Uint8Array[] };
}

/** The call of the golden file at the small level, at its T. */
export async function smallCall(packets = 5): Promise<SmallCall> {
  const golden = JSON.parse(readFileSync(GOLDEN_1024, 'utf8'));
  const { messages, t1 } = await readFixture(GOLDEN_1024);
  const signalling = Buffer.concat([captureOf(messages ?? {}, t1), pcapRecord(1000 * t1 + 500, answer(golden.csbId))]);
  const ends = {
    initiator: { address: '192.0.2.1', port: 9 },
    responder: { address: '192.0.2.2', port: 9 },
  };
  const payloads = (from: number): Uint8Array[] =>
    Array.from({ length: packets }, (_, n) => new Uint8Array(160).fill(from + n));
  const clear = { initiator: payloads(65), responder: payloads(193) };
  const streams = [
    { payloads: clear.initiator, from: ends.initiator, to: ends.responder, ssrc: golden.ssrc.A, keys: golden.cs[1] },
    { payloads: clear.responder, from: ends.responder, to: ends.initiator, ssrc: golden.ssrc.B, keys: golden.cs[2] },
  ];
  const records = streams.map(({ payloads: list, from, to, ssrc, keys: { TEK, SALT } }) => {
    const sender = createSrtpSender({
      suite: 'AES_CM_128_HMAC_SHA1_80',
      masterKey: Buffer.from(TEK, 'hex'),
      masterSalt: Buffer.from(SALT, 'hex'),
      ssrc: parseInt(ssrc, 16),
    });
    return list.map((payload, n) => {
      const rtp = Buffer.alloc(12 + payload.length);
      rtp.writeUInt16BE(0x8000, 0);
      rtp.writeUInt16BE(100 + n, 2);
      rtp.writeUInt32BE(160 * n, 4);
      rtp.write(ssrc, 8, 'hex');
      rtp.set(payload, 12);
      return pcapRecord(1000 * t1 + 1000 + 20 * n, udpFrame(from, to, sender.protect(rtp)));
    });
  });
  const media = Buffer.concat(Array.from({ length: packets }, (_, n) => records.map((list) => list[n]!)).flat());
  return { all: Buffer.concat([signalling, media]), signalling, media, packets, clear };
}

/** The callee answers: 200 to the INVITE of that dialog. */
function answer(csbId: string): Uint8Array {
  const headers = Object.entries({
    Via: 'SIP/2.0/TCP 192.0.2.1;branch=z9hG4bK-0',
    From: `<${ALICE}>;tag=caller`,
    To: `<${BOB}>;tag=callee`,
    'Call-ID': `${csbId}@fixture.invalid`,
    CSeq: '1 INVITE',
  }).map(([name, value]) => ({ name, value }));
  const message = encodeSipMessage({ kind: 'response', status: 200, reason: 'OK', headers, body: new Uint8Array() });
  return udpFrame({ address: '192.0.2.2', port: 5060 }, { address: '192.0.2.1', port: 5060 }, message);
}

/** A pcap file with nothing but the first packet of another. */
export function firstPacketOf(pcap: Uint8Array): Uint8Array {
  const header = pcapHeader().length;
  const length = new DataView(pcap.buffer, pcap.byteOffset).getUint32(header + 8, true);
  return pcap.subarray(0, header + 16 + length);
}
