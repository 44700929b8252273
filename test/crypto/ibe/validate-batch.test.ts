/** Checking many private keys at once: what is sound, what is not, and that the bad ones are named. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kernelFor, type Kernel, type Point } from '../../../src/crypto/curve/index.ts';
import {
  encodePrivateKey,
  extractPrivateKey,
  findBadPrivateKeys,
  hashToPoint,
  verifyPrivateKeys,
  type ClaimedKey,
} from '../../../src/crypto/ibe/index.ts';
import { ascii, fromHex, Secret } from '../../../src/foundation/base/index.ts';
import { refAdd } from '../curve/reference.ts';
import { district, keyOf, MASTER_SECRET, seeded } from './fixtures.ts';

const params = district();
const kernel: Kernel = kernelFor(params);
const { p, q } = params;
const ids = Array.from({ length: 7 }, (_, i) => ascii(`identity ${String(i)}`));
const keys = ids.map((id) => keyOf(params, id));
const plus = (A: Point, B: Point): Point => refAdd(A, B, p) as Point;
const minus = ({ x, y }: Point): Point => ({ x, y: p - y });
const order2: Point = { x: p - 1n, y: 0n };
const order3: Point = { x: 0n, y: 1n };
const order6 = plus(order2, order3);
/** A point whose order divides 12r and is large. */
const cofactorPart = kernel.multiply(q, kernel.pointWithY(5n)) as Point;
const R = hashToPoint(params, ascii('an error of order q'));

const claimed = (points: readonly Point[], names = ids): ClaimedKey[] =>
  points.map((S, i) => ({ id: names[i] as Uint8Array, privateKey: new Secret('IbePrivateKey', encodePrivateKey(S)) }));
const bad = (points: readonly Point[]): number[] => findBadPrivateKeys(params, claimed(points));
/** The right keys, some of them replaced. */
const withKeys = (changed: Readonly<Record<number, Point>>): Point[] => keys.map((S, i) => changed[i] ?? S);
const key = (i: number): Point => keys[i] as Point;

describe('right keys', () => {
  it('pass, any number of them, also the same one twice', () => {
    expect(bad(keys)).toEqual([]);
    expect(findBadPrivateKeys(params, [])).toEqual([]);
    expect(bad(keys.slice(0, 1))).toEqual([]);
    expect(findBadPrivateKeys(params, claimed([key(0), key(0)], [ids[0], ids[0]] as Uint8Array[]))).toEqual([]);
    expect(() => {
      verifyPrivateKeys(params, claimed(keys));
    }).not.toThrow();
  });

  it("and the secrets are the caller's still", () => {
    const claims = claimed(keys);
    findBadPrivateKeys(params, claims);
    expect(claims.every(({ privateKey }) => !privateKey.wiped)).toBe(true);
  });
});

describe('wrong keys are named', () => {
  it.each<[string, Readonly<Record<number, Point>>]>([
    ['one of another identity', { 3: key(4) }],
    ['two exchanged: their sum is right', { 1: key(2), 2: key(1) }],
    ['errors of order q that cancel for equal coefficients', { 0: plus(key(0), R), 5: plus(key(5), minus(R)) }],
    ['one under another master secret', { 6: extractPrivateKey(params, MASTER_SECRET + 1n, ids[6] as Uint8Array) }],
    ['one negated', { 2: minus(key(2)) }],
    ['with a part of order 2', { 2: plus(key(2), order2) }],
    [
      'two with parts of order 2, which cancel for odd coefficients',
      { 1: plus(key(1), order2), 4: plus(key(4), order2) },
    ],
    [
      'two with parts of order 3 that cancel for equal ones',
      { 0: plus(key(0), order3), 1: plus(key(1), minus(order3)) },
    ],
    ['three with parts of order 3', { 0: plus(key(0), order3), 1: plus(key(1), order3), 2: plus(key(2), order3) }],
    ['with a part of order 6', { 5: plus(key(5), order6) }],
    ['with a part of a large order that divides the cofactor', { 5: plus(key(5), cofactorPart) }],
    ['two with such parts that cancel', { 3: plus(key(3), cofactorPart), 5: plus(key(5), minus(cofactorPart)) }],
    ['a point of order 2 itself', { 0: order2 }],
    ['a point off the curve', { 0: { x: key(0).x, y: key(0).y ^ 1n } }],
    ['a point outside the field', { 0: { x: key(0).x + p, y: key(0).y } }],
    ['all of them, shifted by one', Object.fromEntries(keys.map((_, i) => [i, key((i + 1) % keys.length)]))],
  ])('%s', (_name, changed) => {
    const expected = Object.keys(changed).map(Number);
    expect(bad(withKeys(changed))).toEqual(expected);
    expect(() => {
      verifyPrivateKeys(params, claimed(withKeys(changed)));
    }).toThrow(
      expect.objectContaining({
        code: 'BadPrivateKey',
        message: expect.stringMatching(new RegExp(`: ${expected.map((i) => String(i + 1)).join(', ')}$`)) as unknown,
      }),
    );
  });

  it('and what is not DER', () => {
    const claims = claimed(keys);
    claims[2] = { id: ids[2] as Uint8Array, privateKey: new Secret('IbePrivateKey', fromHex('3000')) };
    expect(findBadPrivateKeys(params, claims)).toEqual([2]);
  });

  it('any subset of them, whatever the coefficients', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.nat(keys.length - 1), { maxLength: keys.length }),
        fc.constantFrom(order2, order3, order6, R),
        fc.string(),
        (which, error, seed) => {
          const points = keys.map((S, i) => (which.includes(i) ? plus(S, error) : S));
          expect(findBadPrivateKeys(params, claimed(points), seeded(seed))).toEqual([...which].sort((a, b) => a - b));
        },
      ),
      { numRuns: 8 },
    );
  });

  it('with coefficients that are all equal, the errors that cancel do pass: it is the random ones that find them', () => {
    const points = withKeys({ 0: plus(key(0), R), 5: plus(key(5), minus(R)) });
    expect(findBadPrivateKeys(params, claimed(points), (octets) => new Uint8Array(octets).fill(7))).toEqual([]);
    // Parts of small order are found without any coefficient.
    const small = withKeys({ 1: plus(key(1), order2), 4: plus(key(4), order2) });
    expect(findBadPrivateKeys(params, claimed(small), (octets) => new Uint8Array(octets).fill(7))).toEqual([1, 4]);
  });
});
