/**
 * The two sides of a call's stereo WAV file (stereo-wav.ts), each as a file of its own, without decoding: what one party
 * said can be heard alone. Takes the form that we write, and refuses any other.
 */
import { concat } from '../../foundation/base/bytes.ts';
import { HalfkeyError } from '../../foundation/base/errors.ts';
import { ENCODINGS, wavHeader } from './wav-header.ts';

/** Octets before the samples. */
const HEADER = 58;

/** Left (initiator) and right (responder) of a G.711 file of two channels, new octets. @throws HalfkeyError `BadSound` */
export function splitStereoWav(bytes: Uint8Array): { initiator: Uint8Array; responder: Uint8Array } {
  const samples = Math.floor((bytes.length - HEADER) / 2);
  const tag = bytes[20] ?? 0;
  const known = Object.values(ENCODINGS).some((encoding) => encoding.tag === tag);
  const expected = known && samples >= 0 ? wavHeader(tag, 2, samples) : undefined;
  if (expected === undefined || !expected.every((octet, i) => bytes[i] === octet) || bytes.length % 2 !== 0) {
    throw new HalfkeyError('BadSound', 'not a stereo file of G.711 as it is handed over', { offset: 0 });
  }
  const side = (channel: 0 | 1): Uint8Array =>
    concat(
      wavHeader(tag, 1, samples),
      Uint8Array.from({ length: samples }, (_, i) => bytes[HEADER + 2 * i + channel] as number),
    );
  return { initiator: side(0), responder: side(1) };
}
