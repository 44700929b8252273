/**
 * Keys of the nonces and the ratchet of the master secret (protocol profile 4.2).
 * MS of mode 1 is the key itself and must not serve modes 2 and 3; those have keys of their own.
 */
import { createHmac, hkdfSync } from 'node:crypto';
import { ascii, concat, Secret, uint } from '../../foundation/base/index.ts';
import { identityToWire, type Identity } from '../../foundation/identity/index.ts';

const KEY_LABEL = concat(ascii('LI-IBAKE nonce key v1'), Uint8Array.of(0));
const RATCHET_LABEL = concat(ascii('LI-IBAKE MS ratchet v1'), Uint8Array.of(0));

/** Octets of a master secret. */
export const MASTER_SECRET_LENGTH = 32;

/** @throws TypeError unless 32 octets */
export function assertMasterSecret(masterSecret: Secret<'MasterSecret'>): void {
  if (masterSecret.length !== MASTER_SECRET_LENGTH) throw new TypeError('a master secret has 32 octets');
}

/**
 * K2 (32 octets) or K3 (64): HKDF-SHA256(MS, "LI-IBAKE nonce key v1" 00 mode), RFC 5869 with empty salt.
 * The caller wipes it. Internal to this folder.
 */
export function nonceKey(masterSecret: Secret<'MasterSecret'>, mode: 2 | 3): Uint8Array {
  const info = concat(KEY_LABEL, Uint8Array.of(mode));
  return masterSecret.use(
    (ms) => new Uint8Array(hkdfSync('sha256', ms, new Uint8Array(0), info, mode === 2 ? 32 : 64)),
  );
}

/**
 * MS_{e+1} = HKDF-Expand(MS_e, "LI-IBAKE MS ratchet v1" 00 || identity || e+1, 32): one way, so that an erased
 * epoch stays closed. Expand only, SHA-256, PRK = MS_e (RFC 5869 2.3: 32 octets are T(1)).
 * @param nextEpoch e+1, 0 to 2^32-1
 * @returns a new secret; the caller wipes the old one
 */
export function ratchetStep(
  masterSecret: Secret<'MasterSecret'>,
  identity: Identity,
  nextEpoch: number,
): Secret<'MasterSecret'> {
  assertMasterSecret(masterSecret);
  const info = concat(RATCHET_LABEL, identityToWire(identity), uint(nextEpoch, 4));
  return masterSecret.use(
    (ms) =>
      new Secret(
        'MasterSecret',
        new Uint8Array(createHmac('sha256', ms).update(info).update(Uint8Array.of(1)).digest()),
      ),
  );
}
