import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  createField,
  createBigintKernel,
  CURVE_PARAMETERS,
  kernelFor,
  pairing,
  type Kernel,
  type Point,
} from '../../../src/crypto/curve/index.ts';
import { itIsTheKernelAskedFor } from '../../support/kernel-of-run.ts';
import { refAdd, refMultiply, refPairing } from './reference.ts';
import { number, pair, point, rfc5091 } from './vectors.ts';

const small = CURVE_PARAMETERS[1024];
const kernel = kernelFor(small);
const scalar = fc.bigInt(1n, small.q - 1n);

function times(k: bigint, A: Point, on: Kernel = kernel): Point {
  const result = on.multiply(k, A);
  if (result === undefined) throw new Error('infinity');
  return result;
}

/** A point whose order is a multiple of q and does not divide q: no cofactor was multiplied away. */
const raw = kernel.pointWithY(5n);

describe('RFC 5091 section 7', () => {
  const curves = (['7.1_PointMultiply', '7.3_Pairing', '7.7_BBextractPriv'] as const).map((name) => {
    const v = rfc5091.verified[name];
    return { p: number(v, 'p'), q: number(v, 'q') };
  });
  itIsTheKernelAskedFor(curves);

  it('7.1 PointMultiply', () => {
    const v = rfc5091.verified['7.1_PointMultiply'];
    const curve = kernelFor({ p: number(v, 'p'), q: number(v, 'q') });
    expect(curve.multiply(number(v, 'l'), point(v, 'A'))).toEqual(point(v, 'result'));
  });

  it('7.3 Pairing: only the corrected zeta gives the printed value', () => {
    const v = rfc5091.verified['7.3_Pairing'];
    const curve = { p: number(v, 'p'), q: number(v, 'q') };
    const [re, im] = pair(v, 'e');
    expect(pairing(curve, point(v, 'A'), point(v, 'B'))).toEqual({ re, im });
    expect(refPairing(curve.p, curve.q, point(v, 'A'), point(v, 'B'))).toEqual({ re, im });
  });

  it("7.7 v = e'(P_1, P_2)", () => {
    const v = rfc5091.verified['7.7_BBextractPriv'];
    const [re, im] = pair(v, 'v');
    const curve = { p: number(v, 'p'), q: number(v, 'q') };
    expect(pairing(curve, point(v, 'P1'), point(v, 'P2'))).toEqual({ re, im });
  });
});

describe('the fast pairing is the literal one', () => {
  it('P4 plain Miller equals the loop over signed digits at 1024, 2048 and 3072', () => {
    for (const level of [1024, 2048, 3072] as const) {
      const { p, q, P } = CURVE_PARAMETERS[level];
      const B = times(0x1234567n, P, kernelFor({ p, q }));
      expect(pairing({ p, q }, P, B)).toEqual(refPairing(p, q, P, B));
    }
  });

  it('P4 also for q that is no Solinas prime, on small curves', () => {
    for (const q of [5n, 7n, 11n, 23n, 29n, 43n, 53n, 101n, 1009n, 65521n, 1000003n]) {
      const p = type1Prime(q);
      const on = kernelFor({ p, q });
      for (let y = 2n, found = 0; found < 3; y++) {
        const A = on.multiply((p + 1n) / q, on.pointWithY(y));
        if (A === undefined) continue;
        found++;
        const B = times(q - 2n, A, on);
        expect([q, pairing({ p, q }, A, B)]).toEqual([q, refPairing(p, q, A, B)]);
      }
    }
  });

  it('lines of a fixed argument give the same value', () => {
    for (const curve of [small, CURVE_PARAMETERS[2048]]) {
      const on = kernelFor(curve);
      const A = times(77n, curve.P, on);
      const lines = on.lines(A);
      for (const k of [1n, 2n, 999n]) {
        const B = times(k, curve.P, on);
        expect(on.pairingWithLines(lines, B)).toEqual(on.pairing(A, B));
      }
    }
  });

  it('costs at most 7,200 field multiplications at 1536 bits', () => {
    const curve = CURVE_PARAMETERS[3072];
    const field = createField(curve.p);
    const counted = createBigintKernel(curve, field);
    const B = times(3n, curve.P, counted);
    const before = field.multiplications;
    counted.pairing(curve.P, B);
    const cost = field.multiplications - before;
    expect(cost).toBeGreaterThan(6000);
    expect(cost).toBeLessThanOrEqual(7200);
  });
});

describe('P4 bilinearity', () => {
  const one = pairing(small, small.P, small.P);

  it("e'(P, P) is not 1 and has order q", () => {
    expect(one).not.toEqual({ re: 1n, im: 0n });
    expect(kernel.power(one, small.q)).toEqual({ re: 1n, im: 0n });
    expect(kernel.power(one, small.q - 1n)).toEqual({ re: one.re, im: small.p - one.im });
  });

  it("e'(aP, bP) = e'(P, P)^(ab) = e'(bP, aP)", () => {
    fc.assert(
      fc.property(scalar, scalar, (a, b) => {
        const [A, B] = [times(a, small.P), times(b, small.P)];
        const value = kernel.pairing(A, B);
        expect(value).toEqual(kernel.power(one, (a * b) % small.q));
        expect(kernel.pairing(B, A)).toEqual(value);
      }),
      { numRuns: 15 },
    );
  });

  it("e'(A, [12r]B) = e'(A, B)^(12r) for B without the cofactor removed: what cofactor-free encryption rests on", () => {
    const cofactor = (small.p + 1n) / small.q;
    for (const y of [2n, 4n, 5n, 1000n]) {
      const B = kernel.pointWithY(y);
      expect(kernel.hasOrderQ(B)).toBe(false);
      const A = times(y + 7n, small.P);
      expect(kernel.power(kernel.pairing(A, B), cofactor % small.q)).toEqual(kernel.pairing(A, times(cofactor, B)));
    }
  });
});

describe('points', () => {
  it('multiply equals repeated affine addition, for any scalar and any order', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 2n ** 70n), fc.constantFrom(small.P, raw), (k, A) => {
        expect(kernel.multiply(k, A)).toEqual(refMultiply(k, A, small.p));
      }),
      { numRuns: 12 },
    );
    for (let k = 0n; k < 40n; k++) expect(kernel.multiply(k, small.P)).toEqual(refMultiply(k, small.P, small.p));
  });

  it('multiplies points of order 2, 3 and 6 without failing', () => {
    const minusOne = small.p - 1n;
    const two = { x: minusOne, y: 0n };
    const three = { x: 0n, y: 1n };
    const six = refAdd(two, three, small.p) as Point;
    for (const [A, order] of [
      [two, 2n],
      [three, 3n],
      [six, 6n],
    ] as const) {
      for (let k = 0n; k < 20n; k++) {
        expect(kernel.multiply(k, A)).toEqual(refMultiply(k % order, A, small.p));
      }
    }
  });

  it('P has order q, at every level', () => {
    for (const curve of Object.values(CURVE_PARAMETERS)) {
      const on = kernelFor(curve);
      expect(on.isOnCurve(curve.P) && on.hasOrderQ(curve.P)).toBe(true);
    }
  });

  it('exactly one point has a given y', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, small.p - 1n), (y) => {
        const A = kernel.pointWithY(y);
        expect(A.y).toBe(y);
        expect(kernel.isOnCurve(A)).toBe(true);
      }),
      { numRuns: 20 },
    );
  });
});

describe('hostile points', () => {
  const P = small.P;
  const minusOne = small.p - 1n;
  const order2 = { x: minusOne, y: 0n };
  const order3 = { x: 0n, y: 1n };
  const order6 = refAdd(order2, order3, small.p) as Point;
  const bad: [string, unknown][] = [
    ['off the curve', { x: P.x, y: P.y + 1n }],
    ['x not below p', { x: P.x + small.p, y: P.y }],
    ['y not below p', { x: P.x, y: P.y + small.p }],
    ['negative coordinates', { x: P.x - small.p, y: P.y }],
    ['(0, 0)', { x: 0n, y: 0n }],
    ['infinity as undefined', undefined],
    ['infinity as null', null],
    ['infinity without coordinates', {}],
    ['numbers instead of bigint', { x: 1, y: 2 }],
    ['order 2', order2],
    ['order 3', order3],
    ['order 3, the other one', { x: 0n, y: minusOne }],
    ['order 6', order6],
    ['order a multiple of q', raw],
    ['order dividing the cofactor', times(small.q, raw)],
  ];

  it.each(bad)('%s is BadPoint on either side', (_name, point) => {
    expect(() => pairing(small, point as Point, P)).toThrow(expect.objectContaining({ code: 'BadPoint' }));
    expect(() => pairing(small, P, point as Point)).toThrow(expect.objectContaining({ code: 'BadPoint' }));
  });

  it('the unchecked pairing refuses a first argument of wrong order, and never fails otherwise', () => {
    for (const A of [order2, order3, order6, raw, times(small.q, raw)]) {
      expect(() => kernel.pairing(A, P)).toThrow(expect.objectContaining({ code: 'BadPoint' }));
      expect(() => kernel.lines(A)).toThrow(expect.objectContaining({ code: 'BadPoint' }));
    }
    const lines = kernel.lines(P);
    for (const B of [order2, order3, order6]) {
      expect(() => kernel.pairing(P, B)).toThrow(expect.objectContaining({ code: 'BadPoint' }));
      expect(() => kernel.pairingWithLines(lines, B)).toThrow(expect.objectContaining({ code: 'BadPoint' }));
    }
    // Components of an order prime to q do not count: the value is that of the point's part of order q.
    const mixed = refAdd(P, order6, small.p) as Point;
    expect(kernel.pairing(P, mixed)).toEqual(kernel.pairing(P, P));
  });

  it.each([
    ['p = 7 mod 12', { p: 19n, q: 5n }],
    ['p = 5 mod 12', { p: 29n, q: 5n }],
    ['q not a divisor of p + 1', { p: small.p, q: small.q + 2n }],
    ['q = 3', { p: 11n, q: 3n }],
    ['q = 0', { p: small.p, q: 0n }],
    ['p negative', { p: -small.p, q: small.q }],
    ['p composite', { p: 119n, q: 5n }],
  ])('%s is BadParameters', (_name, curve) => {
    expect(() => pairing(curve, P, P)).toThrow(expect.objectContaining({ code: 'BadParameters' }));
  });
});

/** The smallest prime p = 12qr - 1 with r > 1. */
function type1Prime(q: bigint): bigint {
  for (let r = 2n; ; r++) {
    const p = 12n * q * r - 1n;
    let divisor = 3n;
    while (divisor * divisor <= p && p % divisor !== 0n) divisor += 2n;
    if (divisor * divisor > p) return p;
  }
}
