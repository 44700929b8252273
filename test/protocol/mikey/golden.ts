/** The golden files, as far as MIKEY reads them. */
import { readFileSync } from 'node:fs';
import { fromHex } from '../../../src/foundation/base/index.ts';
import type { IbakeType } from '../../../src/protocol/mikey/index.ts';

export const GOLDEN_NAMES = [
  'n1024-mode3-P-256',
  'n2048-mode2-P-384',
  'n3072-mode1-P-256',
  'n3072-mode3-P-256',
] as const;
export const TYPES: readonly IbakeType[] = ['I_MESSAGE_1', 'R_MESSAGE_1', 'I_MESSAGE_2', 'R_MESSAGE_2'];
/** The members of the files are named I1, R1, I2. */
export const SHORT = { I_MESSAGE_1: 'I1', R_MESSAGE_1: 'R1', I_MESSAGE_2: 'I2' } as const;

export interface Golden {
  readonly curve: string;
  readonly T1: string;
  readonly T2: string;
  readonly csbId: string;
  readonly RAND: string;
  readonly ssrc: { readonly A: string; readonly B: string };
  readonly identityDER: { readonly A: string; readonly B: string };
  readonly xP: string;
  readonly yP: string;
  readonly NA: string;
  readonly NB: string;
  readonly plain: Readonly<Record<'I1' | 'R1' | 'I2', string>>;
  readonly aadPrefix: Readonly<Record<'I1' | 'R1' | 'I2', string>>;
  readonly messages: Readonly<Record<IbakeType, string>>;
  readonly K_SESSION: string;
  readonly MPK: string;
  readonly TGK: string;
  readonly auth_key: string;
  readonly cs: Readonly<Record<string, { readonly TEK: string; readonly SALT: string }>>;
}

export function readVectors<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../../vectors/${name}.json`, import.meta.url), 'utf8')) as T;
}

export function golden(name: (typeof GOLDEN_NAMES)[number] = 'n1024-mode3-P-256'): Golden {
  return readVectors<Golden>(`golden-${name}`);
}

/** The octets of a golden message. */
export function goldenMessage(type: IbakeType, name?: (typeof GOLDEN_NAMES)[number]): Uint8Array {
  return fromHex(golden(name).messages[type]);
}
