/** The string that is hashed to a point: DER IBEIdentityInfo (RFC 5408 3, protocol profile 2.3). */
import {
  derGeneralizedTime,
  derIa5String,
  derInteger,
  derOctetString,
  derOid,
  derSequence,
} from '../../foundation/der/index.ts';
import { identityToWire, type GeneralizedTime, type Identity } from '../../foundation/identity/index.ts';
import { latin1 } from '../../foundation/base/index.ts';
import { OID_MIKEY_IDENTITY } from './oids.ts';

/** One more than the largest district serial. */
export const SERIAL_LIMIT = 1n << 63n;

/** Who may decrypt, in which district, under which parameters, in which key epoch. */
export interface IdentityInfo {
  /** District name, octet for octet as in the federation table; ASCII. */
  readonly district: string;
  /** Serial of the district's parameters, 0 to 2^63 - 1. */
  readonly serial: bigint;
  readonly identity: Identity;
  /** First moment of the key epoch. */
  readonly notBefore: GeneralizedTime;
}

/**
 * IBEIdentityInfo ::= SEQUENCE { district IA5String, serial INTEGER, identityType OID, identityData OCTET STRING } with
 * identityData = DER of SEQUENCE { idType INTEGER, identity IA5String, time GeneralizedTime }.
 * @throws TypeError on a serial outside its range, or a district that is not ASCII
 */
export function identityInfo({ district, serial, identity, notBefore }: IdentityInfo): Uint8Array {
  assertSerial(serial);
  const name = derIa5String(latin1(identityToWire(identity)));
  const data = derSequence(derInteger(BigInt(identity.type)), name, derGeneralizedTime(notBefore));
  return derSequence(derIa5String(district), derInteger(serial), derOid(OID_MIKEY_IDENTITY), derOctetString(data));
}

/** @throws TypeError unless 0 <= serial < 2^63 */
export function assertSerial(serial: bigint): void {
  if (serial < 0n || serial >= SERIAL_LIMIT) throw new TypeError('serial: not in the range 0 to 2^63 - 1');
}
