/**
 * A kernel on an instance of a WebAssembly module of assembly/: numbers go in as little-endian octets, whole operations
 * run inside, and whatever saw a secret is zeroed after each. Where the module's formulas do not reach a result (infinity
 * on the way: points of small order, scalars within 64 of 0 or q), BigInt computes it.
 */
import { fromBigInt, HalfkeyError, toBigInt } from '../../foundation/base/index.ts';
import { createBigintKernel } from './bigint-kernel.ts';
import { createCubeRoot } from './cube-root.ts';
import { signedDigits } from './digits.ts';
import { createField } from './field.ts';
import type { Fp2 } from './fp2.ts';
import { assertPoint, pointFromOctets, pointToOctets, type Curve, type Kernel, type Lines } from './kernel.ts';
import type { KernelModule } from './kernel-module.ts';
import { createLineTables } from './line-tables.ts';
import type { Point } from './point.ts';

/** Bits of a window of the module's regular powers. */
const WINDOW = 5;
/** The use of P that makes its tables. */
const COMB_AFTER = 4;
/** Points that are combined at once. */
const TERMS = 32;

/** A module that has been given the constants of a curve, and what the operations share. */
export function createWasmKernel(curve: Curve, kind: 'fma' | 'scalar', module: KernelModule): Kernel {
  const { p, q } = curve;
  const fieldOctets = octetsOf(p);
  const scalarOctets = octetsOf(q);
  const scalarBits = q.toString(2).length;
  configure(module, curve);
  let end = module.tables.value;
  let base: { readonly P: Point; uses: number; comb: number | undefined } | undefined;
  let combAt: number | undefined;
  let termsAt: number | undefined;
  let reference: Kernel | undefined;
  let lazyCubeRoot: ReturnType<typeof createCubeRoot> | undefined;
  const cubeRoot = (a: bigint): bigint | undefined => (lazyCubeRoot ??= createCubeRoot(p))(a);
  const bigint = (): Kernel => (reference ??= createBigintKernel(curve));

  function allocate(size: number): number {
    const at = end;
    if (!module.reserve(at + size))
      throw new HalfkeyError('BadParameters', 'p: too large for the memory of the kernel');
    end += size;
    return at;
  }

  const octets = (at: number, length: number): Uint8Array => new Uint8Array(module.memory.buffer, at, length);
  const slotOctets = module.slot(1) - module.slot(0);

  /** Big-endian octets into a slot. No copy is made of them on the way: they may be secret. */
  function write(slot: number, value: Uint8Array): void {
    const target = octets(module.slot(slot), slotOctets);
    target.fill(0);
    reverseInto(target, value);
  }
  const writeNumber = (slot: number, value: bigint): void => {
    write(slot, fromBigInt(value, fieldOctets));
  };
  function writePoint(slot: number, A: Point | Uint8Array): void {
    const pair = A instanceof Uint8Array ? A : pointToOctets(kernel, A);
    write(slot, pair.subarray(0, fieldOctets));
    write(slot + 1, pair.subarray(fieldOctets));
  }
  const writeElement = (slot: number, z: Fp2): void => {
    writeNumber(slot, z.re);
    writeNumber(slot + 1, z.im);
  };
  /** Slots 0 and 1 as big-endian octets of both numbers. */
  function read(): Uint8Array {
    const out = new Uint8Array(2 * fieldOctets);
    for (const i of [0, 1]) {
      reverseInto(out.subarray(i * fieldOctets, (i + 1) * fieldOctets), octets(module.slot(i), fieldOctets));
    }
    return out;
  }
  const readPoint = (): Point => pointFromOctets(kernel, read());
  const readElement = (): Fp2 => {
    const { x: re, y: im } = readPoint();
    return { re, im };
  };
  /** Runs what sees a secret, and zeroes the module's slots, temporaries and work area. */
  function regular<T>(work: () => T): T {
    try {
      return work();
    } finally {
      module.wipe();
    }
  }
  function ofRightOrder(done: number): void {
    if (done === 0) throw new HalfkeyError('BadPoint', 'a point of wrong order');
  }

  const tables = createLineTables({
    size: module.linesSize(),
    allocate,
    make({ point, halved }, at) {
      regular(() => {
        writePoint(0, point);
        ofRightOrder(halved ? module.makeLinesOfHalf(at) : module.makeLines(at));
      });
    },
    wipe: (at, size) => void octets(at, size).fill(0),
  });

  function onCurve(A: Uint8Array): boolean {
    if (A.length !== 2 * fieldOctets) return false;
    return regular(() => {
      writePoint(0, A);
      return module.onCurve() !== 0;
    });
  }

  /** e'(A, B) from A's lines: the result stays in the slots. */
  function pairLines(lines: Lines, B: Point | Uint8Array): void {
    const at = tables.addressOf(lines);
    writePoint(0, B);
    ofRightOrder(module.pairLines(at));
  }

  function power(z: Fp2, e: Uint8Array, bits: number): void {
    const exponent = octets(module.octets.value, Math.ceil(e.length / 4) * 4 + 4);
    exponent.fill(0);
    reverseInto(exponent, e);
    writeElement(0, z);
    module.power(Math.max(Math.ceil(bits / WINDOW), 1), exponent.length / 4);
  }

  function writeDigits(at: number, digits: readonly number[]): void {
    new Int8Array(module.memory.buffer, at, digits.length).set(digits);
  }

  /** The comb of P from its fourth use on: made, it has cost as much as it saves in four. */
  function combOf(P: Point): number | undefined {
    if (base?.P.x !== P.x || base.P.y !== P.y) base = { P, uses: 0, comb: undefined };
    if (++base.uses < COMB_AFTER) return undefined;
    if (base.comb === undefined) {
      combAt ??= allocate(module.combSize());
      writePoint(0, P);
      if (module.makeComb(combAt) === 0) return undefined;
      base.comb = combAt;
    }
    return base.comb;
  }

  const kernel: Kernel = {
    p,
    q,
    kind,
    fieldOctets,
    scalarOctets,
    get memoryOctets() {
      return module.memory.buffer.byteLength;
    },
    isOnCurve(A) {
      if (A instanceof Uint8Array) return onCurve(A);
      return A.x >= 0n && A.x < p && A.y >= 0n && A.y < p && onCurve(pointToOctets(kernel, A));
    },
    multiply(scalar, A) {
      const k = scalar > p ? scalar % (p + 1n) : scalar;
      if (k === 0n) return undefined;
      const digits = signedDigits(k, WINDOW);
      writeDigits(module.octets.value, digits);
      writePoint(0, A);
      return module.multiply(digits.length) !== 0 ? readPoint() : bigint().multiply(k, A);
    },
    hasOrderQ: (A) =>
      regular(() => {
        writePoint(0, A);
        const answer = module.hasOrder();
        return answer < 0 ? bigint().hasOrderQ(A) : answer === 1;
      }),
    pointWithY(y) {
      const difference = (y * y - 1n + p) % p;
      const x = cubeRoot(difference);
      if (x !== undefined) return { x, y };
      powerOfElement(module, difference, (2n * p - 1n) / 3n, fieldOctets);
      return { x: toBigInt(read().subarray(0, fieldOctets)), y };
    },
    pairing(A, B) {
      writePoint(0, A);
      writePoint(2, B);
      ofRightOrder(module.pairing());
      return readElement();
    },
    pairingWithLines(lines, B) {
      pairLines(lines, B);
      return readElement();
    },
    power(z, e) {
      const exponent = e > p ? e % (p + 1n) : e;
      power(z, fromBigInt(exponent, fieldOctets), exponent.toString(2).length);
      return readElement();
    },

    chain(a, b, times) {
      writeNumber(0, a);
      writeNumber(1, b ?? a);
      module.chain(b === undefined ? 1 : 0, times);
      return toBigInt(read().subarray(0, fieldOctets));
    },

    lines(A) {
      if (!(A instanceof Uint8Array)) assertPoint(kernel, A);
      else if (!onCurve(A)) throw new HalfkeyError('BadPoint', 'a point outside the field or off the curve');
      return tables.create({
        point: A instanceof Uint8Array ? Uint8Array.from(A) : pointToOctets(kernel, A),
        halved: false,
      });
    },
    linesOfMultiple(k, A) {
      assertPoint(kernel, A);
      // The tables are those of half the point: [k/2]A is as cheap as [k]A.
      const half = kernel.multiply((k * ((q + 1n) / 2n)) % q, A);
      if (half === undefined) throw new HalfkeyError('BadPoint', 'a point of wrong order');
      return tables.create({ point: pointToOctets(kernel, half), halved: true });
    },
    secretPairingWithLines: (lines, B) =>
      regular(() => {
        pairLines(lines, B);
        return read();
      }),
    pairingWithSecret: (lines, B) =>
      regular(() => {
        pairLines(lines, B);
        return readElement();
      }),
    multiplySecret: (scalar, A, random) =>
      regular(() => {
        writePoint(0, A);
        write(2, scalar);
        return module.multiplyBySecret() !== 0 ? read() : bigint().multiplySecret(scalar, A, random);
      }),
    multiplyBase: (scalar, P) =>
      regular(() => {
        const comb = combOf(P);
        writePoint(0, P);
        write(2, scalar);
        const done = comb === undefined ? module.multiplyBySecret() : module.multiplyWithComb(comb);
        return done !== 0 ? read() : bigint().multiplyBase(scalar, P);
      }),
    powerSecret: (z, e) =>
      regular(() => {
        power(z, e, scalarBits);
        return read();
      }),
    combine(terms) {
      if (terms.length > TERMS) {
        const halves = [terms.slice(0, TERMS), terms.slice(TERMS)].map((part) => kernel.combine(part));
        const sum = kernel.combine(halves.map((point) => ({ scalar: 1n, point })));
        for (const half of halves) half.fill(0);
        return sum;
      }
      const digits = terms.map(({ scalar }) => signedDigits(scalar, WINDOW));
      const length = Math.max(...digits.map((row) => row.length), 0);
      const size = module.termSize();
      termsAt ??= allocate(TERMS * (size + Math.ceil((scalarBits + 2) / 16) * 16));
      const [at, digitsAt] = [termsAt, termsAt + TERMS * size];
      if (length > scalarBits + 1) throw new TypeError('combine: a factor is not below q');
      try {
        return regular(() => {
          let done = true;
          terms.forEach(({ point }, i) => {
            writePoint(0, point);
            done = module.makeTerm(at + i * size) !== 0 && done;
            writeDigits(
              digitsAt + i * length,
              [...(digits[i] as number[]), ...new Array<number>(length).fill(0)].slice(0, length),
            );
          });
          done &&= module.sum(at, digitsAt, terms.length, length) !== 0;
          return done ? read() : bigint().combine(terms);
        });
      } finally {
        octets(at, TERMS * size).fill(0);
      }
    },
  };
  return kernel;
}

/** Gives the module the constants of a curve. @throws HalfkeyError `BadParameters` as {@link createBigintKernel} */
function configure(module: KernelModule, { p, q }: Curve): void {
  if (p <= 0n || p % 12n !== 11n) throw new HalfkeyError('BadParameters', 'p is not 11 modulo 12');
  if (q < 5n || q % 2n === 0n || (p + 1n) % q !== 0n)
    throw new HalfkeyError('BadParameters', 'q does not divide p + 1');
  const digits = signedDigits(q, 2);
  const halfDigits = signedDigits((q + 1n) / 2n, 2);
  if (module.layOut(p.toString(2).length, q.toString(2).length, digits.length) === 0)
    throw new HalfkeyError('BadParameters', 'p: too large for the memory of the kernel');

  const fieldOctets = octetsOf(p);
  const put = (at: number, value: bigint): void => {
    new Uint8Array(module.memory.buffer, at, octetsOf(value)).set(fromBigInt(value, octetsOf(value)).reverse());
  };
  new Int8Array(module.memory.buffer, module.orderDigits.value, digits.length).set(digits);
  new Int8Array(module.memory.buffer, module.halfDigits.value, halfDigits.length).set(halfDigits);
  const exponent = (p + 1n) / (2n * q);
  put(module.exponent.value, exponent);
  const field = createField(p);
  const square = (1n << BigInt(2 * module.montgomeryBits())) % p;
  [p, square, field.inverse(2n), field.inverse(8n), q].forEach((value, i) => {
    put(module.slot(i), value);
  });
  module.start(halfDigits.length, exponent.toString(2).length);

  powerOfElement(module, 3n, (p + 1n) / 4n, fieldOctets);
  const root = toBigInt(new Uint8Array(module.memory.buffer, module.slot(0), fieldOctets).toReversed());
  if ((root * root - 3n) % p !== 0n) throw new HalfkeyError('BadParameters', 'p is not prime');
  module.takeRoot3();
}

/** Slot 0 = base^exponent; public. */
function powerOfElement(module: KernelModule, base: bigint, exponent: bigint, fieldOctets: number): void {
  const slot = new Uint8Array(module.memory.buffer, module.slot(0), module.slot(1) - module.slot(0));
  slot.fill(0);
  slot.set(fromBigInt(base, fieldOctets).reverse());
  const length = octetsOf(exponent);
  new Uint8Array(module.memory.buffer, module.octets.value, length + 1).set([
    ...fromBigInt(exponent, length).reverse(),
    0,
  ]);
  module.powerOfElement(exponent.toString(2).length);
}

/** The octets of `source` in reverse order, at the start of `target`. */
function reverseInto(target: Uint8Array, source: Uint8Array): void {
  for (let i = 0; i < source.length; i++) target[i] = source[source.length - 1 - i] as number;
}

function octetsOf(n: bigint): number {
  return Math.ceil(n.toString(2).length / 8);
}
