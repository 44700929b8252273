/**
 * Sealing and opening of NA and NB: the owner's scalar, encrypted under the owner's master secret
 * (protocol profile 4.2; RFC 3394 and 5649 for mode 2, RFC 5297 for mode 3).
 * A holder must open with {@link openCommittedNonce}, which returns nothing before [x]P is the claimed point.
 */
import { createCipheriv, createDecipheriv } from 'node:crypto';
import { aessiv } from '@noble/ciphers/aes.js';
import { concat, equalBytes, HalfkeyError, Secret, uint } from '../../foundation/base/index.ts';
import { commitmentHolds } from '../ecdh/index.ts';
import { assertModeForCurve, associatedData, nonceLength, type NonceContext, type NonceMode } from './context.ts';
import { assertMasterSecret, nonceKey } from './derive.ts';

/** RFC 5649 3: the alternative initial value, which OpenSSL takes as the IV. */
const KWP_IV = Uint8Array.of(0xa6, 0x59, 0x59, 0xa6);

export interface SealNonce {
  readonly mode: NonceMode;
  /** MS of `epoch`; not wiped here. */
  readonly masterSecret: Secret<'MasterSecret'>;
  /** MS epoch, 0 to 2^32-1; mode 1 does not carry it. */
  readonly epoch: number;
  readonly context: NonceContext;
  /** `curve.scalarLength` octets; not wiped here. */
  readonly scalar: Secret<'EcdhScalar'>;
}

export interface OpenNonce {
  readonly mode: NonceMode;
  readonly masterSecret: Secret<'MasterSecret'>;
  readonly epoch: number;
  readonly context: NonceContext;
  readonly nonce: Uint8Array;
}

/**
 * The nonce of a scalar. Deterministic: the scalar is fresh, so nothing repeats unless the scalar does.
 * @throws HalfkeyError `ModeCurveRefused`; TypeError for a scalar of another length
 */
export function sealNonce({ mode, masterSecret, epoch, context, scalar }: SealNonce): Uint8Array {
  const { curve } = context;
  assertModeForCurve(mode, curve);
  assertMasterSecret(masterSecret);
  if (scalar.length !== curve.scalarLength) throw new TypeError('the scalar has another length than the curve order');
  const ad = associatedData(context, epoch);
  return scalar.use((x) => {
    if (mode === 1) return masterSecret.use((ms) => ecb('seal', ms, x));
    const key = nonceKey(masterSecret, mode);
    const body = mode === 2 ? keyWrap(key, x) : aessiv(key, ad).encrypt(x);
    key.fill(0);
    return concat(Uint8Array.of(mode), uint(epoch, 4), body);
  });
}

/**
 * The scalar of a nonce, **without** the commitment check: for tests and for an owner that compares it itself.
 * The value may be outside [1, n-1]. The caller wipes it.
 * @throws HalfkeyError `ModeCurveRefused`; `NONCE_COMMITMENT_MISMATCH` for another form, length or mode and when the
 *   integrity check of mode 2 fails; `NONCE_CONTEXT_MISMATCH` for another wire epoch and when SIV does not verify
 */
export function openNonce(input: OpenNonce): Secret<'EcdhScalar'> {
  const { scalar, verified } = decrypt(input);
  if (verified) return scalar;
  scalar.wipe();
  throw input.mode === 3 ? contextMismatch() : commitmentMismatch();
}

/**
 * The scalar of a nonce, only if [x]P is `ownPoint` and, in mode 3, the nonce was made for this context.
 * Both checks are always made, so that a refusal takes the same work whatever its cause. A nonce that gives the
 * point but was sealed for another role, exchange or time is `NONCE_CONTEXT_MISMATCH` (N60); everything else (other
 * owner, other master secret, altered, made up, x = 0 or x >= n) is `NONCE_COMMITMENT_MISMATCH` (N58, N59, N64).
 * To tell these apart SIV's plaintext is looked at before it verified; it leaves this function in no case.
 * @throws HalfkeyError as said, and `ModeCurveRefused`
 */
export function openCommittedNonce(input: OpenNonce & { readonly ownPoint: Uint8Array }): Secret<'EcdhScalar'> {
  const { scalar, verified } = decrypt(input);
  const committed = commitmentHolds(input.context.curve, scalar, input.ownPoint);
  if (committed && verified) return scalar;
  scalar.wipe();
  throw committed ? contextMismatch() : commitmentMismatch();
}

function commitmentMismatch(): HalfkeyError {
  return new HalfkeyError('NONCE_COMMITMENT_MISMATCH', 'the nonce does not open to the scalar of the point');
}

function contextMismatch(): HalfkeyError {
  return new HalfkeyError('NONCE_CONTEXT_MISMATCH', 'the nonce was not made for this context');
}

/** A scalar-sized plaintext and whether the mode's own integrity check passed (mode 1 has none). */
function decrypt(input: OpenNonce): { scalar: Secret<'EcdhScalar'>; verified: boolean } {
  const { mode, masterSecret, epoch, context, nonce } = input;
  const { curve } = context;
  assertModeForCurve(mode, curve);
  assertMasterSecret(masterSecret);
  const ad = associatedData(context, epoch);
  if (nonce.length !== nonceLength(mode, curve)) throw commitmentMismatch();
  if (mode === 1) {
    return {
      scalar: new Secret(
        'EcdhScalar',
        masterSecret.use((ms) => ecb('open', ms, nonce)),
      ),
      verified: true,
    };
  }
  if (nonce[0] !== mode) throw commitmentMismatch();
  if (!equalBytes(nonce.subarray(1, 5), uint(epoch, 4))) throw contextMismatch();
  const body = nonce.subarray(5);
  const key = nonceKey(masterSecret, mode);
  try {
    if (mode === 3) return decryptSiv(key, ad, body);
    const x = keyUnwrap(key, body);
    const right = x?.length === curve.scalarLength;
    return { scalar: new Secret('EcdhScalar', right ? x : new Uint8Array(curve.scalarLength)), verified: right };
  } finally {
    key.fill(0);
  }
}

/** AES-256-ECB without padding over whole blocks (mode 1: the contribution's AES_MS(x)). */
function ecb(direction: 'seal' | 'open', key: Uint8Array, blocks: Uint8Array): Uint8Array {
  const cipher =
    direction === 'seal' ? createCipheriv('aes-256-ecb', key, null) : createDecipheriv('aes-256-ecb', key, null);
  cipher.setAutoPadding(false);
  return takeOver(cipher.update(blocks), cipher.final());
}

/** RFC 5649 4.1 with a 256-bit key. */
function keyWrap(key: Uint8Array, plain: Uint8Array): Uint8Array {
  const cipher = createCipheriv('id-aes256-wrap-pad', key, KWP_IV);
  return takeOver(cipher.update(plain), cipher.final());
}

/** RFC 5649 4.2; undefined when the integrity check fails. */
function keyUnwrap(key: Uint8Array, wrapped: Uint8Array): Uint8Array | undefined {
  const decipher = createDecipheriv('id-aes256-wrap-pad', key, KWP_IV);
  try {
    return takeOver(decipher.update(wrapped), decipher.final());
  } catch {
    return undefined;
  }
}

/** RFC 5297 2.7 with K = K1 || K2 of 32 octets each, one component of associated data, no nonce. */
function decryptSiv(
  key: Uint8Array,
  ad: Uint8Array,
  body: Uint8Array,
): { scalar: Secret<'EcdhScalar'>; verified: boolean } {
  // RFC 5297 2.5: bits 31 and 63 of V are cleared to make the counter.
  const counter = Uint8Array.from(body.subarray(0, 16));
  counter[8] = (counter[8] as number) & 0x7f;
  counter[12] = (counter[12] as number) & 0x7f;
  const ctr = createDecipheriv('aes-256-ctr', key.subarray(32), counter);
  const scalar = new Secret('EcdhScalar', takeOver(ctr.update(body.subarray(16)), ctr.final()));
  let verified = true;
  try {
    aessiv(key, ad).decrypt(body).fill(0);
  } catch {
    verified = false;
  }
  return { scalar, verified };
}

/** One new array of the parts, which are wiped: OpenSSL's output buffers are ours. */
function takeOver(...parts: readonly Uint8Array[]): Uint8Array {
  const out = concat(...parts);
  for (const part of parts) part.fill(0);
  return out;
}
