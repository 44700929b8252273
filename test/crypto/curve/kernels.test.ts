/** The WebAssembly kernels against BigInt, at every size: the field limb by limb, and whole operations on curves. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createBigintKernel, CURVE_PARAMETERS, type Kernel, type Point } from '../../../src/crypto/curve/index.ts';
import type { KernelModule } from '../../../src/crypto/curve/kernel-module.ts';
import { EMBEDDED_MODULES, loadModule, type WasmKind } from '../../../src/crypto/curve/load.ts';
import { createWasmKernel } from '../../../src/crypto/curve/wasm-kernel.ts';
import { fromBigInt, HalfkeyError, systemRandom, toBigInt } from '../../../src/foundation/base/index.ts';

const LEVELS = [1024, 2048, 3072, 7680] as const;
const random = systemRandom;

function fresh(kind: WasmKind): KernelModule {
  const module = loadModule(kind, EMBEDDED_MODULES[kind]);
  if ('refused' in module) throw new Error(`${kind}: ${module.refused}`);
  return module.instantiate();
}

/** Arithmetic of one module on plain numbers. */
function fieldOf(module: KernelModule, p: bigint) {
  const octets = Math.ceil(p.toString(2).length / 8);
  const view = (slot: number): Uint8Array => new Uint8Array(module.memory.buffer, module.slot(slot), octets);
  return (operation: number, a: bigint, b: bigint): bigint => {
    view(0).set(fromBigInt(a, octets).reverse());
    view(1).set(fromBigInt(b, octets).reverse());
    const symbol = module.fieldOperation(operation);
    return operation === 5 ? BigInt(symbol) : toBigInt(view(2).toReversed());
  };
}

/** What is most likely to break a carry: full and empty limbs of 28, 30, 51 and 32 bits, and both ends of the field. */
function edgeValues(p: bigint): bigint[] {
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

describe.each(['fma', 'scalar'] as const)('the %s kernel', (kind) => {
  describe.each(LEVELS)('at level %i', (level) => {
    const { p, q, P } = CURVE_PARAMETERS[level];
    const module = fresh(kind);
    const kernel = createWasmKernel({ p, q }, kind, module);
    const reference = createBigintKernel({ p, q });
    const compute = fieldOf(module, p);
    const edges = edgeValues(p);
    const element = fc.oneof(fc.bigInt(0n, p - 1n), fc.constantFrom(...edges));

    it('product, square, sum and difference are those of BigInt: edge values in pairs, and 10,000 cases', () => {
      const check = (a: bigint, b: bigint): void => {
        const got = [0, 1, 2, 3].map((operation) => compute(operation, a, b));
        const wanted = [a * b, a * a, a + b, a - b + p].map((value) => value % p);
        if (got.some((value, i) => value !== wanted[i])) expect([a, b, got]).toEqual([a, b, wanted]);
      };
      for (const a of edges) for (const b of edges) check(a, b);
      const some = fc.array(element, { minLength: 50, maxLength: 50 });
      fc.assert(
        fc.property(some, (values) => {
          values.forEach((a, i) => check(a, values[(i + 1) % values.length]!));
        }),
        { numRuns: 50 },
      );
    });

    it('inverses are inverses, 0 has none, and the Jacobi symbol is that of Euler', () => {
      const check = (a: bigint): void => {
        const inverse = compute(4, a, 0n);
        if ((a * inverse) % p !== (a === 0n ? 0n : 1n)) expect([a, inverse]).toEqual([a, 'its inverse']);
      };
      edges.forEach(check);
      expect(compute(4, 0n, 0n)).toBe(0n);
      fc.assert(fc.property(element, check), { numRuns: 1000 });
      const squareOf = (a: bigint): bigint => (a * a) % p;
      fc.assert(
        fc.property(fc.bigInt(1n, p - 1n), (a) => {
          // p = 3 mod 4: of a square and its negative exactly one is a square.
          expect([compute(5, squareOf(a), 0n), compute(5, p - squareOf(a), 0n)]).toEqual([1n, -1n]);
        }),
        { numRuns: 50 },
      );
      expect(compute(5, 0n, 0n)).toBe(0n);
    });

    const runs = { numRuns: level === 7680 ? 2 : level === 3072 ? 8 : 20 };
    const scalar = fc.oneof(
      fc.bigInt(1n, q - 1n),
      fc.constantFrom(1n, 2n, 3n, 31n, 32n, 33n, 64n, q - 1n, q - 2n, (q + 1n) / 2n, 1n << 100n),
    );

    it('scalars times points, public, secret and from tables', () => {
      fc.assert(
        fc.property(scalar, scalar, (k, s) => {
          const A = reference.multiply(k, P) as Point;
          expect(kernel.multiply(k, P)).toEqual(A);
          const octets = fromBigInt(s, kernel.scalarOctets);
          const wanted = reference.multiplyBase(octets, A);
          expect(kernel.multiplySecret(octets, A, random)).toEqual(wanted);
          for (let use = 0; use < 5; use++) expect(kernel.multiplyBase(octets, A)).toEqual(wanted);
        }),
        runs,
      );
    });

    it('pairings by all ways, and powers', () => {
      fc.assert(
        fc.property(scalar, scalar, (k, e) => {
          const B = reference.multiply(k, P) as Point;
          const value = reference.pairing(P, B);
          expect(kernel.pairing(P, B)).toEqual(value);
          const lines = kernel.lines(B);
          expect(kernel.pairingWithLines(lines, P)).toEqual(value);
          lines.close();
          const multiple = kernel.linesOfMultiple(e, B);
          const again = reference.linesOfMultiple(e, B);
          expect(kernel.pairingWithLines(multiple, P)).toEqual(reference.pairingWithLines(again, P));
          multiple.close();
          const exponent = fromBigInt(e, kernel.scalarOctets);
          const power = reference.powerSecret(value, exponent);
          expect(kernel.powerSecret(value, exponent)).toEqual(power);
          expect(kernel.power(value, e)).toEqual(reference.power(value, e));
        }),
        runs,
      );
    });

    it('finds the point of a y, its order, and the multiple by the cofactor', () => {
      for (const y of level === 7680 ? [5n] : [0n, 1n, 5n, p - 1n, ...edges.slice(0, 5)]) {
        const A = kernel.pointWithY(y);
        expect(A).toEqual(reference.pointWithY(y));
        expect([kernel.isOnCurve(A), kernel.hasOrderQ(A)]).toEqual([true, reference.hasOrderQ(A)]);
        expect(kernel.multiply((p + 1n) / q, A)).toEqual(reference.multiply((p + 1n) / q, A));
      }
    });
  });

  const { p, q, P } = CURVE_PARAMETERS[1024];
  const module = fresh(kind);
  const kernel = createWasmKernel({ p, q }, kind, module);
  const reference = createBigintKernel({ p, q });
  const pointOf = (k: bigint): Uint8Array => reference.multiplyBase(fromBigInt(k, 20), P);

  it('adds up multiples of many secret points', () => {
    const term = fc.record({ scalar: fc.bigInt(1n, q - 1n), of: fc.bigInt(1n, q - 1n) });
    fc.assert(
      fc.property(fc.array(term, { minLength: 1, maxLength: 70 }), (terms) => {
        const points = terms.map(({ scalar, of }) => ({ scalar, point: pointOf(of) }));
        expect(kernel.combine(points)).toEqual(reference.combine(points));
      }),
      { numRuns: 6 },
    );
    const twice = [1n, 1n].map((scalar) => ({ scalar, point: pointOf(7n) }));
    expect(kernel.combine(twice)).toEqual(pointOf(14n));
    const nothing = [7n, q - 7n].map((of) => ({ scalar: 5n, point: pointOf(of) }));
    expect(() => kernel.combine(nothing)).toThrow(expect.objectContaining({ code: 'BadPoint' }));
    expect(() => kernel.combine([{ scalar: q * q, point: pointOf(7n) }])).toThrow(TypeError);
  });

  it('takes scalars and exponents of any size', () => {
    for (const k of [0n, q, p, p + 1n, p + 2n, p * p + 5n]) {
      expect(kernel.multiply(k, P)).toEqual(reference.multiply(k, P));
      const z = reference.pairing(P, P);
      expect(kernel.power(z, k)).toEqual(reference.power(z, k));
    }
  });

  it('keeps more lines than it has places for, forgets closed ones, and stays below 8 MB at 1536 bits', () => {
    const curve = CURVE_PARAMETERS[3072];
    const large = fresh(kind);
    const on = createWasmKernel(curve, kind, large);
    const held = Array.from({ length: 40 }, (_, i) => {
      const A = on.multiply(BigInt(i + 2), curve.P) as Point;
      return { A, lines: on.lines(A) };
    });
    for (const { A, lines } of held.filter((_, i) => i % 13 === 0)) {
      expect(on.pairingWithLines(lines, curve.P)).toEqual(on.pairing(A, curve.P));
    }
    for (let i = 0; i < 5; i++) on.multiplyBase(fromBigInt(5n, 32), curve.P);
    expect(large.memory.buffer.byteLength).toBeLessThan(8 << 20);
    const [first] = held;
    for (let i = 0; i < 2; i++) first?.lines.close();
    expect(() => on.pairingWithLines(first!.lines, curve.P)).toThrow(TypeError);
    expect(() => kernel.pairingWithLines(held[1]!.lines, P)).toThrow(TypeError);
  });

  it('leaves nothing of a secret in the memory of the module', () => {
    const s = q - 0x1234_5678_9abc_def0n;
    const S = kernel.multiplySecret(fromBigInt(s, 20), P, random);
    const lines = kernel.lines(S);
    kernel.secretPairingWithLines(lines, P, random);
    const z = kernel.pairing(P, P);
    const power = kernel.powerSecret(z, fromBigInt(s, 20));
    lines.close();
    const memory = Buffer.from(module.memory.buffer);
    const traces = [fromBigInt(s, 20), fromBigInt(q - s, 20), S.subarray(0, 64), S.subarray(64), power.subarray(0, 64)];
    for (const secret of traces) expect(memory.indexOf(secret.slice(0, 64).reverse())).toBe(-1);
    // The same search finds what is public.
    expect(memory.indexOf(fromBigInt(p, 64).reverse())).toBeGreaterThan(0);
  });

  it('is refused by a memory that is too small, with a code', () => {
    const small = { ...module, layOut: () => 0 } as KernelModule;
    expect(() => createWasmKernel({ p, q }, kind, small)).toThrow(HalfkeyError);
    const full = { ...fresh(kind), reserve: () => 0 } as KernelModule;
    const cramped: Kernel = createWasmKernel({ p, q }, kind, full);
    expect(() => cramped.lines(P)).toThrow(expect.objectContaining({ code: 'BadParameters' }));
  });
});
