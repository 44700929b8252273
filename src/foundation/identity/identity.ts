/**
 * Identities as the whole house compares them: made canonical where they enter (protocol profile 2.3),
 * required to be canonical on the wire. No identity text may appear in an error or a log line.
 */
import { ascii, HalfkeyError, isHalfkeyError, latin1 } from '../base/index.ts';
import { canonicalText } from './canonical.ts';

/** A canonical identity. `type`: MIKEY ID type, 0 NAI, 1 URI; `text`: 1 to 255 octets of 0x21-0x7E. */
export interface Identity {
  readonly type: 0 | 1;
  readonly text: string;
}

/**
 * Canonicalises what SIP, configuration or a person gives: `sip:`, `sips:`, `tel:` become a URI, else a NAI.
 * Idempotent. @throws HalfkeyError `InvalidIdentity`
 */
export function identityFromText(text: string): Identity {
  return canonicalText(text);
}

/**
 * Takes ID type and ID data of a payload; they must already be canonical (profile 2.3), nothing is repaired.
 * @throws HalfkeyError `InvalidId` (ERR 7), also for ID type 2 (byte string)
 */
export function identityFromWire(type: number, data: Uint8Array): Identity {
  if (type !== 0 && type !== 1) throw new HalfkeyError('InvalidId', `ID type ${String(type)} is refused`);
  const text = latin1(data);
  let canonical: Identity;
  try {
    canonical = canonicalText(text);
  } catch (error) {
    if (!isHalfkeyError(error, 'InvalidIdentity')) throw error;
    throw new HalfkeyError('InvalidId', `not an identity: ${error.message}`);
  }
  if (canonical.type !== type) throw new HalfkeyError('InvalidId', 'the ID type does not fit the ID data');
  if (canonical.text !== text) throw new HalfkeyError('InvalidId', 'the ID data is not in canonical form');
  return canonical;
}

/** The ID data of an identity: 1 to 255 ASCII octets, a new array. */
export function identityToWire(identity: Identity): Uint8Array {
  return ascii(identity.text);
}

/** Equality of type and octets; no other equivalence exists (profile 2.3). */
export function sameIdentity(a: Identity, b: Identity): boolean {
  return a.type === b.type && a.text === b.text;
}

/** The identity without `;gr=...`; any identity that has none is its own user. */
export function userOf(identity: Identity): Identity {
  const at = grAt(identity);
  return at < 0 ? identity : { type: identity.type, text: identity.text.slice(0, at) };
}

/** Whether `device` is `user` with a `gr`; an identity is not a device of itself. */
export function isDeviceOf(device: Identity, user: Identity): boolean {
  return grAt(device) >= 0 && grAt(user) < 0 && sameIdentity(userOf(device), user);
}

/** Where `;gr=` begins; looked for behind the `@`, since a SIP user part may hold the same characters. */
function grAt(identity: Identity): number {
  return identity.type === 1 ? identity.text.indexOf(';gr=', identity.text.indexOf('@') + 1) : -1;
}
