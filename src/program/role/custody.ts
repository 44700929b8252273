/** The custody of master secrets over a role's state, and its provisioning as the contract has it. */
import { ntpFromUnixMs, systemRandom } from '../../foundation/base/index.ts';
import { createCustody, type Custody } from '../../entity/custody/index.ts';
import type { SubscriberSecrets } from '../../contract/provisioning/index.ts';
import { openMsStore } from '../../platform/index.ts';
import type { Runtime } from './runtime.ts';

export async function openCustody(
  { state }: Runtime,
  allowUnboundNonces: boolean,
): Promise<{ custody: Custody; subscribers: SubscriberSecrets }> {
  const store = await openMsStore(state);
  const custody = createCustody({ store, sealer: state.sealer, allowUnboundNonces, random: systemRandom });
  return {
    custody,
    subscribers: {
      async provision({ identity, masterSecret, validFrom, validTo, ...rest }) {
        try {
          const times = { validFrom: ntpFromUnixMs(1000 * validFrom), validTo: ntpFromUnixMs(1000 * validTo) };
          await custody.importMasterSecret(identity, { ...rest, ...times, masterSecret });
        } finally {
          masterSecret.wipe();
        }
      },
      async erase(identity, epoch) {
        await custody.advanceRoot(identity, epoch);
      },
    },
  };
}
