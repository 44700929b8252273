/** The custody of master secrets over a role's state, and its provisioning as the contract has it. */
import {
  HalfkeyError,
  ntpFromUnixMs,
  Secret,
  systemClock,
  systemRandom,
  type Clock,
} from '../../foundation/base/index.ts';
import { createCustody, type Custody } from '../../entity/custody/index.ts';
import { encodeLiMs } from '../../crypto/nonce/index.ts';
import { MAX_MASTER_SECRETS, type SubscriberSecrets } from '../../contract/provisioning/index.ts';
import { openMsStore } from '../../platform/index.ts';
import type { SubscriptionConfig } from './config.ts';
import type { Runtime } from './runtime.ts';

/** A client seals nonces of an epoch until so long after its end (protocol profile 2.3, 4.2). */
const GRACE_SECONDS = 900;
/** So far ahead a client is given secrets, or as far as one answer reaches. */
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
  return { custody, subscribers: subscriberSecrets(custody, subscription, systemClock) };
}

/**
 * Master secrets for the register and for clients. What `deliver` gives covers the time from now without a gap, for two
 * days or six cycles, whichever is less, except where the operator provisioned records that are shorter or leave one.
 */
export function subscriberSecrets(custody: Custody, subscription: SubscriptionConfig, clock: Clock): SubscriberSecrets {
  const now = (): number => Math.floor(clock() / 1000);
  return {
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
      const span = { from: time, to: time + AHEAD_SECONDS, most: MAX_MASTER_SECRETS };
      await custody.subscribeAhead(identity, subscription, span);
      const records = await custody.deliver(identity, { ...span, from: time - GRACE_SECONDS });
      return records.map((liMs) => {
        const octets = new Secret('LiMs', encodeLiMs(liMs));
        liMs.masterSecret.wipe();
        return octets;
      });
    },
  };
}
