/**
 * The Delivery Function: takes a capture in, finds the calls that a warrant names, asks for their keys and hands
 * the product over. Its only input is the octets of the capture. Of a call that no warrant names it
 * asks nothing, writes nothing and tells nothing.
 */
import { randomUUID } from 'node:crypto';
import { HalfkeyError, isHalfkeyError, ntpToUnixSeconds, toHex } from '../../foundation/base/index.ts';
import { createTransport, readCapture, type TransportEvent, type UdpEvent } from '../../protocol/media/index.ts';
import {
  createCallTracker,
  createSipCarriers,
  type Call,
  type CallUpdate,
  type Exchange as Candidate,
  type SipMessage,
} from '../../protocol/signalling/index.ts';
import type { SessionsAnswer } from '../../contract/administration/index.ts';
import type { ActiveWarrant, Asker } from './asking.ts';
import type { HandoverSink, Observer } from './ports.ts';
import type { Custody } from './recovery.ts';
import { outOfScope, readCandidate, sameExchange, targetsIn } from './exchange-reading.ts';
import { WarrantedSession } from './session.ts';

export interface DeliveryOptions {
  readonly custody: Custody;
  readonly createAsker: () => Asker;
  readonly sink: HandoverSink;
  readonly observe: Observer;
  /** Warrants that may be acted on now. */
  readonly warrants: () => readonly ActiveWarrant[];
}

export interface Delivery {
  /**
   * Works on one capture until its end.
   * @throws HalfkeyError `BadCapture` when not one packet can be read
   */
  takeCapture(chunks: AsyncIterable<Uint8Array>, clockOffsetMs: number): Promise<{ intake: string; packets: number }>;
  /** What became of the sessions of an intake: told once. @throws HalfkeyError `NOT_FOUND` */
  sessionsOf(intake: string): SessionsAnswer;
}

/** T of a call and the capture clock may differ by this much before it is told, in seconds (profile 5.3). */
const SKEW_SECONDS = 300;
/** Results that wait to be asked for; the oldest goes first. */
const MAX_RESULTS = 256;

export function createDelivery(options: DeliveryOptions): Delivery {
  const results = new Map<string, SessionsAnswer>();

  function keep(answer: SessionsAnswer): string {
    const intake = randomUUID();
    results.set(intake, answer);
    const [oldest] = results.keys();
    if (results.size > MAX_RESULTS && oldest !== undefined) results.delete(oldest);
    return intake;
  }

  return {
    async takeCapture(chunks, clockOffsetMs) {
      const intake = new Intake(options);
      let packets = 0;
      try {
        for await (const packet of readCapture(chunks)) {
          packets += 1;
          await intake.feed({ ...packet, timeMs: packet.timeMs + clockOffsetMs });
        }
      } catch (error) {
        if (!isHalfkeyError(error, 'BadCapture') || packets === 0) throw error;
        intake.notes.add('the capture is cut off: what was whole has been used');
      }
      return { intake: keep(await intake.finish()), packets };
    },
    sessionsOf(intake) {
      const answer = results.get(intake);
      if (answer === undefined) throw new HalfkeyError('NOT_FOUND', 'there is no such intake, or it was told before');
      results.delete(intake);
      return answer;
    },
  };
}

class Intake {
  readonly notes = new Set<string>();
  readonly #options: DeliveryOptions;
  readonly #transport = createTransport();
  readonly #tracker = createCallTracker();
  readonly #carriers = createSipCarriers();
  readonly #sessions: { readonly session: WarrantedSession; readonly call: Call; readonly candidate: Candidate }[] = [];
  /** Sessions by the addresses, `host port`, to which their media are sent. */
  readonly #byAddress = new Map<string, Set<WarrantedSession>>();

  constructor(options: DeliveryOptions) {
    this.#options = options;
  }

  async feed(packet: Parameters<ReturnType<typeof createTransport>['feed']>[0]): Promise<void> {
    for (const event of this.#transport.feed(packet)) this.#take(event);
    for (const { session } of this.#sessions) await session.pressure();
  }

  async finish(): Promise<SessionsAnswer> {
    for (const event of this.#transport.flush()) this.#take(event);
    const sessions: SessionsAnswer['sessions'] = [];
    for (const { session } of this.#sessions) {
      const { foreign, outside } = session.media;
      if (foreign > 0) this.notes.add(`${String(foreign)} packets of an SSRC that no session names were dropped`);
      if (outside > 0) this.notes.add(`${String(outside)} packets outside the interception interval were dropped`);
      sessions.push(await session.finish());
    }
    if (this.#tracker.evicted > 0)
      this.notes.add(`${String(this.#tracker.evicted)} calls were dropped for want of room`);
    return { sessions, notes: [...this.notes] };
  }

  #take(event: TransportEvent): void {
    const messages = this.#carriers.take(event);
    for (const message of messages ?? []) this.#takeSip(message, event.timeMs);
    if (messages === undefined && event.kind === 'udp') this.#takeMedia(event);
  }

  #takeMedia(event: UdpEvent): void {
    const { address, port } = event.destination;
    for (const session of this.#byAddress.get(`${address} ${String(port)}`) ?? []) session.feed(event);
  }

  #takeSip(message: SipMessage, timeMs: number): void {
    const update = this.#tracker.feed(message, timeMs);
    if (update === undefined) return;
    if (update.newMikey.length > 0) this.#takeExchanges(update, timeMs);
    for (const { session, call } of this.#sessions) if (call === update.call) this.#listen(session, call);
  }

  #takeExchanges({ call }: CallUpdate, timeMs: number): void {
    for (const candidate of call.exchanges) {
      const { exchange } = readCandidate(candidate);
      for (const warrant of this.#options.warrants()) {
        if (Object.keys(targetsIn(warrant.verified, exchange)).length === 0) continue;
        const known = this.#sessions.find(
          (other) =>
            other.session.warrant === warrant && other.call === call && sameExchange(other.candidate, candidate),
        );
        const refusal = outOfScope(warrant, exchange);
        if (known === undefined && refusal !== undefined) {
          this.notes.add(`a call of the target is not covered by the warrant: ${refusal}`);
          continue;
        }
        const session = known?.session ?? this.#begin(warrant, call, candidate);
        session.take(candidate);
        const t1 = (exchange.i1 ?? exchange.r1)?.t;
        if (t1 !== undefined && Math.abs(ntpToUnixSeconds(t1) - timeMs / 1000) > SKEW_SECONDS) {
          this.notes.add(`T of a call and the capture clock differ by more than ${String(SKEW_SECONDS)} s`);
        }
      }
    }
  }

  #begin(warrant: ActiveWarrant, call: Call, candidate: Candidate): WarrantedSession {
    const { custody, createAsker, sink, observe } = this.#options;
    const name = `session-${String(this.#sessions.length + 1)}`;
    const session = new WarrantedSession(warrant, call, { custody, asker: createAsker(), sink, observe, name });
    this.#sessions.push({ session, call, candidate });
    observe('session', { name, csbId: toHex(candidate.csbId) });
    return session;
  }

  /** Packets to any address that either side ever announced belong to the session. */
  #listen(session: WarrantedSession, { media }: Call): void {
    for (const { address, port } of media.flatMap(({ initiator, responder }) => [...initiator, ...responder])) {
      const key = `${address} ${String(port)}`;
      const listening = this.#byAddress.get(key) ?? new Set();
      this.#byAddress.set(key, listening.add(session));
    }
  }
}
