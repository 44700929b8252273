/** The custody of master secrets over a role's state, and its provisioning as the contract has it. */
import {
  HalfkeyError,
  isHalfkeyError,
  ntpFromUnixMs,
  Secret,
  systemClock,
  systemRandom,
} from '../../foundation/base/index.ts';
import { createCustody, type Custody } from '../../entity/custody/index.ts';
import { encodeLiMs } from '../../crypto/nonce/index.ts';
import type { SubscriberSecrets } from '../../contract/provisioning/index.ts';
import { openMsStore } from '../../platform/index.ts';
import type { SubscriptionConfig } from './config.ts';
import type { Runtime } from './runtime.ts';

/** A client seals nonces of an epoch until so long after its end (protocol profile 2.3, 4.2). */
const GRACE_SECONDS = 900;
/** So long before a cycle ends its client is given the next one's secret. */
const AHEAD_SECONDS = 172_800;

export interface CustodyPolicy {
  readonly allowUnboundNonces: boolean;
  readonly subscription: SubscriptionConfig;
}

export async function openCustody(
  { state }: Runtime,
  { allowUnboundNonces, subscription }: CustodyPolicy,
): Promise<{ custody: Custody; subscribers: SubscriberSecrets }> {
  if (subscription.cycleSeconds % subscription.intervalSeconds !== 0) {
    throw new HalfkeyError('BAD_CONFIG', 'policy.subscription.cycleSeconds: not a multiple of intervalSeconds');
  }
  if (subscription.mode !== 3 && !allowUnboundNonces) {
    throw new HalfkeyError('BAD_CONFIG', 'policy.subscription.mode: 1 and 2 need allowUnboundNonces');
  }
  const store = await openMsStore(state);
  const custody = createCustody({ store, sealer: state.sealer, allowUnboundNonces, random: systemRandom });
  const now = (): number => Math.floor(systemClock() / 1000);
  const subscribers: SubscriberSecrets = {
    async provision({ identity, masterSecret, validFrom, validTo, ...rest }) {
      const grid = { ...rest, validFrom: ntpFromUnixMs(1000 * validFrom), validTo: ntpFromUnixMs(1000 * validTo) };
      if (masterSecret === undefined) {
        await custody.drawMasterSecret(identity, grid);
        return;
      }
      try {
        await custody.importMasterSecret(identity, { ...grid, masterSecret });
      } finally {
        masterSecret.wipe();
      }
    },
    async erase(identity, epoch) {
      await custody.advanceRoot(identity, epoch);
    },
    async enrol(identity) {
      await custody.subscribe(identity, subscription, now());
    },
    async deliver(identity) {
      const time = now();
      for (const at of [time, time + AHEAD_SECONDS]) {
        try {
          await custody.subscribe(identity, subscription, at);
        } catch (error) {
          // An operator's own records leave no room: then the client gets those.
          if (!isHalfkeyError(error, 'MS_CONFLICT')) throw error;
        }
      }
      const records = await custody.deliver(identity, time - GRACE_SECONDS, time + AHEAD_SECONDS);
      return records.map((liMs) => {
        const octets = new Secret('LiMs', encodeLiMs(liMs));
        liMs.masterSecret.wipe();
        return octets;
      });
    },
  };
  return { custody, subscribers };
}
