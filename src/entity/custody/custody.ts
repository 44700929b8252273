/**
 * The custody of master secrets: the Provider's Database of the contribution without its doors, and in solution 3 a
 * part of the KMS (protocol profile 3.7, 4.2). It gives out one scalar at a time, and a master secret to nobody but
 * the client whose it is; warrants, records, limits, caps and who that client is are its caller's.
 */
import { HalfkeyError, ntpToUnixSeconds, Secret, type NtpTime, type Random } from '../../foundation/base/index.ts';
import type { Identity } from '../../foundation/identity/index.ts';
import { assertPoint, ecCurve, sharedPoint } from '../../crypto/ecdh/index.ts';
import { MASTER_SECRET_LENGTH, type LiMs, type NonceMode } from '../../crypto/nonce/index.ts';
import { openNonceFor, type OpenRequest } from './open.ts';
import type { MsStore, Sealer } from './ports.ts';
import { advanceRoot, importMasterSecret } from './provision.ts';
import { covers, sealRow, type MsRecord } from './record.ts';
import {
  deliverMasterSecrets,
  drawMasterSecret,
  subscribe,
  subscribeAhead,
  type MsGrid,
  type Span,
  type SubscriptionPolicy,
} from './subscription.ts';

export interface CustodyOptions {
  readonly store: MsStore;
  readonly sealer: Sealer;
  /** Nonce modes 1 and 2 are opened only with this policy flag: they do not enforce the warrant's window by themselves. */
  readonly allowUnboundNonces: boolean;
  readonly random: Random;
}

export interface Custody {
  /**
   * Stores the master secret of one canonical identity; `liMs.masterSecret` stays the caller's to wipe.
   * @returns `held` when the same secrets are there already, even after the root has moved on
   * @throws HalfkeyError `BadField`, `MS_CONFLICT`, `MS_EPOCH_ERASED`
   */
  importMasterSecret(identity: Identity, liMs: LiMs): Promise<'stored' | 'held'>;
  /**
   * Draws a random master secret for these epochs, unless one with the same epochs is held.
   * @throws HalfkeyError `BadField`, `MS_CONFLICT`
   */
  drawMasterSecret(identity: Identity, grid: MsGrid): Promise<'drawn' | 'held'>;
  /** Makes sure that a master secret covers a time (seconds since 1970). @throws HalfkeyError `MS_CONFLICT` */
  subscribe(identity: Identity, policy: SubscriptionPolicy, unixSeconds: number): Promise<'drawn' | 'held'>;
  /** Makes sure that master secrets cover a span without a gap, as far as its `most` reach. */
  subscribeAhead(identity: Identity, policy: SubscriptionPolicy, span: Span): Promise<void>;
  /**
   * For the client of the identity, and nobody else: the first `most` of its master secrets that cover a part of the
   * span, from the epoch that contains `from`. The caller wipes them. @throws HalfkeyError `MS_EPOCH_ERASED`
   */
  deliver(identity: Identity, span: Span): Promise<LiMs[]>;
  /** The mode provisioned for the identity at T1, undefined when no record covers it. For the caller's policy only. */
  modeAt(identity: Identity, t1: NtpTime): Promise<NonceMode | undefined>;
  /**
   * The scalar of a nonce, after every check of profile 3.7 and 4.2; the caller wipes it.
   * @throws HalfkeyError `BAD_REQUEST`, `InvalidDh`, `InvalidPoint`, `MS_UNKNOWN_SUBSCRIBER`, `POLICY_REFUSED`,
   *   `ModeCurveRefused`, `MS_EPOCH_ERASED`, `NONCE_CONTEXT_MISMATCH`, `NONCE_COMMITMENT_MISMATCH`
   */
  open(request: OpenRequest): Promise<Secret<'EcdhScalar'>>;
  /**
   * `answer: shared-point` (profile 4.4): [x]Q instead of x, Q the other party's point; the caller wipes it.
   * @throws HalfkeyError as {@link Custody.open}, and `ReflectedKeyComponent`
   */
  openToSharedPoint(request: OpenRequest & { readonly peerPoint: Uint8Array }): Promise<Secret<'SessionKey'>>;
  /**
   * Erases every epoch of the identity before `epoch`, durably; repeated, it completes one that failed half way.
   * @returns how many records changed
   * @throws HalfkeyError `MS_UNKNOWN_SUBSCRIBER`, `STATE_IN_USE` while something reads the store
   */
  advanceRoot(identity: Identity, epoch: number): Promise<number>;
}

/** A custody over a store; holds nothing itself but a sealed decoy for requests about nobody. */
export function createCustody({ store, sealer, allowUnboundNonces, random }: CustodyOptions): Custody {
  // The text is no canonical identity, so that no subscriber can have it.
  const nobody: MsRecord = {
    identityType: 0,
    identity: 'nobody',
    mode: 3,
    firstEpoch: 0,
    rootEpoch: 0,
    intervalSeconds: 1,
    validFrom: 0,
    validTo: 1,
  };
  const secret = new Secret('MasterSecret', random(MASTER_SECRET_LENGTH));
  const decoy = { row: sealRow(nobody, secret, sealer), identity: { type: 0, text: 'nobody' } as const };
  secret.wipe();
  const open = (request: OpenRequest): Promise<Secret<'EcdhScalar'>> =>
    openNonceFor(request, { store, sealer, allowUnboundNonces, decoy });

  return {
    open,
    importMasterSecret: (identity, liMs) => importMasterSecret(store, sealer, identity, liMs),
    drawMasterSecret: (identity, grid) => drawMasterSecret(store, sealer, random, identity, grid),
    subscribe: (identity, policy, at) => subscribe(store, sealer, random, identity, policy, at),
    subscribeAhead: (identity, policy, span) => subscribeAhead(store, sealer, random, identity, policy, span),
    deliver: (identity, span) => deliverMasterSecrets(store, sealer, identity, span),
    advanceRoot: (identity, epoch) => advanceRoot(store, sealer, identity, epoch),
    async modeAt(identity, t1) {
      const rows = await store.find(identity);
      return rows.find((row) => covers(row, ntpToUnixSeconds(t1)))?.mode as NonceMode | undefined;
    },
    async openToSharedPoint(request) {
      const curve = ecCurve(request.curve);
      assertPoint(curve, request.peerPoint);
      if (Buffer.compare(request.peerPoint, request.ownPoint) === 0) {
        throw new HalfkeyError('ReflectedKeyComponent', 'both key components are the same point');
      }
      const scalar = await open(request);
      try {
        return sharedPoint(curve, scalar, request.peerPoint);
      } finally {
        scalar.wipe();
      }
    },
  };
}
