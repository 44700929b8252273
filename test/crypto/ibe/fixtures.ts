/** What the tests of this folder share: the vector files, a small district, randomness that repeats itself. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import {
  derivePublicParameters,
  domainParameters,
  extractPrivateKey,
  type Level,
  type PublicParameters,
} from '../../../src/crypto/ibe/index.ts';
import { kernelFor, type Point } from '../../../src/crypto/curve/index.ts';
import { concat, uint, type Random } from '../../../src/foundation/base/index.ts';

export function vectorFile<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../../vectors/${name}`, import.meta.url), 'utf8')) as T;
}

/** Octets that look random and are the same in every run. */
export function seeded(seed: string): Random {
  let counter = 0;
  return (octets) => {
    const blocks: Uint8Array[] = [];
    for (let length = 0; length < octets; length += 32) {
      blocks.push(new Uint8Array(createHash('sha256').update(seed).update(uint(counter++, 4)).digest()));
    }
    return concat(...blocks).slice(0, octets);
  };
}

/** p = 11 mod 12, and a prime q >= 5 that divides p + 1. */
const SMALL_CURVES = [
  [59n, 5n],
  [83n, 7n],
  [131n, 11n],
  [179n, 5n],
  [227n, 19n],
  [251n, 7n],
  [263n, 11n],
  [311n, 13n],
  [347n, 29n],
] as const;

/** Uses more curves than kernels are kept for when nobody holds them. */
export function useOtherCurves(): void {
  for (const [p, q] of SMALL_CURVES) kernelFor({ p, q });
}

export const MASTER_SECRET = 0x1234567890abcdef1234567890abcdefn;

/** A district of level 1024 unless another is asked for, with a master secret that is no secret. */
export function district(level: Level = 1024): PublicParameters {
  return derivePublicParameters(domainParameters(level), MASTER_SECRET);
}

export function keyOf(params: PublicParameters, id: Uint8Array): Point {
  return extractPrivateKey(params, MASTER_SECRET, id);
}

interface Side<T> {
  readonly a: T;
  readonly b: T;
}
type Step = 'I1' | 'R1' | 'I2';

/** The members of a golden exchange that concern the envelope. */
export interface Golden {
  readonly level: Level;
  readonly masterSecrets: Side<string>;
  readonly district: Side<string>;
  readonly identityDER: { readonly A: string; readonly B: string };
  readonly Sid: { readonly A: [string, string]; readonly B: [string, string] };
  readonly cek: Readonly<Record<Step, string>>;
  readonly rho: Readonly<Record<Step, string>>;
  readonly plain: Readonly<Record<Step, string>>;
  readonly aadPrefix: Readonly<Record<Step, string>>;
  readonly messages: Readonly<Record<'I_MESSAGE_1' | 'R_MESSAGE_1' | 'I_MESSAGE_2', string>>;
}

export const GOLDEN_FILES = [
  'golden-n1024-mode3-P-256.json',
  'golden-n2048-mode2-P-384.json',
  'golden-n3072-mode1-P-256.json',
  'golden-n3072-mode3-P-256.json',
] as const;
