/**
 * `a=key-mgmt` (RFC 4567 3.1, 4.1.2, 4.1.4; protocol profile 3.8): reading, writing, and the two rules against
 * bidding down. The key management data is opaque here, and never part of an error text.
 */
import { fromBase64, toBase64 } from '../../foundation/base/bytes.ts';
import { HalfkeyError } from '../../foundation/base/errors.ts';
import type { Sdp, SdpAttribute } from './sdp.ts';
import { attributeValues } from './sdp-media.ts';

/** The key management lines of one level of a description. */
export interface KeyMgmtLevel {
  /** The m-line, counted from 0; undefined at session level. */
  readonly mediaIndex?: number;
  /** Protocol identifiers in order of appearance (RFC 4567 4.1.4). */
  readonly protocols: readonly string[];
  /** The MIKEY message, when `mikey` is among them. */
  readonly mikey?: Uint8Array;
}

/**
 * The lines of one level, undefined when it has none. Each protocol has at most one line a level, and the
 * data of `mikey` is canonical base64.
 * @throws HalfkeyError `BadKeyMgmt`
 */
export function keyMgmtAt(sdp: Sdp, mediaIndex?: number): KeyMgmtLevel | undefined {
  const attributes = mediaIndex === undefined ? sdp.attributes : (sdp.media[mediaIndex]?.attributes ?? []);
  if (attributes.some(({ name, value }) => name === 'key-mgmt' && value === undefined)) throw badKeyMgmt('no value');
  const lines = attributeValues(attributes, 'key-mgmt').map(parseKeyMgmt);
  if (lines.length === 0) return undefined;
  const protocols = lines.map(({ protocol }) => protocol);
  if (new Set(protocols).size !== protocols.length) throw badKeyMgmt('a protocol stands twice at one level');
  const mikey = lines.find(({ protocol }) => protocol === 'mikey');
  return {
    ...(mediaIndex === undefined ? {} : { mediaIndex }),
    protocols,
    ...(mikey === undefined ? {} : { mikey: decodeData(mikey.data) }),
  };
}

/** Every level that has lines, session level first. @throws HalfkeyError `BadKeyMgmt` */
export function keyMgmt(sdp: Sdp): KeyMgmtLevel[] {
  return [undefined, ...sdp.media.keys()].flatMap((index) => keyMgmtAt(sdp, index) ?? []);
}

/** The level that counts for an m-line: its own, else that of the session (RFC 4567 3.1). @throws HalfkeyError `BadKeyMgmt` */
export function keyMgmtFor(sdp: Sdp, mediaIndex: number): KeyMgmtLevel | undefined {
  return keyMgmtAt(sdp, mediaIndex) ?? keyMgmtAt(sdp);
}

/** The attribute that carries a MIKEY message. */
export function keyMgmtAttribute(mikey: Uint8Array): SdpAttribute {
  return { name: 'key-mgmt', value: `mikey ${toBase64(mikey)}` };
}

/** key-mgmt-att-value = 0*1SP prtcl-id SP keymgmt-data; KMPID is case sensitive. @throws HalfkeyError `BadKeyMgmt` */
function parseKeyMgmt(value: string): { protocol: string; data: string } {
  const match = /^ ?([A-Za-z0-9]+) ([\x20-\x7e]+)$/.exec(value);
  if (match === null) throw badKeyMgmt('malformed a=key-mgmt');
  return { protocol: match[1] as string, data: match[2] as string };
}

function decodeData(data: string): Uint8Array {
  try {
    return fromBase64(data);
  } catch (cause) {
    throw new HalfkeyError('BadKeyMgmt', 'the data is not canonical base64', { cause });
  }
}

function badKeyMgmt(message: string): HalfkeyError {
  return new HalfkeyError('BadKeyMgmt', message);
}

/**
 * RFC 4567 4.1.4: the authenticated list of protocol identifiers equals, in order, the list of the level that
 * carried the message.
 * @throws HalfkeyError `BiddingDown`, also when there is no list; `BadKeyMgmt`
 */
export function checkSdpIds(sdpIds: readonly string[] | undefined, sdp: Sdp, mediaIndex?: number): void {
  const protocols = keyMgmtAt(sdp, mediaIndex)?.protocols ?? [];
  if (sdpIds?.length !== protocols.length || sdpIds.some((id, i) => id !== protocols[i])) {
    throw new HalfkeyError('BiddingDown', 'the SDP-IDs extension and the SDP name different protocols');
  }
}

/**
 * Protocol profile 3.8: a description with key management offers nothing weaker beside it: no a=crypto, no
 * a=fingerprint, and for RTP the profiles RTP/SAVP and RTP/SAVPF only (a stream with port 0 is none).
 * @throws HalfkeyError `BiddingDown`; a description without key management passes
 */
export function checkSecureOnly(sdp: Sdp): void {
  const sections = [sdp, ...sdp.media];
  const has = (name: string): boolean => sections.some(({ attributes }) => attributes.some((a) => a.name === name));
  if (!has('key-mgmt')) return;
  const other = ['crypto', 'fingerprint'].find(has);
  if (other !== undefined) throw new HalfkeyError('BiddingDown', `a=${other} stands beside key management`);
  const weaker = sdp.media.find(
    ({ port, protocol }) => port !== 0 && /\bRTP\//.test(protocol) && !/^RTP\/SAVPF?$/.test(protocol),
  );
  if (weaker !== undefined)
    throw new HalfkeyError('BiddingDown', 'a stream of another RTP profile stands beside key management');
}
