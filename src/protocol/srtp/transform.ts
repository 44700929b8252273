/**
 * The packet transforms: AES in counter mode (RFC 3711 4.1.1) and HMAC-SHA1 (4.2.1), and where they apply in a packet.
 * Never decides: whether a tag is right and an index fresh is the receiver's business.
 */
import { createCipheriv, createHmac } from 'node:crypto';
import { uint } from '../../foundation/base/bytes.ts';
import { HalfkeyError } from '../../foundation/base/errors.ts';
import type { SessionKeys } from './session-keys.ts';
import type { SrtpSuite } from './suite.ts';

/** What the transforms need to know of the clear header of a packet. */
export interface PacketHeader {
  /** Octets of fixed header, CSRC list and extension: where the encrypted portion begins. */
  readonly length: number;
  readonly sequence: number;
  readonly ssrc: number;
}

/**
 * Reads the RTP header of `packet` (RFC 3550 5.1, 5.3.1), which must leave room for `trailer` octets after it.
 * @throws HalfkeyError `SRTP_MALFORMED` with the offset of the field that is wrong or cut
 */
export function packetHeader(packet: Uint8Array, trailer: number): PacketHeader {
  const end = packet.length - trailer;
  const view = new DataView(packet.buffer, packet.byteOffset, packet.length);
  if (end < 12) throw new HalfkeyError('SRTP_MALFORMED', 'shorter than a header and a tag', { offset: packet.length });
  const first = view.getUint8(0);
  if (first >> 6 !== 2) throw new HalfkeyError('SRTP_MALFORMED', 'the version is not 2', { offset: 0 });
  let length = 12 + 4 * (first & 0x0f);
  if ((first & 0x10) !== 0) {
    if (length + 4 > end) throw new HalfkeyError('SRTP_MALFORMED', 'the header extension is cut', { offset: length });
    length += 4 + 4 * view.getUint16(length + 2);
  }
  if (length > end) throw new HalfkeyError('SRTP_MALFORMED', 'the header is cut', { offset: packet.length });
  return { length, sequence: view.getUint16(2), ssrc: view.getUint32(8) };
}

/**
 * XORs `portion` with the keystream of (SSRC, index) into a new array: IV = salt * 2^16 XOR SSRC * 2^64 XOR i * 2^16.
 * Encrypts and decrypts alike. `index` has 48 bits.
 */
export function counterMode(
  suite: SrtpSuite,
  keys: SessionKeys,
  ssrc: number,
  index: number,
  portion: Uint8Array,
): Uint8Array {
  const iv = new Uint8Array(16);
  keys.salt.use((salt) => {
    iv.set(salt);
  });
  const position = new Uint8Array(16);
  position.set(uint(ssrc, 4), 4);
  position.set(uint(index, 6), 8);
  const counter = iv.map((octet, i) => octet ^ (position[i] as number));
  return keys.encryption.use((key) => new Uint8Array(createCipheriv(suite.cipher, key, counter).update(portion)));
}

/** The authentication tag over header, encrypted portion and ROC (RFC 3711 4.2), cut to the suite's length. */
export function authenticationTag(
  suite: SrtpSuite,
  keys: SessionKeys,
  authenticated: Uint8Array,
  index: number,
): Uint8Array {
  const roc = uint(Math.floor(index / 0x10000), 4);
  const mac = keys.authentication.use((key) => createHmac('sha1', key).update(authenticated).update(roc).digest());
  return mac.subarray(0, suite.tagLength);
}

/** The same for SRTCP: over the packet up to the E flag and index, which stand in it (RFC 3711 3.4, 4.2). */
export function controlTag(suite: SrtpSuite, keys: SessionKeys, authenticated: Uint8Array): Uint8Array {
  const mac = keys.authentication.use((key) => createHmac('sha1', key).update(authenticated).digest());
  return mac.subarray(0, suite.rtcpTagLength);
}
