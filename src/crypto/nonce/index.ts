/** The opaque nonces NA and NB, their three modes, the master secrets behind them and the epochs of these. */
export {
  assertModeForCurve,
  associatedData,
  nonceEpoch,
  nonceLength,
  type NonceContext,
  type NonceMode,
  type NonceRole,
} from './context.ts';
export { MASTER_SECRET_LENGTH, ratchetStep } from './derive.ts';
export { assertLiMs, decodeLiMs, encodeLiMs, LI_MS_LENGTH, liMsEpochs, msEpochAt, type LiMs } from './li-ms.ts';
export { openCommittedNonce, openNonce, sealNonce, type OpenNonce, type SealNonce } from './nonce.ts';
