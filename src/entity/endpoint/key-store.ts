/**
 * The keys of one client (protocol profile 2.3, 3.7, 4.2): private keys by key epoch and master secrets by MS epoch.
 * In memory only: nothing is stored, so nothing is left of an epoch that has been erased, and a client that starts
 * anew is provisioned anew. Each access first erases what has ended: a device seized after the end of an epoch and its
 * grace time yields no key of that epoch.
 */
import { HalfkeyError, ntpToUnixSeconds, type Clock, type NtpTime, type Secret } from '../../foundation/base/index.ts';
import {
  generalizedTime,
  generalizedTimeToUnix,
  sameIdentity,
  type District,
  type GeneralizedTime,
  type Identity,
} from '../../foundation/identity/index.ts';
import {
  createDecryptor,
  forgetIdentities,
  identityInfo,
  validatePublicParameters,
  verifyPrivateKeys,
  type ClaimedKey,
  type Decryptor,
  type PublicParameters,
} from '../../crypto/ibe/index.ts';
import type { LiMs } from '../../crypto/nonce/index.ts';
import type { Federation } from './federation.ts';
import { createMasterSecrets } from './master-secrets.ts';
import type { EndpointKeys, NonceSecret, PeerDistrict } from './ports.ts';

export interface KeyStoreOptions {
  /** The identity under which the client calls, canonical; MS is its. */
  readonly identity: Identity;
  /** Further own identities whose private keys are held: of a device its user, under whose name it is called. */
  readonly also?: readonly Identity[];
  readonly district: District;
  readonly params: PublicParameters;
  readonly federation: () => Pick<Federation, 'peer'>;
  readonly clock: Clock;
  readonly allowTestLevels: boolean;
  /** Seconds after its end at which an epoch is erased; default 900. */
  readonly graceSeconds?: number;
}

/** One private key to be taken in: DER BFPrivateKeyBlock; the store owns it. */
export interface NewPrivateKey {
  readonly identity: Identity;
  /** Start of the key epoch, seconds since 1970. */
  readonly keyEpoch: number;
  readonly key: Secret<'IbePrivateKey'>;
}

export interface KeyStore extends EndpointKeys {
  readonly identities: readonly Identity[];
  readonly graceSeconds: number;
  /**
   * Takes all keys in, or none: they are checked by pairing first, all together (N72). A key that is held already, or
   * whose epoch has ended, is wiped and changes nothing.
   * @throws HalfkeyError `BadPrivateKey`; every key has been wiped then
   */
  addPrivateKeys(keys: readonly NewPrivateKey[]): void;
  /** Whether the private key of an own identity and epoch is held. */
  holds(identity: Identity, keyEpoch: number): boolean;
  /** Takes over the master secrets, in place of any that overlaps in time. */
  addMasterSecrets(liMs: readonly LiMs[]): void;
  /** Until when master secrets are held without a gap from now, seconds since 1970: now without one for now. */
  masterSecretsEnd(): number;
  /** Erases every epoch that ended more than the grace time before now. */
  eraseEnded(): void;
  /**
   * Takes new parameters of the own district into use with the private keys under them, or neither: those are checked
   * first, and then those under the old ones erased. The store owns `keys`.
   * @throws HalfkeyError `BadParameters`, `LevelRefused`, `BadPrivateKey`; every new key has been wiped then
   */
  adopt(district: District, params: PublicParameters, keys: readonly NewPrivateKey[]): void;
  /** Erases everything. */
  close(): void;
}

type OwnDistrict = Pick<KeyStoreOptions, 'district' | 'params'>;
/** Private keys in use, each with the end of its epoch and grace time, by epoch and identity. */
type HeldKeys = Map<string, { readonly end: number; readonly decryptor: Decryptor }>;

/** @throws HalfkeyError `BadParameters`, `LevelRefused` */
export function createKeyStore(options: KeyStoreOptions): KeyStore {
  const { identity, also = [], federation, clock, allowTestLevels, graceSeconds = 900 } = options;
  const identities = [identity, ...also.filter((other) => !sameIdentity(other, identity))];
  let { district, params } = options;
  validatePublicParameters(params, { allowTestLevels });
  let keys: HeldKeys = new Map();
  const masterSecrets = createMasterSecrets(identity);

  const now = (): number => Math.floor(clock() / 1000);
  const nameOf = ({ type, text }: Identity, keyEpoch: number): string => `${String(keyEpoch)} ${String(type)} ${text}`;

  function eraseEnded(): void {
    const time = now();
    for (const [name, { end, decryptor }] of keys) {
      if (end > time) continue;
      decryptor.close();
      keys.delete(name);
    }
    masterSecrets.eraseBefore(time - graceSeconds);
  }

  function erasePrivateKeys(): void {
    for (const { decryptor } of keys.values()) decryptor.close();
    keys.clear();
  }

  /** Those of the offered that are not in `held` yet and whose epoch has not ended; all are checked, the others wiped. */
  function checked(
    { district: of, params: under }: OwnDistrict,
    offered: readonly NewPrivateKey[],
    held: HeldKeys,
  ): HeldKeys {
    const endOf = (keyEpoch: number): number => keyEpoch + of.keyEpochSeconds + graceSeconds;
    const wanted = offered.filter(
      (one) => !held.has(nameOf(one.identity, one.keyEpoch)) && endOf(one.keyEpoch) > now(),
    );
    verifyPrivateKeys(
      under,
      wanted.map((one) => claimOf(of, one)),
    );
    const taken = wanted.map(({ identity: owner, keyEpoch, key }) => {
      const one = { end: endOf(keyEpoch), decryptor: createDecryptor(under, key) };
      return [nameOf(owner, keyEpoch), one] as const;
    });
    for (const one of offered) if (!wanted.includes(one)) one.key.wipe();
    return new Map(taken);
  }

  return {
    identity,
    identities,
    graceSeconds,
    get district() {
      return district;
    },
    eraseEnded,
    addPrivateKeys(offered) {
      const fresh = orWipe(offered, () => checked({ district, params }, offered, keys));
      for (const [name, one] of fresh) keys.set(name, one);
    },
    holds: (owner, keyEpoch) => keys.has(nameOf(owner, keyEpoch)),
    addMasterSecrets(offered) {
      masterSecrets.add(offered);
      eraseEnded();
    },
    masterSecretsEnd: () => masterSecrets.end(now()),
    decryptorFor(owner: Identity, notBefore: GeneralizedTime): Pick<Decryptor, 'decrypt'> {
      eraseEnded();
      const held = keys.get(nameOf(owner, generalizedTimeToUnix(notBefore)));
      if (held === undefined)
        throw new HalfkeyError('NoKeyForEpoch', 'no private key of that identity and epoch is held');
      return held.decryptor;
    },
    masterSecretAt(t: NtpTime): NonceSecret | undefined {
      eraseEnded();
      return masterSecrets.at(ntpToUnixSeconds(t));
    },
    peer: (other: Identity): PeerDistrict => federation().peer(other),
    adopt(newDistrict, newParams, offered) {
      const fresh = orWipe(offered, () => {
        validatePublicParameters(newParams, { allowTestLevels });
        return checked({ district: newDistrict, params: newParams }, offered, new Map());
      });
      erasePrivateKeys();
      forgetIdentities(params);
      keys = fresh;
      district = newDistrict;
      params = newParams;
    },
    close() {
      erasePrivateKeys();
      forgetIdentities(params);
      masterSecrets.close();
    },
  };
}

function claimOf({ name, serial }: District, { identity: owner, keyEpoch, key }: NewPrivateKey): ClaimedKey {
  const id = identityInfo({ district: name, serial, identity: owner, notBefore: generalizedTime(keyEpoch) });
  return { id, privateKey: key };
}

/** What `run` makes of a round of keys; when it throws, none of them is left. */
function orWipe<T>(offered: readonly NewPrivateKey[], run: () => T): T {
  try {
    return run();
  } catch (error) {
    for (const { key } of offered) key.wipe();
    throw error;
  }
}
