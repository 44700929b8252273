/**
 * Boneh-Franklin as a key encapsulation (RFC 5091 5.2 to 5.5). The plaintext is a random key of at most hashlen octets
 * (protocol profile 1.3 no. 6): payloads go through envelope.ts. Nothing of a plaintext is released before the
 * Fujisaki-Okamoto check, and all failures of decryption are one error.
 */
import { concat, constantTimeEqual, fromBigInt, HalfkeyError, isHalfkeyError } from '../../foundation/base/index.ts';
import { randomBigInt, systemRandom, xor, type Random } from '../../foundation/base/index.ts';
import { assertPoint, createField, kernelFor, type Fp2, type Kernel, type Lines, type Point } from '../curve/index.ts';
import { multiplySecret, type Domain, type PublicParameters } from './domain.ts';
import { canonical, digest, hashBytes, HASHES, hashToRange } from './hash.ts';

/** BFCiphertextBlock without its version: U on the curve, V of hashlen octets, W as long as the plaintext. */
export interface Ciphertext {
  readonly u: Point;
  readonly v: Uint8Array;
  readonly w: Uint8Array;
}

/**
 * Q_id = [12r](x, y) with y = HashToRange(id, p) (RFC 5091 4.4.2).
 * @throws HalfkeyError `BadPoint` with probability about 1/q
 */
export function hashToPoint(domain: Domain, id: Uint8Array): Point {
  const kernel = kernelFor(domain);
  const Q = kernel.multiply((domain.p + 1n) / domain.q, identityPoint(kernel, domain, id));
  if (Q === undefined) throw new HalfkeyError('BadPoint', 'the identity hashes to the point at infinity');
  return Q;
}

/** S_id = [s]Q_id (RFC 5091 5.3.1), the scalar blinded. @throws HalfkeyError `BadParameters` unless s is in [2, q-1] */
export function extractPrivateKey(
  domain: Domain,
  masterSecret: bigint,
  id: Uint8Array,
  random: Random = systemRandom,
): Point {
  return multiplySecret(kernelFor(domain), masterSecret, hashToPoint(domain, id), random);
}

/**
 * BFencrypt of a random key of 1 to hashlen octets for `id` (RFC 5091 5.4.1). rho is what `random` gives, hashlen
 * octets, drawn again in the case of no practical weight that l is 0 (protocol profile 1.3 no. 10).
 * @throws HalfkeyError `BadPoint` when P_pub is not of order q
 */
export function encrypt(params: PublicParameters, id: Uint8Array, m: Uint8Array, random: Random): Ciphertext {
  for (;;) {
    const ciphertext = encryptWithRho(params, id, m, random(HASHES[params.hash].octets));
    if (ciphertext !== undefined) return ciphertext;
  }
}

/** BFencrypt with a given rho; undefined when it leads to l = 0. @throws TypeError when rho or m has a wrong length */
export function encryptWithRho(
  params: PublicParameters,
  id: Uint8Array,
  m: Uint8Array,
  rho: Uint8Array,
): Ciphertext | undefined {
  const { p, q, P, hash } = params;
  const { octets } = HASHES[hash];
  if (rho.length !== octets) throw new TypeError(`encrypt: rho has ${String(octets)} octets`);
  if (m.length === 0 || m.length > octets) throw new TypeError(`encrypt: a key of 1 to ${String(octets)} octets`);
  // RFC 5091 5.4.1 steps 4 to 6: t = H(m), l = HashToRange(rho || t, q), U = [l]P.
  const l = hashToRange(concat(rho, digest(hash, m)), q, hash);
  if (l === 0n) return undefined;
  const u = kernelFor(params).multiply(l, P);
  if (u === undefined) throw new HalfkeyError('BadPoint', 'P is a point of wrong order');
  // Steps 7 to 9: theta = e'(P_pub, Q_id)^l, then w from its canonical octets.
  const w = digest(hash, canonical(p, 0, pairWithIdentity(params, id, l)));
  return { u, v: xor(w, rho), w: xor(hashBytes(m.length, rho, hash), m) };
}

/**
 * BFdecrypt with S_id (RFC 5091 5.5.1). The roles use {@link createDecryptor}, which takes the key as a Secret.
 * @throws HalfkeyError `IbeDecryptFailed` for every failure; `BadPoint` when the private key is off the curve
 */
export function decrypt(params: Domain, privateKey: Point, c: Ciphertext, random: Random = systemRandom): Uint8Array {
  const kernel = kernelFor(params);
  assertPoint(kernel, privateKey);
  return decryptWith(params, (B) => kernel.pairing(privateKey, B), c, random);
}

/**
 * BFdecrypt by means of `pairWithKey`, B -> e'(S_id, B), which is e'(B, S_id).
 * @throws HalfkeyError `IbeDecryptFailed` for every failure
 */
export function decryptWith(params: Domain, pairWithKey: (B: Point) => Fp2, c: Ciphertext, random: Random): Uint8Array {
  const { p, q, P, hash } = params;
  const kernel = kernelFor(params);
  const { octets } = HASHES[hash];
  if (c.v.length !== octets || c.w.length === 0 || c.w.length > octets) throw decryptFailed();
  try {
    assertPoint(kernel, c.u);
    const theta = blindedPairing(kernel, pairWithKey, c.u, random);
    const w = digest(hash, canonical(p, 0, theta));
    const rho = xor(c.v, w);
    const m = xor(hashBytes(c.w.length, rho, hash), c.w);
    // RFC 5091 5.5.1 steps 7 to 9, the Fujisaki-Okamoto check: it also proves that U has order q.
    const expected = kernel.multiply(hashToRange(concat(rho, digest(hash, m)), q, hash), P);
    rho.fill(0);
    if (expected !== undefined && samePoint(p, expected, c.u)) return m;
    m.fill(0);
  } catch (error) {
    if (!isHalfkeyError(error, 'BadPoint')) throw error;
  }
  throw decryptFailed();
}

/** e'(P_pub, Q_id)^l without the cofactor multiplication: e'(P_pub, Q')^(12rl mod q) with Q_id = [12r]Q'. */
export function pairWithIdentity(params: PublicParameters, id: Uint8Array, l: bigint): Fp2 {
  const { p, q } = params;
  const kernel = kernelFor(params);
  const value = kernel.pairingWithLines(linesOfPpub(kernel, params), identityPoint(kernel, params, id));
  return kernel.power(value, (((p + 1n) / q) * l) % q);
}

/** The one error of decryption: no cause, no offset, one text. */
export function decryptFailed(): HalfkeyError {
  return new HalfkeyError('IbeDecryptFailed', 'the encrypted part does not open');
}

/** Q' of RFC 5091 4.4.2: on the curve, of any order. */
function identityPoint(kernel: Kernel, { p, hash }: Domain, id: Uint8Array): Point {
  return kernel.pointWithY(hashToRange(id, p, hash));
}

const knownLines = new WeakMap<PublicParameters, Lines>();

/** P_pub's lines, kept for as long as somebody holds the parameters object. */
function linesOfPpub(kernel: Kernel, params: PublicParameters): Lines {
  const known = knownLines.get(params);
  if (known !== undefined) return known;
  assertPoint(kernel, params.Ppub);
  const lines = kernel.lines(params.Ppub);
  knownLines.set(params, lines);
  return lines;
}

/** e'([k]U, S)^(1/k) for random k: S meets another point each time (protocol profile 1.6). */
function blindedPairing(kernel: Kernel, pairWithKey: (B: Point) => Fp2, U: Point, random: Random): Fp2 {
  const k = randomBigInt(1n, kernel.q - 1n, random);
  const blinded = kernel.multiply(k, U);
  if (blinded === undefined) throw decryptFailed();
  return kernel.power(pairWithKey(blinded), createField(kernel.q).inverse(k));
}

function samePoint(p: bigint, a: Point, b: Point): boolean {
  const octets = Math.ceil(p.toString(2).length / 8);
  const bytes = ({ x, y }: Point): Uint8Array => concat(fromBigInt(x, octets), fromBigInt(y, octets));
  return constantTimeEqual(bytes(a), bytes(b));
}
