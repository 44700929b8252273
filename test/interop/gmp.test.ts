/**
 * C on GMP, written for the benches, as a judge: given the same numbers it finds the same public key, point of the
 * identity, private key, ciphertext point and pairing value as we, digit for digit, at every size; and the known answers.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { fromHex } from '../../src/foundation/base/index.ts';
import { domainParameters, hashToRange } from '../../src/crypto/ibe/index.ts';
import { inputsOf, resultLine, resultsOf, sampleOf, type Bits } from '../../src/program/bench/sample.ts';
import { projectRoot } from '../support/children.ts';
import { needs } from '../support/needs.ts';

interface Vector {
  readonly n: 1024 | 2048 | 3072;
  readonly idHex: string;
  readonly masterSecret: string;
  readonly l: string;
  readonly Ppub: [string, string];
  readonly Qid: [string, string];
  readonly Sid: [string, string];
  readonly U: [string, string];
  readonly theta: [string, string];
}
const { vectors } = JSON.parse(readFileSync(join(projectRoot, 'test/vectors/vectors-bf-synthetic.json'), 'utf8')) as {
  vectors: Vector[];
};

const directory = join(projectRoot, 'tools/bench/gmp/build');

/** What the program of that size answers to `check` after it was given these numbers. */
function answer(bits: number, numbers: Readonly<Record<string, bigint>>): { status: number | null; stdout: string } {
  const lines = Object.entries(numbers).map(([name, value]) => `${name} ${value.toString(16)}`);
  return spawnSync(join(directory, `halfkey-gmp-${String(bits)}`), {
    input: [...lines, 'check', ''].join('\n'),
    encoding: 'utf8',
  });
}

/** A machine may have gcc without GMP's header; then there is no judge either. */
function needsComparator(): void {
  needs('gcc');
  if (!headerThere) needs('gcc with gmp.h');
}
let headerThere = false;

beforeAll(() => {
  const { status } = spawnSync('gcc', ['-E', '-'], { input: '#include <gmp.h>\n', encoding: 'utf8' });
  headerThere = status === 0;
  if (!headerThere) return;
  const built = spawnSync(process.execPath, [join(projectRoot, 'tools/bench/gmp/build.mjs')], { encoding: 'utf8' });
  expect(built.stderr).toBe('');
});

describe('C on GMP', () => {
  it.each([512, 1024, 1536, 3840] as const)('p of %i bits: the same values as ours', (bits: Bits) => {
    needsComparator();
    const sample = sampleOf(bits);
    const { stdout } = answer(bits, inputsOf(sample));
    expect(stdout.trim()).toBe(resultLine(resultsOf(sample)));
  });

  it.each(vectors)('the known answers at n = $n', (vector) => {
    needsComparator();
    const { p, q, P, hash } = domainParameters(vector.n);
    const given = {
      ...{ p, q, Px: P.x, Py: P.y, s: BigInt(vector.masterSecret), l: BigInt(vector.l) },
      y: hashToRange(fromHex(vector.idHex), p, hash),
    };
    const pairs = { Ppub: vector.Ppub, Qid: vector.Qid, Sid: vector.Sid, U: vector.U };
    const expected = {
      ...Object.fromEntries(
        Object.entries(pairs).flatMap(([name, [x, y]]) => [
          [`${name}x`, BigInt(x)],
          [`${name}y`, BigInt(y)],
        ]),
      ),
      thetare: BigInt(vector.theta[0]),
      thetaim: BigInt(vector.theta[1]),
    };
    expect(answer(vector.n / 2, { ...given, ...expected })).toMatchObject({
      status: 0,
      stdout: `${resultLine(expected)}\n`,
    });
  });

  it('tells when a known answer is another', () => {
    needsComparator();
    const sample = sampleOf(512);
    const { status, stdout } = answer(512, { ...inputsOf(sample), thetaim: resultsOf(sample)['thetaim']! ^ 1n });
    expect([status, stdout]).toEqual([1, '']);
  });
});
