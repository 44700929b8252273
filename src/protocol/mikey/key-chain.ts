/**
 * The key chain K_SESSION -> MPK, TGK -> auth_key, TEK, salt (RFC 6267 5.1, 5.2, RFC 3830 4.1.3, 4.1.4, profile 3.4).
 * Plain octets in and out: whoever calls wraps the results into Secret and wipes them.
 */
import { concat, uint } from '../../foundation/base/index.ts';
import { exactly } from './payload/codec.ts';
import { hashLength, prf, type PrfNumber } from './prf.ts';

/** label = constant || cs_id || csb_id || RAND. */
function label(constant: number, csId: number, csbId: Uint8Array, rand: Uint8Array): Uint8Array {
  return concat(uint(constant, 4), uint(csId, 1), exactly(csbId, 4, 'CSB ID'), rand);
}

/** Where no session, or no bundle, is meant (RFC 3830 4.1.4, RFC 6267 5.1). */
const NO_CS = 0xff;
const NO_CSB = Uint8Array.of(255, 255, 255, 255);

/** MPK: 20 (PRF 0) or 32 octets (choice A7). `kSession`: 04 || X || Y, all of it (choice A6). */
export function deriveMpk(prfNumber: PrfNumber, kSession: Uint8Array, rand: Uint8Array): Uint8Array {
  return prf(prfNumber, kSession, label(0x220e99a2, NO_CS, NO_CSB, rand), hashLength(prfNumber));
}

/** TGK: 32 octets (choice A7). */
export function deriveTgk(prfNumber: PrfNumber, kSession: Uint8Array, rand: Uint8Array): Uint8Array {
  return prf(prfNumber, kSession, label(0x1f4d675b, NO_CS, NO_CSB, rand), 32);
}

/** auth_key of V, 20 (PRF 0) or 32 octets, from the MPK, a pre-shared or an envelope key. */
export function deriveAuthKey(prfNumber: PrfNumber, mpk: Uint8Array, csbId: Uint8Array, rand: Uint8Array): Uint8Array {
  return prf(prfNumber, mpk, label(0x2d22ac75, NO_CS, csbId, rand), hashLength(prfNumber));
}

/** encr_key of KEMAC: 16 octets (AES-CM-128, AES-KW-128) or 32 (AES-CM-256). */
export function deriveEncrKey(
  prfNumber: PrfNumber,
  key: Uint8Array,
  csbId: Uint8Array,
  rand: Uint8Array,
  octets: 16 | 32,
): Uint8Array {
  return prf(prfNumber, key, label(0x150533e1, NO_CS, csbId, rand), octets);
}

/** salt_key of KEMAC: 14 octets. */
export function deriveSaltKey(prfNumber: PrfNumber, key: Uint8Array, csbId: Uint8Array, rand: Uint8Array): Uint8Array {
  return prf(prfNumber, key, label(0x29b88916, NO_CS, csbId, rand), 14);
}

/** TEK of session `csId` (1 to 254): the SRTP master key, `octets` long. */
export function deriveTek(
  prfNumber: PrfNumber,
  tgk: Uint8Array,
  csId: number,
  csbId: Uint8Array,
  rand: Uint8Array,
  octets: number,
): Uint8Array {
  return prf(prfNumber, tgk, label(0x2ad01c64, csId, csbId, rand), octets);
}

/** Salt of session `csId`: the SRTP master salt, 14 octets, or 12 for AEAD. */
export function deriveSalt(
  prfNumber: PrfNumber,
  tgk: Uint8Array,
  csId: number,
  csbId: Uint8Array,
  rand: Uint8Array,
  octets: number,
): Uint8Array {
  return prf(prfNumber, tgk, label(0x39a2c14b, csId, csbId, rand), octets);
}
