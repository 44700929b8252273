/**
 * Where the media of the calls that pass go: each party's address in SDP is replaced by one of the tap, which passes
 * the packets on (as an IMS access gateway does). The MIKEY octets and every other line stay as they are.
 */
import {
  encodeSdp,
  mediaEndpoint,
  parseSdp,
  sdpOf,
  type Sdp,
  type SipDraft,
  type SipMessage,
} from '../../protocol/signalling/index.ts';
import { concat, isHalfkeyError } from '../../foundation/base/index.ts';
import type { MediaRelay, OpenMediaRelay, TapAddress } from './ports.ts';

/** Which of the two clients sent a message. */
export type Side = 'a' | 'b';

export interface MediaRelays {
  /** The message as it is passed on. What is no SDP, or cannot be read, goes on unchanged. */
  pass(message: SipMessage, from: Side): Promise<SipDraft>;
  /** Closes what a call has: some time after it ended. */
  end(callId: string): Promise<void>;
  close(): Promise<void>;
}

export function createMediaRelays(open: OpenMediaRelay): MediaRelays {
  /** By call, then by side and m-line. */
  const calls = new Map<string, Map<string, Promise<MediaRelay>>>();

  async function relayed(callId: string, from: Side, index: number, own: TapAddress): Promise<TapAddress> {
    const relays = calls.get(callId) ?? new Map<string, Promise<MediaRelay>>();
    calls.set(callId, relays);
    const key = `${from} ${String(index)}`;
    const opening = relays.get(key) ?? open();
    relays.set(key, opening);
    const relay = await opening.catch((error: unknown) => {
      // The next message may find a port.
      if (relays.get(key) === opening) relays.delete(key);
      throw error;
    });
    relay.passTo(own);
    return relay.local;
  }

  async function rewritten(sdp: Sdp, callId: string, from: Side): Promise<Sdp> {
    const media = await Promise.all(
      sdp.media.map(async (line, index) => {
        const own = line.port === 0 ? undefined : mediaEndpoint(sdp, index);
        if (own === undefined) return line;
        const { address, port } = await relayed(callId, from, index, own);
        const addressType = address.includes(':') ? ('IP6' as const) : ('IP4' as const);
        const attributes = line.attributes.filter(({ name }) => name !== 'rtcp');
        return { ...line, port, connections: [{ addressType, address }], attributes };
      }),
    );
    return { ...sdp, media };
  }

  return {
    async pass(message, from) {
      const { body, callId } = message;
      try {
        const own = sdpOf(message);
        if (own === undefined) return message;
        const sdp = encodeSdp(await rewritten(parseSdp(own), callId, from));
        // The description may be one part of the body: the octets around it stay.
        const start = own.byteOffset - body.byteOffset;
        return { ...message, body: concat(body.subarray(0, start), sdp, body.subarray(start + own.length)) };
      } catch (error) {
        if (!isHalfkeyError(error)) throw error;
        return message;
      }
    },
    async end(callId) {
      const relays = calls.get(callId);
      calls.delete(callId);
      await Promise.allSettled([...(relays?.values() ?? [])].map(async (relay) => (await relay).close()));
    },
    async close() {
      for (const callId of [...calls.keys()]) await this.end(callId);
    },
  };
}
