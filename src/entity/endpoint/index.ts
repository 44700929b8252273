/** A client: its keys, its exchange and its calls. */
export type {
  EndpointKeys,
  NonceSecret,
  PeerDistrict,
  PortDecryptor,
  PortParameters,
  ProvisioningRequest,
  SerialPins,
} from './ports.ts';
export { openFederation, type FederatedDistrict, type Federation, type FederationOptions } from './federation.ts';
export { createKeyStore, type KeyStore, type KeyStoreOptions, type NewPrivateKey } from './key-store.ts';
export { rehearse } from './rehearsal.ts';
export { provisionClient, type ProvisionedClient, type ProvisioningOptions } from './provisioning.ts';
export {
  createCallee,
  placeCall,
  type Callee,
  type CalleeOptions,
  type ClientOptions,
  type PlaceCallOptions,
} from './call.ts';
export type { ReplayMemory } from './key-exchange.ts';
export type { CallResult, LadderEvent } from './ua-call.ts';
export type { MediaPorts, SipChannel } from './ua-ports.ts';
