/** The keys of a KMS's district, over its state. */
import { systemRandom } from '../../foundation/base/index.ts';
import { district as districtOf } from '../../foundation/identity/index.ts';
import { openDistrictKeys, type DistrictKeys } from '../../entity/kms/index.ts';
import { openKmsStore } from '../../platform/index.ts';
import type { KmsConfig } from './config.ts';
import type { Runtime } from './runtime.ts';

export async function openKmsKeys(
  { district, unsafeTestLevel1024 }: KmsConfig,
  { state }: Runtime,
): Promise<DistrictKeys> {
  return openDistrictKeys({
    district: districtOf(district.name, BigInt(district.serial), district.keyEpochSeconds),
    level: district.level,
    allowTestLevels: unsafeTestLevel1024,
    store: await openKmsStore(state),
    sealer: state.sealer,
    random: systemRandom,
  });
}
