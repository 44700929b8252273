/**
 * What the organisation that runs a holder puts into it. In the split deployment the KMS has the first
 * of these routes only, the provider the others only.
 */
import { z } from 'zod';
import { fromHex, Secret } from '../../foundation/base/index.ts';
import { identityFromText, type Identity } from '../../foundation/identity/index.ts';
import { handler, hexOctets, identityText, route, unixSeconds, type Handler } from '../route/index.ts';

export { handler, type Handler } from '../route/index.ts';

const done = z.strictObject({ done: z.literal(true) });

const masterSecretRequest = z.strictObject({
  /** The IBE master secret s: big endian; without it the KMS draws one. Never overwrites another. */
  masterSecret: hexOctets(1, 64).optional(),
});
export type MasterSecretRequest = z.infer<typeof masterSecretRequest>;

/** Gives the KMS the master secret of its district. */
export const masterSecretRoute = route({
  method: 'PUT',
  path: '/provisioning/v1/master-secret',
  roles: ['provisioning'],
  request: masterSecretRequest,
  response: done,
});

const subscriberRequest = z.strictObject({
  identity: identityText,
  /** Nonce mode: 1 literal, 2 key wrap, 3 SIV. */
  mode: z.union([z.literal(1), z.literal(2), z.literal(3)]),
  /** MS epoch number at `validFrom`. */
  epoch: z.int().min(0).max(0xffffffff),
  intervalSeconds: z.int().min(3600).max(2678400),
  validFrom: unixSeconds,
  validTo: unixSeconds,
  masterSecret: hexOctets(32),
});
export type SubscriberRequest = z.infer<typeof subscriberRequest>;

/** Gives the holder of the master secrets one subscriber's. */
export const subscriberRoute = route({
  method: 'PUT',
  path: '/provisioning/v1/subscriber',
  roles: ['provisioning'],
  request: subscriberRequest,
  response: done,
});

const erasureRequest = z.strictObject({ identity: identityText, epoch: z.int().min(0).max(0xffffffff) });
export type ErasureRequest = z.infer<typeof erasureRequest>;

/** Moves a subscriber's root forward to `epoch`: everything older can never be opened again. */
export const erasureRoute = route({
  method: 'POST',
  path: '/provisioning/v1/erasure',
  roles: ['provisioning'],
  request: erasureRequest,
  response: done,
});

/** A subscriber's master secret as it is provisioned; times in seconds since 1970. */
export interface SubscriberSecret extends Omit<SubscriberRequest, 'identity' | 'masterSecret'> {
  readonly identity: Identity;
  readonly masterSecret: Secret<'MasterSecret'>;
}

/** Who keeps the master secrets of subscribers: the provider, or the consolidated KMS of solution 3. */
export interface SubscriberSecrets {
  /** Stores a secret; the receiver wipes it. */
  provision(secret: SubscriberSecret): Promise<void>;
  /** Moves the root forward to `epoch`; what is older is gone for ever. */
  erase(identity: Identity, epoch: number): Promise<void>;
}

/** The routes by which subscribers' master secrets come and go. */
export function subscriberHandlers(subscribers: SubscriberSecrets): Handler[] {
  return [
    handler(subscriberRoute, async ({ identity, masterSecret, ...rest }) => {
      const secret = new Secret('MasterSecret', fromHex(masterSecret));
      await subscribers.provision({ ...rest, identity: identityFromText(identity), masterSecret: secret });
      return { done: true };
    }),
    handler(erasureRoute, async ({ identity, epoch }) => {
      await subscribers.erase(identityFromText(identity), epoch);
      return { done: true };
    }),
  ];
}
