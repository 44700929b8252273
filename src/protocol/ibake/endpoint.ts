/**
 * What the machines are told about the endpoint they run for: identities, keys, peers, policy (protocol profile 2.3,
 * 2.4, 4.3, 9). Everything is lent; nothing here is fetched, and no message makes anybody fetch (profile 5.4).
 */
import { HalfkeyError, ntpToUnixSeconds, type NtpTime, type Secret } from '../../foundation/base/index.ts';
import {
  generalizedTime,
  isDeviceOf,
  keyEpochStart,
  sameIdentity,
  type District,
  type GeneralizedTime,
  type Identity,
} from '../../foundation/identity/index.ts';
import type { CurveNumber } from '../../crypto/ecdh/index.ts';
import type { Decryptor, PublicParameters } from '../../crypto/ibe/index.ts';
import type { NonceMode } from '../../crypto/nonce/index.ts';
import type { SuiteName } from '../mikey/index.ts';
import { IBAKE_LIMITS } from './limits.ts';
import type { ExchangeRandom } from './random.ts';

/** A district and its public parameters. */
export interface DistrictParameters {
  readonly district: District;
  readonly params: PublicParameters;
}

/** Which private key: of whom, under which parameters, of the key epoch that starts at `notBefore`. */
export interface PrivateKeyName {
  readonly identity: Identity;
  readonly serial: bigint;
  readonly notBefore: GeneralizedTime;
}

/** MS of one epoch; stays its owner's to wipe. */
export interface OwnMasterSecret {
  readonly mode: NonceMode;
  readonly epoch: number;
  readonly masterSecret: Secret<'MasterSecret'>;
}

/** What an endpoint takes and offers. */
export interface IbakePolicy {
  readonly suites: readonly SuiteName[];
  readonly prfs: readonly (0 | 1)[];
  readonly curves: readonly CurveNumber[];
  /** Window of T on I_MESSAGE_1 and I_MESSAGE_2. */
  readonly skewSeconds: number;
  /** `peerWithoutEcho` of profile 4.3: whether a peer of that identity's domain may fail to return our nonce. */
  readonly peerWithoutEcho: (peer: Identity) => boolean;
}

/** PRF 1 only, every suite and curve of the profile, and no peer that does not return the nonce. */
export const DEFAULT_POLICY: IbakePolicy = {
  suites: [
    'AES_CM_128_HMAC_SHA1_80',
    'AES_CM_128_HMAC_SHA1_32',
    'AES_256_CM_HMAC_SHA1_80',
    'AEAD_AES_128_GCM',
    'AEAD_AES_256_GCM',
  ],
  prfs: [1],
  curves: [8, 11, 14],
  skewSeconds: IBAKE_LIMITS.skewSeconds,
  peerWithoutEcho: () => false,
};

export interface IbakeEndpoint {
  /** Under which it calls and answers: of a user, or of a device. */
  readonly identity: Identity;
  /** Further identities under which it may be called and whose private keys it holds: the user of the device, aliases. */
  readonly calledAs: readonly Identity[];
  /** Its own district; two serials while they overlap (profile 9). */
  readonly districts: readonly DistrictParameters[];
  /** A private key, which stays the caller's to close. @throws HalfkeyError `NoKeyForEpoch` */
  readonly decryptorFor: (name: PrivateKeyName) => Pick<Decryptor, 'decrypt'>;
  /** From the signed federation table only (profile 2.4): the highest valid serial of the identity's district. */
  readonly peerOf: (identity: Identity) => DistrictParameters | undefined;
  /** MS of `identity` for a message of that time; undefined where none is provisioned: then no nonce is sent. */
  readonly masterSecretAt?: (identity: Identity, t: NtpTime) => OwnMasterSecret | undefined;
  readonly policy: IbakePolicy;
  readonly random: ExchangeRandom;
}

/** Start of the key epoch that contains T, by the interval of the recipient's district (profile 2.3). */
export function keyEpochOf(t: NtpTime, district: District): GeneralizedTime {
  return generalizedTime(keyEpochStart(ntpToUnixSeconds(t), district.keyEpochSeconds));
}

/** @throws HalfkeyError `NoPeerParameters` */
export function parametersOf(endpoint: IbakeEndpoint, peer: Identity): DistrictParameters {
  const found = endpoint.peerOf(peer);
  if (found === undefined) throw new HalfkeyError('NoPeerParameters', 'the federation table has no such domain');
  return found;
}

/**
 * Under which identity a call to `called` is answered: its own where that is the called one or a device of it, else the
 * called one. @throws HalfkeyError `InvalidId` when the endpoint is not called so
 */
export function answeringIdentity({ identity, calledAs }: IbakeEndpoint, called: Identity): Identity {
  if (sameIdentity(identity, called)) return identity;
  if (!calledAs.some((own) => sameIdentity(own, called)))
    throw new HalfkeyError('InvalidId', 'IDRr is not an identity of this endpoint');
  return isDeviceOf(identity, called) ? identity : called;
}
