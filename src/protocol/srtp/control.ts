/**
 * SRTCP (RFC 3711 3.4): protection and unprotection of one sender's compound RTCP packets. The index is explicit, the
 * E flag always set: a policy with SRTCP encryption on is the only one (protocol profile 3.2), so a packet in clear is
 * refused even when its tag is right. Never protects two packets under one index, never changes its state for a packet
 * that is not authentic.
 */
import { concat, constantTimeEqual, equalBytes, uint } from '../../foundation/base/bytes.ts';
import { HalfkeyError } from '../../foundation/base/errors.ts';
import { streamContext, type SrtpStreamOptions } from './context.ts';
import { replayError } from './packet-index.ts';
import { deriveSrtcpKeys } from './session-keys.ts';
import { controlTag, counterMode } from './transform.ts';

export interface SrtcpSender {
  /**
   * The SRTCP packet (new octets) of a compound RTCP packet.
   * @throws HalfkeyError `SRTP_MALFORMED` (no RTCP packet, another SSRC), `SRTP_REPLAYED` (all 2^31 indices are used)
   * @throws TypeError after {@link close}
   */
  protect(rtcp: Uint8Array): Uint8Array;
  /** Wipes the session keys. Repeated calls do nothing. */
  close(): void;
}

export interface SrtcpReceiver {
  /**
   * The compound RTCP packet (new octets) of an SRTCP packet, which is not changed.
   * @throws HalfkeyError `SRTP_MALFORMED` (no SRTCP packet, another SSRC or MKI, in clear), `SRTP_REPLAYED`,
   * `SRTP_AUTH_FAILED`
   * @throws TypeError after {@link close}
   */
  unprotect(packet: Uint8Array): Uint8Array;
  /** Wipes the session keys. Repeated calls do nothing. */
  close(): void;
}

/** Without `roc`: SRTCP has none, and its index is not reset by an update (RFC 3711 3.4). */
export type SrtcpStreamOptions = Omit<SrtpStreamOptions, 'roc'>;

/** Octets in clear: the first header and the SSRC of the sender. */
const CLEAR = 8;
const E_FLAG = 0x80000000;

/**
 * A sender under one master key, `ssrc` its own; the index of the first packet is `firstIndex`, 0 by default.
 * @throws TypeError for wrong lengths or numbers; HalfkeyError `InvalidSecurityPolicy` for an unsupported suite
 */
export function createSrtcpSender(
  options: SrtcpStreamOptions & { readonly ssrc: number; readonly firstIndex?: number },
): SrtcpSender {
  let next = options.firstIndex ?? 0;
  if (!Number.isInteger(next) || next < 0 || next >= E_FLAG) throw new TypeError('srtcp: the index has 31 bits');
  const context = streamContext(options, deriveSrtcpKeys);
  const { suite, keys, mki } = context;
  return {
    protect(rtcp) {
      context.assertOpen();
      const ssrc = senderOf(rtcp, 0);
      context.assertSsrc(ssrc, 4);
      if (next >= E_FLAG) throw replayError('the index space of the key is used up'); // 9.2: at most 2^31 packets
      const encrypted = counterMode(suite, keys, ssrc, next, rtcp.subarray(CLEAR));
      const authenticated = concat(rtcp.subarray(0, CLEAR), encrypted, uint(E_FLAG + next, 4));
      next++;
      return concat(authenticated, mki, controlTag(suite, keys, authenticated));
    },
    close: () => {
      context.close();
    },
  };
}

/**
 * A receiver of one sender's packets. Without `ssrc` the first authenticated packet's SSRC binds.
 * @throws TypeError for wrong lengths or numbers; HalfkeyError `InvalidSecurityPolicy` for an unsupported suite
 */
export function createSrtcpReceiver(options: SrtcpStreamOptions): SrtcpReceiver {
  const context = streamContext(options, deriveSrtcpKeys);
  const { suite, keys, index: tracker, mki } = context;

  function unprotect(packet: Uint8Array): Uint8Array {
    context.assertOpen();
    const trailer = 4 + mki.length + suite.rtcpTagLength;
    const ssrc = senderOf(packet, trailer);
    context.assertSsrc(ssrc, 4);
    const authenticated = packet.subarray(0, packet.length - trailer + 4);
    if (!equalBytes(packet.subarray(authenticated.length, authenticated.length + mki.length), mki))
      throw malformed('the packet has another MKI', authenticated.length);
    const place = authenticated.length - 4;
    const word = new DataView(packet.buffer, packet.byteOffset).getUint32(place);
    if (word < E_FLAG) throw malformed('the packet is not encrypted', place);
    const index = word - E_FLAG;
    if (tracker.replayed(index)) throw replayError('the index was seen before or is too old');
    if (
      !constantTimeEqual(controlTag(suite, keys, authenticated), packet.subarray(packet.length - suite.rtcpTagLength))
    )
      throw new HalfkeyError('SRTP_AUTH_FAILED', 'the authentication tag is wrong');
    const clear = counterMode(suite, keys, ssrc, index, authenticated.subarray(CLEAR, place));
    tracker.accept(index);
    context.bindSsrc(ssrc);
    return concat(authenticated.subarray(0, CLEAR), clear);
  }

  return {
    unprotect,
    close: () => {
      context.close();
    },
  };
}

/** The SSRC of the sender of a packet that leaves room for `trailer` octets (RFC 3550 6.4.1). */
function senderOf(packet: Uint8Array, trailer: number): number {
  if (packet.length < CLEAR + trailer) throw malformed('shorter than a header and a tag', packet.length);
  const view = new DataView(packet.buffer, packet.byteOffset, packet.length);
  if (view.getUint8(0) >> 6 !== 2) throw malformed('the version is not 2', 0);
  const type = view.getUint8(1);
  // RFC 5761 4: the packet types of RTCP, which a=rtcp-mux tells from RTP.
  if (type < 192 || type > 223) throw malformed('not an RTCP packet type', 1);
  return view.getUint32(4);
}

function malformed(message: string, offset: number): HalfkeyError {
  return new HalfkeyError('SRTP_MALFORMED', message, { offset });
}
