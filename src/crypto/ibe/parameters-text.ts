/**
 * Domain and public parameters as files: PEM (RFC 7468), text before the block allowed. Public parameters are
 * BFPublicParameters; domain parameters are the same without pointPpub, a form of ours, since RFC 5091 has none.
 */
import { fromBase64, HalfkeyError, isHalfkeyError, toBase64 } from '../../foundation/base/index.ts';
import { decodeDer } from '../../foundation/der/index.ts';
import { decodePublicParameters, encodePublicParameters } from './codec.ts';
import { encodeDomain, readDomain } from './codec-parts.ts';
import type { Domain, PublicParameters } from './domain.ts';

const DOMAIN = 'IBE DOMAIN PARAMETERS';
const PUBLIC = 'IBE PUBLIC PARAMETERS';

/** DER of SEQUENCE { version 2, curve OID, p, q, pointP, hashfcn OID }. */
export function encodeDomainParameters(domain: Domain): Uint8Array {
  return encodeDomain(domain);
}

/** Reads what {@link encodeDomainParameters} writes; to be validated before use. @throws HalfkeyError `BadDer`, `BadParameters` */
export function decodeDomainParameters(bytes: Uint8Array): Domain {
  return decodeDer(bytes, (s) => readDomain(s, 0).domain);
}

/** PEM of domain parameters, or of public parameters. */
export function parametersToPem(parameters: Domain | PublicParameters): string {
  const [name, der] =
    'Ppub' in parameters ? [PUBLIC, encodePublicParameters(parameters)] : [DOMAIN, encodeDomainParameters(parameters)];
  return `-----BEGIN ${name}-----\n${toBase64(der).replace(/.{1,64}/g, '$&\n')}-----END ${name}-----\n`;
}

/**
 * Reads a file: PEM of either kind, or BFPublicParameters as DER or as base64 of it. Nothing is validated.
 * @throws HalfkeyError `BadParameters` when it is none of them; `BadDer`
 */
export function readParameters(octets: Uint8Array): Domain | PublicParameters {
  const text = new TextDecoder('latin1').decode(octets);
  const blocks = [...text.matchAll(/-----BEGIN ([A-Z ]+)-----\r?\n([A-Za-z0-9+/=\r\n]*)-----END \1-----/g)];
  // 0x30 is also the digit 0 of a text before a block.
  if (blocks.length === 0 && octets[0] === 0x30) return decodePublicParameters(octets);
  const [name, body] = blocks.length === 0 ? [PUBLIC, text] : [blocks[0]?.[1], blocks[0]?.[2] ?? ''];
  if (blocks.length > 1 || (name !== PUBLIC && name !== DOMAIN)) throw noParameters();
  const der = octetsOf(body.replace(/\s/g, ''));
  return name === DOMAIN ? decodeDomainParameters(der) : decodePublicParameters(der);
}

function octetsOf(base64: string): Uint8Array {
  try {
    return fromBase64(base64);
  } catch (error) {
    if (!isHalfkeyError(error, 'BadBase64')) throw error;
    throw noParameters();
  }
}

function noParameters(): HalfkeyError {
  return new HalfkeyError('BadParameters', 'file: neither PEM of IBE parameters, nor BFPublicParameters');
}
