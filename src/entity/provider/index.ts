/** The Provider's Database: opens one nonce under a warrant. */
export { createProviderClients, type ProviderClients, type ProviderClientsOptions } from './clients.ts';
export { createProvider, type ProviderOptions } from './provider.ts';
