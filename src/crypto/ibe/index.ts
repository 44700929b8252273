/** Identity-based encryption: Boneh-Franklin, Boneh-Boyen and the envelope (RFC 5091, protocol profile 1 and 2). */
export {
  domainParameters,
  derivePublicParameters,
  masterSecretFor,
  setup,
  type Domain,
  type Level,
  type PublicParameters,
} from './domain.ts';
export { solinasForm, validateDomain, validatePublicParameters, verifyPrivateKey } from './validate.ts';
export { domainFromLabel, generateDomain, type LabelledDomain } from './generate.ts';
export { decodeDomainParameters, encodeDomainParameters, parametersToPem, readParameters } from './parameters-text.ts';
export { findBadPrivateKeys, verifyPrivateKeys, type ClaimedKey } from './validate-batch.ts';
export {
  decrypt,
  encrypt,
  extractPrivateKey,
  forgetIdentities,
  hashToPoint,
  prepareParameters,
  type Ciphertext,
} from './boneh-franklin.ts';
export { createDecryptor, createIssuer, type Decryptor, type Issuer } from './keys.ts';
export {
  decodeCiphertext,
  decodeMasterSecret,
  decodePrivateKey,
  decodePrivateKeyOctets,
  decodePublicParameters,
  encodeCiphertext,
  encodeMasterSecret,
  encodePrivateKey,
  encodePublicParameters,
} from './codec.ts';
export { hashToRange } from './hash.ts';
export { CACHED_IDENTITIES } from './pairing-cache.ts';
export { identityInfo } from './identity-info.ts';
export { decodeEnvelope, openEnvelope, readEnvelopeHeader, sealEnvelope, type Envelope } from './envelope.ts';
export {
  bb1Encrypt,
  bb1ExtractPrivateKey,
  bb1PublicParameters,
  bb1Setup,
  type BB1Ciphertext,
  type BB1MasterSecret,
  type BB1PrivateKey,
  type BB1PublicParameters,
} from './boneh-boyen.ts';
export {
  createBB1Decryptor,
  createBB1Issuer,
  validateBB1PublicParameters,
  verifyBB1PrivateKey,
  type BB1Decryptor,
  type BB1Issuer,
} from './boneh-boyen-keys.ts';
export {
  decodeBB1Ciphertext,
  decodeBB1MasterSecret,
  decodeBB1PrivateKey,
  decodeBB1PublicParameters,
  encodeBB1Ciphertext,
  encodeBB1MasterSecret,
  encodeBB1PrivateKey,
  encodeBB1PublicParameters,
} from './boneh-boyen-codec.ts';
