/**
 * The district's IBE master secret s: taken in once, sealed at rest, lent to extraction only.
 * s never leaves this file but inside an issuer of the ibe module, or as a copy for a thread of this process.
 */
import { createHash } from 'node:crypto';
import { HalfkeyError, Secret, type Random } from '../../foundation/base/index.ts';
import { generalizedTime, type District, type Identity } from '../../foundation/identity/index.ts';
import {
  createDecryptor,
  createIssuer,
  derivePublicParameters,
  domainParameters,
  encodeDomainParameters,
  identityInfo,
  masterSecretFor,
  validateDomain,
  validatePublicParameters,
  type Decryptor,
  type Domain,
  type Issuer,
  type Level,
  type PublicParameters,
} from '../../crypto/ibe/index.ts';
import type { KmsSealer, KmsStore } from './ports.ts';

export interface DistrictKeys {
  readonly district: District;
  /** @throws HalfkeyError `UNAVAILABLE` before a master secret was given */
  parameters(): PublicParameters;
  /** Takes `masterSecret` (big endian), or draws one when it is undefined. @throws HalfkeyError `MS_CONFLICT`, `BadParameters`, `LevelRefused` */
  take(masterSecret: Secret<'IbeMasterSecret'> | undefined): Promise<void>;
  /** The private key (DER BFPrivateKeyBlock) of an identity in the key epoch that starts at `epochStart` (seconds since 1970). */
  issue(identity: Identity, epochStart: number): Secret<'IbePrivateKey'>;
  /** A copy of s for a thread of this process, which issues in bulk; the caller wipes it, or hands it over. */
  copyForThread(): Secret<'IbeMasterSecret'>;
  /** A decryptor for one identity and epoch; the caller closes it. */
  decryptor(identity: Identity, epochStart: number): Decryptor;
  close(): void;
}

export interface DistrictKeysOptions {
  readonly district: District;
  readonly level: Level;
  /** Instead of the built-in domain of the level. */
  readonly domain?: Domain;
  readonly allowTestLevels: boolean;
  readonly store: KmsStore;
  readonly sealer: KmsSealer;
  readonly random: Random;
}

/** Opens what the store holds; a KMS without a master secret starts, and answers `UNAVAILABLE`. */
export async function openDistrictKeys(options: DistrictKeysOptions): Promise<DistrictKeys> {
  const { district, level, domain = domainParameters(level), allowTestLevels, store, sealer, random } = options;
  if (level === 1024 && !allowTestLevels) {
    throw new HalfkeyError('LevelRefused', 'n = 1024 is for tests: set unsafeTestLevel1024');
  }
  if (domain.level !== level) throw new HalfkeyError('BadParameters', 'level: not that of the domain');
  if (options.domain !== undefined) validateDomain(domain);
  // Another domain under the same serial would make other public parameters of the same secret.
  const which = options.domain === undefined ? '' : ` ${sha256(encodeDomainParameters(domain))}`;
  const context = `ibe-master-secret ${district.name} ${String(district.serial)} ${String(level)}${which}`;
  let current: { params: PublicParameters; issuer: Issuer; sealed: Uint8Array } | undefined;

  /** The parameters of a master secret. @throws HalfkeyError `LevelRefused`, `BadParameters` */
  function validated(masterSecret: Uint8Array): PublicParameters {
    const params = derivePublicParameters(domain, masterSecret);
    validatePublicParameters(params, { allowTestLevels });
    return params;
  }

  function adopt(sealed: Uint8Array): void {
    const octets = sealer.open(sealed, context);
    const params = validated(octets);
    current?.issuer.close();
    current = { params, issuer: createIssuer(params, new Secret('IbeMasterSecret', octets)), sealed };
  }

  function held(): NonNullable<typeof current> {
    if (current === undefined) throw new HalfkeyError('UNAVAILABLE', 'the district has no master secret yet');
    return current;
  }

  function issue(identity: Identity, epochStart: number): Secret<'IbePrivateKey'> {
    const { issuer } = held();
    const id = identityInfo({
      district: district.name,
      serial: district.serial,
      identity,
      notBefore: generalizedTime(epochStart),
    });
    return issuer.issue(id);
  }

  const kept = await store.masterSecret();
  if (kept !== undefined) adopt(kept);

  return {
    district,
    parameters: () => held().params,
    async take(given) {
      const s = masterSecretFor(domain, given, random);
      let Ppub;
      try {
        ({ Ppub } = s.use(validated));
        adopt(await store.keepMasterSecret(s.use((octets) => sealer.seal(octets, context))));
      } finally {
        s.wipe();
      }
      const kept = held().params.Ppub;
      // Both coordinates: q - s gives the same x.
      if (given !== undefined && (Ppub.x !== kept.x || Ppub.y !== kept.y)) {
        throw new HalfkeyError('MS_CONFLICT', 'the district already has another master secret');
      }
    },
    issue,
    copyForThread: () => new Secret('IbeMasterSecret', sealer.open(held().sealed, context)),
    decryptor: (identity, epochStart) => createDecryptor(held().params, issue(identity, epochStart)),
    close() {
      current?.issuer.close();
      current = undefined;
    },
  };
}

const sha256 = (octets: Uint8Array): string => createHash('sha256').update(octets).digest('hex');
