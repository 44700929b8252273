/**
 * Whether WebAssembly on this host multiplies and adds with one rounding, as the FMA kernel needs it: asked of a module of
 * its own, so that a kernel that is broken is not taken for a host that lacks something.
 */
import { setFlagsFromString } from 'node:v8';

/** f(a, b) = a * a + b, by f64x2.relaxed_madd. */
const PROBE = Uint8Array.from(
  [
    '0061736d 01000000',
    '01 07 01 60 02 7c7c 01 7c', // (f64, f64) -> f64
    '03 02 01 00',
    '07 05 01 01 66 00 00', // exported as f
    '0a 16 01 14 00 2000 fd14 2000 fd14 2001 fd14 fd8702 fd2100 0b',
  ]
    .join('')
    .replaceAll(' ', '')
    .match(/../g) ?? [],
  (octet) => Number.parseInt(octet, 16),
);

/** The part of the global WebAssembly in use, for which @types/node has no types. */
interface WebAssemblyHost {
  readonly Module: new (octets: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
}

let fused: boolean | undefined;

/** False also where relaxed SIMD is missing altogether. */
export function hasFusedMultiplyAdd(): boolean {
  return (fused ??= ask());
}

function ask(): boolean {
  if (Number(process.versions.node.split('.')[0]) < 22) setFlagsFromString('--experimental-wasm-relaxed-simd');
  const host = (globalThis as unknown as { readonly WebAssembly?: WebAssemblyHost }).WebAssembly;
  if (host === undefined) return false;
  try {
    const { exports } = new host.Instance(new host.Module(PROBE));
    const { f } = exports as { readonly f: (a: number, b: number) => number };
    // (2^27 + 1)^2 = 2^54 + 2^28 + 1, of which a rounded product keeps all but the 1.
    return f(2 ** 27 + 1, -(2 ** 54 + 2 ** 28)) === 1;
  } catch {
    return false;
  }
}
