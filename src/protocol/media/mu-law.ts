/**
 * mu-law coding of 16-bit linear samples (ITU-T G.711 3, table 2). A sample is cut to 14 bits and takes the code whose
 * value is nearest; one that lies half-way takes the code farther from zero. Encoders differ at these ties: this one
 * agrees with ffmpeg's pcm_mulaw for every sample, so that a file coded by it can be compared octet for octet.
 */

const BIAS = 33;
/** Code of each 14-bit sample, by sample + 8192. */
const CODES = codes();

/** The value of a code, 14 bits, -8031 to 8031 (G.711 table 2a and 2b, decoder output). */
function valueOf(code: number): number {
  const inverted = ~code & 0xff;
  const magnitude = ((2 * (inverted & 0x0f) + BIAS) << ((inverted >> 4) & 7)) - BIAS;
  return (inverted & 0x80) === 0 ? magnitude : -magnitude;
}

function codes(): Uint8Array {
  const table = new Uint8Array(16384);
  let code = 0; // magnitude, 0 to 127
  for (let sample = 0; sample <= 8192; sample++) {
    // The code changes at the middle of two values; from there on the greater one counts.
    while (code < 127 && 2 * sample >= valueOf(0xff - code) + valueOf(0xff - code - 1)) code++;
    if (sample < 8192) table[8192 + sample] = 0xff - code;
    table[8192 - sample] = sample === 0 ? 0xff : 0x7f - code;
  }
  return table;
}

/** One octet a sample; `samples` are linear, 16 bits. */
export function encodeMuLaw(samples: Int16Array): Uint8Array {
  return Uint8Array.from(samples, (sample) => CODES[(sample >> 2) + 8192] as number);
}
