/**
 * Many private keys checked at once. That each S_i has order q is shown for each by itself, and exactly: small-order
 * parts cancel in sums (two of order 2 always may), and no coefficient helps. In the group of prime order q then
 *
 *   e'(sum of c_i S_i, P) = e'(P_pub, sum of c_i Q_i)
 *
 * holds for random c_i of 64 bits, drawn after the keys were given, only if every S_i = [s]Q_i, but for a chance of
 * 2^-64: two sums and two pairings for all. Q_i = [12r]Q'_i, and the cofactor goes to P_pub once. When the equation does
 * not hold, each key is checked alone.
 */
import { isHalfkeyError, HalfkeyError, randomBigInt, systemRandom, toHex } from '../../foundation/base/index.ts';
import type { Random, Secret } from '../../foundation/base/index.ts';
import { kernelFor, pointFromOctets, pointToOctets, type Kernel } from '../curve/index.ts';
import { identityPoint, pairWithPpub } from './boneh-franklin.ts';
import { decodePrivateKeyOctets } from './codec.ts';
import type { PublicParameters } from './domain.ts';
import { pairingOnce, verifyPrivateKey } from './validate.ts';

/** A private key (DER BFPrivateKeyBlock) and the identity string that it is said to belong to. */
export interface ClaimedKey {
  readonly id: Uint8Array;
  readonly privateKey: Secret<'IbePrivateKey'>;
}

const COEFFICIENT_LIMIT = 2n ** 64n;

/**
 * Checks all keys. @throws HalfkeyError `BadPrivateKey`; the message says which of them are bad, counted from 1
 */
export function verifyPrivateKeys(
  params: PublicParameters,
  claims: readonly ClaimedKey[],
  random: Random = systemRandom,
): void {
  const bad = findBadPrivateKeys(params, claims, random);
  if (bad.length === 0) return;
  const which = bad.map((index) => String(index + 1)).join(', ');
  throw new HalfkeyError(
    'BadPrivateKey',
    `of ${String(claims.length)} private keys these do not belong to their identity and these parameters: ${which}`,
  );
}

/** Indexes of the keys that are not DER, not points of order q, or not those of their identity; ascending. */
export function findBadPrivateKeys(
  params: PublicParameters,
  claims: readonly ClaimedKey[],
  random: Random = systemRandom,
): number[] {
  const kernel = kernelFor(params);
  const points = claims.map(({ privateKey }) => pointOfOrderQ(kernel, params, privateKey));
  try {
    const sound = points.flatMap((S, index) =>
      S === undefined ? [] : [{ S, index, id: (claims[index] as ClaimedKey).id }],
    );
    const wrong = equationHolds(kernel, params, sound, random)
      ? []
      : sound.filter(({ S, id }) => !belongs(params, id, S, random)).map(({ index }) => index);
    const malformed = points.flatMap((S, index) => (S === undefined ? [index] : []));
    return [...malformed, ...wrong].sort((a, b) => a - b);
  } finally {
    for (const S of points) S?.fill(0);
  }
}

/** x || y of a key, undefined when it is no point of order q; the caller wipes it. */
function pointOfOrderQ(
  kernel: Kernel,
  params: PublicParameters,
  privateKey: Secret<'IbePrivateKey'>,
): Uint8Array | undefined {
  try {
    const S = privateKey.use((octets) => decodePrivateKeyOctets(octets, params));
    if (kernel.hasOrderQ(S)) return S;
    S.fill(0);
  } catch (error) {
    if (!isHalfkeyError(error)) throw error;
  }
  return undefined;
}

/**
 * Whether the combined equation holds; false also when a sum is the point at infinity, and when an identity comes twice:
 * equal points meet in a sum, which would leave the key to BigInt.
 */
function equationHolds(
  kernel: Kernel,
  params: PublicParameters,
  keys: readonly { readonly S: Uint8Array; readonly id: Uint8Array }[],
  random: Random,
): boolean {
  // One key is as well checked alone, and none is right.
  if (keys.length < 2) return keys.length === 0;
  if (new Set(keys.map(({ id }) => toHex(id))).size < keys.length) return false;
  const highest = (kernel.q < COEFFICIENT_LIMIT ? kernel.q : COEFFICIENT_LIMIT) - 1n;
  const coefficients = keys.map(() => randomBigInt(1n, highest, random));
  const combine = (pointOf: (index: number) => Uint8Array): Uint8Array =>
    kernel.combine(coefficients.map((scalar, index) => ({ scalar, point: pointOf(index) })));
  const held = keys.map(({ id }) => pointToOctets(kernel, identityPoint(kernel, params, id)));
  let S: Uint8Array | undefined;
  try {
    S = combine((index) => (keys[index] as (typeof keys)[number]).S);
    const got = pairingOnce(kernel, S, params.P, random);
    const expected = pairWithPpub(
      params,
      pointFromOctets(
        kernel,
        combine((index) => held[index] as Uint8Array),
      ),
    );
    return got.re === expected.re && got.im === expected.im;
  } catch (error) {
    if (!isHalfkeyError(error, 'BadPoint')) throw error;
    return false;
  } finally {
    S?.fill(0);
  }
}

function belongs(params: PublicParameters, id: Uint8Array, S: Uint8Array, random: Random): boolean {
  try {
    verifyPrivateKey(params, id, S, random);
    return true;
  } catch (error) {
    if (!isHalfkeyError(error, 'BadPrivateKey')) throw error;
    return false;
  }
}
