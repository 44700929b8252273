/** Discovery: messages and keys to components, to the session key, to the keys of the media. Pure. */
export { discoverComponents, type Components, type DiscoverInput } from './components.ts';
export {
  assertComplete,
  exchangeFrom,
  messagesOf,
  neededMessages,
  recipientOf,
  rolesOf,
  type Exchange,
  type Role,
} from './exchange.ts';
export { deriveMediaKeys, type MediaKey } from './media-keys.ts';
export { createMessageOpener, type MessageOpener, type MessageOpenerOptions } from './opener.ts';
export { confirmSessionKey, crossCheck, recoverSessionKey } from './session-key.ts';
export { checkExchange, type TiePolicy } from './tie-rules.ts';
