/**
 * MIKEY: payloads, messages, the grammar of MIKEY-IBAKE, PRF and key chain, V.
 * REQUEST_KEY is in provisioning/, stored media in deferred/.
 */
export { decodeMessage, encodeMessage, type MikeyMessage } from './message.ts';
export type { CsMapEntry } from './header.ts';
export type { SecurityPolicy } from './payload/security-policy.ts';
export { readIbakeMessage, type IbakeMessage, type IbakeType } from './ibake-message.ts';
export { readErrorMessage } from './error-message.ts';
export {
  decodeIbakePlaintext,
  encodeIbakePlaintext,
  type IbakePlaintext,
  type KeyComponent,
} from './ibake-plaintext.ts';
export { ibakeAad } from './aad.ts';
export { prf } from './prf.ts';
export {
  deriveAuthKey,
  deriveEncrKey,
  deriveMpk,
  deriveSalt,
  deriveSaltKey,
  deriveTek,
  deriveTgk,
} from './key-chain.ts';
export { computeV, verifyV } from './verification.ts';
export { securityPolicyOf, suiteOf, type SuiteName } from './suite.ts';
export { annotate, type AnnotatedField } from './annotate.ts';
export { mikeyText } from './text.ts';
