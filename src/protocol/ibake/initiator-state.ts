/**
 * What an initiator keeps between messages (protocol profile 4.3, 6.1). Immutable, but for the wiping of secrets: x is
 * here and nowhere else, K of a branch in the branch.
 */
import type { NtpTime, Secret } from '../../foundation/base/index.ts';
import type { Identity } from '../../foundation/identity/index.ts';
import type { EcCurve } from '../../crypto/ecdh/index.ts';
import type { CsMapEntry, SecurityPolicy } from '../mikey/index.ts';
import type { ExchangeId, OwnHalf } from './checks.ts';

/** What I_MESSAGE_1 said; nothing of it is secret. */
export interface Offer extends ExchangeId {
  /** IDRr of I_MESSAGE_1. */
  readonly called: Identity;
  readonly csMap: readonly CsMapEntry[];
  readonly policies: readonly SecurityPolicy[];
  readonly rand: Uint8Array;
  readonly sentMs: number;
  readonly t: NtpTime;
  readonly curve: EcCurve;
  readonly half: OwnHalf;
}

/** One R_MESSAGE_1 that came: `branch` is missing where it was refused. */
export interface Answered {
  readonly dialog: string;
  readonly r1: Uint8Array;
  readonly branch?: Branch;
}

/** An initiator that waits for answers. */
export interface InitiatorState {
  readonly x: Secret<'EcdhScalar'>;
  readonly offer: Offer;
  readonly answers: readonly Answered[];
  readonly holds: readonly Secret<string>[];
}

/** A branch that waits for R_MESSAGE_2. */
export interface Branch {
  readonly offer: Offer;
  /** What tells the branch from others: the To-tag. */
  readonly dialog: string;
  /** IDRr of R_MESSAGE_1: only `claimed` until R_MESSAGE_2 has been verified (profile 3.3). */
  readonly answering: Identity;
  readonly csMap: readonly CsMapEntry[];
  /** T of I_MESSAGE_2. */
  readonly t: NtpTime;
  /** CH, where another identity answered than was called. */
  readonly challenge?: Uint8Array;
  /** I_MESSAGE_2. */
  readonly message: Uint8Array;
  readonly kSession: Secret<'SessionKey'>;
  readonly holds: readonly Secret<string>[];
}
