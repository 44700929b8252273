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
import { concat, isHalfkeyError, type Scheduler } from '../../foundation/base/index.ts';
import type { OpenMediaRelay, TapAddress } from './ports.ts';
import { TappedCall } from './tapped-call.ts';

/** Which of the two clients sent a message. */
export type Side = 'a' | 'b';

export interface MediaRelays {
  /**
   * The message as it is passed on. What is no SDP, or cannot be read, goes on unchanged; what ends a call also ends its
   * relays, some time later.
   */
  pass(message: SipMessage, from: Side): Promise<SipDraft>;
  /** Calls of which relays are held. */
  readonly calls: number;
  close(): Promise<void>;
}

export function createMediaRelays(open: OpenMediaRelay, time: Scheduler): MediaRelays {
  const calls = new Map<string, TappedCall>();

  function callOf(callId: string): TappedCall {
    const known = calls.get(callId);
    if (known !== undefined) return known;
    const call = new TappedCall(time, () => {
      calls.delete(callId);
      void call.close();
    });
    calls.set(callId, call);
    return call;
  }

  async function relayed(callId: string, from: Side, index: number, own: TapAddress): Promise<TapAddress> {
    const relay = await callOf(callId).relay(`${from} ${String(index)}`, open);
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

  /** The message with the tap's addresses. */
  async function readdressed(message: SipMessage, from: Side): Promise<SipDraft> {
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
  }

  return {
    async pass(message, from) {
      const passed = await readdressed(message, from);
      calls.get(message.callId)?.note(message);
      return passed;
    },
    get calls() {
      return calls.size;
    },
    async close() {
      const open = [...calls.values()];
      calls.clear();
      await Promise.all(open.map((call) => call.close()));
    },
  };
}
