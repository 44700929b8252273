/**
 * PARI/GP agrees with our pairing, hash to a point and key extraction at every size up to the default level, on points
 * that are drawn from seeds. The vectors of RFC 5091 end at 192 bits.
 */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { kernelFor, pairing, type Point } from '../../src/crypto/curve/index.ts';
import { domainParameters, extractPrivateKey, hashToPoint, type Level } from '../../src/crypto/ibe/index.ts';
import { randomBigInt, toBigInt } from '../../src/foundation/base/index.ts';
import { seeded } from '../crypto/ibe/fixtures.ts';
import { needs } from '../support/needs.ts';
import { objections, type Claim } from './pari.ts';

/** HashToRange(id, p, H), letter for letter (RFC 5091 4.1.1). */
function hashToRange(id: Uint8Array, p: bigint, hash: string): bigint {
  const length = createHash(hash).digest().length;
  let h: Uint8Array = new Uint8Array(length);
  let v = 0n;
  for (let i = 1; i <= 2; i++) {
    h = createHash(hash).update(h).update(id).digest();
    v = 256n ** BigInt(length) * v + toBigInt(h);
  }
  return v % p;
}

function claimOf(level: Level, seed: string): Claim {
  const domain = domainParameters(level);
  const { p, q, P, hash } = domain;
  const random = seeded(`${seed} ${String(level)}`);
  const kernel = kernelFor(domain);
  const times = (T: Point): Point => kernel.multiply(randomBigInt(2n, q - 1n, random), T) as Point;
  const id = random(40);
  const masterSecret = randomBigInt(2n, q - 1n, random);
  const Q = hashToPoint(domain, id);
  const [A, B] = [times(P), times(Q)];
  return {
    ...{ p, q, y: hashToRange(id, p, hash), Q, masterSecret },
    ...{ S: extractPrivateKey(domain, masterSecret, id), A, B, e: pairing(domain, A, B) },
  };
}

describe.each([1024, 2048, 3072] as const)('PARI/GP at level %i', (level) => {
  it.each(['one', 'two', 'three'])('agrees on points of seed %s', (seed) => {
    needs('gp');
    expect(objections(claimOf(level, seed))).toEqual([]);
  });

  it('objects to the other sign of the distortion map, which gives the inverse', () => {
    needs('gp');
    const claim = claimOf(level, 'sign');
    expect(objections(claim, -1)).toEqual(['pairing']);
    const inverse = { re: claim.e.re, im: claim.p - claim.e.im };
    expect(objections({ ...claim, e: inverse })).toEqual(['pairing']);
    expect(objections({ ...claim, e: inverse }, -1)).toEqual([]);
  });

  it('objects to one bit of the master secret', () => {
    needs('gp');
    const claim = claimOf(level, 'bit');
    expect(objections({ ...claim, masterSecret: claim.masterSecret ^ (1n << 77n) })).toEqual(['S']);
  });

  it('objects to one octet of a coordinate', () => {
    needs('gp');
    const claim = claimOf(level, 'octet');
    const changed = ({ x, y }: Point): Point => ({ x: x ^ (0xa5n << 104n), y });
    expect(objections({ ...claim, Q: changed(claim.Q) })).toEqual(['Q']);
    expect(objections({ ...claim, S: changed(claim.S) })).toEqual(['S']);
    expect(objections({ ...claim, A: changed(claim.A) })).toEqual(['A']);
    expect(objections({ ...claim, B: changed(claim.B) })).toEqual(['B']);
    expect(objections({ ...claim, e: { ...claim.e, re: claim.e.re ^ (0xa5n << 104n) } })).toEqual(['pairing']);
  });
});
