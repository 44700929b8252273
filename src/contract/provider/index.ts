/**
 * The interface between Delivery Function and Provider's Database: open one nonce.
 */
import { z } from 'zod';
import { callRole, hexOctets, identityText, releaseAnswer, releaseRequest, route } from '../route/index.ts';

export { parseBody, type Handler } from '../route/index.ts';

const openNonceRequest = z.strictObject({
  ...releaseRequest,
  /** Canonical, as in the clear IDR of the target's role. */
  identity: identityText,
  role: callRole,
  /** MIKEY ECC curve number: 8, 11 or 14. */
  curve: z.int().min(0).max(255),
  csbId: hexOctets(4),
  /** T of I_MESSAGE_1: NTP, 64 bits. */
  t1: hexOctets(8),
  /** As it stood in the message: a terminal may have sent one without octets, which opens to nothing. */
  nonce: hexOctets(0, 255),
  /** The target's key component: the secret is released only if it gives this point. */
  ownPoint: hexOctets(1, 133),
  /** SHA-256 of each MIKEY message the request rests on. */
  messageDigests: z.array(hexOctets(32)).max(4),
  /** Statement of the KMS, where the provider requires one. */
  statement: z.string().max(8192).optional(),
});

export type OpenNonceRequest = z.infer<typeof openNonceRequest>;

/** Sealed answer: {@link opened}. */
export const openNonceRoute = route({
  method: 'POST',
  path: '/provider/v1/open',
  roles: ['df'],
  request: openNonceRequest,
  response: releaseAnswer,
});

/** The target's re-computed secret x or y: big endian, as long as the order of the curve. */
export const opened = z.strictObject({ secret: hexOctets(32, 66) });

export type Opened = z.infer<typeof opened>;
