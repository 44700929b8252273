import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat, equalBytes, fromHex, uint } from '../../../src/foundation/base/bytes.ts';
import { pcapHeader, pcapRecord, readCapture } from '../../../src/protocol/media/index.ts';
import { needs } from '../../support/needs.ts';
import { readAll } from './helpers.ts';

const GOLDEN = new URL('../../vectors/golden-call.pcap', import.meta.url);
const golden = new Uint8Array(readFileSync(GOLDEN));

function chunked(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let offset = 0, i = 0; offset < bytes.length; i++) {
    const size = sizes[i % sizes.length] as number;
    chunks.push(bytes.subarray(offset, offset + size));
    offset += size;
  }
  return chunks;
}

/** A field in one byte order. */
function field(value: number, length: 2 | 4, little: boolean): Uint8Array {
  return little ? uint(value, length).toReversed() : uint(value, length);
}

function pcap(little: boolean, nano: boolean, fraction: number): Uint8Array {
  const four = (value: number): Uint8Array => field(value, 4, little);
  return concat(
    four(nano ? 0xa1b23c4d : 0xa1b2c3d4),
    field(2, 2, little),
    field(4, 2, little),
    four(0),
    four(0),
    four(65535),
    four(0xf0000071),
    four(1_700_000_000),
    four(fraction),
    four(3),
    four(60),
    fromHex('010203'),
  );
}

function block(type: number, little: boolean, ...parts: readonly Uint8Array[]): Uint8Array {
  const body = concat(...parts);
  const padding = new Uint8Array((4 - (body.length % 4)) % 4);
  const total = field(12 + body.length + padding.length, 4, little);
  return concat(field(type, 4, little), total, body, padding, total);
}

const section = (little: boolean): Uint8Array =>
  block(
    0x0a0d0d0a,
    little,
    field(0x1a2b3c4d, 4, little),
    field(1, 2, little),
    field(0, 2, little),
    fromHex('ff'.repeat(8)),
  );

function interfaceBlock(
  little: boolean,
  linkType: number,
  snap: number,
  ...options: readonly (readonly [number, Uint8Array])[]
): Uint8Array {
  return block(
    1,
    little,
    field(linkType, 2, little),
    field(0, 2, little),
    field(snap, 4, little),
    ...options.map(([code, value]) =>
      concat(
        field(code, 2, little),
        field(value.length, 2, little),
        value,
        new Uint8Array((4 - (value.length % 4)) % 4),
      ),
    ),
  );
}

function stamped(type: 2 | 6, little: boolean, number: number, ticks: bigint, bytes: Uint8Array): Uint8Array {
  const four = (value: number): Uint8Array => field(value, 4, little);
  const head = type === 6 ? four(number) : concat(field(number, 2, little), field(0, 2, little));
  return block(
    type,
    little,
    head,
    four(Number(ticks >> 32n)),
    four(Number(ticks & 0xffffffffn)),
    four(bytes.length),
    four(1500),
    bytes,
  );
}

describe('pcap', () => {
  it.each([
    ['big endian, microseconds', false, false, 250_000, 250],
    ['little endian, microseconds', true, false, 999_999, 999.999],
    ['big endian, nanoseconds', false, true, 250_000_000, 250],
    ['little endian, nanoseconds', true, true, 1_500_000, 1.5],
  ])('reads %s', async (_name, little, nano, fraction, ms) => {
    const { packets, error } = await readAll([pcap(little, nano, fraction)]);
    expect(error).toBeUndefined();
    expect(packets).toEqual([{ timeMs: 1_700_000_000_000 + ms, linkType: 113, bytes: fromHex('010203') }]);
  });

  it('reads the golden call', async () => {
    const { packets, error } = await readAll([golden]);
    expect(error).toBeUndefined();
    expect(packets.length).toBeGreaterThan(432);
    expect(new Set(packets.map(({ linkType }) => linkType))).toEqual(new Set([1]));
    expect(packets.every(({ timeMs }, i) => i === 0 || timeMs >= (packets[i - 1]?.timeMs ?? 0))).toBe(true);
  });

  it('what is written reads back, and what was read writes the same octets', async () => {
    const { packets } = await readAll([golden]);
    const written = concat(pcapHeader(1), ...packets.map(({ timeMs, bytes }) => pcapRecord(timeMs, bytes)));
    expect(equalBytes(written.subarray(24), golden.subarray(24))).toBe(true);
    expect((await readAll([written])).packets).toEqual(packets);
    const late = await readAll([concat(pcapHeader(), pcapRecord(1999.9999, fromHex('aa')))]);
    expect(late.packets[0]?.timeMs).toBe(2000);
    for (const time of [-1, Number.NaN, 2 ** 32 * 1000])
      expect(() => pcapRecord(time, fromHex('aa'))).toThrow(TypeError);
    expect(() => pcapRecord(0, new Uint8Array(262145))).toThrow(TypeError);
  });
});

describe('pcapng', () => {
  it.each([true, false])(
    'reads several sections, interfaces and kinds of packet, little endian: %s',
    async (little) => {
      const file = concat(
        section(little),
        interfaceBlock(little, 1, 0),
        interfaceBlock(
          little,
          101,
          2,
          [9, Uint8Array.of(9)],
          [14, little ? fromHex('0a00000000000000') : fromHex('000000000000000a')],
          [0, new Uint8Array()],
        ),
        interfaceBlock(little, 276, 0, [2, fromHex('65746830')], [9, Uint8Array.of(0x80 | 10)]),
        block(0xbad, little, fromHex('0102030405')),
        stamped(6, little, 0, 1_700_000_000_123_456n, fromHex('0102030405')),
        stamped(6, little, 1, 1_700_000_000_500_000_000n, fromHex('06')),
        stamped(2, little, 2, (5n << 10n) + 512n, fromHex('0708')),
        block(3, little, field(4, 4, little), fromHex('0a0b0c0d')),
        section(!little),
        interfaceBlock(!little, 113, 3),
        block(3, !little, field(9, 4, !little), fromHex('010203')),
        stamped(6, !little, 0, 7_000_000n, new Uint8Array()),
      );
      const { packets, error } = await readAll(chunked(file, [7]));
      expect(error).toBeUndefined();
      expect(packets).toEqual([
        { timeMs: 1_700_000_000_123.456, linkType: 1, bytes: fromHex('0102030405') },
        { timeMs: 1_700_000_010_500, linkType: 101, bytes: fromHex('06') },
        { timeMs: 5500, linkType: 276, bytes: fromHex('0708') },
        { timeMs: 5500, linkType: 1, bytes: fromHex('0a0b0c0d') }, // a simple packet has the time of the one before it
        { timeMs: 0, linkType: 113, bytes: fromHex('010203') },
        { timeMs: 7000, linkType: 113, bytes: new Uint8Array() },
      ]);
    },
  );

  it('reads what editcap makes of the golden call', async () => {
    needs('editcap');
    const folder = mkdtempSync(join(tmpdir(), 'halfkey-test-'));
    try {
      const { packets } = await readAll([golden]);
      for (const [format, name] of [
        ['pcapng', 'call.pcapng'],
        ['nsecpcap', 'call.pcap'],
      ] as const) {
        execFileSync('editcap', ['-F', format, GOLDEN.pathname, join(folder, name)]);
        const converted = await readAll([new Uint8Array(readFileSync(join(folder, name)))]);
        expect(converted.error).toBeUndefined();
        expect(converted.packets).toEqual(packets);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('any chunks', () => {
  it('give the same packets', async () => {
    const part = golden.subarray(0, 12_000);
    const whole = await readAll([part]);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 20 }), async (sizes) => {
        const read = await readAll([new Uint8Array(), ...chunked(part, sizes)]);
        expect(read.packets).toEqual(whole.packets);
        expect(read.error).toEqual(whole.error);
      }),
      { numRuns: 15, seed: 1 },
    );
  });

  it('may come from an asynchronous source, which is let go when the reader stops', async () => {
    let closed = false;
    async function* source(): AsyncGenerator<Uint8Array> {
      try {
        for (const chunk of chunked(golden, [1000])) {
          await Promise.resolve();
          yield chunk;
        }
      } finally {
        closed = true;
      }
    }
    for await (const packet of readCapture(source())) {
      expect(packet.bytes.length).toBeGreaterThan(0);
      break;
    }
    expect(closed).toBe(true);
  });
});

describe('bad captures', () => {
  const ng = concat(section(true), interfaceBlock(true, 1, 0), stamped(6, true, 0, 1n, fromHex('01020304')));

  it.each([
    ['pcap', concat(pcapHeader(), pcapRecord(1, fromHex('0102')), pcapRecord(2, fromHex('03040506'))), [24, 42]],
    ['pcapng', concat(ng, stamped(6, true, 0, 1n, fromHex('05060708'))), [0, 28, 48, 84]],
  ])(
    '%s cut at any octet gives its whole packets and then BadCapture at the cut record',
    async (_name, file, starts) => {
      const all = (await readAll([file])).packets;
      expect(all).toHaveLength(2);
      const boundaries = new Set([...starts, file.length].filter((offset) => offset >= 24));
      for (let length = 4; length < file.length; length++) {
        const { packets, error } = await readAll([file.subarray(0, length)]);
        expect(packets).toEqual(all.slice(0, packets.length));
        if (boundaries.has(length)) expect(error).toBeUndefined();
        else
          expect(error).toMatchObject({
            code: 'BadCapture',
            offset: Math.max(0, ...starts.filter((start) => start < length)),
          });
      }
    },
  );

  it.each([
    ['nothing', ''],
    ['three octets', 'a1b2c3'],
    ['a text', '68656c6c6f20776f726c64'],
    ['gzip', '1f8b0800000000000003'],
  ])('%s is BadCapture at once', async (_name, hex) => {
    expect(await readAll([fromHex(hex)])).toMatchObject({ packets: [], error: { code: 'BadCapture', offset: 0 } });
  });

  const le = (value: number): Uint8Array => field(value, 4, true);
  it.each([
    ['pcap of version 3', concat(le(0xa1b2c3d4), fromHex('03000400'), new Uint8Array(16)), 4],
    ['pcap record of 4 GiB', concat(pcapHeader(), le(0), le(0), le(0xffffffff), le(0xffffffff)), 24],
    ['section of version 2', block(0x0a0d0d0a, true, le(0x1a2b3c4d), fromHex('02000000'), new Uint8Array(8)), 0],
    ['section without byte order', block(0x0a0d0d0a, true, le(1), fromHex('01000000'), new Uint8Array(8)), 0],
    ['section too short', block(0x0a0d0d0a, true, le(0x1a2b3c4d)), 0],
    ['block of 4 GiB', concat(section(true), le(6), le(0xfffffffc)), 28],
    ['block of 8 octets', concat(section(true), le(6), le(8), new Uint8Array(20)), 28],
    ['block of odd length', concat(section(true), le(6), le(33), new Uint8Array(40)), 28],
    ['block whose lengths differ', concat(section(true), le(6), le(16), le(0), le(20)), 28],
    ['packet before its interface', concat(section(true), stamped(6, true, 0, 1n, fromHex('01'))), 28],
    ['simple packet before its interface', concat(section(true), block(3, true, le(0))), 28],
    [
      'packet longer than its block',
      concat(ng, block(6, true, le(0), le(0), le(0), le(5), le(5), fromHex('01020304'))),
      84,
    ],
    [
      'packet of 1 MiB',
      concat(ng, block(6, true, le(0), le(0), le(0), le(1 << 20), le(5), new Uint8Array(1 << 20))),
      84,
    ],
    ['packet block too short', concat(ng, block(2, true, le(0), le(0))), 84],
    ['empty obsolete packet block', concat(ng, block(2, true)), 84],
    ['interface too short', concat(section(true), block(1, true, le(1))), 28],
    ['option longer than its block', concat(section(true), block(1, true, le(1), le(0), fromHex('0900ff00'))), 28],
  ])('%s', async (_name, file, offset) => {
    expect((await readAll([file])).error).toMatchObject({ code: 'BadCapture', offset });
  });

  it('any octets end in packets or in BadCapture', async () => {
    const start = fc.constantFrom(pcapHeader(), section(true), ng);
    await fc.assert(
      fc.asyncProperty(start, fc.uint8Array({ maxLength: 200 }), async (head, tail) => {
        const { error } = await readAll([concat(head, tail)]);
        if (error !== undefined) expect(error).toMatchObject({ code: 'BadCapture' });
      }),
      { numRuns: 300, seed: 2 },
    );
    await fc.assert(
      fc.asyncProperty(fc.nat(ng.length - 1), fc.nat(255), async (at, octet) => {
        const { error } = await readAll([ng.map((value, i) => (i === at ? octet : value))]);
        if (error !== undefined) expect(error).toMatchObject({ code: 'BadCapture' });
      }),
      { numRuns: 300, seed: 3 },
    );
  });
});
