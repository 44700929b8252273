/**
 * A million field operations on every kernel against plain arithmetic: products, squares, sums, differences, negatives and
 * halves, a quarter of the million at every size, and 10,000 inverses beside them. Random elements, and such with long runs
 * of equal bits, where carries go wrong. The seed is printed; HALFKEY_SEED repeats a run.
 */
import { createCipheriv, createHash, randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { CURVE_PARAMETERS } from '../../src/crypto/curve/index.ts';
import { toBigInt } from '../../src/foundation/base/index.ts';
import { LEVELS, plainField } from '../../test/support/kernels.ts';
import { describeNeeding, needsOfKernel } from '../../test/support/needs.ts';

const CASES = 1_000_000;
const INVERSES = 10_000;
const seed = process.env['HALFKEY_SEED'] ?? randomUUID();

/** Octets that follow from the seed and a label. */
function octetsFrom(label: string): (count: number) => Uint8Array {
  const key = createHash('sha256').update(`${seed} ${label}`).digest();
  const stream = createCipheriv('aes-256-ctr', key, new Uint8Array(16));
  return (count) => new Uint8Array(stream.update(new Uint8Array(count)));
}

function elements(p: bigint, octets: (count: number) => Uint8Array): () => bigint {
  const length = p.toString(2).length;
  return () => {
    let value = toBigInt(octets(length / 8));
    // Every other one: a run of ones or of zeros, anywhere.
    const [kind, from, to] = [...octets(1), ...new Uint16Array(octets(4).buffer)].map((n) => n % length) as [
      number,
      number,
      number,
    ];
    const run = ((1n << BigInt(Math.abs(to - from))) - 1n) << BigInt(Math.min(from, to));
    if (kind % 4 === 0) value |= run;
    if (kind % 4 === 1) value &= ~run;
    return value % p;
  };
}

describe.each(LEVELS)(`seed ${seed}, level %i`, (level) => {
  const { p, q } = CURVE_PARAMETERS[level];
  const half = (p + 1n) / 2n;

  for (const kind of ['fma', 'scalar', 'bigint'] as const) {
    describeNeeding(needsOfKernel(kind), `the ${kind} kernel`, () => {
      it('operates as plain arithmetic does', () => {
        const field = plainField(kind, { p, q });
        const element = elements(p, octetsFrom(`${kind} ${String(level)}`));
        let cases = 0;
        for (let i = 0; cases < CASES / LEVELS.length; i++) {
          // One in eight a negative, 0 - b, and one a half, a * 1/2.
          const a = i % 8 === 0 ? 0n : element();
          const b = i % 8 === 1 ? half : element();
          const got = field.basics(a, b);
          const wanted = [a * b, a * a, a + b, a - b + p].map((value) => value % p);
          if (got.some((value, n) => value !== wanted[n])) expect([a, b, ...got]).toEqual([a, b, ...wanted]);
          cases += got.length;
        }
        console.log(`${kind}, level ${String(level)}: ${String(cases)} operations, seed ${seed}`);
      });

      it('inverts', () => {
        const field = plainField(kind, { p, q });
        const element = elements(p, octetsFrom(`inverses ${kind} ${String(level)}`));
        let cases = 0;
        while (cases < INVERSES) {
          const a = element();
          if (a === 0n) continue;
          const inverse = field.inverse(a);
          const right = inverse >= 0n && inverse < p && (a * inverse) % p === 1n;
          if (!right) expect([a, inverse]).toEqual([a, 'its inverse']);
          cases++;
        }
        console.log(`${kind}, level ${String(level)}: ${String(cases)} inverses, seed ${seed}`);
      });
    });
  }
});
