import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../../src/foundation/base/bytes.ts';
import { isHalfkeyError, ntpFromUnixMs } from '../../../src/foundation/base/index.ts';
import { createReception, encodeRtcp, parseRtcp, type RtcpPacket } from '../../../src/protocol/media/index.ts';

const u32 = fc.nat(0xffffffff);
const text = fc.string({ maxLength: 40 }).filter((value) => /^[\x20-\x7e]*$/.test(value));
const reports = fc.array(
  fc.record({
    ssrc: u32,
    fractionLost: fc.nat(255),
    cumulativeLost: fc.integer({ min: -0x800000, max: 0x7fffff }),
    highestSequence: u32,
    jitter: u32,
    lastReport: u32,
    delaySinceLastReport: u32,
  }),
  { maxLength: 3 },
);
const report: fc.Arbitrary<RtcpPacket> = fc.oneof(
  fc.record({
    kind: fc.constant('SR' as const),
    ssrc: u32,
    ntp: fc.nat(4_000_000_000_000).map(ntpFromUnixMs),
    rtpTimestamp: u32,
    packets: u32,
    octets: u32,
    reports,
  }),
  fc.record({ kind: fc.constant('RR' as const), ssrc: u32, reports }),
);
const other: fc.Arbitrary<RtcpPacket> = fc.oneof(
  fc.record({
    kind: fc.constant('SDES' as const),
    chunks: fc.array(
      fc.record({
        ssrc: u32,
        items: fc.array(fc.record({ type: fc.integer({ min: 1, max: 255 }), text }), { maxLength: 3 }),
      }),
      { maxLength: 3 },
    ),
  }),
  fc.record({ kind: fc.constant('BYE' as const), sources: fc.array(u32, { maxLength: 3 }) }),
  fc.record({ kind: fc.constant('BYE' as const), sources: fc.array(u32, { maxLength: 3 }), reason: text }),
  fc.record({
    kind: fc.constant('other' as const),
    type: fc.integer({ min: 204, max: 207 }),
    count: fc.nat(31),
    body: fc.constantFrom(new Uint8Array(), fromHex('0102030405060708')),
  }),
);
const compound = fc.tuple(report, fc.array(other, { maxLength: 4 })).map(([first, rest]) => [first, ...rest]);

describe('RTCP', () => {
  it('a sender report with CNAME and BYE has the octets of RFC 3550 6.4 to 6.6', () => {
    const packets: RtcpPacket[] = [
      {
        ...{ kind: 'SR', ssrc: 0x01020304, ntp: ntpFromUnixMs(500), rtpTimestamp: 160, packets: 1, octets: 160 },
        reports: [
          {
            ...{ ssrc: 5, fractionLost: 64, cumulativeLost: -1, highestSequence: 0x10002 },
            ...{ jitter: 3, lastReport: 4, delaySinceLastReport: 65536 },
          },
        ],
      },
      { kind: 'SDES', chunks: [{ ssrc: 0x01020304, items: [{ type: 1, text: 'abc' }] }] },
      { kind: 'BYE', sources: [0x01020304], reason: 'end' },
    ];
    const wire =
      '81c8000c' +
      '01020304' +
      '83aa7e8080000000' +
      '000000a0' +
      '00000001' +
      '000000a0' +
      '00000005' +
      '40ffffff' +
      '00010002' +
      '00000003' +
      '00000004' +
      '00010000' +
      '81ca0003' +
      '01020304' +
      '0103616263000000' +
      '81cb0002' +
      '01020304' +
      '03656e64';
    expect(toHex(encodeRtcp(packets))).toBe(wire);
    expect(parseRtcp(fromHex(wire))).toEqual(packets);
  });

  it('P2 what is encoded parses to the same packets', () => {
    fc.assert(
      fc.property(compound, (packets) => {
        expect(parseRtcp(encodeRtcp(packets))).toEqual(packets);
      }),
      { numRuns: 150, seed: 3550 },
    );
  });

  it('P1 changed or cut octets are SRTP_MALFORMED, or encode to themselves', () => {
    fc.assert(
      fc.property(compound, fc.nat(), fc.nat(255), fc.nat(), (packets, place, octet, cut) => {
        const good = encodeRtcp(packets);
        const bytes = good
          .map((old, i) => (i === place % good.length ? octet : old))
          .subarray(0, 1 + (cut % good.length));
        try {
          expect(encodeRtcp(parseRtcp(bytes))).toEqual(bytes);
        } catch (error) {
          if (!isHalfkeyError(error, 'SRTP_MALFORMED')) throw error;
        }
      }),
      { numRuns: 400, seed: 200 },
    );
  });

  it.each([
    ['nothing', ''],
    ['no report first', '80cb0000'],
    ['padding', 'a0c90001000000010000000400000000'],
    ['a report that is cut', '81c9000100000001'],
    ['a chunk without its end', '80c900010000000181ca0002000000010102414181ca000200000001010241'],
    ['a chunk that is cut', '80c900010000000181ca000100000001'],
    ['a text beyond the packet', '80c900010000000181ca00020000000101ff4100'],
    ['a text that is not ASCII', '80c900010000000181ca00020000000101018000'],
    ['octets behind a reason', '80c900010000000181cb0003000000010161000000000000'],
    ['octets behind a report', '80c900020000000100000000'],
  ])('SRTP_MALFORMED: %s', (_name, hex) => {
    expect(() => parseRtcp(fromHex(hex))).toThrow(expect.objectContaining({ code: 'SRTP_MALFORMED' }));
  });

  it('a compound without a report first, or with too many parts, is not made', () => {
    expect(() => encodeRtcp([])).toThrow(TypeError);
    expect(() => encodeRtcp([{ kind: 'BYE', sources: [1] }])).toThrow(TypeError);
    const rr: RtcpPacket = { kind: 'RR', ssrc: 1, reports: [] };
    expect(() => encodeRtcp([rr, { kind: 'BYE', sources: Array.from({ length: 32 }, () => 1) }])).toThrow(RangeError);
  });
});

describe('reception', () => {
  const packet = (sequence: number, timestamp = 160 * sequence) => ({
    ...{ payloadType: 0, marker: false, ssrc: 7, payload: new Uint8Array(160) },
    sequence: sequence & 0xffff,
    timestamp: timestamp >>> 0,
  });

  it('nothing is reported before the first packet', () => {
    expect(createReception(8000).report(0)).toBeUndefined();
  });

  it('counts losses over the wrap, by interval and in all', () => {
    const reception = createReception(8000);
    for (const sequence of [0xfffe, 0xffff, 0x10001, 0x10000, 0x10003])
      reception.packet(packet(sequence), 20 * sequence);
    expect(reception.received).toBe(5);
    expect(reception.lost).toBe(1);
    expect(reception.report(0)).toEqual({
      ...{ ssrc: 7, fractionLost: Math.floor(256 / 6), cumulativeLost: 1, highestSequence: 0x10003 },
      ...{ jitter: 0, lastReport: 0, delaySinceLastReport: 0 },
    });
    reception.packet(packet(0x10004), 0);
    reception.packet(packet(0x10004), 0);
    expect(reception.report(0)).toMatchObject({ fractionLost: 0, cumulativeLost: 0 });
  });

  it('jitter follows RFC 3550 A.8, and the last sender report is told with its age', () => {
    const reception = createReception(8000);
    reception.packet(packet(1), 1000);
    reception.packet(packet(2), 1040); // 20 ms late: 160 units, a sixteenth of it
    reception.senderReport(ntpFromUnixMs(500), 2000);
    expect(reception.report(3500)).toMatchObject({
      jitter: 10,
      lastReport: 0x7e808000,
      delaySinceLastReport: 98304,
    });
  });
});
