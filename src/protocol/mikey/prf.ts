/**
 * The pseudo-random functions of MIKEY: MIKEY-1 over HMAC-SHA-1 (RFC 3830 4.1.2) and PRF-HMAC-SHA-256 (RFC 6043 6.1).
 * Keeps no copy of a key; intermediate blocks are overwritten.
 */
import { createHmac } from 'node:crypto';
import { concat } from '../../foundation/base/index.ts';

/** PRF func of HDR: 0 HMAC-SHA-1, 1 HMAC-SHA-256. */
export type PrfNumber = 0 | 1;

/** Octets of inkey a block: 256 bits for both functions (RFC 6043 6.1 changes only the hash and 160). */
const BLOCK = 32;

/** Octets of the hash: 20 or 32. Also the length of MPK and auth_key (profile 3.4). */
export function hashLength(prfNumber: PrfNumber): 20 | 32 {
  return prfNumber === 0 ? 20 : 32;
}

/** HMAC with the hash of the PRF: 20 or 32 octets, new. */
export function prfHmac(prfNumber: PrfNumber, key: Uint8Array, ...data: readonly Uint8Array[]): Uint8Array {
  const hmac = createHmac(prfNumber === 0 ? 'sha1' : 'sha256', key);
  for (const part of data) hmac.update(part);
  return new Uint8Array(hmac.digest());
}

/**
 * PRF(inkey, label): P over each block of the key, joined by exclusive or, the first `octets` octets.
 * @param key at least one octet
 * @returns new octets, the caller's to wrap and wipe
 * @throws TypeError on an empty key
 */
export function prf(prfNumber: PrfNumber, key: Uint8Array, label: Uint8Array, octets: number): Uint8Array {
  if (key.length === 0) throw new TypeError('prf: the key is empty');
  const out = new Uint8Array(octets);
  // The last block may be short, down to one octet (choice A25): taken literally.
  for (let at = 0; at < key.length; at += BLOCK) {
    const block = expand(prfNumber, key.subarray(at, at + BLOCK), label, octets);
    for (let i = 0; i < octets; i++) out[i] = (out[i] ?? 0) ^ (block[i] ?? 0);
    block.fill(0);
  }
  return out;
}

/** P(s, label, m) with m = ceil(octets / hash): HMAC(s, A_1 || label) || ... || HMAC(s, A_m || label). */
function expand(prfNumber: PrfNumber, s: Uint8Array, label: Uint8Array, octets: number): Uint8Array {
  const parts: Uint8Array[] = [];
  let a = label; // A_0
  for (let length = 0; length < octets; length += hashLength(prfNumber)) {
    a = prfHmac(prfNumber, s, a); // A_i = HMAC(s, A_(i-1))
    parts.push(prfHmac(prfNumber, s, a, label));
  }
  const joined = concat(...parts);
  for (const part of parts) part.fill(0);
  return joined;
}
