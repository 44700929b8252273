/**
 * XK: the interface between Delivery Function and KMS.
 * Solution 3 recovers, alternative 1 of solution 4 hands out a private key, alternative 2 decrypts.
 */
import { z } from 'zod';
import {
  base64Octets,
  callRole,
  hexOctets,
  identityText,
  releaseAnswer,
  releaseRequest,
  route,
  unixSeconds,
} from '../route/index.ts';

export { parseBody, releaseAnswer, type Handler, type ReleaseAnswer, type Route } from '../route/index.ts';

/** Whole MIKEY messages, base64, in any order: I_MESSAGE_1, R_MESSAGE_1, I_MESSAGE_2, R_MESSAGE_2 of one exchange. */
const messages = z.array(base64Octets(8192)).min(1).max(4);

const aboutExchange = { ...releaseRequest, target: identityText, role: callRole, csbId: hexOctets(4), messages };

const recoverRequest = z.strictObject(aboutExchange);
const decryptRequest = z.strictObject(aboutExchange);
const privateKeyRequest = z.strictObject({
  ...releaseRequest,
  /** Pairs of identity and start of the key epoch. */
  pairs: z
    .array(z.strictObject({ identity: identityText, keyEpoch: unixSeconds }))
    .min(1)
    .max(4),
});

export type RecoverRequest = z.infer<typeof recoverRequest>;
export type DecryptRequest = z.infer<typeof decryptRequest>;
export type PrivateKeyRequest = z.infer<typeof privateKeyRequest>;

/** Solution 3. Sealed answer: {@link recovered}. */
export const recoverRoute = route({
  method: 'POST',
  path: '/xk/v1/recover',
  roles: ['df'],
  request: recoverRequest,
  response: releaseAnswer,
});

/** Solution 4, alternative 2. Sealed answer: {@link decrypted}. */
export const decryptRoute = route({
  method: 'POST',
  path: '/xk/v1/decrypt',
  roles: ['df'],
  request: decryptRequest,
  response: releaseAnswer,
});

/** Solution 4, alternative 1. Sealed answer: {@link privateKeys}. */
export const privateKeyRoute = route({
  method: 'POST',
  path: '/xk/v1/private-key',
  roles: ['df'],
  request: privateKeyRequest,
  response: releaseAnswer,
});

/** The session key of one exchange; `confirmed` when V of R_MESSAGE_2 was there and verified. */
export const recovered = z.strictObject({
  kSession: hexOctets(65, 133),
  confirmed: z.boolean(),
  csbId: hexOctets(4),
  t1: hexOctets(8),
});

/** Components of one exchange as they stood in the encrypted parts; nonces opaque, and of no octets where a terminal sent such. */
export const decrypted = z.strictObject({
  role: callRole,
  curve: z.int(),
  ownPoint: hexOctets(65, 133),
  peerPoint: hexOctets(65, 133),
  ni: hexOctets(0, 255).optional(),
  nr: hexOctets(0, 255).optional(),
  idri: identityText,
  idrr: identityText,
  csbId: hexOctets(4),
  t1: hexOctets(8),
  /** Statement of the KMS for the provider: compact JWS. */
  statement: z.string().max(8192),
});

/** Private keys of warranted epochs, and the parameters they belong to. */
export const privateKeys = z.strictObject({
  district: identityText,
  serial: z.int().min(0),
  keyEpochSeconds: z.int(),
  /** DER BFPublicParameters, base64. */
  parameters: base64Octets(8192),
  keys: z.array(
    z.strictObject({
      identity: identityText,
      keyEpoch: unixSeconds,
      /** DER BFPrivateKeyBlock, base64. */
      privateKey: base64Octets(4096),
      /** When the requester must have erased the key: end of the epoch and grace, or at once when that is over. */
      eraseAt: unixSeconds,
    }),
  ),
});

export type Recovered = z.infer<typeof recovered>;
export type Decrypted = z.infer<typeof decrypted>;
export type PrivateKeys = z.infer<typeof privateKeys>;
