/**
 * The numbers of MIKEY and what they are called (protocol profile 3.1; RFC 3830 6, 4563, 4738, 6043 6, 6267 6,
 * 6309, 6509, 7714). Names are for people; a decoder compares numbers.
 */
export type Names = Readonly<Record<number, string>>;

export const DATA_TYPES = {
  0: 'PSK',
  1: 'PSK verification',
  2: 'PKE',
  3: 'PKE verification',
  4: 'DH init',
  5: 'DH response',
  6: 'Error',
  19: 'REQUEST_KEY_PSK',
  20: 'REQUEST_KEY_PKE',
  21: 'REQUEST_KEY_RESP',
  22: 'I_MESSAGE_1',
  23: 'R_MESSAGE_1',
  24: 'I_MESSAGE_2',
  25: 'R_MESSAGE_2',
} as const;
/** A data type whose messages this codec reads. */
export type DataType = keyof typeof DATA_TYPES;

export const PAYLOAD_NAMES: Names = {
  0: 'last payload',
  1: 'KEMAC',
  2: 'PKE',
  3: 'DH',
  4: 'SIGN',
  5: 'T',
  6: 'ID',
  7: 'CERT',
  8: 'CHASH',
  9: 'V',
  10: 'SP',
  11: 'RAND',
  12: 'ERR',
  13: 'TR',
  14: 'IDR',
  15: 'RANDR',
  16: 'TP',
  17: 'TICKET',
  20: 'Key data',
  21: 'Gen.Ext',
  22: 'IBAKE',
  23: 'ESK',
  24: 'SK',
  25: 'ECCPT',
  26: 'SAKKE',
};
export const PRF_NAMES: Names = { 0: 'MIKEY-1 (HMAC-SHA-1)', 1: 'PRF-HMAC-SHA-256' };
export const MAP_TYPES: Names = { 0: 'SRTP-ID', 1: 'Empty', 2: 'GENERIC-ID' };
export const ENCRYPTION_NAMES: Names = { 0: 'NULL', 1: 'AES-CM-128', 2: 'AES-KW-128', 3: 'AES-CM-256' };
export const MAC_NAMES: Names = { 0: 'NULL', 1: 'HMAC-SHA-1-160', 2: 'HMAC-SHA-256-256' };
/** Octets of the MAC by algorithm (RFC 3830 6.2, RFC 6043 6.2). */
export const MAC_LENGTHS: Readonly<Record<number, number>> = { 0: 0, 1: 20, 2: 32 };
export const TS_NAMES: Names = { 0: 'NTP-UTC', 1: 'NTP', 2: 'COUNTER', 3: 'NTP-UTC-32' };
/** Octets of the TS value by type (RFC 3830 6.6, RFC 6043 6.3). */
export const TS_LENGTHS: Readonly<Record<number, number>> = { 0: 8, 1: 8, 2: 4, 3: 4 };
export const ID_TYPES: Names = { 0: 'NAI', 1: 'URI', 2: 'byte string' };
export const ID_ROLES: Names = {
  1: 'initiator',
  2: 'responder',
  3: 'KMS',
  4: 'pre-shared key',
  5: 'application',
  6: "initiator's KMS",
  7: "responder's KMS",
};
/** The short names of an IDR payload by role (RFC 6043 6.6, RFC 6509 4.4). */
export const IDR_NAMES: Names = {
  1: 'IDRi',
  2: 'IDRr',
  3: 'IDRkms',
  4: 'IDRpsk',
  5: 'IDRapp',
  6: 'IDRkmsi',
  7: 'IDRkmsr',
};
export const RAND_ROLES: Names = { 1: 'initiator', 2: 'responder', 3: 'KMS', 240: 'NSK', 241: 'challenge' };
export const TR_ROLES: Names = {
  1: 'time of issue',
  2: 'start of validity',
  3: 'end of validity',
  4: 're-keying interval',
};
export const KEY_TYPES: Names = {
  0: 'TGK',
  1: 'TGK+SALT',
  2: 'TEK',
  3: 'TEK+SALT',
  4: 'GTGK',
  5: 'GTGK+SALT',
  6: 'MPK',
  7: 'K_PR',
};
export const KV_NAMES: Names = { 0: 'null', 1: 'SPI', 2: 'interval' };
export const EXTENSION_NAMES: Names = {
  0: 'Vendor ID',
  1: 'SDP IDs',
  2: 'TESLA I-Key',
  3: 'Key ID',
  4: 'CSB_ID',
  241: 'LI-MS',
  242: 'deferred',
};
export const ERROR_NAMES: Names = {
  0: 'authentication failure',
  1: 'invalid timestamp',
  2: 'PRF not supported',
  3: 'MAC algorithm not supported',
  4: 'encryption algorithm not supported',
  5: 'hash function not supported',
  6: 'DH group not supported',
  7: 'ID not supported',
  8: 'certificate not supported',
  9: 'SP type not supported',
  10: 'SP parameters not supported',
  11: 'data type not supported',
  12: 'unspecified',
  13: 'unparseable message',
  14: 'ticket type not supported',
  15: 'ticket policy not supported',
};
export const CURVE_NAMES: Names = {
  1: 'P-192',
  2: 'B-163',
  3: 'K-163',
  4: 'sect163r1',
  5: 'P-224',
  6: 'B-233',
  7: 'K-233',
  8: 'P-256',
  9: 'B-283',
  10: 'K-283',
  11: 'P-384',
  12: 'B-409',
  13: 'K-409',
  14: 'P-521',
  15: 'B-571',
  16: 'K-571',
};
export const SRTP_PARAMETERS: Names = {
  0: 'encryption algorithm',
  1: 'session encryption key length',
  2: 'authentication algorithm',
  3: 'session authentication key length',
  4: 'session salt length',
  5: 'SRTP PRF',
  6: 'key derivation rate',
  7: 'SRTP encryption',
  8: 'SRTCP encryption',
  9: 'FEC order',
  10: 'SRTP authentication',
  11: 'authentication tag length',
  12: 'SRTP prefix length',
  20: 'AEAD tag length',
};
export const SRTP_VALUES: Readonly<Record<number, Names>> = {
  0: { 0: 'NULL', 1: 'AES-CM', 2: 'AES-F8', 6: 'AES-GCM' },
  2: { 0: 'NULL', 1: 'HMAC-SHA-1' },
  5: { 0: 'AES-CM' },
  7: { 0: 'off', 1: 'on' },
  8: { 0: 'off', 1: 'on' },
  10: { 0: 'off', 1: 'on' },
};

/** A reading for {@link Names}: the number and its name. */
export function named(names: Names): (value: number) => string {
  return (value) => `${String(value)} (${names[value] ?? 'unknown'})`;
}
