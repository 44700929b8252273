/** Identity-based encryption: Boneh-Franklin on type-1 curves and the envelope (RFC 5091, protocol profile 1 and 2). */
export {
  domainParameters,
  derivePublicParameters,
  masterSecretFor,
  setup,
  type Domain,
  type Level,
  type PublicParameters,
} from './domain.ts';
export { validatePublicParameters, verifyPrivateKey } from './validate.ts';
export { decrypt, encrypt, extractPrivateKey, hashToPoint, type Ciphertext } from './boneh-franklin.ts';
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
export { identityInfo } from './identity-info.ts';
export { decodeEnvelope, openEnvelope, readEnvelopeHeader, sealEnvelope, type Envelope } from './envelope.ts';
