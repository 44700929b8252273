/**
 * What the KMS needs from outside. Types only.
 * The KMS of the split deployment gets no {@link NonceOpener}.
 */
import type { NtpTime, Secret } from '../../foundation/base/index.ts';
import type { Identity } from '../../foundation/identity/index.ts';

/** One nonce to be opened, with the point that it must give. */
export interface NonceToOpen {
  readonly identity: Identity;
  readonly role: 'initiator' | 'responder';
  /** MIKEY ECC curve number. */
  readonly curve: number;
  readonly csbId: Uint8Array;
  readonly t1: NtpTime;
  readonly nonce: Uint8Array;
  readonly ownPoint: Uint8Array;
}

/** Opens the nonces of subscribers whose master secrets it holds (solution 3). */
export type NonceOpener = (nonce: NonceToOpen) => Promise<Secret<'EcdhScalar'>>;

/** Where the sealed IBE master secret lies. */
export interface KmsStore {
  masterSecret(): Promise<Uint8Array | undefined>;
  /** Durable when it returns; keeps the first one ever given and returns what is kept. */
  keepMasterSecret(sealed: Uint8Array): Promise<Uint8Array>;
}

/** Whom a holder serves: the KMS, and the provider in a store of its own. */
export interface RegisterStore {
  /** The user's identities are exactly these from now on; durable when it returns. */
  set(user: Identity, identities: readonly Identity[]): Promise<void>;
  has(identity: Identity): Promise<boolean>;
}

/** Encryption at rest under the holder's key-encryption key. */
export interface KmsSealer {
  seal(plain: Uint8Array, context: string): Uint8Array;
  open(sealed: Uint8Array, context: string): Uint8Array;
}
