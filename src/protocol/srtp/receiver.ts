/**
 * SRTP receiver of one stream: authenticates, then decrypts (RFC 3711 3.3, receiver steps 2-8).
 * Never returns an octet of a packet whose tag is wrong, and never changes its state for one.
 */
import { concat, constantTimeEqual, equalBytes } from '../../foundation/base/bytes.ts';
import { HalfkeyError } from '../../foundation/base/errors.ts';
import { streamContext, type SrtpStreamOptions } from './context.ts';
import { replayError } from './packet-index.ts';
import { deriveSrtpKeys } from './session-keys.ts';
import { authenticationTag, counterMode, packetHeader } from './transform.ts';

export interface SrtpReceiver {
  /**
   * The RTP packet (new octets) of an SRTP packet, which is not changed. A failure leaves the stream as it was.
   * @throws HalfkeyError `SRTP_MALFORMED` (no SRTP packet, another SSRC, another MKI), `SRTP_REPLAYED`, `SRTP_AUTH_FAILED`
   * @throws TypeError after {@link close}
   */
  unprotect(packet: Uint8Array): Uint8Array;
  /** Wipes the session keys. Repeated calls do nothing. */
  close(): void;
}

/**
 * A receiver of one stream under one master key (RFC 3711 3.2). Without `ssrc` the first authenticated packet's SSRC
 * binds. `roc` lets it start in mid-stream.
 * @throws TypeError for wrong lengths or numbers; HalfkeyError `InvalidSecurityPolicy` for an unsupported suite
 */
export function createSrtpReceiver(options: SrtpStreamOptions): SrtpReceiver {
  const context = streamContext(options, deriveSrtpKeys);
  const { suite, keys, index: tracker, mki } = context;

  function unprotect(packet: Uint8Array): Uint8Array {
    context.assertOpen();
    const trailer = mki.length + suite.tagLength;
    const header = packetHeader(packet, trailer);
    context.assertSsrc(header.ssrc);
    const authenticated = packet.subarray(0, packet.length - trailer);
    if (!equalBytes(packet.subarray(authenticated.length, authenticated.length + mki.length), mki)) {
      throw new HalfkeyError('SRTP_MALFORMED', 'the packet has another MKI', { offset: authenticated.length });
    }
    const tag = packet.subarray(packet.length - suite.tagLength);
    const candidates = tracker.candidates(header.sequence); // step 2
    if (candidates.length === 0) throw replayError('the index space of the key is used up'); // 3.3.1: at most 2^48 packets
    if (candidates.every((index) => tracker.replayed(index)))
      throw replayError('the index was seen before or is too old'); // step 5
    const index = candidates.find((candidate) =>
      constantTimeEqual(authenticationTag(suite, keys, authenticated, candidate), tag),
    );
    if (index === undefined) throw new HalfkeyError('SRTP_AUTH_FAILED', 'the authentication tag is wrong');
    const payload = counterMode(suite, keys, header.ssrc, index, authenticated.subarray(header.length)); // step 6
    tracker.accept(index); // step 7
    context.bindSsrc(header.ssrc);
    return concat(authenticated.subarray(0, header.length), payload); // step 8
  }

  return {
    unprotect,
    close: () => {
      context.close();
    },
  };
}
