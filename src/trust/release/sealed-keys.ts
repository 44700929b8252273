/**
 * Private keys issued in bulk, that only their recipient can read: each subscriber's sealed by itself, and bound to the
 * batch and the position in it, so that none can stand in another's place.
 */
import { createHash, createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { HalfkeyError, type Secret } from '../../foundation/base/index.ts';
import { openSealed, sealTo, type AnswerKey, type SealedHeader } from './sealed.ts';

/** What sealed keys are bound to. */
export interface BatchPlace {
  /** Lower-case hex. */
  readonly batch: string;
  /** Of the subscriber in the list, from 1. */
  readonly position: number;
}

/** Seals `payload` (JSON) to `recipient`. @throws HalfkeyError `BAD_REQUEST` when that is not a point of P-256 */
export async function sealKeys(payload: object, recipient: AnswerKey, place: BatchPlace): Promise<string> {
  return sealTo(recipient, payload, headerOf(place));
}

/** Opens them with the recipient's private JWK as octets. @throws HalfkeyError `UNAVAILABLE` when they are not those */
export async function openKeys(sealed: string, privateKey: Secret<'AnswerKey'>, place: BatchPlace): Promise<unknown> {
  return openSealed(sealed, privateKey, headerOf(place));
}

/** SHA-256 of the recipient's key as RFC 7638 has it, lower-case hex. */
export function recipientDigest({ crv, kty, x, y }: AnswerKey): string {
  return createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('hex');
}

/** A recipient's key from its PEM: a public key, or a certificate of it. @throws HalfkeyError `USAGE` unless on P-256 */
export function readRecipient(pem: string): AnswerKey {
  let key: KeyObject;
  try {
    // Of a private key it would take the public part; whoever gives us one has made a mistake.
    if (pem.includes('PRIVATE KEY')) throw new TypeError('a private key');
    key = createPublicKey(pem);
  } catch (cause) {
    throw new HalfkeyError('USAGE', "the recipient's key is not a public key or certificate in PEM", { cause });
  }
  const { crv, x, y }: JsonWebKey = key.asymmetricKeyType === 'ec' ? key.export({ format: 'jwk' }) : {};
  if (crv !== 'P-256' || x === undefined || y === undefined) {
    throw new HalfkeyError('USAGE', "the recipient's key is not on P-256");
  }
  return { kty: 'EC', crv, x, y };
}

const headerOf = ({ batch, position }: BatchPlace): SealedHeader => ({
  typ: 'halfkey-keys+jwe',
  bat: batch,
  pos: position,
});
