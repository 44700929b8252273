/**
 * After its work nothing of a secret is left in the memory of the process: neither in what JavaScript had, nor in the
 * module's. A child of the test looks through its own memory; only Linux lets it.
 */
import { spawnSync } from 'node:child_process';
import { beforeAll, describe, expect, it } from 'vitest';
import { kernelStatus } from '../../../src/crypto/curve/index.ts';
import { encodeCiphertext, encodePrivateKey, encrypt } from '../../../src/crypto/ibe/index.ts';
import { ascii, fromBigInt, systemRandom, toHex } from '../../../src/foundation/base/index.ts';
import { childEnv, ensureBuilt, projectRoot } from '../../support/children.ts';
import { district, keyOf, MASTER_SECRET, seeded } from './fixtures.ts';

const MASK = 0x5a;
const masked = (octets: Uint8Array): string => toHex(octets.map((octet) => octet ^ MASK));

const params = district();
const id = ascii('sip:alice@operator-a.example');
const S = keyOf(params, id);
const rho = seeded('rho of the heap test')(20);
const ciphertext = encrypt(params, id, systemRandom(16), () => Uint8Array.from(rho));

/** 32 octets from the middle of S_id's x; DER gives it in the same order. */
const partOfS = fromBigInt(S.x, 64).subarray(10, 42);
const WORKS = [
  ['issue', fromBigInt(MASTER_SECRET, 20), partOfS],
  ['verify', encodePrivateKey(S), partOfS],
  ['decrypt', encodePrivateKey(S), partOfS],
  ['decrypt', encodePrivateKey(S), rho],
  ['encrypt', rho, rho],
] as const;

// BigInt cannot be wiped: there it is not claimed.
describe.runIf(process.platform === 'linux' && kernelStatus().kind !== 'bigint')('the memory of a process', () => {
  beforeAll(ensureBuilt);

  /** How often it is found. */
  function scan(work: string, secret: Uint8Array, needle: Uint8Array): number {
    const input = {
      level: params.level,
      Ppub: { x: String(params.Ppub.x), y: String(params.Ppub.y) },
      masked: masked(secret),
      needle: masked(needle),
      id: toHex(id),
      ciphertext: toHex(encodeCiphertext(ciphertext)),
    };
    const script = `${projectRoot}/test/crypto/ibe/heap-scan.mjs`;
    const { stdout, stderr } = spawnSync(process.execPath, [script, `${projectRoot}/dist`, work], {
      input: JSON.stringify(input),
      env: childEnv(),
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    return Number(stdout);
  }

  it('has a secret that is kept, which the search finds', () => {
    expect(scan('keep', rho, rho)).toBeGreaterThan(0);
  });

  it.each(WORKS.map(([work, secret, needle], i) => [work, i < 3 ? 'S_id' : 'rho', secret, needle] as const))(
    'has nothing after %s: %s',
    (work, _what, secret, needle) => {
      expect(scan(work, secret, needle)).toBe(0);
    },
  );
});
