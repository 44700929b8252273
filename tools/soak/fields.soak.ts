/**
 * A million products and squares on every kernel against BigInt: random elements, and such with long runs of equal bits,
 * where carries go wrong. The seed is printed; HALFKEY_SEED repeats a run.
 */
import { createCipheriv, createHash, randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createKernel, CURVE_PARAMETERS } from '../../src/crypto/curve/index.ts';
import { toBigInt } from '../../src/foundation/base/index.ts';

const CASES = 1_000_000;
const LEVELS = [1024, 2048, 3072, 7680] as const;
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

describe.each(['fma', 'scalar'] as const)(`the %s kernel, seed ${seed}`, (kind) => {
  it.each(LEVELS)('level %i: products and squares are those of BigInt', (level) => {
    const { p, q } = CURVE_PARAMETERS[level];
    const kernel = createKernel({ p, q }, kind);
    const element = elements(p, octetsFrom(`${kind} ${String(level)}`));
    for (let i = 0; i < CASES / LEVELS.length / 2; i++) {
      const [a, b] = [element(), element()];
      const got = [kernel.chain(a, b, 1), kernel.chain(a, undefined, 1)];
      const wanted = [(a * b) % p, (a * a) % p];
      if (got[0] !== wanted[0] || got[1] !== wanted[1]) expect([a, b, ...got]).toEqual([a, b, ...wanted]);
    }
  });
});
