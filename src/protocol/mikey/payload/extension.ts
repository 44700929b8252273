/**
 * Gen.Ext: the general extension (RFC 3830 6.15), with the data of its types SDP IDs (RFC 4567 4.1.4) and
 * Key ID (RFC 4563 4), whose structure is checked when the payload is read. Other data stay octets.
 */
import { ascii, concat, latin1, toHex, uint } from '../../../foundation/base/index.ts';
import { broken, FieldReader } from '../field-reader.ts';
import { EXTENSION_NAMES, named } from '../registry.ts';
import { opaque, quoted, type PayloadCodec } from './codec.ts';

/** SDP IDs: the list of key management protocols of the offer. */
export const SDP_IDS = 1;
/** Key ID: type and identity of keys. */
export const KEY_ID = 3;
/** Private (profile 3.7): the master secret of an identity, inside KEMAC only. */
export const LI_MS = 241;
/** Private (profile 6.3): the answering entity stores the media; no data. */
export const DEFERRED = 242;

/** Gen.Ext of a type 0 to 255 and up to 65535 octets. */
export interface ExtensionPayload {
  readonly kind: 'EXT';
  // Next payload (1) | Type (1) | Length (2) | Data
  readonly type: number;
  readonly data: Uint8Array;
}

export const extensionCodec: PayloadCodec<ExtensionPayload> = {
  kind: 'EXT',
  number: 21,
  clause: 'RFC 3830 6.15',
  read(reader) {
    const type = reader.uint(1, 'type', named(EXTENSION_NAMES));
    const length = reader.uint(2, 'length');
    if (type === KEY_ID) return { kind: 'EXT', type, data: encodeKeyIds(readKeyIds(reader.range(length, 'data'))) };
    const reading = type <= SDP_IDS ? quoted : opaque('not interpreted');
    return { kind: 'EXT', type, data: reader.take(length, 'data', reading) };
  },
  write: ({ type, data }) => concat(uint(type, 1), uint(data.length, 2), data),
  title: () => 'Gen.Ext',
};

/**
 * The identifiers of an SDP IDs extension in the order of the SDP: `KMPID *(";" KMPID)`, KMPID = 1*(ALPHA / DIGIT)
 * (RFC 4567 3, 4.1.4). @throws HalfkeyError `BadField` with `offset`
 */
export function decodeSdpIds(data: Uint8Array, offset: number): string[] {
  const ids = latin1(data).split(';');
  if (!ids.every((id) => /^[A-Za-z0-9]+$/.test(id)))
    broken('BadField', 'not a list of key management protocols', offset);
  return ids;
}

/** Data of an SDP IDs extension. @throws TypeError unless each is a KMPID */
export function encodeSdpIds(ids: readonly string[]): Uint8Array {
  if (ids.length === 0 || !ids.every((id) => /^[A-Za-z0-9]+$/.test(id)))
    throw new TypeError('encodeSdpIds: not KMPIDs');
  return ascii(ids.join(';'));
}

/** One key of a Key ID extension: type 0 to 255 (0 domain, 1 service, 2 traffic key), id of 0 to 255 octets. */
export interface KeyId {
  // Key ID Type (1) | Key ID Length (1) | Key ID
  readonly type: number;
  readonly id: Uint8Array;
}

/** The sub-payloads of a Key ID extension (RFC 4563 4). @throws HalfkeyError `Truncated` */
export function decodeKeyIds(data: Uint8Array): KeyId[] {
  return readKeyIds(new FieldReader(data));
}

function readKeyIds(reader: FieldReader): KeyId[] {
  const ids: KeyId[] = [];
  while (reader.remaining > 0) {
    const type = reader.uint(1, 'key ID type');
    ids.push({ type, id: reader.take(reader.uint(1, 'key ID length'), 'key ID', toHex) });
  }
  return ids;
}

/** Data of a Key ID extension. */
export function encodeKeyIds(ids: readonly KeyId[]): Uint8Array {
  return concat(...ids.map(({ type, id }) => concat(uint(type, 1), uint(id.length, 1), id)));
}
