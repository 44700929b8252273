import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ascii, concat, fromHex, toHex } from '../../../src/foundation/base/bytes.ts';
import { isHalfkeyError } from '../../../src/foundation/base/errors.ts';
import { createMonoWav, encodeMuLaw, encodeRtp, parseRtp, readSpeechWav } from '../../../src/protocol/media/index.ts';
import { needs } from '../../support/needs.ts';

const le = (value: number, octets: 2 | 4): Uint8Array => {
  const out = new Uint8Array(4);
  new DataView(out.buffer).setUint32(0, value, true);
  return out.subarray(0, octets);
};
const chunk = (tag: string, body: Uint8Array): Uint8Array =>
  concat(ascii(tag), le(body.length, 4), body, new Uint8Array(body.length % 2));

function format(tag = 1, channels = 1, rate = 8000, bits = 16): Uint8Array {
  const frame = (channels * bits) / 8;
  return chunk(
    'fmt ',
    concat(le(tag, 2), le(channels, 2), le(rate, 4), le(rate * frame, 4), le(frame, 2), le(bits, 2)),
  );
}
function wav(...chunks: readonly Uint8Array[]): Uint8Array {
  const body = concat(ascii('WAVE'), ...chunks);
  return concat(ascii('RIFF'), le(body.length, 4), body);
}
const octetsOf = (samples: Int16Array): Uint8Array => concat(...[...samples].map((sample) => le(sample & 0xffff, 2)));

describe('WAV to samples', () => {
  it('reads linear mono at 8000 Hz, whatever chunks stand between', () => {
    const samples = Int16Array.from([0, 1, -1, 32767, -32768]);
    const file = wav(format(), chunk('LIST', ascii('odd')), chunk('data', octetsOf(samples)), ascii('x'));
    expect(readSpeechWav(file)).toEqual(samples);
    expect(readSpeechWav(wav(format(), chunk('data', new Uint8Array())))).toEqual(new Int16Array());
  });

  it('reads WAVE_FORMAT_EXTENSIBLE of linear samples', () => {
    const plain = format(0xfffe).subarray(8);
    const extensible = chunk('fmt ', concat(plain, le(22, 2), le(16, 2), le(4, 4), le(1, 4), new Uint8Array(12)));
    expect(readSpeechWav(wav(extensible, chunk('data', fromHex('0100'))))).toEqual(Int16Array.of(1));
  });

  it.each([
    ['another rate', wav(format(1, 1, 16000), chunk('data', le(1, 2)))],
    ['two channels', wav(format(1, 2), chunk('data', le(1, 4)))],
    ['eight bits', wav(format(1, 1, 8000, 8), chunk('data', le(1, 2)))],
    ['mu-law', wav(format(7), chunk('data', le(1, 2)))],
    ['no format', wav(chunk('data', le(1, 2)))],
    ['no data', wav(format())],
    ['half a sample', wav(format(), chunk('data', fromHex('010203')))],
    ['a format that is cut', wav(chunk('fmt ', new Uint8Array(14)), chunk('data', le(1, 2)))],
    ['data longer than the file', wav(format(), chunk('data', le(1, 4))).subarray(0, -2)],
    ['a chunk header cut', wav(format()).subarray(0, 40)],
    ['no RIFF', ascii('RIFX')],
    ['nothing', new Uint8Array()],
  ])('BadSound: %s', (_name, bytes) => {
    expect(() => readSpeechWav(bytes)).toThrow(expect.objectContaining({ code: 'BadSound' }));
  });

  it('any octets are samples or BadSound', () => {
    const good = wav(format(), chunk('data', octetsOf(Int16Array.of(1, 2, 3))));
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.nat(255), fc.nat(good.length), (at, octet, length) => {
        const bytes = good.map((old, i) => (i === at ? octet : old)).subarray(0, length);
        try {
          return readSpeechWav(bytes).length <= 3;
        } catch (error) {
          return isHalfkeyError(error, 'BadSound');
        }
      }),
      { numRuns: 300, seed: 8000 },
    );
  });
});

describe('mu-law', () => {
  it('gives the codes of G.711 table 2 at zero, at both ends and at a tie', () => {
    // Zero is FF, full scale 80 and 00. Values 0 and 8 (16-bit scale) meet at 4, 16-bit samples lose two bits first.
    const samples = Int16Array.of(0, 3, 4, 11, 12, -1, -9, 32767, -32768, 1000, -1000);
    expect(toHex(encodeMuLaw(samples))).toBe('fffffefefd7e7d8000ce4e');
  });

  it('is what ffmpeg makes of every sample', () => {
    needs('ffmpeg');
    const folder = mkdtempSync(join(tmpdir(), 'halfkey-mulaw-'));
    try {
      const samples = Int16Array.from({ length: 65536 }, (_, i) => i - 32768);
      const [source, target] = [join(folder, 'in.wav'), join(folder, 'out.ul')];
      writeFileSync(source, wav(format(), chunk('data', octetsOf(samples))));
      execFileSync('ffmpeg', ['-v', 'error', '-i', source, '-c:a', 'pcm_mulaw', '-f', 'mulaw', target]);
      expect(toHex(encodeMuLaw(samples))).toBe(toHex(readFileSync(target)));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('RTP', () => {
  it('what is encoded parses to the same packet, and a number that does not fit is refused', () => {
    fc.assert(
      fc.property(
        fc.record({
          payloadType: fc.nat(127),
          marker: fc.boolean(),
          sequence: fc.nat(0xffff),
          timestamp: fc.nat(0xffffffff),
          ssrc: fc.nat(0xffffffff),
          payload: fc.uint8Array({ maxLength: 20 }),
        }),
        (packet) => {
          expect(parseRtp(encodeRtp(packet))).toEqual(packet);
        },
      ),
      { numRuns: 100, seed: 3550 },
    );
    const packet = { payloadType: 0, marker: false, sequence: 0, timestamp: 0, ssrc: 0, payload: new Uint8Array() };
    expect(() => encodeRtp({ ...packet, payloadType: 128 })).toThrow(RangeError);
    expect(() => encodeRtp({ ...packet, sequence: 65536 })).toThrow(RangeError);
  });
});

describe('mono recording', () => {
  const packet = (timestamp: number, hex: string, payloadType = 0) => ({
    ...{ payloadType, marker: false, sequence: 0, ssrc: 1 },
    timestamp: timestamp >>> 0,
    payload: fromHex(hex),
  });

  it('places by timestamp: gaps are silence, what came first stays, late packets and the wrap count', () => {
    const recording = createMonoWav('PCMU');
    expect(recording.add(packet(-2, '0102'))).toBe(true);
    expect(recording.add(packet(4, '0304'))).toBe(true);
    expect(recording.add(packet(-4, '0506ee'))).toBe(true); // late, overlaps by one sample
    expect(recording.add(packet(1, ''))).toBe(false);
    expect(recording.add(packet(1, '01', 8))).toBe(false);
    expect(toHex(recording.samples())).toBe('05060102ffffffff0304');
    expect(recording.dropped).toBe(2);
    const file = recording.toBytes();
    expect(file.length).toBe(58 + 10);
    expect(toHex(file.subarray(20, 24))).toBe('07000100');
    expect(createMonoWav('PCMA').toBytes().length).toBe(58);
  });

  it('a timestamp that jumps cannot make it grow', () => {
    const recording = createMonoWav('PCMU', 1);
    recording.add(packet(0, '01'));
    expect(recording.add(packet(0x40000000, '02'))).toBe(false);
    expect(recording.add(packet(7999, '02'))).toBe(true);
    expect(recording.add(packet(-1, '02'))).toBe(false);
    expect(recording.samples().length).toBe(8000);
    expect(() => createMonoWav('PCMU', 0)).toThrow(TypeError);
  });
});
