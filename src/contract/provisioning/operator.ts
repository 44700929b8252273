/**
 * What the organisation that runs a holder puts into it: master secrets, and who its subscribers are. In the split
 * deployment the KMS has the IBE master secret and the register, the provider the register and everything about MS.
 */
import { z } from 'zod';
import { fromHex, HalfkeyError, Secret } from '../../foundation/base/index.ts';
import { identityFromText, isDeviceOf, sameIdentity, userOf, type Identity } from '../../foundation/identity/index.ts';
import { handler, hexOctets, identityText, route, unixSeconds, type Handler } from '../route/index.ts';

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
  /** Without it the holder draws one; repeated, it keeps the one that it drew first. */
  masterSecret: hexOctets(32).optional(),
});
export type SubscriberRequest = z.infer<typeof subscriberRequest>;

/** Gives the holder of the master secrets one identity's, or has it draw one for these epochs. */
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

const registrationRequest = z.strictObject({
  /** The user: an identity without `gr`. */
  identity: identityText,
  /** Every device identity of the user; one that was registered before and is not named here ends. */
  devices: z.array(identityText).max(16).default([]),
});
export type RegistrationRequest = z.infer<typeof registrationRequest>;

/**
 * Says whom the holder serves. A holder of master secrets draws one for the present subscription cycle, for the user
 * and for each device that has none. Idempotent.
 */
export const registrationRoute = route({
  method: 'PUT',
  path: '/provisioning/v1/registration',
  roles: ['provisioning'],
  request: registrationRequest,
  response: done,
});

const deregistrationRequest = z.strictObject({ identity: identityText });
export type DeregistrationRequest = z.infer<typeof deregistrationRequest>;

/** Ends a subscription, its devices included: no key is issued any more. What is held for past calls stays. */
export const deregistrationRoute = route({
  method: 'POST',
  path: '/provisioning/v1/deregistration',
  roles: ['provisioning'],
  request: deregistrationRequest,
  response: done,
});

/** A subscriber's master secret as it is provisioned; times in seconds since 1970. Without a secret it is drawn. */
export interface SubscriberSecret extends Omit<SubscriberRequest, 'identity' | 'masterSecret'> {
  readonly identity: Identity;
  readonly masterSecret: Secret<'MasterSecret'> | undefined;
}

/** Who keeps the master secrets of subscribers: the provider, or the consolidated KMS of solution 3. */
export interface SubscriberSecrets {
  /** Stores a secret; the receiver wipes it. */
  provision(secret: SubscriberSecret): Promise<void>;
  /** Moves the root forward to `epoch`; what is older is gone for ever. */
  erase(identity: Identity, epoch: number): Promise<void>;
  /** Draws a master secret for the present subscription cycle where none is held. */
  enrol(identity: Identity): Promise<void>;
  /**
   * What the identity's own client gets: LI-MS structures (58 octets, profile 3.7) from the epoch that contains the
   * end of the grace time, in order of time; the caller wipes them.
   */
  deliver(identity: Identity): Promise<readonly Secret<'LiMs'>[]>;
}

/** Whom a holder serves; durable when an operation returns. */
export interface SubscriberRegister {
  /** The user's identities are exactly these from now on. */
  set(user: Identity, identities: readonly Identity[]): Promise<void>;
  has(identity: Identity): Promise<boolean>;
}

/** The routes by which subscribers' master secrets come and go. */
export function subscriberHandlers(subscribers: Pick<SubscriberSecrets, 'provision' | 'erase'>): Handler[] {
  return [
    handler(subscriberRoute, async ({ identity, masterSecret, ...rest }) => {
      const secret = masterSecret === undefined ? undefined : new Secret('MasterSecret', fromHex(masterSecret));
      await subscribers.provision({ ...rest, identity: identityFromText(identity), masterSecret: secret });
      return { done: true };
    }),
    handler(erasureRoute, async ({ identity, epoch }) => {
      await subscribers.erase(identityFromText(identity), epoch);
      return { done: true };
    }),
  ];
}

/** The routes by which subscriptions begin and end; `enrol` is there where master secrets are. */
export function registrationHandlers(
  register: SubscriberRegister,
  enrol: SubscriberSecrets['enrol'] = () => Promise.resolve(),
): Handler[] {
  return [
    handler(registrationRoute, async ({ identity, devices }) => {
      const user = identityFromText(identity);
      const identities = [user, ...devices.map(identityFromText)];
      if (!sameIdentity(userOf(user), user) || identities.slice(1).some((device) => !isDeviceOf(device, user))) {
        throw new HalfkeyError('BAD_REQUEST', 'devices are those of the user, who has no gr');
      }
      for (const one of identities) await enrol(one);
      await register.set(user, identities);
      return { done: true };
    }),
    handler(deregistrationRoute, async ({ identity }) => {
      await register.set(identityFromText(identity), []);
      return { done: true };
    }),
  ];
}
