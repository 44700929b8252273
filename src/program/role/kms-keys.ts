/** The keys of a KMS's district, over its state and, where it has one of its own, its domain. */
import { systemRandom } from '../../foundation/base/index.ts';
import { district as districtOf } from '../../foundation/identity/index.ts';
import { readParameters } from '../../crypto/ibe/index.ts';
import { openDistrictKeys, type DistrictKeys } from '../../entity/kms/index.ts';
import { openKmsStore, readOctetFile } from '../../platform/index.ts';
import type { KmsConfig } from './config.ts';
import type { Runtime } from './runtime.ts';

export async function openKmsKeys(
  { district, unsafeTestLevel1024 }: KmsConfig,
  { state }: Runtime,
  at: (path: string) => string,
): Promise<DistrictKeys> {
  const domain = district.domain === undefined ? undefined : readParameters(await readOctetFile(at(district.domain)));
  return openDistrictKeys({
    district: districtOf(district.name, BigInt(district.serial), district.keyEpochSeconds),
    level: district.level,
    ...(domain === undefined ? {} : { domain }),
    allowTestLevels: unsafeTestLevel1024,
    store: await openKmsStore(state),
    sealer: state.sealer,
    random: systemRandom,
  });
}
