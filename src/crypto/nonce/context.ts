/**
 * What a nonce is bound to, and the forms it has on the wire (protocol profile 4.2).
 * The mode is provisioned with the master secret: a wire octet is checked against it and never chooses it.
 */
import { ascii, ByteReader, concat, HalfkeyError, uint, type NtpTime } from '../../foundation/base/index.ts';
import { identityToWire, type Identity } from '../../foundation/identity/index.ts';
import type { EcCurve } from '../ecdh/index.ts';

/** 1 AES-256-ECB as in the contribution, 2 KWP (RFC 5649), 3 SIV (RFC 5297, the default). */
export type NonceMode = 1 | 2 | 3;
/** Role of the RANDR payload: 1 the initiator's NA, 2 the responder's NB. */
export type NonceRole = 1 | 2;

/** `csbId`: 4 octets; `t1`: T of I_MESSAGE_1; `identity`: of the nonce's owner, canonical. */
export interface NonceContext {
  readonly role: NonceRole;
  readonly curve: EcCurve;
  readonly csbId: Uint8Array;
  readonly t1: NtpTime;
  readonly identity: Identity;
}

const LABEL = concat(ascii('LI-IBAKE nonce v1'), Uint8Array.of(0));

/**
 * Associated data of mode 3: label 00, role 1, curve 1, epoch 4, CSB ID 4, T(I1) 8, identity length 2, identity.
 * @throws TypeError for a context of another form
 */
export function associatedData(context: NonceContext, epoch: number): Uint8Array {
  const { role, curve, csbId, t1, identity } = context;
  if ((role as number) !== 1 && (role as number) !== 2) throw new TypeError('a nonce has role 1 or 2');
  if (csbId.length !== 4 || t1.length !== 8) throw new TypeError('a CSB ID has 4 octets and T has 8');
  const id = identityToWire(identity);
  return concat(LABEL, uint(role, 1), uint(curve.number, 1), uint(epoch, 4), csbId, t1, uint(id.length, 2), id);
}

/**
 * Refuses a mode that cannot carry scalars of the curve: mode 1 with P-521, whose padding would leave a block of
 * about 9 unknown bits (N63).
 * @throws HalfkeyError `ModeCurveRefused`
 */
export function assertModeForCurve(mode: NonceMode, curve: EcCurve): void {
  if (mode === 1 && curve.scalarLength % 16 !== 0) {
    throw new HalfkeyError('ModeCurveRefused', `nonce mode 1 cannot be used with ${curve.name}`);
  }
}

/** Octets of a nonce: mode 1 the scalar, mode 2 five and RFC 5649's length, mode 3 five, 16 and the scalar. */
export function nonceLength(mode: NonceMode, curve: EcCurve): number {
  if (mode === 1) return curve.scalarLength;
  return 5 + (mode === 2 ? 8 * Math.ceil(curve.scalarLength / 8) + 8 : 16 + curve.scalarLength);
}

/**
 * MS epoch in the clear part of a nonce of mode 2 or 3 (octets 1 to 4). Mode 1 has none: the epoch is found from T.
 * @throws HalfkeyError `BadField`, `Truncated`
 */
export function nonceEpoch(nonce: Uint8Array): number {
  const reader = new ByteReader(nonce);
  const mode = reader.uint(1, 'nonce mode');
  if (mode !== 2 && mode !== 3) throw new HalfkeyError('BadField', 'the nonce is not of mode 2 or 3', { offset: 0 });
  return reader.uint(4, 'nonce epoch');
}
