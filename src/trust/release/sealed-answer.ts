/**
 * Answers that only the requester can read, sealed to a key that it made for this one request. The request id and the
 * warrant's digest stand in the protected header, so they are authenticated with every released key.
 * A holder may store such an answer: it cannot open it.
 */
import { exportJWK, generateKeyPair } from 'jose';
import type { Secret } from '../../foundation/base/index.ts';
import { importAnswerKey, openSealed, sealTo, type AnswerKey, type SealedHeader } from './sealed.ts';

/** What an answer is bound to. */
export interface AnswerContext {
  readonly requestId: string;
  /** Lower-case hex SHA-256. */
  readonly warrantDigest: string;
}

/** A fresh pair for one request; the private part is the JWK as octets, to be sealed at rest and wiped after use. */
export async function createAnswerKey(): Promise<{ publicKey: AnswerKey; privateKey: Uint8Array }> {
  const pair = await generateKeyPair('ECDH-ES', { crv: 'P-256', extractable: true });
  const { x, y } = (await exportJWK(pair.publicKey)) as { x: string; y: string };
  return {
    publicKey: { kty: 'EC', crv: 'P-256', x, y },
    privateKey: new TextEncoder().encode(JSON.stringify(await exportJWK(pair.privateKey))),
  };
}

/**
 * Seals `payload` (JSON) to `key`.
 * @throws HalfkeyError `BAD_REQUEST` when the key is not a point of P-256
 */
export async function sealAnswer(payload: object, key: AnswerKey, context: AnswerContext): Promise<string> {
  return sealTo(key, payload, headerOf(context));
}

/** @throws HalfkeyError `BAD_REQUEST` unless the key is a point of P-256 */
export async function assertAnswerKey(key: AnswerKey): Promise<void> {
  await importAnswerKey(key);
}

/**
 * Opens a sealed answer with the private part of {@link createAnswerKey}.
 * @returns the JSON payload, not yet checked against a contract
 * @throws HalfkeyError `UNAVAILABLE` when it is not an answer to this request
 */
export async function openAnswer(
  sealed: string,
  privateKey: Secret<'AnswerKey'>,
  context: AnswerContext,
): Promise<unknown> {
  return openSealed(sealed, privateKey, headerOf(context));
}

const headerOf = ({ requestId, warrantDigest }: AnswerContext): SealedHeader => ({
  typ: 'halfkey-answer+jwe',
  rid: requestId,
  wrt: warrantDigest,
});
