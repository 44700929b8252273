/**
 * Boneh-Boyen BB1 as a key encapsulation (RFC 5091 section 6). The plaintext is a random key of at most hashlen octets,
 * as in Boneh-Franklin. Nothing of a plaintext is released before both checks of 6.5.1 step 5, and all failures of
 * decryption are one error. No role uses BB1, and an envelope that names it is refused (N24).
 * alpha, beta, gamma and what is made of them modulo q pass through BigInt, blinded by the r of each key.
 */
import {
  concat,
  constantTimeEqual,
  fromBigInt,
  isHalfkeyError,
  randomBigInt,
  systemRandom,
  xor,
  type Random,
} from '../../foundation/base/index.ts';
import {
  assertPoint,
  createField,
  kernelFor,
  pointFromOctets,
  pointToOctets,
  type Curve,
  type Fp2,
  type Kernel,
  type Lines,
  type Point,
} from '../curve/index.ts';
import { decryptFailed } from './boneh-franklin.ts';
import type { Domain } from './domain.ts';
import { canonical, digest, hashBytes, HASHES, hashToRange, type HashName } from './hash.ts';

/** A domain with P_1 = [alpha]P, P_2 = [beta]P, P_3 = [gamma]P and v = e'(P_1, P_2). */
export interface BB1PublicParameters extends Domain {
  readonly P1: Point;
  readonly P2: Point;
  readonly P3: Point;
  readonly v: Fp2;
}

/** The master secret, each member in [1, q-1]. */
export interface BB1MasterSecret {
  readonly alpha: bigint;
  readonly beta: bigint;
  readonly gamma: bigint;
}

/** D_0 and D_1, as octets x || y of the kernel: secret, for their owner to wipe. */
export interface BB1PrivateKey {
  readonly d0: Uint8Array;
  readonly d1: Uint8Array;
}

/** The lines of D_0 and D_1, and the kernel that made them: no other can use them. */
export interface BB1KeyLines {
  readonly kernel: Kernel;
  readonly d0: Lines;
  readonly d1: Lines;
}

/** BB1CiphertextBlock without its version: C_0 and C_1 on the curve, the tag u below q, y as long as the plaintext. */
export interface BB1Ciphertext {
  readonly c0: Point;
  readonly c1: Point;
  readonly u: bigint;
  readonly y: Uint8Array;
}

/** BBsetup1: a fresh master secret and its public parameters (RFC 5091 6.1.2 step 4). */
export function bb1Setup(
  domain: Domain,
  random: Random,
): { params: BB1PublicParameters; masterSecret: BB1MasterSecret } {
  const draw = (): bigint => randomBigInt(1n, domain.q - 1n, random);
  const masterSecret = { alpha: draw(), beta: draw(), gamma: draw() };
  return { params: bb1PublicParameters(domain, masterSecret), masterSecret };
}

/** The public parameters of a master secret whose members are in [1, q-1]. */
export function bb1PublicParameters(domain: Domain, { alpha, beta, gamma }: BB1MasterSecret): BB1PublicParameters {
  const { level, p, q, P, hash } = domain;
  const kernel = kernelFor(domain);
  const times = (k: bigint): Point =>
    pointFromOctets(
      kernel,
      lendScalar(kernel, k, (scalar) => kernel.multiplyBase(scalar, P)),
    );
  const [P1, P2, P3] = [times(alpha), times(beta), times(gamma)];
  return { level, p, q, P, hash, P1, P2, P3, v: kernel.pairing(P1, P2) };
}

/** h_id = HashToRange(id, q) (RFC 5091 6.2.1). */
export function bb1PublicKey({ q, hash }: Domain, id: Uint8Array): bigint {
  return hashToRange(id, q, hash);
}

/** The private key of `id`: D_0 = [alpha*beta + r(alpha*h_id + gamma)]P and D_1 = [r]P for a random r (RFC 5091 6.3.1). */
export function bb1ExtractPrivateKey(
  domain: Domain,
  { alpha, beta, gamma }: BB1MasterSecret,
  id: Uint8Array,
  random: Random = systemRandom,
): BB1PrivateKey {
  const { q, P } = domain;
  const kernel = kernelFor(domain);
  for (;;) {
    const r = randomBigInt(1n, q - 1n, random);
    const y = (alpha * beta + r * (alpha * bb1PublicKey(domain, id) + gamma)) % q;
    // The point at infinity has no encoding; it comes with probability 1/q.
    if (y === 0n) continue;
    const times = (k: bigint): Uint8Array => lendScalar(kernel, k, (scalar) => kernel.multiplyBase(scalar, P));
    return { d0: times(y), d1: times(r) };
  }
}

/**
 * BBencrypt of a random key of 1 to hashlen octets for `id` (RFC 5091 6.4.1).
 * @throws TypeError when m has a wrong length; HalfkeyError `BadPoint` when a point of the parameters has a wrong order
 */
export function bb1Encrypt(params: BB1PublicParameters, id: Uint8Array, m: Uint8Array, random: Random): BB1Ciphertext {
  const { q, P, v, hash } = params;
  const { octets } = HASHES[hash];
  if (m.length === 0 || m.length > octets) throw new TypeError(`bb1Encrypt: a key of 1 to ${String(octets)} octets`);
  const kernel = kernelFor(params);
  // Steps 1 to 4: C_0 = [s]P, C_1 = [s]([h_id]P_1 + P_3), w = v^s.
  const s = randomBigInt(1n, q - 1n, random);
  const base = bb1IdentityPoint(kernel, params, id);
  const [c0, c1, psi] = lendScalar(kernel, s, (scalar) => [
    pointFromOctets(kernel, kernel.multiplyBase(scalar, P)),
    pointFromOctets(kernel, kernel.multiplySecret(scalar, base, random)),
    reversed(kernel, kernel.powerSecret(v, scalar)),
  ]);
  // Steps 5 to 7.
  const y = xor(maskOf(psi, m.length, hash), m);
  const u = (s + padOf(kernel, { c0, c1, y }, psi, params)) % q;
  psi.fill(0);
  return { c0, c1, u, y };
}

/**
 * BBdecrypt by the lines of D_0 and D_1 (RFC 5091 6.5.1). Test (b) also proves that C_0 has order q; C_1's octets are
 * bound by the tag.
 * @throws HalfkeyError `IbeDecryptFailed` for every failure
 */
export function bb1DecryptWith(
  params: BB1PublicParameters,
  { kernel, d0, d1 }: BB1KeyLines,
  c: BB1Ciphertext,
  random: Random,
): Uint8Array {
  const { q, P, v, hash } = params;
  if (c.u < 0n || c.u >= q || c.y.length === 0 || c.y.length > HASHES[hash].octets) throw decryptFailed();
  try {
    assertPoint(kernel, c.c0);
    assertPoint(kernel, c.c1);
    // Step 1, PairingRatio (4.6.1): in norm 1 the inverse is the conjugate.
    const w = ratio(
      kernel,
      kernel.secretPairingWithLines(d0, c.c0, random),
      kernel.secretPairingWithLines(d1, c.c1, random),
    );
    const psi = canonical(kernel.p, 1, w);
    const m = xor(maskOf(psi, c.y.length, hash), c.y);
    // Steps 4 and 5.
    const s = (c.u + q - padOf(kernel, c, psi, params)) % q;
    const good = s !== 0n && lendScalar(kernel, s, (scalar) => isConsistent(kernel, { v, P, psi, c0: c.c0 }, scalar));
    psi.fill(0);
    if (good) return m;
    m.fill(0);
  } catch (error) {
    if (!isHalfkeyError(error, 'BadPoint')) throw error;
  }
  throw decryptFailed();
}

/** [h_id]P_1 + P_3, of which C_1 is a multiple. @throws HalfkeyError `BadPoint` when it is the point at infinity */
export function bb1IdentityPoint(kernel: Kernel, params: BB1PublicParameters, id: Uint8Array): Point {
  const h = bb1PublicKey(params, id);
  const P3 = { scalar: 1n, point: pointToOctets(kernel, params.P3) };
  const terms = h === 0n ? [P3] : [{ scalar: h, point: pointToOctets(kernel, params.P1) }, P3];
  return pointFromOctets(kernel, kernel.combine(terms));
}

/** Tests (a) w = v^s and (b) C_0 = [s]P; both are made always. */
function isConsistent(
  kernel: Kernel,
  { v, P, psi, c0 }: { readonly v: Fp2; readonly P: Point; readonly psi: Uint8Array; readonly c0: Point },
  scalar: Uint8Array,
): boolean {
  const a = constantTimeEqual(reversed(kernel, kernel.powerSecret(v, scalar)), psi);
  const b = constantTimeEqual(kernel.multiplyBase(scalar, P), pointToOctets(kernel, c0));
  return a && b;
}

/** Steps 6(a) and (b): HashBytes(length, xi || zeta) with zeta = H(psi), xi = H(zeta || psi). */
function maskOf(psi: Uint8Array, length: number, hash: HashName): Uint8Array {
  const zeta = digest(hash, psi);
  return hashBytes(length, concat(digest(hash, zeta, psi), zeta), hash);
}

/** Step 7: rho = HashToRange(mu || eta, q) with eta = H(sigma), mu = H(eta || sigma), sigma as the text orders it. */
function padOf(
  kernel: Kernel,
  { c0, c1, y }: Pick<BB1Ciphertext, 'c0' | 'c1' | 'y'>,
  psi: Uint8Array,
  { q, hash }: Domain,
): bigint {
  const coordinates = [c1.y, c1.x, c0.y, c0.x].map((value) => fromBigInt(value, kernel.fieldOctets));
  const sigma = concat(...coordinates, y, psi);
  const eta = digest(hash, sigma);
  return hashToRange(concat(digest(hash, eta, sigma), eta), q, hash);
}

/** a / b of two elements of norm 1, given as re || im; the octets are wiped. */
function ratio(kernel: Kernel, a: Uint8Array, b: Uint8Array): Fp2 {
  const [left, right] = [a, b].map((octets) => pointFromOctets(kernel, octets)) as [Point, Point];
  for (const octets of [a, b]) octets.fill(0);
  return multiplyElements(kernel, { re: left.x, im: left.y }, { re: right.x, im: -right.y });
}

/** a * b in F_p^2, members in [0, p). */
export function multiplyElements({ p }: Curve, a: Fp2, b: Fp2): Fp2 {
  const field = createField(p);
  return { re: field.canonical(a.re * b.re - a.im * b.im), im: field.canonical(a.re * b.im + a.im * b.re) };
}

/** Canonical1 in order 1 (im || re) of an element in order 0. */
function reversed({ fieldOctets }: Kernel, octets: Uint8Array): Uint8Array {
  return concat(octets.subarray(fieldOctets), octets.subarray(0, fieldOctets));
}

/** Lends a scalar's octets to `fn`, and wipes them. */
function lendScalar<T>({ scalarOctets }: Kernel, k: bigint, fn: (scalar: Uint8Array) => T): T {
  const scalar = fromBigInt(k, scalarOctets);
  try {
    return fn(scalar);
  } finally {
    scalar.fill(0);
  }
}
