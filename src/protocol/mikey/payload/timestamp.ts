/**
 * T and TR: timestamps (RFC 3830 6.6, RFC 6043 6.3, 6.4). Unknown types are refused, since their length is unknown;
 * which types a message may carry is the grammar's affair.
 */
import { concat, toHex, uint } from '../../../foundation/base/index.ts';
import { broken, type FieldReader } from '../field-reader.ts';
import { named, TR_ROLES, TS_LENGTHS, TS_NAMES } from '../registry.ts';
import { exactly, ntpReading, type PayloadCodec } from './codec.ts';

/** T. `value`: 8 octets for types 0 NTP-UTC and 1 NTP, 4 for 2 COUNTER and 3 NTP-UTC-32. */
export interface TimestampPayload {
  readonly kind: 'T';
  // Next payload (1) | TS type (1) | TS value (8 or 4)
  readonly tsType: number;
  readonly value: Uint8Array;
}

/** TR: a timestamp with a role, 1 issue, 2 start, 3 end, 4 re-keying interval. */
export interface RoleTimestampPayload {
  readonly kind: 'TR';
  // Next payload (1) | TS role (1) | TS type (1) | TS value (8 or 4)
  readonly role: number;
  readonly tsType: number;
  readonly value: Uint8Array;
}

function readStamp(reader: FieldReader, lengths = TS_LENGTHS): { tsType: number; value: Uint8Array } {
  const offset = reader.offset;
  const tsType = reader.uint(1, 'TS type', named(TS_NAMES));
  const length = lengths[tsType];
  if (length === undefined) broken('InvalidTimestamp', `TS type ${String(tsType)} is refused`, offset);
  return { tsType, value: reader.take(length, 'TS value', tsType === 2 ? toHex : ntpReading) };
}

function writeStamp({ tsType, value }: { tsType: number; value: Uint8Array }): Uint8Array {
  return concat(uint(tsType, 1), exactly(value, TS_LENGTHS[tsType], 'TS value'));
}

export const timestampCodec: PayloadCodec<TimestampPayload> = {
  kind: 'T',
  number: 5,
  clause: 'RFC 3830 6.6',
  read: (reader) => ({ kind: 'T', ...readStamp(reader) }),
  write: writeStamp,
};

/** T of the messages of RFC 6267, which is NTP-UTC (choice A21): another type is refused before its value is read. */
export const ntpUtcCodec: PayloadCodec<TimestampPayload> = {
  ...timestampCodec,
  read: (reader) => ({ kind: 'T', ...readStamp(reader, { 0: 8 }) }),
};

export const roleTimestampCodec: PayloadCodec<RoleTimestampPayload> = {
  kind: 'TR',
  number: 13,
  clause: 'RFC 6043 6.4',
  read(reader) {
    const offset = reader.offset;
    const role = reader.uint(1, 'TS role', named(TR_ROLES));
    if (TR_ROLES[role] === undefined) broken('InvalidTimestamp', `TS role ${String(role)} is not defined`, offset);
    return { kind: 'TR', role, ...readStamp(reader) };
  },
  write: (payload) => concat(uint(payload.role, 1), writeStamp(payload)),
};
