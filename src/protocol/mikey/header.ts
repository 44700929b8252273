/**
 * HDR: the common header with the CS ID map (RFC 3830 6.1, 6.1.1, RFC 4563 5, RFC 6043 6.1.1).
 * The SRTP-ID map has nine octets a session; the "16 bits" of RFC 3830 6.1 is a misprint (profile 3.2).
 */
import { concat, toHex, uint } from '../../foundation/base/index.ts';
import { broken, type FieldReader } from './field-reader.ts';
import { exactly } from './payload/codec.ts';
import { DATA_TYPES, MAP_TYPES, named, PAYLOAD_NAMES, PRF_NAMES, type DataType } from './registry.ts';

/** One session of an SRTP-ID map; its CS ID is its place, counted from 1. `roc`, `ssrc`: 32-bit unsigned. */
export interface CsMapEntry {
  // Policy no (1) | SSRC (4) | ROC (4)
  readonly policy: number;
  readonly ssrc: number;
  readonly roc: number;
}

/** One session of a GENERIC-ID map; session data are kept as octets. */
export interface GenericCsEntry {
  // CS ID (1) | Prot type (1) | S (1 bit), #P (7 bits) | Ps (#P) | Session data length (2) | Session data | SPI length (1) | SPI
  readonly csId: number;
  readonly protocol: number;
  readonly s: boolean;
  readonly policies: readonly number[];
  readonly sessionData: Uint8Array;
  readonly spi: Uint8Array;
}

/** The map by its type: 0 SRTP-ID, 1 Empty (`count` = #CS), 2 GENERIC-ID; at most 255 sessions. */
export type CsMap =
  | { readonly type: 0; readonly entries: readonly CsMapEntry[] }
  | { readonly type: 1; readonly count: number }
  | { readonly type: 2; readonly entries: readonly GenericCsEntry[] };

/** HDR. `prf`: 0 MIKEY-1, 1 PRF-HMAC-SHA-256; `csbId`: 4 octets; `v`: a response is expected. */
export interface Header {
  // version (1) = 1 | data type (1) | next payload (1) | V (1 bit), PRF func (7 bits) | CSB ID (4) | #CS (1) | map type (1) | map info
  readonly dataType: DataType;
  readonly v: boolean;
  readonly prf: 0 | 1;
  readonly csbId: Uint8Array;
  readonly csMap: CsMap;
}

/** Where the chain of payloads goes on: the value of HDR's Next payload and the offset of that octet. */
export interface ChainStart {
  readonly next: number;
  readonly nextOffset: number;
}

/** @throws HalfkeyError `UnsupportedVersion`, `InvalidDataType`, `InvalidPrf`, `BadField`, `Truncated`, with the offset */
export function readHeader(reader: FieldReader): Header & ChainStart {
  return reader.group('HDR', 'RFC 3830 6.1', () => {
    if (reader.uint(1, 'version') !== 1) broken('UnsupportedVersion', 'only MIKEY version 1 is read', 0);
    const dataType = reader.uint(1, 'data type', named(DATA_TYPES));
    if (!isDataType(dataType)) broken('InvalidDataType', `data type ${String(dataType)} is not read`, 1);
    const nextOffset = reader.offset;
    const next = reader.uint(1, 'next payload', named(PAYLOAD_NAMES));
    const vPrf = reader.uint(
      1,
      'V and PRF func',
      (octet) => `V=${String(octet >> 7)}, PRF ${named(PRF_NAMES)(octet & 127)}`,
    );
    const prf = vPrf & 127;
    if (prf !== 0 && prf !== 1) broken('InvalidPrf', `PRF func ${String(prf)} is not supported`, 3);
    const csbId = reader.take(4, 'CSB ID');
    const csMap = readCsMap(reader);
    return { dataType, v: vPrf > 127, prf, csbId, csMap, next, nextOffset };
  });
}

/** The octets of HDR with `next` as its Next payload. @throws TypeError when a field does not fit */
export function writeHeader({ dataType, v, prf, csbId, csMap }: Header, next: number): Uint8Array {
  const count = csMap.type === 1 ? csMap.count : csMap.entries.length;
  const fixed = [
    uint(1, 1),
    uint(dataType, 1),
    uint(next, 1),
    uint((v ? 128 : 0) + prf, 1),
    exactly(csbId, 4, 'CSB ID'),
  ];
  return concat(...fixed, uint(count, 1), uint(csMap.type, 1), ...writeCsEntries(csMap));
}

function isDataType(value: number): value is DataType {
  return Object.hasOwn(DATA_TYPES, value);
}

function readCsMap(reader: FieldReader): CsMap {
  const count = reader.uint(1, '#CS');
  const offset = reader.offset;
  const type = reader.uint(1, 'CS ID map type', named(MAP_TYPES));
  switch (type) {
    case 0:
      return { type, entries: Array.from({ length: count }, (_, i) => readEntry(reader, i + 1)) };
    case 1:
      return { type, count };
    case 2:
      return { type, entries: Array.from({ length: count }, () => readGenericEntry(reader)) };
    default:
      return broken('BadField', `CS ID map type ${String(type)} is not defined`, offset);
  }
}

function readEntry(reader: FieldReader, csId: number): CsMapEntry {
  return reader.group(`CS ${String(csId)}`, 'RFC 3830 6.1.1', () => ({
    policy: reader.uint(1, 'policy number'),
    ssrc: reader.uint(4, 'SSRC', (ssrc) => `0x${ssrc.toString(16).padStart(8, '0')}`),
    roc: reader.uint(4, 'ROC'),
  }));
}

function readGenericEntry(reader: FieldReader): GenericCsEntry {
  return reader.group('CS', 'RFC 6043 6.1.1', () => {
    const csId = reader.uint(1, 'CS ID');
    const protocol = reader.uint(1, 'protocol type');
    const sCount = reader.uint(1, 'S and #P', (octet) => `S=${String(octet >> 7)}, ${String(octet & 127)} policies`);
    const policies = [...reader.take(sCount & 127, 'policy numbers')];
    const sessionData = reader.take(reader.uint(2, 'session data length'), 'session data', toHex);
    return {
      csId,
      protocol,
      s: sCount > 127,
      policies,
      sessionData,
      spi: reader.take(reader.uint(1, 'SPI length'), 'SPI'),
    };
  });
}

function writeCsEntries(csMap: CsMap): Uint8Array[] {
  switch (csMap.type) {
    case 0:
      return csMap.entries.flatMap(({ policy, ssrc, roc }) => [uint(policy, 1), uint(ssrc, 4), uint(roc, 4)]);
    case 1:
      return [];
    case 2:
      return csMap.entries.flatMap(({ csId, protocol, s, policies, sessionData, spi }) => {
        if (policies.length > 127) throw new TypeError('GENERIC-ID: at most 127 policies');
        const head = [uint(csId, 1), uint(protocol, 1), uint((s ? 128 : 0) + policies.length, 1)];
        return [
          ...head,
          ...policies.map((p) => uint(p, 1)),
          uint(sessionData.length, 2),
          sessionData,
          uint(spi.length, 1),
          spi,
        ];
      });
  }
}
