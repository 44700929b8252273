/**
 * SRTP between us and ffmpeg, in both directions, across the wrap of the sequence number: AES-CM with 128 bits is all
 * that ffmpeg has. With a planted fault ffmpeg must object: else its agreement would say nothing.
 */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { toHex } from '../../src/foundation/base/bytes.ts';
import { parseRtcp, parseRtp } from '../../src/protocol/media/index.ts';
import { createSrtcpReceiver } from '../../src/protocol/srtp/index.ts';
import { coded } from '../platform/support.ts';
import { describeNeeding } from '../support/needs.ts';
import { ffmpegOpens, ffmpegProtects, type JudgedPacket } from './ffmpeg.ts';
import {
  FIRST_SEQUENCE,
  FIRST_TIMESTAMP,
  SPEECH,
  speechPackets,
  streamOf,
  weOpen,
  weProtect,
  wrongKeyBit,
  wrongOctet,
} from './srtp-material.ts';

/** What ffmpeg should say about a clear packet. */
function described(packet: Uint8Array): JudgedPacket {
  const { timestamp, payload } = parseRtp(packet);
  return {
    timestamp: timestamp - FIRST_TIMESTAMP,
    size: payload.length,
    sha256: createHash('sha256').update(payload).digest('hex'),
  };
}

describeNeeding(['ffmpeg'], 'SRTP, judged by ffmpeg', () => {
  describe.each(['AES_CM_128_HMAC_SHA1_80', 'AES_CM_128_HMAC_SHA1_32'] as const)('%s', (suite) => {
    const stream = streamOf(suite);
    const packets = speechPackets(stream);

    it('ffmpeg opens what we protect, into rollover counter 1', async () => {
      const judged = await ffmpegOpens(weProtect(packets, stream), stream);
      expect(judged).toEqual({ opened: packets.map(described), refused: 0 });
    });

    it('we open what ffmpeg protects, into rollover counter 1, and the report that goes with it', async () => {
      const { srtp, srtcp } = await ffmpegProtects(SPEECH, stream, FIRST_SEQUENCE);
      const opened = weOpen(srtp, stream).map(parseRtp);
      expect(opened.map(({ sequence }) => sequence)).toEqual(opened.map((_, i) => (FIRST_SEQUENCE + i) % 0x10000));
      expect(opened.length).toBeGreaterThan(0x10000 - FIRST_SEQUENCE);
      const first = opened[0]?.timestamp ?? NaN;
      let at = 0;
      for (const { timestamp, payload } of opened) {
        expect((timestamp - first) >>> 0).toBe(at);
        expect(toHex(payload)).toBe(toHex(SPEECH.subarray(at, at + payload.length)));
        at += payload.length;
      }
      expect(at).toBe(SPEECH.length);

      const receiver = createSrtcpReceiver(stream);
      const reports = srtcp.map((packet) => parseRtcp(receiver.unprotect(packet)));
      expect(reports[0]?.[0]).toMatchObject({ kind: 'SR', ssrc: stream.ssrc, packets: 0, reports: [] });
    });

    it('planted fault, one bit of the key: ffmpeg opens nothing', async () => {
      const judged = await ffmpegOpens(weProtect(packets, wrongKeyBit(stream)), stream);
      expect(judged).toEqual({ opened: [], refused: packets.length });
    });

    it('planted fault, one octet of one packet: ffmpeg opens the others only', async () => {
      const judged = await ffmpegOpens(wrongOctet(weProtect(packets, stream), 25), stream);
      expect(judged).toEqual({ opened: packets.filter((_, i) => i !== 25).map(described), refused: 1 });
    });

    it('planted fault, the same in what ffmpeg protects: we refuse that packet', async () => {
      const { srtp } = await ffmpegProtects(SPEECH, stream, FIRST_SEQUENCE);
      expect(() => weOpen(srtp, stream)).not.toThrow();
      expect(() => weOpen(wrongOctet(srtp, 24), stream)).toThrow(coded('SRTP_AUTH_FAILED'));
    });
  });
});
