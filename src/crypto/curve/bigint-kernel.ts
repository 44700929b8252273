/**
 * The kernel on BigInt: the reference, and what runs where WebAssembly cannot. BigInt is not constant time: what is
 * used more than once comes blinded to it (protocol profile 1.6), and cannot be wiped.
 */
import { concat, fromBigInt, HalfkeyError, randomBigInt, toBigInt, type Random } from '../../foundation/base/index.ts';
import { signedDigits } from './digits.ts';
import { createField, type Field } from './field.ts';
import { finalExponentiation } from './final-exponentiation.ts';
import { powerNorm1, type Fp2 } from './fp2.ts';
import { assertPoint, pointFromOctets, pointToOctets, type Curve, type Kernel, type Lines } from './kernel.ts';
import { evaluateLines, fixedLines, millerLoop, traceZero, type LineTable } from './miller.ts';
import { add, INFINITY, isOnCurve, multiply, toAffine, type Jacobian, type Point } from './point.ts';

/**
 * A BigInt kernel. `field` may be passed to count its multiplications.
 * @throws HalfkeyError `BadParameters` unless p = 11 mod 12, q odd, q >= 5, q | p+1, and 3 has a root modulo p
 */
export function createBigintKernel({ p, q }: Curve, field: Field = createField(p)): Kernel {
  if (p <= 0n || p % 12n !== 11n) throw new HalfkeyError('BadParameters', 'p is not 11 modulo 12');
  if (q < 5n || q % 2n === 0n || (p + 1n) % q !== 0n)
    throw new HalfkeyError('BadParameters', 'q does not divide p + 1');
  const sqrt3 = field.pow(3n, (p + 1n) / 4n);
  if (!field.isZero(sqrt3 * sqrt3 - 3n)) throw new HalfkeyError('BadParameters', 'p is not prime');
  const digits = signedDigits(q, 2);
  const exponent = (p + 1n) / (2n * q);
  const inverse8 = field.inverse(8n);
  const cubeRoot = (2n * p - 1n) / 3n;
  const fieldOctets = octetsOf(p);
  const tables = new WeakMap<Lines, LineTable>();

  const finish = (f: Fp2): Fp2 => finalExponentiation(field, exponent, inverse8, f);
  const elementOctets = ({ re, im }: Fp2): Uint8Array =>
    concat(fromBigInt(re, fieldOctets), fromBigInt(im, fieldOctets));
  const finite = (A: Point | undefined): Point => {
    if (A === undefined) throw new HalfkeyError('BadPoint', 'a point of wrong order');
    return A;
  };

  const asPoint = (A: Point | Uint8Array): Point => (A instanceof Uint8Array ? pointFromOctets(kernel, A) : A);

  const kernel: Kernel = {
    p,
    q,
    kind: 'bigint',
    fieldOctets,
    scalarOctets: octetsOf(q),
    memoryOctets: 0,
    isOnCurve: (A) => isOnCurve(field, asPoint(A)),
    multiply: (scalar, A) => multiply(field, scalar, A),
    hasOrderQ: (A) => multiply(field, q, asPoint(A)) === undefined,
    pointWithY: (y) => ({ x: field.pow(y * y - 1n, cubeRoot), y }),
    pairing: (A, B) => finish(millerLoop(field, digits, A, traceZero(field, sqrt3, B))),
    pairingWithLines(lines, B) {
      const table = tables.get(lines);
      if (table === undefined) throw new TypeError('Lines: used after they were closed, or of another kernel');
      return finish(evaluateLines(field, table, traceZero(field, sqrt3, B)));
    },
    power: (z, e) => powerNorm1(field, z, e),
    chain(a, b, times) {
      let product = a;
      for (let i = 0; i < times; i++) product = field.mul(product, b ?? product);
      return field.canonical(product);
    },

    lines(A) {
      const point = asPoint(A);
      assertPoint(kernel, point);
      const lines: Lines = { close: () => void tables.delete(lines) };
      tables.set(lines, fixedLines(field, digits, point));
      return lines;
    },
    linesOfMultiple(k, A) {
      assertPoint(kernel, A);
      return kernel.lines(finite(multiply(field, k % q, A)));
    },
    secretPairingWithLines(lines, B, random) {
      // e'(A, [k]B)^(1/k) for random k: the lines meet another point each time.
      const k = randomBigInt(1n, q - 1n, random);
      const blinded = kernel.pairingWithLines(lines, finite(multiply(field, k, B)));
      return elementOctets(powerNorm1(field, blinded, createField(q).inverse(k)));
    },
    pairingWithSecret: (lines, B) => kernel.pairingWithLines(lines, pointFromOctets(kernel, B)),
    multiplySecret: (scalar, A, random) =>
      pointToOctets(kernel, finite(multiply(field, blindedScalar(toBigInt(scalar), q, random), A))),
    multiplyBase: (scalar, P) => pointToOctets(kernel, finite(multiply(field, toBigInt(scalar), P))),
    powerSecret: (z, e) => elementOctets(powerNorm1(field, z, toBigInt(e))),
    combine(terms) {
      const sum = terms.reduce<Jacobian>((total, { scalar, point }) => {
        const product = multiply(field, scalar, pointFromOctets(kernel, point));
        return product === undefined ? total : add(field, total, { X: product.x, Y: product.y, Z: 1n });
      }, INFINITY);
      return pointToOctets(kernel, finite(toAffine(field, sum)));
    },
  };
  return kernel;
}

/** s + kq with 128 random bits k, so that no two computations walk the same digits. */
function blindedScalar(s: bigint, q: bigint, random: Random): bigint {
  return s + randomBigInt(1n << 127n, (1n << 128n) - 1n, random) * q;
}

function octetsOf(n: bigint): number {
  return Math.ceil(n.toString(2).length / 8);
}
