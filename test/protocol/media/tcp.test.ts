import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ascii, latin1 } from '../../../src/foundation/base/bytes.ts';
import {
  createTransport,
  tcpFrame,
  type CapturedPacket,
  type TcpFlag,
  type TransportEvent,
} from '../../../src/protocol/media/index.ts';
import { ethernet, octetsOf, transported } from './helpers.ts';

const A = { address: '192.0.2.1', port: 5060 };
const B = { address: '192.0.2.2', port: 5070 };

function segment(sequence: number, text: string | Uint8Array, ...flags: readonly TcpFlag[]): Uint8Array {
  const payload = typeof text === 'string' ? ascii(text) : text;
  return tcpFrame({ source: A, destination: B, sequence: sequence >>> 0, flags: ['ack', ...flags], payload });
}
const acknowledgement = (acknowledged: number): Uint8Array =>
  tcpFrame({ source: B, destination: A, sequence: 1, acknowledgement: acknowledged });
const at = (timeMs: number, bytes: Uint8Array): CapturedPacket => ({ timeMs, linkType: 1, bytes });

/** Payloads as texts; `~` before a gap, `.` after an end. */
function told(events: readonly TransportEvent[]): string[] {
  return events.map((event) =>
    event.kind === 'udp'
      ? 'udp'
      : `${event.gap === true ? '~' : ''}${latin1(event.payload)}${event.end === true ? '.' : ''}`,
  );
}
const run = (...frames: readonly Uint8Array[]): string[] => told(transported(ethernet(...frames)).events);

describe('TCP in order', () => {
  it('a connection from SYN to FIN', () => {
    const { events, ignored } = transported(
      ethernet(
        segment(99, '', 'syn'),
        segment(100, 'IN'),
        segment(102, 'VITE', 'psh'),
        segment(106, '!', 'fin'),
        segment(107, ''),
      ),
    );
    expect(told(events)).toEqual(['IN', 'VITE', '!.']);
    expect(events[0]).toEqual({
      kind: 'tcp',
      timeMs: 1_700_000_000_001,
      source: A,
      destination: B,
      payload: ascii('IN'),
    });
    expect(ignored).toBe(0);
  });

  it('begins in mid-stream, and ends at flush', () => {
    expect(run(segment(500, ''), segment(500, 'a'), segment(501, 'b'))).toEqual(['a', 'b', '.']);
  });

  it('each octet once: retransmission, overlap, keep-alive', () => {
    expect(
      run(
        segment(9, '', 'syn'),
        segment(10, 'abc'),
        segment(10, 'abc'),
        segment(11, 'bcde'),
        segment(14, 'X'),
        segment(9, ''),
        segment(15, 'f'),
        segment(10, 'abcdefgh'),
      ),
    ).toEqual(['abc', 'de', 'f', 'gh', '.']);
  });

  it('where copies differ, the octets that were delivered stay', () => {
    expect(run(segment(10, 'abc'), segment(11, 'XYZ'), segment(14, '!'))).toEqual(['abc', 'Z', '!', '.']);
  });

  it('out of order', () => {
    expect(run(segment(10, 'a'), segment(12, 'c'), segment(13, 'd', 'fin'), segment(11, 'b'))).toEqual([
      'a',
      'b',
      'c',
      'd.',
    ]);
  });

  it('across the end of the sequence numbers', () => {
    expect(run(segment(-2, '', 'syn'), segment(-1, 'ab'), segment(2, 'd'), segment(1, 'c'))).toEqual([
      'ab',
      'c',
      'd',
      '.',
    ]);
  });

  it('data in the SYN counts from the number after it', () => {
    expect(run(segment(9, 'ab', 'syn'), segment(12, 'c', 'fin'))).toEqual(['ab', 'c.']);
  });

  it('any cutting, order and repetition gives the same octets', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 400 }),
        fc.integer({ min: 0, max: 0xffffffff }),
        fc.array(fc.tuple(fc.nat(399), fc.integer({ min: 1, max: 90 }), fc.nat()), { maxLength: 40 }),
        fc.infiniteStream(fc.nat()),
        (octets, start, extra, keys) => {
          const pieces: { from: number; to: number; key: number }[] = [];
          for (let from = 0; from < octets.length; from += 37)
            pieces.push({ from, to: Math.min(from + 37, octets.length), key: keys.next().value });
          for (const [from, length, key] of extra) {
            if (from < octets.length) pieces.push({ from, to: Math.min(from + length, octets.length), key });
          }
          pieces.sort((a, b) => a.key - b.key);
          const frames = pieces.map(({ from, to }) => segment(start + 1 + from, octets.subarray(from, to)));
          const end = segment(start + 1 + octets.length, '', 'fin');
          const { events } = transported(
            ethernet(segment(start, '', 'syn'), ...frames.slice(1), end, ...frames.slice(0, 1)),
          );
          expect(octetsOf(events, A.port)).toEqual(octets);
          expect(events.some((event) => event.kind === 'tcp' && event.gap === true)).toBe(false);
          expect(events.filter((event) => event.kind === 'tcp' && event.end === true)).toHaveLength(1);
        },
      ),
      { numRuns: 200, seed: 9293 },
    );
  });
});

describe('connections', () => {
  it('are kept apart by direction and port', () => {
    const other = tcpFrame({ source: B, destination: A, sequence: 7, payload: ascii('200 OK') });
    const third = tcpFrame({ source: { ...A, port: 5061 }, destination: B, sequence: 10, payload: ascii('zz') });
    const { events } = transported(ethernet(segment(10, 'a'), other, third, segment(11, 'b')));
    expect(latin1(octetsOf(events, 5060))).toBe('ab');
    expect(latin1(octetsOf(events, 5070))).toBe('200 OK');
    expect(latin1(octetsOf(events, 5061))).toBe('zz');
  });

  it('begin again on the same ports with a new SYN; a repeated SYN changes nothing', () => {
    expect(
      run(
        segment(9, '', 'syn'),
        segment(10, 'a'),
        segment(9, '', 'syn'),
        segment(11, 'b', 'fin'),
        segment(11, 'b', 'fin'),
        segment(900, '', 'syn'),
        segment(901, 'c', 'fin'),
      ),
    ).toEqual(['a', 'b.', 'c.']);
    expect(run(segment(9, '', 'syn'), segment(10, 'a'), segment(900, '', 'syn', 'fin'))).toEqual(['a', '.', '.']);
  });

  it('end with a reset at the expected place only', () => {
    expect(
      run(
        segment(10, 'a'),
        segment(500, '', 'rst'),
        segment(11, 'b'),
        segment(13, 'd'),
        segment(12, '', 'rst'),
        segment(12, 'c'),
      ),
    ).toEqual(['a', 'b', '~d.']);
    expect(run(segment(10, '', 'rst'))).toEqual([]);
  });

  it('nothing comes after the end', () => {
    expect(run(segment(10, 'a', 'fin'), segment(10, 'a', 'fin'), segment(11, 'more'), segment(15, 'x'))).toEqual([
      'a.',
    ]);
  });

  it('are bounded in number: the least recently used one ends', () => {
    const transport = createTransport();
    const ends: TransportEvent[] = [];
    for (let i = 0; i < 16_386; i++) {
      const source = { address: `10.0.${String(i >> 8)}.${String(i & 255)}`, port: 5060 };
      const bytes = tcpFrame({ source, destination: B, sequence: 1, payload: ascii('x') });
      ends.push(...transport.feed(at(1000, bytes)).filter((event) => event.kind === 'tcp' && event.end === true));
    }
    expect(ends.map((event) => event.source.address)).toEqual(['10.0.0.0', '10.0.0.1']);
  });
});

describe('holes', () => {
  it('are marked at flush, and the stream goes on', () => {
    expect(run(segment(10, 'a'), segment(20, 'k'), segment(21, 'l'), segment(30, 'u'))).toEqual([
      'a',
      '~k',
      'l',
      '~u.',
    ]);
  });

  it('are skipped a second after the far end acknowledged them', () => {
    const transport = createTransport();
    const frames = [
      at(0, segment(10, 'a')),
      at(1, acknowledgement(11)),
      at(2, segment(20, 'k')),
      at(3, acknowledgement(21)),
      at(900, acknowledgement(21)),
      at(1200, acknowledgement(21)),
      at(1300, segment(21, 'l')),
    ];
    expect(frames.map((frame) => told(transport.feed(frame)).join())).toEqual(['a', '', '', '', '', '~k', 'l']);
  });

  it('are not skipped while the far end still asks for them', () => {
    const transport = createTransport();
    const frames = [
      at(0, segment(10, 'a')),
      at(1, acknowledgement(11)),
      at(2, segment(12, 'c')),
      at(60_000, acknowledgement(11)),
      at(61_000, segment(11, 'b')),
    ];
    expect(frames.flatMap((frame) => told(transport.feed(frame)))).toEqual(['a', 'b', 'c']);
  });

  it('are skipped after ten seconds when only one direction is captured', () => {
    const transport = createTransport();
    const frames = [
      at(0, segment(10, 'a')),
      at(1, segment(12, 'c')),
      at(9_000, segment(13, 'd')),
      at(10_002, segment(14, 'e')),
    ];
    expect(frames.map((frame) => told(transport.feed(frame)).join())).toEqual(['a', '', '', '~c,d,e']);
  });

  it('are skipped when a mebioctet, or a thousand segments, wait behind them', () => {
    const big = new Uint8Array(65_000).fill(0x62);
    const bigs = Array.from({ length: 17 }, (_, i) => segment(20 + i * big.length, big));
    const large = transported(ethernet(segment(10, 'a'), ...bigs));
    expect(large.events.map((event) => event.timeMs).slice(0, 2)).toEqual([1_700_000_000_000, 1_700_000_000_001]);
    expect(octetsOf(large.events, A.port).length).toBe(1 + 17 * big.length);
    const transport = createTransport();
    transport.feed(at(0, segment(10, 'a')));
    const counts = Array.from({ length: 1026 }, (_, i) => transport.feed(at(1, segment(20 + 2 * i, 'x'))).length);
    expect(counts.indexOf(1)).toBe(1024);
  });

  it('all octets that wait are bounded: every hole is skipped beyond 64 mebioctets', () => {
    const transport = createTransport();
    const big = new Uint8Array(65_000);
    let waited = 0;
    let seen: TransportEvent[] = [];
    for (let i = 0; i < 1200 && seen.length === 0; i++) {
      const source = { address: '192.0.2.9', port: 1000 + (i >> 4) };
      if (i % 16 === 0) transport.feed(at(0, tcpFrame({ source, destination: B, sequence: 1, payload: ascii('x') })));
      seen = transport.feed(
        at(0, tcpFrame({ source, destination: B, sequence: 100 + big.length * (i % 16), payload: big })),
      );
      waited += big.length;
    }
    expect(waited).toBeGreaterThan(64 * 1024 * 1024);
    expect(waited).toBeLessThan(65 * 1024 * 1024);
    expect(seen.filter((event) => event.kind === 'tcp' && event.gap === true).length).toBeGreaterThan(60);
  });

  it('a stray segment from far away is not believed; eight in a row are, after a pause of the capture', () => {
    const far = 500_000_000;
    expect(run(segment(10, 'a'), segment(far, 'X'), segment(11, 'b'))).toEqual(['a', 'b', '.']);
    expect(transported(ethernet(segment(10, 'a'), segment(far, 'X'))).ignored).toBe(1);
    const strays = Array.from({ length: 9 }, (_, i) => segment(far + i, String(i)));
    expect(run(segment(10, 'a'), ...strays)).toEqual(['a', '~7', '8', '.']);
  });
});

it.each([
  ['header length 16', 12, 0x40],
  ['header longer than the segment', 12, 0xf0],
])('a segment with %s is ignored and counted', (_name, offset, value) => {
  const frame = segment(10, 'a');
  frame[34 + offset] = value;
  expect(transported(ethernet(frame))).toEqual({ events: [], ignored: 1 });
});
