/** Canonical identities, their comparison, key-epoch arithmetic and districts. */
export {
  identityFromText,
  identityFromWire,
  identityToWire,
  isDeviceOf,
  sameIdentity,
  userOf,
  type Identity,
} from './identity.ts';
export {
  generalizedTime,
  generalizedTimeToUnix,
  isGeneralizedTime,
  keyEpochStart,
  type GeneralizedTime,
} from './time.ts';
export { DEFAULT_KEY_EPOCH_SECONDS, district, type District } from './district.ts';
