/**
 * What each side checks of a message of a running exchange (protocol profile 3.3, 4.3, 4.4): that it belongs to the
 * exchange, and that what was sent comes back as it was sent.
 */
import {
  constantTimeEqual,
  equalBytes,
  HalfkeyError,
  ntpToUnixSeconds,
  type NtpTime,
  type Secret,
} from '../../foundation/base/index.ts';
import { sameIdentity, type Identity } from '../../foundation/identity/index.ts';
import { assertPoint, publicPoint, type EcCurve } from '../../crypto/ecdh/index.ts';
import { sealNonce, type NonceContext } from '../../crypto/nonce/index.ts';
import type { IbakeMessage, KeyComponent } from '../mikey/index.ts';
import type { IbakeEndpoint } from './endpoint.ts';

/** What all messages of an exchange share. */
export interface ExchangeId {
  readonly prf: 0 | 1;
  readonly csbId: Uint8Array;
  readonly idri: Identity;
}

/** Requires that a message belongs to the exchange. @throws HalfkeyError `CsbMismatch`, `CsMapMismatch`, `IdentityMismatch` */
export function checkBelongs(message: IbakeMessage, { prf, csbId, idri }: ExchangeId): void {
  if (!equalBytes(message.csbId, csbId)) throw new HalfkeyError('CsbMismatch', 'the CSB ID differs', { offset: 4 });
  if (message.prf !== prf) throw new HalfkeyError('CsMapMismatch', 'the PRF differs', { offset: 3 });
  if (!sameIdentity(message.idri, idri)) throw new HalfkeyError('IdentityMismatch', 'IDRi differs');
}

/** Requires T within the window of a clock in milliseconds (profile 2.3). @throws HalfkeyError `InvalidTimestamp` (N7) */
export function checkWindow(t: NtpTime, nowMs: number, skewSeconds: number): void {
  if (Math.abs(ntpToUnixSeconds(t) - nowMs / 1000) > skewSeconds)
    throw new HalfkeyError('InvalidTimestamp', 'T is outside the window');
}

/** Requires T of an answer to be the T that it answers (N14). @throws HalfkeyError `TimestampMismatch` */
export function checkCopied(t: NtpTime, sent: NtpTime): void {
  if (!equalBytes(t, sent)) throw new HalfkeyError('TimestampMismatch', 'T is not the one that is answered');
}

/**
 * Requires a key component to come back as it was sent; its fields without meaning (A4) may differ.
 * @throws HalfkeyError `KeyComponentMismatch` (N42), also when it did not come back
 */
export function checkComponentEcho(sent: KeyComponent, returned: KeyComponent | undefined): void {
  const same =
    returned?.curve === sent.curve && equalBytes(returned.point, sent.point) && sameOptional(returned.mki, sent.mki);
  if (!same) throw new HalfkeyError('KeyComponentMismatch', 'our key component did not come back as it was sent');
}

/**
 * Requires our nonce to come back as it was sent, compared in constant time; none is to come back where none was sent.
 * @param without whether the peer may leave it out: policy `peerWithoutEcho`
 * @throws HalfkeyError `NonceEchoMissing` (N39), `NonceEchoMismatch` (N40)
 */
export function checkNonceEcho(sent: Uint8Array | undefined, returned: Uint8Array | undefined, without: boolean): void {
  if (returned === undefined) {
    if (sent === undefined || without) return;
    throw new HalfkeyError('NonceEchoMissing', 'our nonce did not come back');
  }
  if (sent === undefined || !constantTimeEqual(sent, returned))
    throw new HalfkeyError('NonceEchoMismatch', 'another nonce came back than was sent');
}

/**
 * Requires the other side's key component to be a point of `curve` other than ours.
 * @throws HalfkeyError `InvalidDh`, `InvalidPoint` (N37), `ReflectedKeyComponent` (N43)
 */
export function checkForeignComponent(curve: EcCurve, own: Uint8Array, foreign: KeyComponent): void {
  if (foreign.curve !== curve.number) throw new HalfkeyError('InvalidDh', 'the key components are of different curves');
  assertPoint(curve, foreign.point);
  if (equalBytes(own, foreign.point))
    throw new HalfkeyError('ReflectedKeyComponent', 'both key components are the same point');
}

export function sameOptional(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a === undefined || b === undefined ? a === b : equalBytes(a, b);
}

/** A key component of ours, and the nonce beside it unless no master secret is provisioned (profile 4.3). */
export interface OwnHalf {
  readonly component: KeyComponent;
  readonly nonce?: Uint8Array;
}

/**
 * Our half from a fresh scalar. The nonce seals the scalar under our own master secret; it is made in every call, and
 * never because of the one at the other end. @throws HalfkeyError `ModeCurveRefused` (N63)
 */
export function ownHalf(
  endpoint: IbakeEndpoint,
  scalar: Secret<'EcdhScalar'>,
  context: NonceContext,
  mki: Uint8Array | undefined,
): OwnHalf {
  const { curve, identity, t1 } = context;
  const component = { curve: curve.number, point: publicPoint(curve, scalar), ...(mki && { mki }) };
  const held = endpoint.masterSecretAt?.(identity, t1);
  return held === undefined ? { component } : { component, nonce: sealNonce({ ...held, context, scalar }) };
}
