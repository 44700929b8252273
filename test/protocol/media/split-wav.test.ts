/** The two sides of a stereo file: each octet in its place, and no other form accepted. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createStereoWav, encodeMuLaw, readSpeechWav, splitStereoWav } from '../../../src/protocol/media/index.ts';

const speech = encodeMuLaw(readSpeechWav(readFileSync('share/speech/alice.wav'))).subarray(0, 1600);

function stereo(left: Uint8Array, right: Uint8Array, encoding: 'PCMU' | 'PCMA' = 'PCMU'): Uint8Array {
  const wav = createStereoWav({ encoding });
  const packet = {
    marker: false,
    payloadType: encoding === 'PCMU' ? 0 : 8,
    sequence: 1,
    timestamp: 0,
    ssrc: 1,
    csrcs: [],
  };
  wav.add('initiator', { ...packet, payload: left }, 0);
  wav.add('responder', { ...packet, payload: right }, 0);
  return wav.toBytes();
}

describe('a stereo file', () => {
  it('gives what each side said, as a file of one channel', () => {
    for (const [encoding, tag] of [
      ['PCMU', 7],
      ['PCMA', 6],
    ] as const) {
      const { initiator, responder } = splitStereoWav(stereo(speech, speech.toReversed(), encoding));
      for (const file of [initiator, responder]) {
        const view = new DataView(file.buffer);
        expect([view.getUint16(20, true), view.getUint16(22, true), view.getUint32(54, true)]).toEqual([tag, 1, 1600]);
      }
      expect(initiator.subarray(58)).toEqual(speech);
      expect(responder.subarray(58)).toEqual(speech.toReversed());
    }
  });

  it('of another form is refused, and any octets are', () => {
    const good = stereo(speech, speech);
    const bad = [good.subarray(0, 57), good.subarray(0, -1), new Uint8Array(), readFileSync('share/speech/alice.wav')];
    for (const place of [0, 8, 20, 22, 24, 34, 38, 50, 54]) bad.push(good.with(place, good[place]! ^ 0x80));
    for (const octets of bad)
      expect(() => splitStereoWav(octets)).toThrow(expect.objectContaining({ code: 'BadSound' }));
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (octets) => {
        expect(() => splitStereoWav(octets)).toThrow(expect.objectContaining({ code: 'BadSound' }));
      }),
    );
  });
});
