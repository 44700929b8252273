/**
 * The calls of a report out of the capture: each SIP message once, with the hops on which it was seen, and each MIKEY
 * message octet by octet. Of a call that is not asked for nothing is kept.
 */
import { isHalfkeyError, toHex } from '../../foundation/base/index.ts';
import { annotate, type AnnotatedField } from '../../protocol/mikey/index.ts';
import { createTransport, readCapture, type TransportEvent } from '../../protocol/media/index.ts';
import {
  createCallTracker,
  createSipCarriers,
  headerValues,
  type CallUpdate,
  type SipMessage,
} from '../../protocol/signalling/index.ts';
import type { CallView, FieldView, Hop, MikeyView } from './data.ts';

const NAMES: Readonly<Record<number, string>> = {
  6: 'error message',
  22: 'I_MESSAGE_1',
  23: 'R_MESSAGE_1',
  24: 'I_MESSAGE_2',
  25: 'R_MESSAGE_2',
};
/** What is shown of a call; a call that goes on for days may have more. */
const MAX_RUNGS = 300;

interface OpenRung {
  readonly key: string;
  readonly from: 'caller' | 'callee';
  readonly title: string;
  readonly method: string;
  readonly hops: Hop[];
  readonly mikey: number[];
}

class CallReading {
  readonly #callId: string;
  readonly #callerTag: string | undefined;
  readonly #startedMs: number;
  readonly #rungs: OpenRung[] = [];
  readonly #mikey: MikeyView[] = [];
  /** Leg of each connection, by its two ends. */
  readonly #legs = new Map<string, number>();
  #fewestVias: number | undefined;
  #omitted = 0;

  constructor({ callId, fromTag }: SipMessage, timeMs: number) {
    this.#callId = callId;
    // The request of the first transaction that was seen is the caller's.
    this.#callerTag = fromTag;
    this.#startedMs = timeMs;
  }

  take(message: SipMessage, { timeMs, source, destination }: TransportEvent, update: CallUpdate | undefined): void {
    const from = (message.fromTag === this.#callerTag) === (message.kind === 'request') ? 'caller' : 'callee';
    const [here, there] = [source, destination].map(({ address, port }) => `${address}:${String(port)}`) as [
      string,
      string,
    ];
    const leg = this.#legOf([here, there].sort().join(' '), message);
    const key = [
      from,
      message.method,
      message.status,
      message.cseq.number,
      message.cseq.method,
      message.fromTag,
      message.toTag,
    ].join(' ');
    const rung =
      this.#rungs.findLast((open) => open.key === key && open.hops.every((hop) => hop.leg !== leg)) ??
      this.#open(key, from, message);
    if (rung === undefined) return;
    rung.hops.push({ atMs: timeMs - this.#startedMs, leg, source: here, destination: there, octets: message.octets });
    for (const { type, bytes } of update?.newMikey ?? []) {
      const name = NAMES[type] ?? `MIKEY message of type ${String(type)}`;
      rung.mikey.push(this.#mikey.push({ name, octets: toHex(bytes), fields: annotate(bytes).map(fieldView) }) - 1);
    }
  }

  view(): CallView {
    const relays = Math.max(0, ...this.#legs.values());
    const rungs = this.#rungs.map(({ from, title, method, hops, mikey }) => ({ from, title, method, hops, mikey }));
    return {
      callId: this.#callId,
      startedMs: this.#startedMs,
      relays,
      rungs,
      mikey: this.#mikey,
      omitted: this.#omitted,
    };
  }

  #open(key: string, from: OpenRung['from'], message: SipMessage): OpenRung | undefined {
    if (this.#rungs.length >= MAX_RUNGS) {
      this.#omitted += 1;
      return undefined;
    }
    const title = message.kind === 'request' ? message.method : `${String(message.status)} ${message.reason}`;
    const rung = { key, from, title, method: message.cseq.method, hops: [], mikey: [] };
    this.#rungs.push(rung);
    return rung;
  }

  /** Each element that passes a request on adds a Via (RFC 3261 16.6), so their number tells how far it has come. */
  #legOf(connection: string, message: SipMessage): number {
    const known = this.#legs.get(connection);
    if (known !== undefined) return known;
    const vias = headerValues(message, 'via').length;
    this.#fewestVias ??= vias;
    const leg = Math.max(0, vias - this.#fewestVias);
    this.#legs.set(connection, leg);
    return leg;
  }
}

function fieldView({ offset, length, name, reading, clause, fields, error }: AnnotatedField): FieldView {
  return {
    ...{ offset, length, name },
    ...(reading === undefined ? {} : { reading }),
    ...(clause === undefined ? {} : { clause }),
    ...(fields === undefined ? {} : { fields: fields.map(fieldView) }),
    ...(error === undefined ? {} : { error: `${error.code}: ${error.message}` }),
  };
}

/**
 * The calls with these Call-IDs, in the order of the capture, `offsetMs` added to its clock. What follows a fault of the
 * capture file is not there. @throws HalfkeyError `BadCapture` when nothing of it can be read
 */
export async function readCalls(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  callIds: ReadonlySet<string>,
  offsetMs: number,
): Promise<CallView[]> {
  const transport = createTransport();
  const carriers = createSipCarriers();
  const tracker = createCallTracker();
  const readings = new Map<string, CallReading>();
  let packets = 0;

  function take(event: TransportEvent): void {
    for (const message of carriers.take(event) ?? []) {
      if (!callIds.has(message.callId)) continue;
      const timeMs = event.timeMs + offsetMs;
      const reading = readings.get(message.callId) ?? new CallReading(message, timeMs);
      readings.set(message.callId, reading);
      reading.take(message, { ...event, timeMs }, tracker.feed(message, timeMs));
    }
  }

  try {
    for await (const packet of readCapture(chunks)) {
      packets += 1;
      for (const event of transport.feed(packet)) take(event);
    }
  } catch (error) {
    if (!isHalfkeyError(error, 'BadCapture') || packets === 0) throw error;
  }
  for (const event of transport.flush()) take(event);
  return [...readings.values()].map((reading) => reading.view());
}
