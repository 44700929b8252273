/** Identifier octets of the universal types in use (X.690 8.1.2), and the one form that each time value has. */

/** Identifier octets. Everything else is refused. */
export const TAG = {
  integer: 0x02,
  octetString: 0x04,
  oid: 0x06,
  ia5String: 0x16,
  generalizedTime: 0x18,
  sequence: 0x30,
} as const;

/** Most octets of an OBJECT IDENTIFIER: the ones in use have 22, and reading one takes time in their square. */
export const OID_MAX_OCTETS = 128;

export type DerTag = (typeof TAG)[keyof typeof TAG];

/**
 * Whether `text` is YYYYMMDDHHMMSSZ and names a moment that exists (X.690 11.7 without a fraction; RFC 5409 2).
 * A leap second is not accepted: no such moment can be counted in Unix seconds.
 */
export function isGeneralizedTime(text: string): boolean {
  const fields = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(text)?.slice(1);
  if (fields === undefined) return false;
  const iso = `${fields.slice(0, 3).join('-')}T${fields.slice(3).join(':')}.000Z`;
  const time = new Date(iso);
  return !Number.isNaN(time.getTime()) && time.toISOString() === iso;
}
