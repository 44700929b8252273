/**
 * What only its recipient can read: JWE (RFC 7516), compact, ECDH-ES on P-256 with A256GCM. What it is bound to stands
 * in the protected header, which is authenticated and in the clear.
 */
import { CompactEncrypt, compactDecrypt, importJWK, type CryptoKey, type JWK } from 'jose';
import { HalfkeyError, type Secret } from '../../foundation/base/index.ts';

/** A P-256 public key as it stands in a request. */
export interface AnswerKey {
  readonly kty: 'EC';
  readonly crv: 'P-256';
  readonly x: string;
  readonly y: string;
}

/** Members of the protected header that say what is sealed, and for what. */
export type SealedHeader = { readonly typ: string } & Readonly<Record<string, string | number>>;

/** Seals `payload` (JSON) to `key`. @throws HalfkeyError `BAD_REQUEST` when the key is not a point of P-256 */
export async function sealTo(key: AnswerKey, payload: object, header: SealedHeader): Promise<string> {
  const recipient = await importAnswerKey(key);
  return new CompactEncrypt(new TextEncoder().encode(JSON.stringify(payload)))
    .setProtectedHeader({ alg: 'ECDH-ES', enc: 'A256GCM', ...header })
    .encrypt(recipient);
}

/** @throws HalfkeyError `BAD_REQUEST` unless the key is a point of P-256 */
export async function importAnswerKey(key: AnswerKey): Promise<CryptoKey> {
  try {
    return await importJWK<AnswerKey>({ ...key }, 'ECDH-ES');
  } catch (cause) {
    throw new HalfkeyError('BAD_REQUEST', 'answerKey is not a public key of P-256', { cause });
  }
}

/**
 * The payload, not yet checked against a contract. `privateKey`: a JWK as octets.
 * @throws HalfkeyError `UNAVAILABLE` when it does not open, or is bound to something else
 */
export async function openSealed(
  sealed: string,
  privateKey: Secret<'AnswerKey'>,
  header: SealedHeader,
): Promise<unknown> {
  try {
    const jwk: JWK = privateKey.use((octets): JWK => JSON.parse(new TextDecoder().decode(octets)) as JWK);
    const { plaintext, protectedHeader } = await compactDecrypt(sealed, await importJWK(jwk, 'ECDH-ES'), {
      keyManagementAlgorithms: ['ECDH-ES'],
      contentEncryptionAlgorithms: ['A256GCM'],
    });
    if (Object.entries(header).some(([name, value]) => protectedHeader[name] !== value))
      throw new TypeError('bound to something else');
    const payload = JSON.parse(new TextDecoder().decode(plaintext)) as unknown;
    plaintext.fill(0);
    return payload;
  } catch {
    throw new HalfkeyError('UNAVAILABLE', 'the holder sent something that is not the answer to this request');
  }
}
