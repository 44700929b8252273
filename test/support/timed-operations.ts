/** What takes a secret, as the timing harness measures it: two classes of secrets for each operation of a kernel. */
import { systemRandom, toBigInt } from '../../src/foundation/base/index.ts';
import type { CurveParameters, Kernel, Point } from '../../src/crypto/curve/index.ts';
import { pointToOctets } from '../../src/crypto/curve/index.ts';
import type { TimedOperation } from './timing.ts';

/** Bits that stray from all zeros, or from all ones, in a scalar of either class. */
const STRAYS = 8;

export interface TimedOperations {
  /** [s]Q of an extraction, [l]P and the power of an encryption: s or l with few bits set, or with nearly all. */
  readonly extract: TimedOperation<Uint8Array>;
  readonly baseMultiple: TimedOperation<Uint8Array>;
  readonly power: TimedOperation<Uint8Array>;
  /** Lines and pairing of a decryption: always the same S_id, or any. */
  readonly decrypt: TimedOperation<Uint8Array>;
  /** [l]P, and a field multiplication more for each bit of l that is set: a planted leak. */
  readonly leaky: TimedOperation<Uint8Array>;
}

export function timedOperations(kernel: Kernel, { P, q }: CurveParameters): TimedOperations {
  const bits = q.toString(2).length;
  const scalar = (secretClass: 0 | 1): Uint8Array => {
    // All bits but the top two: below q, far from 0 and q.
    const value = new Uint8Array(kernel.scalarOctets);
    const set = (bit: number): void => {
      const at = value.length - 1 - (bit >> 3);
      value[at] = (value[at] as number) ^ (1 << (bit & 7));
    };
    if (secretClass === 1) for (let bit = 0; bit < bits - 2; bit++) set(bit);
    else set(bits - 2);
    for (const octet of systemRandom(STRAYS)) set(octet % (bits - 2));
    return value;
  };
  const Q = multipleOf(kernel, P, 11n);
  const z = kernel.pairing(P, Q);
  const keys = Array.from({ length: 64 }, () =>
    pointToOctets(kernel, multipleOf(kernel, P, toBigInt(systemRandom(12)))),
  );
  const multiplyBase = (l: Uint8Array): void => void kernel.multiplyBase(l, P);

  return {
    extract: { secret: scalar, run: (s) => void kernel.multiplySecret(s, Q, systemRandom) },
    baseMultiple: { secret: scalar, run: multiplyBase },
    power: { secret: scalar, run: (l) => void kernel.powerSecret(z, l) },
    decrypt: {
      secret: (secretClass) => {
        const any = (systemRandom(1)[0] as number) % keys.length;
        return Uint8Array.from(keys[secretClass === 0 ? 0 : any] as Uint8Array);
      },
      run(S) {
        const lines = kernel.lines(S);
        kernel.secretPairingWithLines(lines, Q, systemRandom);
        lines.close();
      },
    },
    leaky: {
      secret: scalar,
      run(l) {
        multiplyBase(l);
        kernel.chain(P.x, P.y, setBits(l));
      },
    },
  };
}

function setBits(octets: Uint8Array): number {
  let count = 0;
  for (const octet of octets) for (let bit = 0; bit < 8; bit++) count += (octet >> bit) & 1;
  return count;
}

function multipleOf(kernel: Kernel, P: Point, scalar: bigint): Point {
  const product = kernel.multiply(scalar, P);
  if (product === undefined) throw new Error('a multiple at infinity');
  return product;
}
