/** The field of each kernel on plain numbers, and the values at which carries go wrong: for the tests and the soak. */
import { createField } from '../../src/crypto/curve/index.ts';
import type { KernelModule } from '../../src/crypto/curve/kernel-module.ts';
import { EMBEDDED_MODULES, loadModule, type WasmKind } from '../../src/crypto/curve/load.ts';
import { createWasmKernel } from '../../src/crypto/curve/wasm-kernel.ts';
import { fromBigInt, toBigInt } from '../../src/foundation/base/index.ts';

/** Levels of parameters: p of 512, 1024, 1536 and 3840 bits. */
export const LEVELS = [1024, 2048, 3072, 7680] as const;

/** A module of its own. Throws where it does not run: a test of the FMA kernel says first what it needs. */
export function freshModule(kind: WasmKind): KernelModule {
  const module = loadModule(kind, EMBEDDED_MODULES[kind]);
  if ('refused' in module) throw new Error(`${kind}: ${module.refused}`);
  return module.instantiate();
}

/** Arithmetic on numbers in [0, p). */
export interface PlainField {
  /** a*b, a*a, a+b and a-b. */
  basics(a: bigint, b: bigint): readonly bigint[];
  /** 1/a; of 0 a module says 0, and BigInt refuses. */
  inverse(a: bigint): bigint;
  jacobi(a: bigint): number;
}

const BASICS = [0, 1, 2, 3];
const INVERSE = 4;
const JACOBI = 5;

/** The field of a kernel on the curve of p and q. */
export function plainField(kind: WasmKind | 'bigint', curve: { readonly p: bigint; readonly q: bigint }): PlainField {
  const { p, q } = curve;
  if (kind === 'bigint') {
    const field = createField(p);
    return {
      basics: (a, b) => [field.mul(a, b), field.mul(a, a), a + b, a - b].map((value) => field.canonical(value)),
      inverse: (a) => field.inverse(a),
      jacobi: (a) => field.jacobi(a),
    };
  }
  const module = freshModule(kind);
  createWasmKernel({ p, q }, kind, module); // gives the module its constants
  const octets = Math.ceil(p.toString(2).length / 8);
  const slot = (i: number): Uint8Array => new Uint8Array(module.memory.buffer, module.slot(i), octets);
  const put = (i: number, value: bigint): void => slot(i).set(fromBigInt(value, octets).reverse());
  const result = (operation: number): bigint => {
    module.fieldOperation(operation);
    return toBigInt(slot(2).toReversed());
  };
  return {
    basics(a, b) {
      put(0, a);
      put(1, b);
      return BASICS.map(result);
    },
    inverse(a) {
      put(0, a);
      return result(INVERSE);
    },
    jacobi(a) {
      put(0, a);
      return module.fieldOperation(JACOBI);
    },
  };
}

/** What is most likely to break a carry: full and empty limbs of 28, 30, 51 and 32 bits, and both ends of the field. */
export function edgeValues(p: bigint): bigint[] {
  const bits = p.toString(2).length;
  const patterns = [28, 30, 32, 51].flatMap((width) => {
    const limbs = Array.from({ length: Math.ceil(bits / width) }, (_, i) => 1n << BigInt(width * i));
    const all = limbs.reduce((sum, unit) => sum + unit, 0n);
    const half = 1n << BigInt(width - 1);
    return [
      all,
      all * (half - 1n),
      all * half,
      all * (half + 1n),
      all * (2n * half - 1n),
      limbs.at(-1)!,
      limbs.at(-2)! - 1n,
    ];
  });
  const ends = [0n, 1n, 2n, p - 1n, p - 2n, (p - 1n) / 2n, (p + 1n) / 2n, (1n << BigInt(bits - 1)) - 1n];
  return [...ends, ...patterns].map((value) => value % p);
}
