/**
 * Debian's openssl as a judge of our DER and our certificates. Node has an OpenSSL of its own inside, which our code uses:
 * this one is another build, and it is asked for its reading, not for a computation. Callers say `needs('openssl')` first.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { latin1, toHex } from '../../src/foundation/base/bytes.ts';
import { temporaryDirectory } from '../support/lab.ts';

/** Runs openssl; `files` are written into its directory first. */
export function openssl(
  args: readonly string[],
  files: Readonly<Record<string, string | Uint8Array>>,
): { readonly status: number | null; readonly stdout: string; readonly stderr: string } {
  const cwd = temporaryDirectory();
  for (const [name, contents] of Object.entries(files)) writeFileSync(join(cwd, name), contents);
  return spawnSync('openssl', args, { cwd, encoding: 'utf8' });
}

/** An element of DER, its depth in SEQUENCEs and its place; `value` as openssl prints it, empty for a SEQUENCE. */
export interface Element {
  readonly offset: number;
  readonly depth: number;
  readonly header: number;
  readonly length: number;
  readonly tag: string;
  readonly value: string;
}

/** All elements of DER as openssl finds them. @throws Error when it refuses the octets */
export function asn1Elements(der: Uint8Array): Element[] {
  const { status, stdout, stderr } = openssl(['asn1parse', '-inform', 'DER', '-in', 'a.der'], { 'a.der': der });
  if (status !== 0) throw new Error(`openssl: ${stderr}`);
  return [
    ...stdout.matchAll(
      /^ *(\d+):d=(\d+) +hl=(\d+) +l= *(\d+) (?:cons|prim): *([A-Z0-9 ]*[A-Z0-9]) *(?::(.*)|\[HEX DUMP\]:(.*))?$/gm,
    ),
  ].map(([, offset, depth, header, length, tag = '', text = '', hex = '']) => ({
    ...{ offset: Number(offset), depth: Number(depth), header: Number(header), length: Number(length) },
    ...{ tag, value: text + hex },
  }));
}

/** What a structure is to hold: a SEQUENCE is an array. */
export type Wanted =
  | readonly Wanted[]
  | bigint
  | Uint8Array
  | { readonly oid: string; readonly octets: number }
  | { readonly ia5: string }
  | { readonly time: string };

const HASH_NAMES: Readonly<Record<string, string>> = {
  '1.3.14.3.2.26': 'sha1',
  '2.16.840.1.101.3.4.2.4': 'sha224',
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
};

/** The elements that openssl must find, laid out by X.690 alone: nothing of src/foundation/der is used. */
export function layout(wanted: Wanted, offset = 0, depth = 0): Element[] {
  if (Array.isArray(wanted)) {
    const members = wanted as readonly Wanted[];
    const length = members.reduce((sum: number, member) => sum + total(layout(member)), 0);
    const head = element(offset, depth, 'SEQUENCE', length, '');
    let at = offset + head.header;
    const inner = members.flatMap((member) => {
      const elements = layout(member, at, depth + 1);
      at += total(elements);
      return elements;
    });
    return [head, ...inner];
  }
  if (typeof wanted === 'bigint') {
    const digits = wanted.toString(16).toUpperCase();
    const hex = digits.length % 2 === 0 ? digits : `0${digits}`;
    return [element(offset, depth, 'INTEGER', hex.length / 2 + (/^[89A-F]/.test(hex) ? 1 : 0), hex)];
  }
  if (wanted instanceof Uint8Array) {
    const text = wanted.every((octet) => octet >= 0x20 && octet < 0x7f) ? latin1(wanted) : toHex(wanted).toUpperCase();
    return [element(offset, depth, 'OCTET STRING', wanted.length, text)];
  }
  const given = wanted as Exclude<Wanted, readonly Wanted[] | bigint | Uint8Array>;
  if ('oid' in given) return [element(offset, depth, 'OBJECT', given.octets, HASH_NAMES[given.oid] ?? given.oid)];
  if ('ia5' in given) return [element(offset, depth, 'IA5STRING', given.ia5.length, given.ia5)];
  return [element(offset, depth, 'GENERALIZEDTIME', given.time.length, given.time)];
}

function element(offset: number, depth: number, tag: string, length: number, value: string): Element {
  const header = length < 0x80 ? 2 : length < 0x100 ? 3 : 4;
  return { offset, depth, header, length, tag, value };
}

/** Octets of the first of elements, which holds the others. */
function total([first]: readonly Element[]): number {
  return first === undefined ? 0 : first.header + first.length;
}
