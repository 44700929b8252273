/** P14: whether octets hold a secret, in any form in which a program would write it. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Needle {
  /** What it is, for the failure message. */
  readonly name: string;
  /** Forms to look for; ASCII forms are compared without case. */
  readonly raw?: Buffer;
  readonly texts: readonly string[];
}

/** A secret as raw octets, hex, and base64 at every alignment. */
export function secretNeedle(name: string, hex: string): Needle {
  const raw = Buffer.from(hex, 'hex');
  if (raw.length < 16) throw new TypeError(`${name}: too short to be told from chance`);
  const base64 = [0, 1, 2].map((shift) => {
    const text = Buffer.concat([Buffer.alloc(shift), raw])
      .toString('base64')
      .replace(/=+$/, '');
    // The first and last characters also depend on what stands beside the secret.
    return text.slice(shift === 0 ? 0 : shift + 1, -1).toLowerCase();
  });
  const url = base64.map((text) => text.replaceAll('+', '-').replaceAll('/', '_'));
  return { name, raw, texts: [hex.toLowerCase(), ...base64, ...url] };
}

export const textNeedle = (name: string, text: string): Needle => ({ name, texts: [text.toLowerCase()] });

/** `name in place` for every needle that `octets` hold. */
export function findNeedles(place: string, octets: Buffer | string, needles: readonly Needle[]): string[] {
  const bytes = typeof octets === 'string' ? Buffer.from(octets) : octets;
  const text = bytes.toString('latin1').toLowerCase();
  return needles
    .filter(({ raw, texts }) => (raw !== undefined && bytes.includes(raw)) || texts.some((form) => text.includes(form)))
    .map(({ name }) => `${name} in ${place}`);
}

/** The same for every file of a directory. */
export function findInFiles(directory: string, needles: readonly Needle[]): string[] {
  return readdirSync(directory).flatMap((file) =>
    findNeedles(join(directory, file), readFileSync(join(directory, file)), needles),
  );
}
