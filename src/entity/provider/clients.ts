/**
 * The provider for its subscribers (protocol profile 3.7, contribution 5.x.3): it registers them, draws their master
 * secrets, and delivers MS to the client whose it is. It does so for everybody alike, and knows of no warrant here.
 */
import {
  clientMasterSecretsHandler,
  registrationHandlers,
  subscriberHandlers,
  type ClientAccess,
  type Handler,
  type SubscriberRegister,
  type SubscriberSecrets,
} from '../../contract/provisioning/index.ts';

export interface ProviderClientsOptions {
  readonly subscribers: SubscriberSecrets;
  readonly register: SubscriberRegister;
  readonly record: ClientAccess['record'];
  readonly pseudonym: ClientAccess['pseudonym'];
}

export interface ProviderClients {
  /** For the organisation that runs the provider. */
  readonly provisioning: readonly Handler[];
  /** For subscribers' clients. */
  readonly clients: readonly Handler[];
}

export function createProviderClients({ subscribers, ...access }: ProviderClientsOptions): ProviderClients {
  return {
    provisioning: [
      ...subscriberHandlers(subscribers),
      ...registrationHandlers(access.register, (identity) => subscribers.enrol(identity)),
    ],
    clients: [clientMasterSecretsHandler(access, subscribers)],
  };
}
