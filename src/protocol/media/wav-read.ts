/**
 * Speech from a WAV file (RIFF, little endian): linear samples of 16 bits, one channel, 8000 Hz. Anything else is refused
 * with the reason, never converted: the octets that are sent must be comparable with the file.
 */
import { latin1 } from '../../foundation/base/bytes.ts';
import { HalfkeyError } from '../../foundation/base/errors.ts';

const SAMPLE_RATE = 8000;
/** WAVE_FORMAT_PCM, and WAVE_FORMAT_EXTENSIBLE whose sub-format begins with it. */
const PCM = 1;
const EXTENSIBLE = 0xfffe;

/** The samples of a file, new. @throws HalfkeyError `BadSound` with the offset of what is wrong or cut */
export function readSpeechWav(bytes: Uint8Array): Int16Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (!hasTag(bytes, 0, 'RIFF') || !hasTag(bytes, 8, 'WAVE')) throw badSound('not a RIFF WAVE file', 0);
  let format = false;
  for (let at = 12; at < bytes.length;) {
    if (at + 8 > bytes.length) throw badSound('a chunk header is cut', at);
    const length = view.getUint32(at + 4, true);
    const start = at + 8;
    if (length > bytes.length - start) throw badSound('a chunk is longer than the file', at + 4);
    if (hasTag(bytes, at, 'fmt ')) {
      checkFormat(view, start, length);
      format = true;
    } else if (hasTag(bytes, at, 'data')) {
      if (!format) throw badSound('data before the format', at);
      if (length % 2 !== 0) throw badSound('half a sample', at + 4);
      return Int16Array.from({ length: length / 2 }, (_, i) => view.getInt16(start + 2 * i, true));
    }
    at = start + length + (length % 2); // chunks are padded to an even length
  }
  throw badSound('no data', bytes.length);
}

function checkFormat(view: DataView, at: number, length: number): void {
  if (length < 16) throw badSound('the format is cut', at);
  let tag = view.getUint16(at, true);
  if (tag === EXTENSIBLE && length >= 40) tag = view.getUint16(at + 24, true);
  const must = (actual: number, wanted: number, what: string, offset: number): void => {
    if (actual !== wanted) throw badSound(`${what} is ${String(actual)}, not ${String(wanted)}`, at + offset);
  };
  must(tag, PCM, 'the format tag', 0);
  must(view.getUint16(at + 2, true), 1, 'the number of channels', 2);
  must(view.getUint32(at + 4, true), SAMPLE_RATE, 'the sample rate', 4);
  must(view.getUint16(at + 12, true), 2, 'the octets of a frame', 12);
  must(view.getUint16(at + 14, true), 16, 'the bits of a sample', 14);
}

function hasTag(bytes: Uint8Array, at: number, tag: string): boolean {
  return latin1(bytes.subarray(at, at + tag.length)) === tag;
}

function badSound(message: string, offset: number): HalfkeyError {
  return new HalfkeyError('BadSound', message, { offset });
}
