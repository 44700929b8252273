/**
 * Follows the calls in a stream of SIP messages and takes `a=key-mgmt` from every message of a dialog
 * (protocol profile 3.8): INVITE, 183, PRACK, UPDATE, their responses, 200, ACK, re-INVITE.
 * Memory is bounded by calls and by octets. The same message on two legs of a proxy adds nothing twice.
 */
import type { Call, CallUpdate } from './call.ts';
import { CallRecord, describe, type Description } from './call-record.ts';
import type { SipMessage } from './sip-message.ts';

export interface CallTrackerOptions {
  /** Calls kept at the same time; 10 000. */
  readonly maxCalls?: number;
  /** Octets kept, estimated; 64 MiB. */
  readonly maxOctets?: number;
}

export interface CallTracker {
  /**
   * Takes one message, seen at `timeMs` (milliseconds since 1970). A call begins with an INVITE, or with the first
   * message that carries MIKEY when the capture begins later.
   * @returns what is new, undefined when nothing is
   */
  feed(message: SipMessage, timeMs: number): CallUpdate | undefined;
  call(callId: string): Call | undefined;
  /** Every call that is kept. */
  calls(): Call[];
  /** Until the call ends, every call that is not pinned is dropped before it. */
  pin(callId: string): void;
  /** Drops a call; false when it is not kept. */
  forget(callId: string): boolean;
  /** Calls dropped for want of room, since the start. */
  readonly evicted: number;
}

/** A tracker without calls. @throws TypeError when a limit is not a positive integer */
export function createCallTracker(options: CallTrackerOptions = {}): CallTracker {
  const { maxCalls = 10_000, maxOctets = 64 * 2 ** 20 } = options;
  if (![maxCalls, maxOctets].every((limit) => Number.isSafeInteger(limit) && limit > 0)) {
    throw new TypeError('createCallTracker: limits are positive integers');
  }
  return new Tracker(maxCalls, maxOctets);
}

/** In this order calls are dropped when room is needed: of each kind the one that was silent longest. */
const KINDS = ['ended', 'plain', 'keyed', 'pinned'] as const;
type Kind = (typeof KINDS)[number];

class Tracker implements CallTracker {
  evicted = 0;
  readonly #maxCalls: number;
  readonly #maxOctets: number;
  /** Each map in order of the last message. */
  readonly #records: Readonly<Record<Kind, Map<string, CallRecord>>> = {
    ended: new Map(),
    plain: new Map(),
    keyed: new Map(),
    pinned: new Map(),
  };
  readonly #pinned = new Set<string>();
  readonly #octetsOf = new Map<string, number>();
  #octets = 0;

  constructor(maxCalls: number, maxOctets: number) {
    this.#maxCalls = maxCalls;
    this.#maxOctets = maxOctets;
  }

  feed(message: SipMessage, timeMs: number): CallUpdate | undefined {
    const description = describe(message);
    const known = this.#find(message.callId);
    if (known === undefined && !beginsCall(message, description)) return undefined;
    const record = known ?? new CallRecord(message, timeMs);
    const update = record.take(message, description, timeMs, known === undefined);
    this.#keep(record);
    this.#makeRoom(record.callId);
    return update;
  }

  call(callId: string): Call | undefined {
    return this.#find(callId);
  }

  calls(): Call[] {
    return KINDS.flatMap((kind) => [...this.#records[kind].values()]);
  }

  pin(callId: string): void {
    const record = this.#find(callId);
    if (record === undefined) return;
    this.#pinned.add(callId);
    this.#keep(record);
  }

  forget(callId: string): boolean {
    this.#pinned.delete(callId);
    return this.#remove(callId);
  }

  #remove(callId: string): boolean {
    this.#octets -= this.#octetsOf.get(callId) ?? 0;
    this.#octetsOf.delete(callId);
    return KINDS.some((kind) => this.#records[kind].delete(callId));
  }

  #find(callId: string): CallRecord | undefined {
    const { ended, plain, keyed, pinned } = this.#records;
    return pinned.get(callId) ?? keyed.get(callId) ?? plain.get(callId) ?? ended.get(callId);
  }

  /** Puts the record last among its kind, and counts it anew. */
  #keep(record: CallRecord): void {
    this.#remove(record.callId);
    this.#records[this.#kindOf(record)].set(record.callId, record);
    this.#octetsOf.set(record.callId, record.octets);
    this.#octets += record.octets;
  }

  #kindOf({ callId, ended, exchanges }: CallRecord): Kind {
    if (ended !== undefined) return 'ended';
    if (this.#pinned.has(callId)) return 'pinned';
    return exchanges.length > 0 ? 'keyed' : 'plain';
  }

  /** The call of the latest message stays: whether it is to be pinned is not known yet. */
  #makeRoom(latest: string): void {
    while (this.#octetsOf.size > this.#maxCalls || this.#octets > this.#maxOctets) {
      // The latest is the last of its kind: where it is the first, it is alone.
      const oldest = KINDS.flatMap((kind) => this.#records[kind].keys().next().value ?? []).find((id) => id !== latest);
      if (oldest === undefined) return;
      this.forget(oldest);
      this.evicted++;
    }
  }
}

function beginsCall(message: SipMessage, { levels }: Description): boolean {
  return message.method === 'INVITE' || levels.some(({ mikey }) => mikey !== undefined);
}
