/**
 * Answers that only the requester can read: JWE (RFC 7516), compact, ECDH-ES on P-256 with A256GCM,
 * to a key that the requester made for this one request. The request id and the warrant's digest stand
 * in the protected header, so they are authenticated with every released key.
 * A holder may store such an answer: it cannot open it.
 */
import { CompactEncrypt, compactDecrypt, exportJWK, generateKeyPair, importJWK, type CryptoKey, type JWK } from 'jose';
import { HalfkeyError, type Secret } from '../../foundation/base/index.ts';

/** A P-256 public key as it stands in a request. */
export interface AnswerKey {
  readonly kty: 'EC';
  readonly crv: 'P-256';
  readonly x: string;
  readonly y: string;
}

/** What an answer is bound to. */
export interface AnswerContext {
  readonly requestId: string;
  /** Lower-case hex SHA-256. */
  readonly warrantDigest: string;
}

const TYPE = 'halfkey-answer+jwe';

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
  const recipient = await importAnswerKey(key);
  return new CompactEncrypt(new TextEncoder().encode(JSON.stringify(payload)))
    .setProtectedHeader({
      alg: 'ECDH-ES',
      enc: 'A256GCM',
      typ: TYPE,
      rid: context.requestId,
      wrt: context.warrantDigest,
    })
    .encrypt(recipient);
}

/** @throws HalfkeyError `BAD_REQUEST` unless the key is a point of P-256 */
export async function assertAnswerKey(key: AnswerKey): Promise<void> {
  await importAnswerKey(key);
}

async function importAnswerKey(key: AnswerKey): Promise<CryptoKey> {
  try {
    return await importJWK<AnswerKey>({ ...key }, 'ECDH-ES');
  } catch (cause) {
    throw new HalfkeyError('BAD_REQUEST', 'answerKey is not a public key of P-256', { cause });
  }
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
  try {
    const jwk: JWK = privateKey.use((octets): JWK => JSON.parse(new TextDecoder().decode(octets)) as JWK);
    const { plaintext, protectedHeader } = await compactDecrypt(sealed, await importJWK(jwk, 'ECDH-ES'), {
      keyManagementAlgorithms: ['ECDH-ES'],
      contentEncryptionAlgorithms: ['A256GCM'],
    });
    const { typ, rid, wrt } = protectedHeader as { typ?: unknown; rid?: unknown; wrt?: unknown };
    if (typ !== TYPE || rid !== context.requestId || wrt !== context.warrantDigest)
      throw new TypeError('bound to something else');
    const payload = JSON.parse(new TextDecoder().decode(plaintext)) as unknown;
    plaintext.fill(0);
    return payload;
  } catch {
    throw new HalfkeyError('UNAVAILABLE', 'the holder sent something that is not the answer to this request');
  }
}
