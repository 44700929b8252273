/** The Provider's Database: opens one nonce under a warrant. */
export { createProvider, type ProviderOptions } from './provider.ts';
