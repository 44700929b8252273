/** Reads the section 7 vectors of RFC 5091 from test/vectors/vectors-rfc5091.json. */
import { readFileSync } from 'node:fs';

type Entry = Record<string, string | [string, string]>;
interface Rfc5091 {
  verified: Record<string, Entry>;
  inconsistent: Record<string, { printed: Entry; recomputed_with_printed_inputs: Entry }>;
}

export const rfc5091 = JSON.parse(
  readFileSync(new URL('../../vectors/vectors-rfc5091.json', import.meta.url), 'utf8'),
) as Rfc5091;

export function text(entry: Entry | undefined, name: string): string {
  const value = entry?.[name];
  if (typeof value !== 'string') throw new Error(`vector without ${name}`);
  return value;
}

export const number = (entry: Entry | undefined, name: string): bigint => BigInt(text(entry, name));

export function pair(entry: Entry | undefined, name: string): [bigint, bigint] {
  const value = entry?.[name];
  if (!Array.isArray(value)) throw new Error(`vector without ${name}`);
  return [BigInt(value[0]), BigInt(value[1])];
}

export function point(entry: Entry | undefined, name: string): { x: bigint; y: bigint } {
  const [x, y] = pair(entry, name);
  return { x, y };
}
