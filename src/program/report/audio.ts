/**
 * The speech of a call for the page: a WAV file for each direction, and how loud it is over time. The samples are those
 * that were sent; only the picture of them is computed.
 */
import { isHalfkeyError } from '../../foundation/base/index.ts';
import { splitStereoWav } from '../../protocol/media/index.ts';
import type { AudioView } from './data.ts';

/** Longest file that is put into a page, octets: eight minutes of a call. */
const MAX_OCTETS = 8 * 1024 * 1024;
const HEADER = 58;
const SAMPLE_RATE = 8000;
const PARTS = 96;
const MU_LAW = 7;

/** Both directions of a call's stereo file of `octets` octets, which is read only if it is not too long, or why not. */
export async function audioOf(
  octets: number,
  read: () => Promise<Uint8Array>,
): Promise<{ audio: AudioView[]; silence: string | null }> {
  if (octets > MAX_OCTETS) return { audio: [], silence: 'the speech is too long for this page: see call.wav' };
  try {
    const { initiator, responder } = splitStereoWav(await read());
    return {
      audio: [view('initiator-to-responder', initiator), view('responder-to-initiator', responder)],
      silence: null,
    };
  } catch (error) {
    if (!isHalfkeyError(error, 'BadSound')) throw error;
    return { audio: [], silence: 'the speech that was handed over cannot be read' };
  }
}

function view(direction: AudioView['direction'], wav: Uint8Array): AudioView {
  const samples = wav.subarray(HEADER);
  return {
    direction,
    source: `data:audio/wav;base64,${Buffer.from(wav).toString('base64')}`,
    seconds: samples.length / SAMPLE_RATE,
    envelope: Array.from({ length: PARTS }, (_, i) => {
      const part = samples.subarray((i * samples.length) / PARTS, ((i + 1) * samples.length) / PARTS);
      return loudness(part, wav[20] === MU_LAW);
    }),
  };
}

/** The loudest sample of a part, 0 to 100 on the logarithmic scale of the law itself (G.711: sign, 3 bits, 4 bits). */
function loudness(part: Uint8Array, muLaw: boolean): number {
  const levels = Array.from(part, (octet) => (muLaw ? ~octet : octet ^ 0x55) & 0x7f);
  return Math.round((100 * levels.reduce((a, b) => Math.max(a, b), 0)) / 0x7f);
}
