import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ascii, concat, fromHex, uint } from '../../../src/foundation/base/bytes.ts';
import {
  addressOctets,
  addressText,
  LINK_TYPE,
  tcpFrame,
  udpFrame,
  type CapturedPacket,
  type Endpoint,
} from '../../../src/protocol/media/index.ts';
import { internetChecksum } from '../../../src/protocol/media/frames.ts';
import { transported } from './helpers.ts';

const A: Endpoint = { address: '192.0.2.1', port: 0 };
const B: Endpoint = { address: '198.51.100.7', port: 6010 };
const A6: Endpoint = { address: '2001:db8::1', port: 5004 };
const B6: Endpoint = { address: '2001:db8:0:1::2', port: 6000 };
const PAYLOAD = ascii('speech');
const udp4 = udpFrame(A, B, PAYLOAD);
const udp6 = udpFrame(A6, B6, PAYLOAD);
const ip4 = udp4.subarray(14);
const ip6 = udp6.subarray(14);

/** Changes octets of a copy. */
function patched(bytes: Uint8Array, offset: number, hex: string): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy.set(fromHex(hex), offset);
  return copy;
}

const packet = (bytes: Uint8Array, linkType = 1, timeMs = 1000): CapturedPacket => ({ timeMs, linkType, bytes });
const isUdp4 = { kind: 'udp', source: A, destination: B, payload: PAYLOAD };
const isUdp6 = { kind: 'udp', source: A6, destination: B6, payload: PAYLOAD };

describe('addresses', () => {
  it.each([
    ['192.0.2.1', 'c0000201', '192.0.2.1'],
    ['::', '00'.repeat(16), '::'],
    ['::1', '00'.repeat(15) + '01', '::1'],
    ['2001:DB8:0:0:1:0:0:1', '20010db8000000000001000000000001', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '20010db8000000010001000100010001', '2001:db8:0:1:1:1:1:1'],
    ['1::', '0001' + '00'.repeat(14), '1::'],
    ['::ffff:192.0.2.1', '00000000000000000000ffffc0000201', '::ffff:c000:201'],
    ['64:ff9b::192.0.2.33', '0064ff9b0000000000000000c0000221', '64:ff9b::c000:221'],
    ['0:0:3:0:0:0:7:8', '00000000000300000000000000070008', '0:0:3::7:8'],
  ])('%s', (text, hex, canonical) => {
    expect(addressOctets(text)).toEqual(fromHex(hex));
    expect(addressText(fromHex(hex))).toBe(canonical);
  });

  it.each([
    '',
    '1.2.3',
    '1.2.3.256',
    '01.2.3.4',
    '1.2.3.4.5',
    'host',
    ':',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7::8',
    'fe80::1%eth0',
    '12345::',
    '1.2.3.4::',
    '::1.2.3',
    '1:::2',
    '1::2::zz',
    '1::zz',
    '::1:',
  ])('refuses %j', (text) => {
    expect(() => addressOctets(text)).toThrow(TypeError);
  });

  it('any octets come back from their text', () => {
    const group = fc.constantFrom(0, 0, 0, 1, 0xffff);
    fc.assert(
      fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
        const octets = concat(...groups.map((value) => uint(value, 2)));
        expect(addressOctets(addressText(octets))).toEqual(octets);
      }),
      { numRuns: 300, seed: 5952 },
    );
  });
});

describe('frames that are made', () => {
  it('have right checksums in both versions, also for odd lengths and for a sum of zero', () => {
    const sumOf = (frame: Uint8Array, version: 4 | 6, protocol: number): number => {
      const ip = frame.subarray(14);
      const upper = ip.subarray(version === 4 ? 20 : 40);
      const addresses = version === 4 ? ip.subarray(12, 20) : ip.subarray(8, 40);
      return internetChecksum(concat(addresses, uint(protocol, 2), uint(upper.length, 2), upper));
    };
    for (const payload of [PAYLOAD, ascii('odd'), new Uint8Array()]) {
      expect(internetChecksum(udpFrame(A, B, payload).subarray(14, 34))).toBe(0);
      expect(sumOf(udpFrame(A, B, payload), 4, 17)).toBe(0);
      expect(sumOf(udpFrame(A6, B6, payload), 6, 17)).toBe(0);
      expect(sumOf(tcpFrame({ source: A, destination: B, sequence: 7, payload }), 4, 6)).toBe(0);
      expect(sumOf(tcpFrame({ source: A6, destination: B6, sequence: 7, flags: ['syn', 'fin'], payload }), 6, 6)).toBe(
        0,
      );
    }
    const plain = udpFrame(A, B, fromHex('0000'));
    const compensating = udpFrame(A, B, plain.subarray(40, 42)); // makes the sum zero, which UDP sends as ffff
    expect(compensating.subarray(40, 42)).toEqual(fromHex('ffff'));
  });

  it('refuse what does not fit', () => {
    expect(() => udpFrame(A, B6, PAYLOAD)).toThrow(TypeError);
    expect(() => udpFrame({ address: 'host', port: 1 }, B, PAYLOAD)).toThrow(TypeError);
    expect(() => udpFrame(A, B, new Uint8Array(65508))).toThrow(TypeError);
    expect(() => tcpFrame({ source: A, destination: B, sequence: 0, payload: new Uint8Array(65496) })).toThrow(
      TypeError,
    );
    expect(transported([packet(udpFrame(A, B, new Uint8Array(65507)))]).events).toHaveLength(1);
  });
});

describe('link layers', () => {
  const vlan = (frame: Uint8Array, ...tags: readonly string[]): Uint8Array =>
    concat(frame.subarray(0, 12), ...tags.map(fromHex), frame.subarray(12));
  const cooked = (type: string): Uint8Array => concat(fromHex('0000000100060200000000010000'), fromHex(type));
  const cooked2 = (type: string): Uint8Array => concat(fromHex(type), fromHex('000000000002000100060200000000010000'));

  it.each([
    ['Ethernet', LINK_TYPE.ethernet, udp4, isUdp4],
    ['Ethernet, padded to 60 octets', LINK_TYPE.ethernet, concat(udp4, new Uint8Array(12)), isUdp4],
    ['Ethernet, IPv6', LINK_TYPE.ethernet, udp6, isUdp6],
    ['802.1Q', LINK_TYPE.ethernet, vlan(udp4, '81000064'), isUdp4],
    ['QinQ', LINK_TYPE.ethernet, vlan(udp6, '88a80064', '81000065'), isUdp6],
    ['Linux cooked', LINK_TYPE.linuxCooked, concat(cooked('0800'), ip4), isUdp4],
    ['Linux cooked, IPv6 in a VLAN', LINK_TYPE.linuxCooked, concat(cooked('8100'), fromHex('006486dd'), ip6), isUdp6],
    ['Linux cooked v2', LINK_TYPE.linuxCooked2, concat(cooked2('86dd'), ip6), isUdp6],
    ['Linux cooked v2, in a VLAN', LINK_TYPE.linuxCooked2, concat(cooked2('8100'), fromHex('00640800'), ip4), isUdp4],
    ['null, little endian', LINK_TYPE.null, concat(fromHex('02000000'), ip4), isUdp4],
    ['null, IPv6 of Darwin', LINK_TYPE.null, concat(fromHex('1e000000'), ip6), isUdp6],
    ['loopback', LINK_TYPE.loop, concat(fromHex('00000018'), ip6), isUdp6],
    ['raw', LINK_TYPE.raw, ip4, isUdp4],
    ['raw, IPv6', LINK_TYPE.raw, ip6, isUdp6],
    ['raw as BSD numbers it', LINK_TYPE.rawOld, ip4, isUdp4],
    ['raw as OpenBSD numbers it', LINK_TYPE.rawOpenBsd, ip4, isUdp4],
    ['IPv4', LINK_TYPE.ipv4, ip4, isUdp4],
    ['IPv6', LINK_TYPE.ipv6, ip6, isUdp6],
  ])('%s', (_name, linkType, frame, expected) => {
    const { events, ignored } = transported([packet(frame, linkType)]);
    expect(events).toEqual([{ ...expected, timeMs: 1000 }]);
    expect(ignored).toBe(0);
    for (let length = 0; length < frame.length; length++) {
      const cut = transported([packet(frame.subarray(0, length), linkType)]);
      // A frame that is cut brings nothing, unless only its link-layer padding is.
      expect(cut.events.length + cut.ignored).toBe(1);
      if (length < frame.length - 12) expect(cut.ignored).toBe(1);
    }
  });

  it.each([
    ['ARP', 1, patched(udp4, 12, '0806')],
    ['tags without end', 1, concat(udp4.subarray(0, 12), fromHex('81000064'.repeat(40)), udp4.subarray(12))],
    ['an unknown link type', 147, udp4],
    ['raw, version 5', 101, patched(ip4, 0, '55')],
    ['cooked v2, ARP', 276, concat(cooked2('0806'), ip4)],
    ['IPv4 version in an IPv6 frame', 1, patched(udp6, 14, '45')],
    ['IPv4 header length 16', 101, patched(ip4, 0, '44')],
    ['IPv4 total length below the header', 101, patched(ip4, 2, '0013')],
    ['IPv4 total length beyond the frame', 101, patched(ip4, 2, '0400')],
    ['ICMP', 101, patched(ip4, 9, '01')],
    ['UDP length 7', 101, patched(ip4, 24, '0007')],
    ['UDP length beyond the packet', 101, patched(ip4, 24, '0100')],
    ['ESP', 101, patched(ip6, 6, '32')],
    ['IPv6, no next header', 101, patched(ip6, 6, '3b')],
    ['IPv6 extension beyond the packet', 101, patched(ip6, 6, '3c')],
  ])('%s is ignored and counted', (_name, linkType, frame) => {
    expect(transported([packet(frame, linkType)])).toEqual({ events: [], ignored: 1 });
  });

  it('reads IPv4 options and the total length 0 that segmentation offload leaves', () => {
    const options = concat(
      fromHex('46'),
      ip4.subarray(1, 2),
      uint(ip4.length + 4, 2),
      ip4.subarray(4, 20),
      fromHex('94040000'),
      ip4.subarray(20),
    );
    expect(transported([packet(options, 101), packet(patched(ip4, 2, '0000'), 101)]).events).toEqual([
      { ...isUdp4, timeMs: 1000 },
      { ...isUdp4, timeMs: 1000 },
    ]);
  });

  it('never throws, whatever the octets', () => {
    const linkType = fc.constantFrom(...Object.values(LINK_TYPE));
    fc.assert(
      fc.property(linkType, fc.uint8Array({ maxLength: 120 }), (type, bytes) => {
        const { events, ignored } = transported([packet(bytes, type)]);
        expect(events.length === 0 || ignored === 0).toBe(true);
      }),
      { numRuns: 500, seed: 4 },
    );
    const tcp = tcpFrame({ source: A, destination: B, sequence: 1, payload: PAYLOAD });
    fc.assert(
      fc.property(fc.constantFrom(udp4, udp6, tcp), fc.nat(200), fc.nat(255), (frame, at, octet) => {
        const changed = frame.map((value, i) => (i === at % frame.length ? octet : value));
        expect(transported([packet(changed)]).events.length).toBeLessThan(3);
      }),
      { numRuns: 500, seed: 5 },
    );
  });
});

describe('IPv6 extension headers', () => {
  const extended = (first: number, ...headers: readonly Uint8Array[]): Uint8Array => {
    const body = concat(...headers, ip6.subarray(40));
    return concat(ip6.subarray(0, 4), uint(body.length, 2), Uint8Array.of(first, 64), ip6.subarray(8, 40), body);
  };
  const eight = (next: number): Uint8Array => concat(Uint8Array.of(next, 0), fromHex('010400000000'));

  it('are walked through', () => {
    const chain = extended(
      0,
      eight(60),
      eight(43),
      concat(fromHex('3301040000000000'), new Uint8Array(8)),
      concat(fromHex('2c04'), new Uint8Array(22)),
      concat(Uint8Array.of(17), new Uint8Array(7)),
    );
    expect(transported([packet(chain, 101)]).events).toEqual([{ ...isUdp6, timeMs: 1000 }]);
  });

  it('are not followed for ever', () => {
    const chain = extended(60, ...Array.from({ length: 40 }, (_, i) => eight(i === 39 ? 17 : 60)));
    expect(transported([packet(chain, 101)])).toEqual({ events: [], ignored: 1 });
  });
});
