/**
 * ID and IDR: identities as octets (RFC 3830 6.7, RFC 6043 6.5, 6.6, RFC 6509 4.4). Canonical form is demanded by
 * the grammars, not here: a foreign message may carry any identity.
 */
import { concat, uint } from '../../../foundation/base/index.ts';
import { broken, type FieldReader } from '../field-reader.ts';
import { ID_ROLES, ID_TYPES, IDR_NAMES, named } from '../registry.ts';
import { quoted, type PayloadCodec } from './codec.ts';

/** ID. `idType`: 0 NAI, 1 URI, 2 byte string; `data`: up to 65535 octets. */
export interface IdPayload {
  readonly kind: 'ID';
  // Next payload (1) | ID type (1) | ID len (2) | ID data
  readonly idType: number;
  readonly data: Uint8Array;
}

/** IDR: an identity with a role, 1 initiator, 2 responder, 3 KMS, 4 PSK, 5 application, 6 and 7 the parties' KMS. */
export interface RoleIdPayload {
  readonly kind: 'IDR';
  // Next payload (1) | ID role (1) | ID type (1) | ID len (2) | ID data
  readonly role: number;
  readonly idType: number;
  readonly data: Uint8Array;
}

function readId(reader: FieldReader): { idType: number; data: Uint8Array } {
  const offset = reader.offset;
  const idType = reader.uint(1, 'ID type', named(ID_TYPES));
  if (ID_TYPES[idType] === undefined) broken('InvalidId', `ID type ${String(idType)} is not defined`, offset);
  return { idType, data: reader.take(reader.uint(2, 'ID length'), 'ID data', quoted) };
}

function writeId({ idType, data }: { idType: number; data: Uint8Array }): Uint8Array {
  return concat(uint(idType, 1), uint(data.length, 2), data);
}

export const idCodec: PayloadCodec<IdPayload> = {
  kind: 'ID',
  number: 6,
  clause: 'RFC 3830 6.7',
  read: (reader) => ({ kind: 'ID', ...readId(reader) }),
  write: writeId,
};

export const roleIdCodec: PayloadCodec<RoleIdPayload> = {
  kind: 'IDR',
  number: 14,
  clause: 'RFC 6043 6.6',
  read(reader) {
    const offset = reader.offset;
    const role = reader.uint(1, 'ID role', named(ID_ROLES));
    if (ID_ROLES[role] === undefined) broken('InvalidId', `ID role ${String(role)} is not defined`, offset);
    return { kind: 'IDR', role, ...readId(reader) };
  },
  write: (payload) => concat(uint(payload.role, 1), writeId(payload)),
  title: ({ role }) => IDR_NAMES[role] ?? 'IDR',
};
