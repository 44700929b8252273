import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat, uint } from '../../../src/foundation/base/bytes.ts';
import { udpFrame, type CapturedPacket, type Endpoint } from '../../../src/protocol/media/index.ts';
import { transported } from './helpers.ts';

const A: Endpoint = { address: '192.0.2.1', port: 5004 };
const B: Endpoint = { address: '198.51.100.7', port: 6010 };
const A6: Endpoint = { address: '2001:db8::1', port: 5004 };
const B6: Endpoint = { address: '2001:db8::2', port: 6000 };
const payload = Uint8Array.from({ length: 400 }, (_, i) => (i * 7) & 0xff);
const whole = { 4: udpFrame(A, B, payload).subarray(14), 6: udpFrame(A6, B6, payload).subarray(14) } as const;
const HEADER = { 4: 20, 6: 40 } as const;

/** One fragment as a raw IP packet: octets [from, to) of the datagram's payload. */
function fragment(version: 4 | 6, from: number, to: number, id = 1, more?: boolean): Uint8Array {
  const packet = whole[version];
  const body = packet.subarray(HEADER[version]);
  const part = body.subarray(from, to);
  const moreBit = more ?? to < body.length;
  if (version === 4) {
    const flags = (moreBit ? 0x2000 : 0) | (from / 8);
    return concat(
      packet.subarray(0, 2),
      uint(20 + part.length, 2),
      uint(id, 2),
      uint(flags, 2),
      packet.subarray(8, 20),
      part,
    );
  }
  const header = concat(Uint8Array.of(17, 0), uint(from | (moreBit ? 1 : 0), 2), uint(id, 4));
  return concat(
    packet.subarray(0, 4),
    uint(8 + part.length, 2),
    Uint8Array.of(44, 64),
    packet.subarray(8, 40),
    header,
    part,
  );
}

const raw = (bytes: Uint8Array, timeMs = 1000): CapturedPacket => ({ timeMs, linkType: 101, bytes });

describe.each([4, 6] as const)('fragments of IPv%i', (version) => {
  const cuts = [
    [0, 80],
    [80, 160],
    [160, 320],
    [320, 408],
  ] as const;

  it('give the datagram once, in any order and repeated', () => {
    fc.assert(
      fc.property(
        fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4 }),
        fc.array(fc.nat(3), { maxLength: 4 }),
        (order, again) => {
          const frames = [
            ...order.slice(0, 3).flatMap((i) => [i, ...again.filter((j) => order.indexOf(j) < order.indexOf(i))]),
            order[3] as number,
          ];
          const { events, ignored } = transported(
            frames.map((i) => raw(fragment(version, ...(cuts[i] as readonly [number, number])))),
          );
          expect(events).toHaveLength(1);
          expect(events[0]).toMatchObject({
            kind: 'udp',
            source: version === 4 ? A : A6,
            destination: version === 4 ? B : B6,
            payload,
          });
          expect(ignored).toBe(0);
        },
      ),
      { numRuns: 60, seed: 791 },
    );
  });

  it('of two datagrams are kept apart by their identification', () => {
    const frames = [
      fragment(version, 0, 80, 1),
      fragment(version, 0, 80, 2),
      fragment(version, 80, 408, 2),
      fragment(version, 80, 408, 1),
    ];
    expect(transported(frames.map((frame) => raw(frame))).events).toHaveLength(2);
  });

  it.each([
    [
      'overlap',
      [
        [0, 88],
        [80, 408],
      ],
    ],
    [
      'lie inside another',
      [
        [0, 160],
        [80, 120],
        [160, 408],
      ],
    ],
    [
      'reach beyond the last',
      [
        [320, 400, false],
        [0, 320],
        [400, 408, true],
      ],
    ],
    [
      'end twice',
      [
        [320, 408],
        [160, 320, false],
      ],
    ],
    [
      'are no multiple of eight',
      [
        [0, 79, true],
        [80, 408],
      ],
    ],
    [
      'are empty',
      [
        [0, 80],
        [80, 80, true],
        [80, 408],
      ],
    ],
  ] as [string, [number, number, boolean?][]][])('that %s are discarded', (_name, parts) => {
    const { events, ignored } = transported(parts.map(([from, to, more]) => raw(fragment(version, from, to, 1, more))));
    expect(events).toEqual([]);
    expect(ignored).toBeGreaterThan(0);
  });

  it('wait a minute and no longer', () => {
    const late = (ms: number): number =>
      transported([raw(fragment(version, 0, 80), 0), raw(fragment(version, 80, 408), ms)]).events.length;
    expect(late(60_000)).toBe(1);
    expect(late(60_001)).toBe(0);
  });

  it('are bounded in number: the oldest go first', () => {
    const heads = Array.from({ length: 300 }, (_, id) => raw(fragment(version, 0, 80, id)));
    const tails = Array.from({ length: 300 }, (_, id) => raw(fragment(version, 80, 408, id)));
    const { events, ignored } = transported([...heads, ...tails.slice(44)]);
    expect(events).toHaveLength(256);
    expect(ignored).toBe(44);
  });

  it('a fragment alone brings nothing', () => {
    expect(transported([raw(fragment(version, 0, 80))])).toEqual({ events: [], ignored: 0 });
  });
});

it('an IPv6 datagram beyond 65535 octets is discarded', () => {
  const tail = fragment(6, 0, 408, 1, false);
  tail.set(uint(0xfff8, 2), 42);
  expect(transported([raw(fragment(6, 0, 80)), raw(tail)])).toMatchObject({ events: [], ignored: 1 });
});

it('an IPv6 fragment of offset 0 without more is the datagram', () => {
  expect(transported([raw(fragment(6, 0, 408))]).events[0]).toMatchObject({ payload });
});

it('a second fragment header inside a reassembled datagram is discarded', () => {
  const nested = fragment(6, 0, 408, 9, true).subarray(40); // fragment header and payload
  const packet = (from: number, to: number, more: boolean): CapturedPacket => {
    const body = concat(Uint8Array.of(44, 0), uint(from | (more ? 1 : 0), 2), uint(3, 4), nested.subarray(from, to));
    return raw(
      concat(whole[6].subarray(0, 4), uint(body.length, 2), Uint8Array.of(44, 64), whole[6].subarray(8, 40), body),
    );
  };
  expect(transported([packet(0, 80, true), packet(80, 416, false)])).toEqual({ events: [], ignored: 1 });
});
