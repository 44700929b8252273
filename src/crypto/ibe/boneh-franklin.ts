/**
 * Boneh-Franklin as a key encapsulation (RFC 5091 5.2 to 5.5). The plaintext is a random key of at most hashlen octets
 * (protocol profile 1.3 no. 6): payloads go through envelope.ts. Nothing of a plaintext is released before the
 * Fujisaki-Okamoto check, and all failures of decryption are one error.
 */
import {
  concat,
  constantTimeEqual,
  HalfkeyError,
  isHalfkeyError,
  systemRandom,
  xor,
  type Random,
} from '../../foundation/base/index.ts';
import {
  assertPoint,
  kernelFor,
  pointFromOctets,
  pointToOctets,
  type Fp2,
  type Kernel,
  type Lines,
  type Point,
} from '../curve/index.ts';
import { withScalar, type Domain, type PublicParameters } from './domain.ts';
import { digest, hashBytes, HASHES, hashToRange, hashToScalar, type HashName } from './hash.ts';
import { createPairingCache } from './pairing-cache.ts';

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

/**
 * S_id = [s]Q_id (RFC 5091 5.3.1). The roles use {@link createIssuer}, which takes s as a Secret.
 * @throws HalfkeyError `BadParameters` unless s is in [2, q-1]
 */
export function extractPrivateKey(
  domain: Domain,
  masterSecret: bigint,
  id: Uint8Array,
  random: Random = systemRandom,
): Point {
  const kernel = kernelFor(domain);
  return pointFromOctets(kernel, extractOctets(kernel, domain, masterSecret, id, random));
}

/** x || y of S_id, secret octets for the caller to wipe. @throws HalfkeyError `BadParameters` likewise */
export function extractOctets(
  kernel: Kernel,
  domain: Domain,
  masterSecret: bigint | Uint8Array,
  id: Uint8Array,
  random: Random,
): Uint8Array {
  const Q = hashToPoint(domain, id);
  return withScalar(kernel, masterSecret, (s) => kernel.multiplySecret(s, Q, random));
}

/**
 * BFencrypt of a random key of 1 to hashlen octets for `id` (RFC 5091 5.4.1). rho is what `random` gives, hashlen
 * octets, drawn again in the case of no practical weight that l is 0 (protocol profile 1.3 no. 10).
 * @throws HalfkeyError `BadPoint` when P_pub is not of order q
 */
export function encrypt(params: PublicParameters, id: Uint8Array, m: Uint8Array, random: Random): Ciphertext {
  for (;;) {
    const rho = random(HASHES[params.hash].octets);
    const ciphertext = encryptWithRho(params, id, m, rho);
    rho.fill(0);
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
  const { q, P, hash } = params;
  const { octets } = HASHES[hash];
  if (rho.length !== octets) throw new TypeError(`encrypt: rho has ${String(octets)} octets`);
  if (m.length === 0 || m.length > octets) throw new TypeError(`encrypt: a key of 1 to ${String(octets)} octets`);
  const kernel = kernelFor(params);
  // RFC 5091 5.4.1 steps 4 to 6: t = H(m), l = HashToRange(rho || t, q), U = [l]P.
  const l = scalarOf(rho, m, q, hash);
  if (isZero(l)) return undefined;
  const u = pointFromOctets(kernel, kernel.multiplyBase(l, P));
  // Steps 7 to 9: theta = e'(P_pub, Q_id)^l, then w from its canonical octets (order 0).
  const g = recentIdentities.get(params, id, () => pairWithIdentity(params, id));
  const theta = kernel.powerSecret(g, l);
  const w = digest(hash, theta);
  const mask = hashBytes(m.length, rho, hash);
  const ciphertext = { u, v: xor(w, rho), w: xor(mask, m) };
  for (const secret of [l, theta, w, mask]) secret.fill(0);
  return ciphertext;
}

/**
 * BFdecrypt with S_id (RFC 5091 5.5.1). The roles use {@link createDecryptor}, which takes the key as a Secret.
 * @throws HalfkeyError `IbeDecryptFailed` for every failure; `BadPoint` when the private key is off the curve
 */
export function decrypt(params: Domain, privateKey: Point, c: Ciphertext, random: Random = systemRandom): Uint8Array {
  const kernel = kernelFor(params);
  assertPoint(kernel, privateKey);
  let lines;
  try {
    lines = kernel.lines(privateKey);
  } catch (error) {
    if (!isHalfkeyError(error, 'BadPoint')) throw error;
    throw decryptFailed();
  }
  try {
    return decryptWith(params, { kernel, lines }, c, random);
  } finally {
    lines.close();
  }
}

/** The lines of S_id, and the kernel that made them: no other can use them. */
export interface KeyLines {
  readonly kernel: Kernel;
  readonly lines: Lines;
}

/**
 * BFdecrypt by means of S_id's lines: e'(S_id, U) is e'(U, S_id).
 * @throws HalfkeyError `IbeDecryptFailed` for every failure
 */
export function decryptWith(params: Domain, { kernel, lines }: KeyLines, c: Ciphertext, random: Random): Uint8Array {
  const { q, P, hash } = params;
  const { octets } = HASHES[hash];
  if (c.v.length !== octets || c.w.length === 0 || c.w.length > octets) throw decryptFailed();
  try {
    assertPoint(kernel, c.u);
    const theta = kernel.secretPairingWithLines(lines, c.u, random);
    const w = digest(hash, theta);
    const rho = xor(c.v, w);
    const mask = hashBytes(c.w.length, rho, hash);
    const m = xor(mask, c.w);
    // RFC 5091 5.5.1 steps 7 to 9, the Fujisaki-Okamoto check: it also proves that U has order q.
    const l = scalarOf(rho, m, q, hash);
    const opened = !isZero(l) && constantTimeEqual(kernel.multiplyBase(l, P), pointToOctets(kernel, c.u));
    for (const secret of [theta, w, rho, mask, l]) secret.fill(0);
    if (opened) return m;
    m.fill(0);
  } catch (error) {
    if (!isHalfkeyError(error, 'BadPoint')) throw error;
  }
  throw decryptFailed();
}

/**
 * g_ID = e'(P_pub, Q_id) without the cofactor multiplication: Q_id = [12r]Q', and the pairing is bilinear, so it is
 * e'([12r]P_pub, Q'). @throws HalfkeyError `BadPoint` when P_pub is not of order q
 */
export function pairWithIdentity(params: PublicParameters, id: Uint8Array): Fp2 {
  return pairWithPpub(params, identityPoint(kernelFor(params), params, id));
}

/** e'([12r]P_pub, B) for a B on the curve, of any order. @throws HalfkeyError `BadPoint` likewise */
export function pairWithPpub(params: PublicParameters, B: Point): Fp2 {
  const kernel = kernelFor(params);
  return kernel.pairingWithLines(linesOfPpub(kernel, params), B);
}

/**
 * Computes what every first encryption under these parameters needs, so that no call pays for it.
 * @throws HalfkeyError `BadPoint` when P_pub is not of order q
 */
export function prepareParameters(params: PublicParameters): void {
  linesOfPpub(kernelFor(params), params);
}

const recentIdentities = createPairingCache();

/** Drops what is kept of the identities that were encrypted to under these parameters. */
export function forgetIdentities(params: PublicParameters): void {
  recentIdentities.forget(params);
}

/** The one error of decryption: no cause, no offset, one text. */
export function decryptFailed(): HalfkeyError {
  return new HalfkeyError('IbeDecryptFailed', 'the encrypted part does not open');
}

/** Q' of RFC 5091 4.4.2: on the curve, of any order. */
export function identityPoint(kernel: Kernel, { p, hash }: Domain, id: Uint8Array): Point {
  return kernel.pointWithY(hashToRange(id, p, hash));
}

const knownLines = new WeakMap<PublicParameters, KeyLines>();

/** The lines of [12r]P_pub, kept for as long as somebody holds the parameters object. */
function linesOfPpub(kernel: Kernel, params: PublicParameters): Lines {
  const known = knownLines.get(params);
  if (known?.kernel === kernel) return known.lines;
  const lines = kernel.linesOfMultiple((params.p + 1n) / params.q, params.Ppub);
  knownLines.set(params, { kernel, lines });
  return lines;
}

/** l = HashToRange(rho || H(m), q). */
function scalarOf(rho: Uint8Array, m: Uint8Array, q: bigint, hash: HashName): Uint8Array {
  const input = concat(rho, digest(hash, m));
  const l = hashToScalar(input, q, hash);
  input.fill(0);
  return l;
}

function isZero(scalar: Uint8Array): boolean {
  return scalar.reduce((any, octet) => any | octet, 0) === 0;
}
