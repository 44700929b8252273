/**
 * The WebAssembly kernels against BigInt: whole operations on curves, 20 cases at every size. Their fields are in
 * kernel-fields.test.ts.
 */
import { checkPrimeSync, generatePrimeSync } from 'node:crypto';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { createBigintKernel, CURVE_PARAMETERS, type Kernel, type Point } from '../../../src/crypto/curve/index.ts';
import type { KernelModule } from '../../../src/crypto/curve/kernel-module.ts';
import { createWasmKernel } from '../../../src/crypto/curve/wasm-kernel.ts';
import { fromBigInt, HalfkeyError, systemRandom, toBigInt } from '../../../src/foundation/base/index.ts';
import { edgeValues, freshModule, LEVELS } from '../../support/kernels.ts';
import { describeNeeding, needsOfKernel } from '../../support/needs.ts';

const random = systemRandom;
/** One seed for both kernels: what BigInt computes for a case, the longest part of it, serves both. A failure shows it. */
const CASES = { seed: Date.now() & 0x7fff_ffff, numRuns: 20, endOnFailure: true };

/** A function that computes once for each of its arguments. */
function once<A, R>(compute: (of: A) => R): (of: A) => R {
  const known = new Map<A, R>();
  return (of) => {
    if (!known.has(of)) known.set(of, compute(of));
    return known.get(of) as R;
  };
}

/** A curve, scalars for it, and what BigInt answers. */
const curveAt = once((level: (typeof LEVELS)[number]) => {
  const { p, q, P } = CURVE_PARAMETERS[level];
  const reference = createBigintKernel({ p, q });
  const scalar = fc.oneof(
    fc.bigInt(1n, q - 1n),
    fc.constantFrom(1n, 2n, 3n, 31n, 32n, 33n, 64n, q - 1n, q - 2n, (q + 1n) / 2n, 1n << 100n),
  );
  const multiple = once((k: bigint) => reference.multiply(k, P) as Point);
  /** A = [k]P, its multiple by s, e'(P, A) and the power of that by s. */
  const answers = once((text: string) => {
    const [k, s] = text.split(' ').map(BigInt) as [bigint, bigint];
    const A = multiple(k);
    const value = reference.pairing(P, A);
    return { k, s, A, multiple: reference.multiply(s, A) as Point, value, power: reference.power(value, s) };
  });
  const pointWithY = once((y: bigint) => {
    const A = reference.pointWithY(y);
    return { A, hasOrderQ: reference.hasOrderQ(A), byCofactor: reference.multiply((p + 1n) / q, A) };
  });
  // As text, by which the answers are found again.
  const pair = fc.tuple(scalar, scalar).map((ks) => ks.join(' '));
  return { p, q, P, reference, scalar, pair, answers, pointWithY };
});

/** No Solinas primes: any one, and one of which every second digit of the non-adjacent form is not 0. */
const ANY_Q = [generatePrimeSync(160, { bigint: true }), nextPrime(2n ** 162n / 3n)];

function nextPrime(from: bigint): bigint {
  let n = from | 1n;
  while (!checkPrimeSync(n)) n += 2n;
  return n;
}

/** A prime 12qr - 1 of 512 bits. */
function primeFor(q: bigint): bigint {
  return generatePrimeSync(512, { bigint: true, add: 12n * q, rem: 12n * q - 1n });
}

for (const kind of ['fma', 'scalar'] as const) {
  describeNeeding(needsOfKernel(kind), `the ${kind} kernel`, () => {
    describe.each(LEVELS)('at level %i', (level) => {
      const { p, q, P, reference, pair, answers, pointWithY } = curveAt(level);
      let kernel: Kernel;
      const octets = ({ x, y }: Point): Uint8Array =>
        Uint8Array.of(...fromBigInt(x, kernel.fieldOctets), ...fromBigInt(y, kernel.fieldOctets));
      const scalarOctets = (k: bigint): Uint8Array => fromBigInt(k, kernel.scalarOctets);

      beforeAll(() => {
        kernel = createWasmKernel({ p, q }, kind, freshModule(kind));
      });

      it('20 times: scalars times points, public, secret and, from the fourth use of P on, from tables', () => {
        fc.assert(
          fc.property(pair, (text) => {
            const { k, s, A, multiple } = answers(text);
            expect(kernel.multiply(k, P)).toEqual(A);
            expect(kernel.multiply(s, A)).toEqual(multiple);
            expect(kernel.multiplySecret(scalarOctets(s), A, random)).toEqual(octets(multiple));
            expect(kernel.multiplyBase(scalarOctets(k), P)).toEqual(octets(A));
          }),
          CASES,
        );
      });

      it('20 times: pairings, without lines and with those of a multiple, and powers', () => {
        fc.assert(
          fc.property(pair, (text) => {
            const { s, A, value, power } = answers(text);
            expect(kernel.pairing(P, A)).toEqual(value);
            const ofMultiple = kernel.linesOfMultiple(s, A);
            expect(kernel.pairingWithLines(ofMultiple, P)).toEqual(power);
            ofMultiple.close();
            expect(kernel.power(value, s)).toEqual(power);
            const { re: x, im: y } = power;
            expect(kernel.powerSecret(value, scalarOctets(s))).toEqual(octets({ x, y }));
          }),
          CASES,
        );
      });

      it('tables of other points, their lines, and those of BigInt', () => {
        fc.assert(
          fc.property(pair, (text) => {
            const { s, A, multiple, value, power } = answers(text);
            for (let use = 0; use < 5; use++) {
              expect(kernel.multiplyBase(scalarOctets(s), A)).toEqual(octets(multiple));
            }
            for (const one of [kernel, reference]) {
              const lines = one.lines(A);
              expect(one.pairingWithLines(lines, P)).toEqual(value);
              lines.close();
            }
            expect(reference.pairingWithLines(reference.linesOfMultiple(s, A), P)).toEqual(power);
          }),
          { ...CASES, numRuns: level === 7680 ? 1 : 3 },
        );
      });

      it('finds the point of a y, its order, and the multiple by the cofactor', () => {
        for (const y of level === 7680 ? [5n] : [0n, 1n, 5n, p - 1n, ...edgeValues(p).slice(0, 5)]) {
          const A = kernel.pointWithY(y);
          const wanted = pointWithY(y);
          expect(A).toEqual(wanted.A);
          expect([kernel.isOnCurve(A), kernel.hasOrderQ(A)]).toEqual([true, wanted.hasOrderQ]);
          expect(kernel.multiply((p + 1n) / q, A)).toEqual(wanted.byCofactor);
        }
      });
    });

    const { p, q, P, reference } = curveAt(1024);
    const pointOf = (k: bigint): Uint8Array => reference.multiplyBase(fromBigInt(k, 20), P);
    let module: KernelModule;
    let kernel: Kernel;

    beforeAll(() => {
      module = freshModule(kind);
      kernel = createWasmKernel({ p, q }, kind, module);
    });

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
      const large = freshModule(kind);
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

    it('works on curves of any prime q: one after another, of which no table disturbs another', () => {
      for (const q of ANY_Q) {
        const curve = { p: primeFor(q), q };
        const on = createWasmKernel(curve, kind, freshModule(kind));
        const judge = createBigintKernel(curve);
        const A = judge.multiply((curve.p + 1n) / q, judge.pointWithY(5n)) as Point;
        const B = judge.multiply(0x1234_5678n, A) as Point;
        const scalar = fromBigInt(q / 3n, on.scalarOctets);
        const multiple = judge.multiplyBase(scalar, A);
        // A comb, and two tables of lines behind it.
        for (let use = 0; use < 5; use++) expect(on.multiplyBase(scalar, A)).toEqual(multiple);
        const [first, second] = [on.lines(A), on.linesOfMultiple(2n, B)];
        expect(on.pairingWithLines(first, B)).toEqual(judge.pairing(A, B));
        expect(on.pairingWithLines(second, A)).toEqual(judge.pairing(judge.multiply(2n, B) as Point, A));
        expect(on.multiplyBase(scalar, A)).toEqual(multiple);
      }
    });

    it('zeroes what it used for a secret, also where it fails', () => {
      const S = kernel.multiplySecret(fromBigInt(q / 7n, 20), P, random);
      const lines = kernel.lines(S);
      const z = kernel.pairing(P, P);
      const opposite = Uint8Array.of(...S.subarray(0, 64), ...fromBigInt(p - toBigInt(S.subarray(64)), 64));
      const terms = [S, opposite].map((point) => ({ scalar: 5n, point }));
      kernel.combine([{ scalar: 5n, point: S }]);
      const tables = Buffer.from(module.memory.buffer).subarray(module.tables.value);
      const before = Buffer.from(tables);
      for (const work of [
        () => kernel.secretPairingWithLines(lines, P, random),
        () => kernel.powerSecret(z, fromBigInt(q / 7n, 20)),
        () => kernel.hasOrderQ(S),
        () => kernel.isOnCurve(S),
        () => kernel.combine([{ scalar: 5n, point: S }]),
        () => expect(() => kernel.combine(terms)).toThrow(expect.objectContaining({ code: 'BadPoint' })),
      ]) {
        work();
        const left = Buffer.from(module.memory.buffer.slice(0));
        module.wipe();
        expect(Buffer.from(module.memory.buffer).equals(left), String(work)).toBe(true);
        expect(tables.equals(before), String(work)).toBe(true);
      }
      lines.close();
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
      const traces = [
        fromBigInt(s, 20),
        fromBigInt(q - s, 20),
        S.subarray(0, 64),
        S.subarray(64),
        power.subarray(0, 64),
      ];
      for (const secret of traces) expect(memory.indexOf(secret.slice(0, 64).reverse())).toBe(-1);
      // The same search finds what is public.
      expect(memory.indexOf(fromBigInt(p, 64).reverse())).toBeGreaterThan(0);
    });

    it('is refused by a memory that is too small, with a code', () => {
      const small = { ...module, layOut: () => 0 } as KernelModule;
      expect(() => createWasmKernel({ p, q }, kind, small)).toThrow(HalfkeyError);
      const full = { ...freshModule(kind), reserve: () => 0 } as KernelModule;
      const cramped: Kernel = createWasmKernel({ p, q }, kind, full);
      expect(() => cramped.lines(P)).toThrow(expect.objectContaining({ code: 'BadParameters' }));
    });
  });
}
