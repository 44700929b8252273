/**
 * Opening one nonce for its lawful asker (protocol profile 3.7, 4.2, 4.4; 5.3 T1, T2, T4, T5, T7).
 * Nothing is returned before [x]P is the claimed point. The caller has already decided that the warrant allows
 * the request, and has recorded it: this file knows of neither.
 */
import { createHash } from 'node:crypto';
import {
  HalfkeyError,
  isHalfkeyError,
  ntpToUnixSeconds,
  toHex,
  type NtpTime,
  type Secret,
} from '../../foundation/base/index.ts';
import type { Identity } from '../../foundation/identity/index.ts';
import { assertPoint, ecCurve, type EcCurve } from '../../crypto/ecdh/index.ts';
import {
  assertModeForCurve,
  nonceEpoch,
  nonceLength,
  openCommittedNonce,
  type NonceContext,
  type NonceMode,
} from '../../crypto/nonce/index.ts';
import type { MsRow, MsStore, Sealer } from './ports.ts';
import { covers, epochAt, openRow, ratchetTo } from './record.ts';

/** One nonce and what it must fit. */
export interface OpenRequest {
  /** Canonical identity of the nonce's owner: as in the clear IDR of its role. */
  readonly identity: Identity;
  readonly role: 'initiator' | 'responder';
  /** MIKEY ECC curve number: 8, 11 or 14. */
  readonly curve: number;
  /** 4 octets. */
  readonly csbId: Uint8Array;
  /** T of I_MESSAGE_1. */
  readonly t1: NtpTime;
  /** The value of the owner's RANDR payload, 0 to 255 octets: what a terminal put there is judged, not refused. */
  readonly nonce: Uint8Array;
  /** The owner's key component, 04 || X || Y. */
  readonly ownPoint: Uint8Array;
}

/**
 * Checks the form of a request without looking anything up: what a holder does before it records the request.
 * Role 240 (NSK) is not opened by this version.
 * @throws HalfkeyError `BAD_REQUEST`, `InvalidDh`, `InvalidPoint`
 */
export function assertOpenRequest(request: OpenRequest): void {
  const bad = (message: string): never => {
    throw new HalfkeyError('BAD_REQUEST', message);
  };
  if (!(['initiator', 'responder'] as readonly unknown[]).includes(request.role)) bad('role is initiator or responder');
  if (request.csbId.length !== 4) bad('csbId has 4 octets');
  if (request.t1.length !== 8) bad('t1 has 8 octets');
  if (request.nonce.length > 255) bad('nonce has at most 255 octets');
  assertPoint(ecCurve(request.curve), request.ownPoint);
}

/** What {@link openNonceFor} works with; `decoy` is a sealed secret of nobody. */
export interface OpenWith {
  readonly store: MsStore;
  readonly sealer: Sealer;
  readonly allowUnboundNonces: boolean;
  readonly decoy: { readonly row: MsRow; readonly identity: Identity };
}

/**
 * The scalar x or y of the request; the caller wipes it.
 * @throws HalfkeyError as {@link assertOpenRequest}; `MS_UNKNOWN_SUBSCRIBER` when no record of the identity covers T1;
 *   `POLICY_REFUSED`, `ModeCurveRefused`, `MS_EPOCH_ERASED`, `NONCE_CONTEXT_MISMATCH`, `NONCE_COMMITMENT_MISMATCH`
 */
export async function openNonceFor(
  request: OpenRequest,
  { store, sealer, allowUnboundNonces, decoy }: OpenWith,
): Promise<Secret<'EcdhScalar'>> {
  assertOpenRequest(request);
  const rows = await store.find(request.identity);
  const row = rows.find((held) => covers(held, ntpToUnixSeconds(request.t1)));
  if (row === undefined) throw unknownSubscriber(request, decoy, sealer);
  const mode = row.mode as NonceMode;
  if (mode !== 3 && !allowUnboundNonces) {
    throw new HalfkeyError('POLICY_REFUSED', `nonce mode ${String(mode)} needs the policy flag allowUnboundNonces`);
  }
  const scalar = openWithRow(request, row, request.identity, sealer);
  if (mode === 3) return scalar;
  // Profile 4.2, modes 1 and 2: nothing but this memory ties the point to one exchange.
  try {
    const asked = { csbId: toHex(request.csbId), t1: toHex(request.t1) };
    const pointHash = createHash('sha256').update(request.ownPoint).digest('hex');
    const first = await store.rememberPoint({ pointHash, ...asked });
    if (first.csbId !== asked.csbId || first.t1 !== asked.t1) {
      throw new HalfkeyError('NONCE_CONTEXT_MISMATCH', 'the point was answered for another exchange');
    }
    return scalar;
  } catch (error) {
    scalar.wipe();
    throw error;
  }
}

/** Profile 3.7: which epochs may be tried, decided before any derivation; then [x]P against the claimed point. */
function openWithRow(request: OpenRequest, row: MsRow, identity: Identity, sealer: Sealer): Secret<'EcdhScalar'> {
  const mode = row.mode as NonceMode;
  const curve = ecCurve(request.curve);
  assertModeForCurve(mode, curve);
  const expected = epochAt(row, ntpToUnixSeconds(request.t1));
  const claimed = mode === 1 ? [expected, expected - 1, expected + 1] : [claimedEpoch(request, mode, curve, expected)];
  const epochs = claimed.filter((epoch) => epoch >= row.rootEpoch && epoch <= 0xffffffff);
  const context: NonceContext = { ...request, role: request.role === 'initiator' ? 1 : 2, curve };
  for (const epoch of row.sealed.length === 0 ? [] : epochs) {
    const masterSecret = ratchetTo(openRow(row, sealer), identity, row.rootEpoch, epoch);
    try {
      return openCommittedNonce({
        mode,
        masterSecret,
        epoch,
        context,
        nonce: request.nonce,
        ownPoint: request.ownPoint,
      });
    } catch (error) {
      // Mode 1 does not say its epoch: a wrong one looks like a wrong nonce.
      if (mode !== 1 || !isHalfkeyError(error, 'NONCE_COMMITMENT_MISMATCH')) throw error;
    } finally {
      masterSecret.wipe();
    }
  }
  if ((claimed[0] as number) < row.rootEpoch || row.sealed.length === 0) {
    throw new HalfkeyError('MS_EPOCH_ERASED', 'the master secret of that epoch has been erased');
  }
  throw new HalfkeyError('NONCE_COMMITMENT_MISMATCH', 'the nonce does not open to the scalar of the point');
}

/** The epoch that a nonce of mode 2 or 3 names, at most one from that of T1. The mode is the record's, never the wire's. */
function claimedEpoch(request: OpenRequest, mode: NonceMode, curve: EcCurve, expected: number): number {
  if (request.nonce.length !== nonceLength(mode, curve) || request.nonce[0] !== mode) {
    throw new HalfkeyError('NONCE_COMMITMENT_MISMATCH', 'the nonce does not have the form of its mode');
  }
  const epoch = nonceEpoch(request.nonce);
  if (Math.abs(epoch - expected) > 1) {
    throw new HalfkeyError('NONCE_CONTEXT_MISMATCH', 'the epoch of the nonce is not that of T');
  }
  return epoch;
}

/** N62: the work of a refused nonce, done with a secret of nobody in the mode that the nonce's form suggests. */
function unknownSubscriber(request: OpenRequest, { row, identity }: OpenWith['decoy'], sealer: Sealer): HalfkeyError {
  const mode = request.nonce.length === nonceLength(1, ecCurve(request.curve)) ? 1 : request.nonce[0] === 2 ? 2 : 3;
  const masterSecret = openRow(row, sealer);
  try {
    const epoch = mode === 1 ? 0 : nonceEpoch(request.nonce);
    const context: NonceContext = { ...request, identity, role: 1, curve: ecCurve(request.curve) };
    openCommittedNonce({ mode, masterSecret, epoch, context, nonce: request.nonce, ownPoint: request.ownPoint }).wipe();
  } catch (error) {
    if (!isHalfkeyError(error)) throw error;
  } finally {
    masterSecret.wipe();
  }
  return new HalfkeyError('MS_UNKNOWN_SUBSCRIBER', 'no master secret is held for the identity at that time');
}
