/**
 * SRTP and SRTCP between us and GStreamer (libsrtp), in both directions, for each of our suites, across the wrap of the
 * sequence number. With a planted fault GStreamer must object: else its agreement would say nothing.
 */
import { describe, expect, it } from 'vitest';
import { createSrtcpReceiver, createSrtcpSender } from '../../src/protocol/srtp/index.ts';
import { coded } from '../platform/support.ts';
import { describeNeeding, missingPrograms } from '../support/needs.ts';
import { GSTREAMER, gstreamerOpens, gstreamerProtects } from './gstreamer.ts';
import {
  controlPackets,
  speechPackets,
  streamOf,
  weOpen,
  weProtect,
  wrongKeyBit,
  wrongOctet,
} from './srtp-material.ts';

const SUITES = ['AES_CM_128_HMAC_SHA1_80', 'AES_CM_128_HMAC_SHA1_32', 'AES_256_CM_HMAC_SHA1_80'] as const;

describeNeeding(GSTREAMER, 'SRTP, judged by GStreamer', () => {
  it('the lack of an element is noticed like that of a program', () => {
    expect(missingPrograms(...GSTREAMER, 'gst-element:halfkeydec')).toEqual(['gst-element:halfkeydec']);
  });

  describe.each(SUITES)('%s', (suite) => {
    const stream = streamOf(suite);
    const packets = speechPackets(stream);
    const reports = controlPackets(stream);

    it.each([0, 7])('GStreamer opens what we protect, from rollover counter %i into the next', (roc) => {
      const from = streamOf(suite, roc);
      expect(gstreamerOpens(weProtect(packets, from), from, 'rtp')).toEqual(packets);
    });

    it('we open what GStreamer protects, into rollover counter 1', () => {
      const theirs = gstreamerProtects(packets, stream, 'rtp');
      expect(theirs).toEqual(weProtect(packets, stream));
      expect(weOpen(theirs, stream)).toEqual(packets);
    });

    it('both open the SRTCP of the other', () => {
      const sender = createSrtcpSender(stream);
      const ours = reports.map((report) => sender.protect(report));
      expect(gstreamerOpens(ours, stream, 'rtcp')).toEqual(reports);
      const receiver = createSrtcpReceiver(stream);
      const theirs = gstreamerProtects(reports, stream, 'rtcp');
      expect(theirs.map((packet) => receiver.unprotect(packet))).toEqual(reports);
    });

    it('planted fault, one bit of the key: GStreamer opens nothing', () => {
      expect(gstreamerOpens(weProtect(packets, wrongKeyBit(stream)), stream, 'rtp')).toEqual([]);
    });

    it('planted fault, a rollover counter that does not count: GStreamer opens nothing after the wrap', () => {
      const [before, after] = [packets.slice(0, 20), packets.slice(20)];
      const stuck = [...weProtect(before, stream), ...weProtect(after, stream)];
      expect(gstreamerOpens(stuck, stream, 'rtp')).toEqual(before);
    });

    it('planted fault, one octet of one packet: GStreamer opens the others only', () => {
      const faulty = wrongOctet(weProtect(packets, stream), 25);
      expect(gstreamerOpens(faulty, stream, 'rtp')).toEqual(packets.filter((_, i) => i !== 25));
    });

    it('planted fault, the same in what GStreamer protects: we refuse that packet', () => {
      const faulty = wrongOctet(gstreamerProtects(packets, stream, 'rtp'), 25);
      expect(() => weOpen(faulty, stream)).toThrow(coded('SRTP_AUTH_FAILED'));
      expect(() =>
        weOpen(
          faulty.filter((_, i) => i !== 25),
          stream,
        ),
      ).not.toThrow();
    });
  });
});
