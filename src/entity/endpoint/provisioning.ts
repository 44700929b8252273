/**
 * A client fetches its keys (protocol profile 2.3, 2.4, 3.7, over HTTPS): the parameters of its district, private keys
 * of the present key epochs, and MS, from the provider or along with the private keys. By schedule only, never because
 * of a message. What a KMS sends is checked before it is used: parameters against the federation table, each private
 * key by pairing (N72 aborts the whole round), each LI-MS against its form.
 */
import { fromBase64, HalfkeyError, Secret, type Clock } from '../../foundation/base/index.ts';
import {
  district as districtOf,
  keyEpochStart,
  type District,
  type Identity,
} from '../../foundation/identity/index.ts';
import { decodePublicParameters, type PublicParameters } from '../../crypto/ibe/index.ts';
import { decodeLiMs, type LiMs } from '../../crypto/nonce/index.ts';
import { clientKeysRoute, clientMasterSecretsRoute, parametersRoute } from '../../contract/provisioning/index.ts';
import type { Federation } from './federation.ts';
import { createKeyStore, type KeyStore, type NewPrivateKey } from './key-store.ts';
import type { ProvisioningRequest } from './ports.ts';

export interface ProvisioningOptions {
  /** The identity under which the client calls, canonical. */
  readonly identity: Identity;
  /** Further own identities: of a device its user. */
  readonly also?: readonly Identity[];
  readonly kms: ProvisioningRequest;
  /** Solution 4: who holds MS. Without it MS comes along with the private keys, or not at all. */
  readonly provider?: ProvisioningRequest;
  /** The table in use now. */
  readonly federation: () => Pick<Federation, 'peer' | 'assertOwn'>;
  readonly clock: Clock;
  readonly allowTestLevels: boolean;
  /** Seconds after its end at which an epoch is erased; default 900. */
  readonly graceSeconds?: number;
}

export interface ProvisionedClient {
  readonly keys: KeyStore;
  /**
   * Fetches what is missing for the present; to be repeated a few times an epoch. On an error what is held stays.
   * @throws HalfkeyError what the holder refused; `BadPrivateKey`, `BadParameters`, `LevelRefused`, `ParametersUnusable`,
   *   `BadField`, `UNAVAILABLE`
   */
  refresh(): Promise<void>;
}

interface Published {
  readonly district: District;
  readonly params: PublicParameters;
}

/**
 * Master secrets are fetched when those held without a gap from now last for less. A holder whose cycles are short gives
 * fewer hours than these, six at the least: then every round fetches.
 */
const MS_AHEAD_SECONDS = 86_400;

/** Fetches everything that a client needs to call and to answer. @throws HalfkeyError as {@link ProvisionedClient.refresh} */
export async function provisionClient(options: ProvisioningOptions): Promise<ProvisionedClient> {
  const { identity, also = [], kms, provider, federation, clock, allowTestLevels, graceSeconds } = options;
  const now = (): number => Math.floor(clock() / 1000);
  const published = await fetchParameters(options, now());
  const keys = createKeyStore({
    ...{ identity, also, federation, clock, allowTestLevels, ...published },
    ...(graceSeconds === undefined ? {} : { graceSeconds }),
  });

  /** Whether the KMS is one of solution 3, as far as it has answered. */
  let kmsHasMasterSecrets = true;

  /** Previous (inside its grace time), current and next. */
  function wantedEpochs({ keyEpochSeconds: interval } = keys.district): number[] {
    const current = keyEpochStart(now(), interval);
    const previous = now() < current + keys.graceSeconds ? [current - interval] : [];
    return [...previous, current, current + interval];
  }

  /** Private keys under a district's parameters, not checked yet, and master secrets where they come along. */
  async function fetchPrivateKeys(
    district: District,
    owner: Identity,
    keyEpochs: readonly number[],
  ): Promise<{ readonly offered: readonly NewPrivateKey[]; readonly masterSecrets: readonly string[] | undefined }> {
    const answer = read(clientKeysRoute.response, await kms(clientKeysRoute.path, { identity: owner.text, keyEpochs }));
    const same =
      answer.district === district.name &&
      BigInt(answer.serial) === district.serial &&
      answer.keyEpochSeconds === district.keyEpochSeconds &&
      answer.keys.map(({ keyEpoch }) => keyEpoch).join() === keyEpochs.join();
    if (!same) throw new HalfkeyError('UNAVAILABLE', 'the KMS answered another question than was asked');
    const offered = answer.keys.map(({ keyEpoch, privateKey }): NewPrivateKey => ({
      identity: owner,
      keyEpoch,
      key: new Secret('IbePrivateKey', fromBase64(privateKey)),
    }));
    return { offered, masterSecrets: answer.masterSecrets };
  }

  /** New parameters, with the keys of the present under them; until these are all there and good, the old ones serve. */
  async function change({ district, params }: Published): Promise<void> {
    const fresh: NewPrivateKey[] = [];
    try {
      for (const owner of keys.identities) {
        fresh.push(...(await fetchPrivateKeys(district, owner, wantedEpochs(district))).offered);
      }
    } catch (error) {
      for (const { key } of fresh) key.wipe();
      throw error;
    }
    keys.adopt(district, params, fresh);
  }

  async function round(): Promise<void> {
    const needsMasterSecret = keys.masterSecretsEnd() < now() + MS_AHEAD_SECONDS;
    let masterSecrets: readonly string[] = [];
    for (const owner of keys.identities) {
      const missing = wantedEpochs().filter((keyEpoch) => !keys.holds(owner, keyEpoch));
      const along = provider === undefined && kmsHasMasterSecrets && needsMasterSecret && owner === identity;
      if (missing.length === 0 && !along) continue;
      const asked = missing.length === 0 ? wantedEpochs().slice(-1) : missing;
      const came = await fetchPrivateKeys(keys.district, owner, asked);
      keys.addPrivateKeys(came.offered);
      if (!along) continue;
      kmsHasMasterSecrets = came.masterSecrets !== undefined;
      masterSecrets = came.masterSecrets ?? [];
    }
    if (provider !== undefined && needsMasterSecret) {
      const body = { identity: identity.text };
      const answer = await provider(clientMasterSecretsRoute.path, body);
      ({ masterSecrets } = read(clientMasterSecretsRoute.response, answer));
    }
    keys.addMasterSecrets(readLiMs(masterSecrets));
  }

  try {
    await round();
  } catch (error) {
    keys.close();
    throw error;
  }
  return {
    keys,
    async refresh() {
      keys.eraseEnded();
      const fresh = await fetchParameters(options, now());
      if (fresh.district.serial < keys.district.serial) throw new HalfkeyError('ParametersUnusable', 'serial rollback');
      if (fresh.district.serial > keys.district.serial) await change(fresh);
      await round();
    },
  };
}

/** Parameters of the own district, as the KMS and the federation table have them. Validated where they are adopted. */
async function fetchParameters({ identity, kms, federation }: ProvisioningOptions, now: number): Promise<Published> {
  const answer = read(parametersRoute.response, await kms(parametersRoute.path, {}));
  if (now < answer.validFrom || answer.validTo <= now) {
    throw new HalfkeyError('ParametersUnusable', "the district's parameters are outside their validity");
  }
  const district = districtOf(answer.district, BigInt(answer.serial), answer.keyEpochSeconds);
  federation().assertOwn(identity, district, answer.parameters);
  return { district, params: decodePublicParameters(fromBase64(answer.parameters)) };
}

/** LI-MS structures, all well-formed or none. @throws HalfkeyError `BadBase64`, `BadField`, `Truncated`, `TrailingData` */
function readLiMs(texts: readonly string[]): LiMs[] {
  const liMs: LiMs[] = [];
  try {
    for (const text of texts) {
      const octets = fromBase64(text);
      try {
        liMs.push(decodeLiMs(octets));
      } finally {
        octets.fill(0);
      }
    }
    return liMs;
  } catch (error) {
    for (const { masterSecret } of liMs) masterSecret.wipe();
    throw error;
  }
}

/** The answer of a holder in the form of its contract. @throws HalfkeyError `UNAVAILABLE`, without a value of it */
function read<T>(
  schema: { safeParse(value: unknown): { success: true; data: T } | { success: false } },
  value: unknown,
): T {
  const result = schema.safeParse(value);
  if (!result.success) throw new HalfkeyError('UNAVAILABLE', 'a holder answered in another form than the contract has');
  return result.data;
}
