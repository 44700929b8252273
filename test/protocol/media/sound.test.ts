import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat, fromHex, latin1, toHex, uint } from '../../../src/foundation/base/bytes.ts';
import { isHalfkeyError } from '../../../src/foundation/base/errors.ts';
import { createStereoWav, parseRtp, type RtpPacket, type StereoWav } from '../../../src/protocol/media/index.ts';
import { needs } from '../../support/needs.ts';

const T0 = 1_700_000_000_000;

/** A packet of `samples` equal octets. */
function rtp(timestamp: number, octet: number, samples = 4, payloadType = 0): RtpPacket {
  const payload = new Uint8Array(samples).fill(octet);
  return { payloadType, marker: false, sequence: 0, timestamp: timestamp >>> 0, ssrc: 1, payload };
}

/** The samples of a channel as hex. */
function channel(wav: StereoWav, side: 'initiator' | 'responder'): string {
  return toHex(
    wav
      .toBytes()
      .subarray(58)
      .filter((_, i) => i % 2 === (side === 'initiator' ? 0 : 1)),
  );
}

describe('RTP', () => {
  it('CSRC list, extension and padding are taken off', () => {
    const packet = concat(
      fromHex('b2e01234000000a0cafebabe'),
      fromHex('0000000100000002'),
      fromHex('bede0001aabbccdd'),
      fromHex('0102030405'),
      fromHex('000003'),
    );
    expect(parseRtp(packet)).toEqual({
      payloadType: 96,
      marker: true,
      sequence: 0x1234,
      timestamp: 160,
      ssrc: 0xcafebabe,
      payload: fromHex('0102030405'),
    });
    expect(parseRtp(fromHex('800000000000000000000000')).payload).toEqual(new Uint8Array());
  });

  it.each([
    ['nothing', '', 0],
    ['eleven octets', '8000000000000000000000', 11],
    ['version 1', '400000000000000000000000', 0],
    ['CSRC list cut', '820000000000000000000000aabbccdd', 16],
    ['extension header cut', '900000000000000000000000bede', 12],
    ['extension cut', '900000000000000000000000bede0001aabb', 18],
    ['padding of zero', 'a00000000000000000000000aa00', 13],
    ['padding longer than the payload', 'a00000000000000000000000aa03', 13],
    ['padding without payload', 'a0000000000000000000000c', 11],
  ])('SRTP_MALFORMED: %s', (_name, hex, offset) => {
    expect(() => parseRtp(fromHex(hex))).toThrow(expect.objectContaining({ code: 'SRTP_MALFORMED', offset }));
  });

  it('any octets are a packet or SRTP_MALFORMED', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          return parseRtp(concat(Uint8Array.of(0xb1), bytes)).payload.length <= bytes.length;
        } catch (error) {
          return isHalfkeyError(error, 'SRTP_MALFORMED');
        }
      }),
      { numRuns: 300, seed: 3550 },
    );
  });
});

describe('stereo WAV', () => {
  it.each([
    ['PCMU', 7, 'ff'],
    ['PCMA', 6, 'd5'],
  ] as const)('%s has its format tag, its silence and right sizes', (encoding, tag, silence) => {
    const wav = createStereoWav({ encoding });
    wav.add('initiator', rtp(1000, 0x11, 3, encoding === 'PCMU' ? 0 : 8), T0);
    wav.add('initiator', rtp(1005, 0x22, 2, encoding === 'PCMU' ? 0 : 8), T0);
    const bytes = wav.toBytes();
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    expect(bytes.length).toBe(58 + 14);
    expect([latin1(bytes.subarray(0, 4)), view.getUint32(4, true), latin1(bytes.subarray(8, 16))]).toEqual([
      'RIFF',
      bytes.length - 8,
      'WAVEfmt ',
    ]);
    expect(toHex(bytes.subarray(16, 38))).toBe(`120000000${String(tag)}000200401f0000803e0000020008000000`);
    expect([latin1(bytes.subarray(38, 42)), view.getUint32(42, true), view.getUint32(46, true)]).toEqual([
      'fact',
      4,
      7,
    ]);
    expect([latin1(bytes.subarray(50, 54)), view.getUint32(54, true)]).toEqual(['data', 14]);
    expect(channel(wav, 'initiator')).toBe(`111111${silence.repeat(2)}2222`);
    expect(channel(wav, 'responder')).toBe(silence.repeat(7));
  });

  it('aligns the streams by the capture times of their first packets, whichever comes first', () => {
    const wav = createStereoWav({ encoding: 'PCMU' });
    wav.add('responder', rtp(5, 0xbb), T0);
    wav.add('initiator', rtp(0xfffffffe, 0xaa), T0 + 0.5); // 4 samples later
    wav.add('initiator', rtp(2, 0xac), T0 + 30); // by its timestamp, across the wrap, whatever its jitter
    wav.add('responder', rtp(9, 0xbd), T0 + 3);
    expect(channel(wav, 'responder')).toBe('bbbbbbbbbdbdbdbd' + 'ffffffff');
    expect(channel(wav, 'initiator')).toBe('ffffffff' + 'aaaaaaaaacacacac');
  });

  it('places late packets, also before the first one, and keeps the first of packets that overlap', () => {
    const wav = createStereoWav({ encoding: 'PCMU' });
    wav.add('initiator', rtp(108, 3), T0);
    wav.add('responder', rtp(0, 9), T0);
    wav.add('initiator', rtp(100, 1), T0 + 1);
    wav.add('initiator', rtp(104, 2), T0 + 2);
    wav.add('initiator', rtp(104, 7), T0 + 3);
    wav.add('initiator', rtp(110, 8), T0 + 4);
    expect(channel(wav, 'initiator')).toBe('010101010202020203030303' + '0808');
    expect(channel(wav, 'responder')).toBe('ff'.repeat(8) + '09090909' + 'ffff');
    expect(wav.dropped).toBe(0);
  });

  it('keeps a pause that both clocks tell', () => {
    const wav = createStereoWav({ encoding: 'PCMU' });
    wav.add('initiator', rtp(0, 1), T0);
    wav.add('initiator', rtp(8000 * 60, 2), T0 + 60_000);
    expect(wav.toBytes().length).toBe(58 + 2 * (8000 * 60 + 4));
  });

  it('starts a stream again at its capture time when its timestamp jumps', () => {
    const wav = createStereoWav({ encoding: 'PCMU' });
    wav.add('initiator', rtp(0, 1), T0);
    wav.add('initiator', rtp(0x7fffffff, 2), T0 + 1);
    wav.add('initiator', rtp(0x7fffffff + 4, 3), T0 + 1);
    wav.add('initiator', rtp(4, 4), T0 + 2);
    expect(channel(wav, 'initiator')).toBe('01010101ffffffff' + '0202020203030303' + '04040404');
  });

  it('never grows beyond its maximum, and counts what it drops', () => {
    const wav = createStereoWav({ encoding: 'PCMU', maxSeconds: 1 });
    expect(wav.add('initiator', rtp(0, 1), T0)).toBe(true);
    expect(wav.add('initiator', rtp(7996, 2), T0 + 999)).toBe(true);
    for (const [packet, timeMs] of [
      [rtp(7997, 3), T0 + 999],
      [rtp(0xffffffff, 3), T0],
      [rtp(80_000_000, 3), T0 + 10_000_000],
      [rtp(1, 3), -1e300],
      [rtp(1, 3), Number.NaN],
      [rtp(4, 3, 0), T0],
      [rtp(4, 3, 4, 13), T0],
    ] as const) {
      expect(wav.add('initiator', packet, timeMs)).toBe(false);
    }
    expect(wav.dropped).toBe(7);
    expect(channel(wav, 'initiator')).toBe('01010101' + 'ff'.repeat(7992) + '02020202');
  });

  it('takes another payload type when SDP names one, and copies what it is given', () => {
    const wav = createStereoWav({ encoding: 'PCMA', payloadType: 97 });
    const packet = rtp(0, 1, 4, 97);
    wav.add('responder', packet, T0);
    packet.payload.fill(0);
    expect(wav.add('responder', rtp(4, 1, 4, 8), T0)).toBe(false);
    expect(channel(wav, 'responder')).toBe('01010101');
    expect(() => createStereoWav({ encoding: 'PCMU', maxSeconds: 0 })).toThrow(TypeError);
  });

  it('without packets is an empty sound file', () => {
    const bytes = createStereoWav({ encoding: 'PCMU' }).toBytes();
    expect(bytes.length).toBe(58);
    expect(toHex(bytes.subarray(46))).toBe('00000000646174' + '6100000000');
  });

  it('any order of the packets after the first gives the same file', () => {
    const packets = Array.from({ length: 12 }, (_, i) => rtp(0xfffff000 + i * 1000, i + 1, 1000));
    const file = (order: readonly number[]): Uint8Array => {
      const wav = createStereoWav({ encoding: 'PCMU' });
      for (const i of [3, ...order]) wav.add('initiator', packets[i] as RtpPacket, T0);
      return wav.toBytes();
    };
    const expected = file([...packets.keys()]);
    fc.assert(
      fc.property(fc.shuffledSubarray([...packets.keys()], { minLength: 12 }), (order) => {
        expect(toHex(file(order))).toBe(toHex(expected));
      }),
      { numRuns: 20, seed: 8000 },
    );
  });

  it.each([
    ['PCMU', 0, 'pcm_mulaw'],
    ['PCMA', 8, 'pcm_alaw'],
  ] as const)('%s is read by ffprobe', (encoding, payloadType, codec) => {
    needs('ffprobe');
    const folder = mkdtempSync(join(tmpdir(), 'halfkey-test-'));
    try {
      const wav = createStereoWav({ encoding });
      for (let i = 0; i < 50; i++) wav.add('initiator', rtp(160 * i, 0x80 + i, 160, payloadType), T0 + 20 * i);
      writeFileSync(join(folder, 'call.wav'), wav.toBytes());
      const fields = 'stream=codec_name,codec_tag,sample_rate,channels,duration_ts';
      const told = execFileSync(
        'ffprobe',
        ['-v', 'error', '-show_entries', fields, '-of', 'json', join(folder, 'call.wav')],
        { encoding: 'utf8' },
      );
      expect(JSON.parse(told)).toMatchObject({
        streams: [
          {
            codec_name: codec,
            codec_tag: `0x000${String(encoding === 'PCMU' ? 7 : 6)}`,
            sample_rate: '8000',
            channels: 2,
            duration_ts: 8000,
          },
        ],
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

it('timestamps are read as unsigned numbers', () => {
  expect(parseRtp(concat(fromHex('80000000'), uint(0xfffffff0, 4), uint(0xf0000000, 4)))).toMatchObject({
    timestamp: 0xfffffff0,
    ssrc: 0xf0000000,
  });
});
