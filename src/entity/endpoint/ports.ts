/**
 * What a client needs from outside, and what its call and its key store know of each other. Types only.
 * The shapes of keys and parameters are those of the ibe and nonce modules, written out, because a file of ports
 * names nothing above identities: a value of either is a value of the other.
 */
import type { NtpTime, Secret } from '../../foundation/base/index.ts';
import type { District, GeneralizedTime, Identity } from '../../foundation/identity/index.ts';

/** An affine point, never infinity: `Point` of the curve module. */
export interface PortPoint {
  readonly x: bigint;
  readonly y: bigint;
}

/** `PublicParameters` of the ibe module, validated. */
export interface PortParameters {
  readonly level: 1024 | 2048 | 3072 | 7680;
  readonly p: bigint;
  readonly q: bigint;
  readonly P: PortPoint;
  readonly hash: 'sha1' | 'sha224' | 'sha256' | 'sha384';
  readonly Ppub: PortPoint;
}

/** `Pick<Decryptor, 'decrypt'>` of the ibe module. */
export interface PortDecryptor {
  /** @throws HalfkeyError `IbeDecryptFailed` */
  decrypt(c: { readonly u: PortPoint; readonly v: Uint8Array; readonly w: Uint8Array }): Uint8Array;
}

/** The master secret that seals the nonces of one epoch; lent: whoever gets it neither keeps nor wipes it. */
export interface NonceSecret {
  readonly mode: 1 | 2 | 3;
  readonly epoch: number;
  readonly masterSecret: Secret<'MasterSecret'>;
}

/** A district and the parameters under which its subscribers are encrypted to. */
export interface PeerDistrict {
  readonly district: District;
  /** The same object at each call, so that what is computed from it is computed once. */
  readonly params: PortParameters;
}

/** The keys and tables by which one client makes and answers calls. Nothing here waits or fetches. */
export interface EndpointKeys {
  /** Its own identity, canonical. */
  readonly identity: Identity;
  /** Its own district. */
  readonly district: District;
  /**
   * The private key of one of the client's own identities in a key epoch (previous, current or next); lent for one opening.
   * @throws HalfkeyError `NoKeyForEpoch` for a foreign identity, an epoch never provisioned, or an erased one
   */
  decryptorFor(identity: Identity, notBefore: GeneralizedTime): PortDecryptor;
  /** MS of the MS epoch that contains `t`, T of I_MESSAGE_1; undefined: this client sends no nonce. */
  masterSecretAt(t: NtpTime): NonceSecret | undefined;
  /**
   * The peer's district, from the signed federation table only.
   * @throws HalfkeyError `PEER_UNKNOWN`, `ParametersUnusable`
   */
  peer(identity: Identity): PeerDistrict;
}

/** How a client asks its KMS or provider: one request, one checked body. @throws HalfkeyError `UNAVAILABLE`, or the refusal */
export type ProvisioningRequest = (path: string, body: unknown) => Promise<unknown>;

/** Where a client keeps the highest parameter serial it has seen of each district, so that no table can take it back. */
export interface SerialPins {
  /** Highest serial seen of a district, undefined when none was. */
  highest(district: string): bigint | undefined;
  /** Raises it; durable when it returns. A lower serial than the kept one changes nothing. */
  raise(district: string, serial: bigint): Promise<void>;
}
