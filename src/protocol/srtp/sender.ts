/**
 * SRTP sender of one stream (RFC 3711 3.3, sender steps 2-8): the receiver's mirror.
 * Never protects two packets under one index: that would be the same keystream twice (RFC 3711 9.1).
 */
import { concat } from '../../foundation/base/bytes.ts';
import { streamContext, type SrtpStreamOptions } from './context.ts';
import { replayError } from './packet-index.ts';
import { deriveSrtpKeys } from './session-keys.ts';
import { authenticationTag, counterMode, packetHeader } from './transform.ts';

export interface SrtpSender {
  /**
   * The SRTP packet (new octets) of an RTP packet. Packets may come slightly out of order, within the replay window.
   * @throws HalfkeyError `SRTP_MALFORMED` (no RTP packet, another SSRC), `SRTP_REPLAYED` (index used before or too old)
   * @throws TypeError after {@link close}
   */
  protect(rtp: Uint8Array): Uint8Array;
  /** Wipes the session keys. Repeated calls do nothing. */
  close(): void;
}

/**
 * A sender of one stream under one master key; `ssrc` is its own, `roc` the counter to start with.
 * @throws TypeError for wrong lengths or numbers; HalfkeyError `InvalidSecurityPolicy` for an unsupported suite
 */
export function createSrtpSender(options: SrtpStreamOptions & { readonly ssrc: number }): SrtpSender {
  const context = streamContext(options, deriveSrtpKeys);
  const { suite, keys, index: tracker, mki } = context;

  function protect(rtp: Uint8Array): Uint8Array {
    context.assertOpen();
    const header = packetHeader(rtp, 0);
    context.assertSsrc(header.ssrc);
    const [index] = tracker.candidates(header.sequence); // the first: a sender's ROC is known
    if (index === undefined) throw replayError('the index space of the key is used up');
    if (tracker.replayed(index)) throw replayError('the index was used before or is too old');
    const payload = counterMode(suite, keys, header.ssrc, index, rtp.subarray(header.length));
    const authenticated = concat(rtp.subarray(0, header.length), payload);
    tracker.accept(index);
    return concat(authenticated, mki, authenticationTag(suite, keys, authenticated, index));
  }

  return {
    protect,
    close: () => {
      context.close();
    },
  };
}
