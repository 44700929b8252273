/**
 * The intake of one capture: finds the calls that a warrant names, follows them, and ends with what became of each.
 * Of a call that no warrant names it asks nothing, writes nothing and tells nothing.
 */
import { HalfkeyError, isHalfkeyError, ntpToUnixSeconds, toHex } from '../../foundation/base/index.ts';
import type { Exchange } from '../../protocol/discovery/index.ts';
import {
  createTransport,
  readCapture,
  type Endpoint,
  type TransportEvent,
  type UdpEvent,
} from '../../protocol/media/index.ts';
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
import type { Custody } from './case.ts';
import { outOfScope, readCandidate, sameExchange, targetsIn } from './exchange-reading.ts';
import type { HandoverSink, Observer } from './ports.ts';
import { Recoveries } from './recoveries.ts';
import { WarrantedSession } from './session.ts';
import type { Direction } from './srtp-streams.ts';

export interface IntakeOptions {
  readonly custody: Custody;
  readonly createAsker: () => Asker;
  readonly sink: HandoverSink;
  readonly observe: Observer;
  /** Told of faults of ours, which the result names as `INTERNAL` only. */
  readonly onFault: (error: unknown) => void;
  /** A name for a new session, and for the directory of its product: never the same twice. */
  readonly newName: () => string;
  /** Warrants that may be acted on now. */
  readonly warrants: () => readonly ActiveWarrant[];
}

/** T of a call and the capture clock may differ by this much before it is told, in seconds (profile 5.3). */
const SKEW_SECONDS = 300;

export class Intake {
  readonly notes = new Set<string>();
  readonly #options: IntakeOptions;
  readonly #transport = createTransport();
  readonly #tracker = createCallTracker();
  readonly #carriers = createSipCarriers();
  readonly #sessions: { readonly session: WarrantedSession; readonly call: Call; readonly candidate: Candidate }[] = [];
  /** Sessions by the addresses, `host port`, to which their media are sent. */
  readonly #byAddress = new Map<string, Map<WarrantedSession, Direction | undefined>>();

  readonly #asker: Asker;
  readonly #recoveries: Recoveries;

  constructor(options: IntakeOptions) {
    this.#options = options;
    this.#asker = options.createAsker();
    this.#recoveries = new Recoveries(options.custody, this.#asker);
  }

  /** Takes every packet of the capture. @returns how many there were @throws HalfkeyError `BadCapture` when there is none */
  async takeAll(chunks: AsyncIterable<Uint8Array>, clockOffsetMs: number): Promise<number> {
    let packets = 0;
    try {
      for await (const packet of readCapture(chunks)) {
        packets += 1;
        const timeMs = packet.timeMs + clockOffsetMs;
        for (const event of this.#transport.feed({ ...packet, timeMs })) this.#take(event);
        for (const { session } of this.#sessions) await session.pressure();
      }
    } catch (error) {
      if (!isHalfkeyError(error, 'BadCapture') || packets === 0) throw error;
      this.notes.add('the capture is cut off: what was whole has been used');
    }
    if (packets === 0) throw new HalfkeyError('BadCapture', 'the capture holds no packet');
    return packets;
  }

  /** What became of each session. */
  async finish(): Promise<SessionsAnswer> {
    for (const event of this.#transport.flush()) this.#take(event);
    const sessions: SessionsAnswer['sessions'] = [];
    for (const { session } of this.#sessions) {
      const result = await session.finish();
      if (result === undefined) this.#tellOutOfScope(session.outOfScope());
      else {
        sessions.push(result);
        this.#tellPackets(session);
      }
    }
    await this.#recoveries.close();
    // A session may wait for the question of another: all end together, or none when one is to be repeated.
    if (!this.#sessions.some(({ session }) => session.interrupted)) await this.#asker.finish();
    if (this.#tracker.evicted > 0)
      this.notes.add(`${String(this.#tracker.evicted)} calls were dropped for want of room`);
    return { sessions, notes: [...this.notes] };
  }

  /** Ends every session without a result; requests under way stay as they are, to be repeated. */
  async abandon(): Promise<void> {
    for (const { session } of this.#sessions) await session.abandon();
    await this.#recoveries.close();
  }

  #tellOutOfScope(code: string | undefined): void {
    this.notes.add(`a call of the target is not covered by the warrant: ${code ?? ''}`);
  }

  #tellPackets({ notes, media: { foreign, outside, dropped } }: WarrantedSession): void {
    const tell = (count: number, what: string): void => {
      if (count > 0) this.notes.add(`${String(count)} packets ${what}`);
    };
    tell(foreign, 'of an SSRC that no session names were dropped');
    tell(outside, 'outside the interception interval were dropped');
    tell(dropped, 'were dropped because too many waited for a key');
    for (const note of notes) this.notes.add(note);
  }

  #take(event: TransportEvent): void {
    const messages = this.#carriers.take(event);
    for (const message of messages ?? []) this.#takeSip(message, event.timeMs);
    if (messages === undefined && event.kind === 'udp') this.#takeMedia(event);
  }

  #takeMedia(event: UdpEvent): void {
    const { address, port } = event.destination;
    const listening = this.#byAddress.get(`${address} ${String(port)}`);
    if (listening === undefined) return;
    // The payload is a view into a frame that the reader will drop; one copy for all, however many calls name the address.
    const kept = { ...event, payload: Uint8Array.from(event.payload) };
    for (const [session, direction] of listening) session.feed(kept, direction);
  }

  #takeSip(message: SipMessage, timeMs: number): void {
    const update = this.#tracker.feed(message, timeMs);
    const call = update?.call ?? this.#tracker.call(message.callId);
    if (update !== undefined && update.newMikey.length > 0) this.#takeExchanges(update);
    for (const known of this.#sessions) {
      if (known.call !== call) continue;
      if (update !== undefined) this.#listen(known.session, known.call);
      // An answer says nothing new of keys or media, and yet that the branch is chosen.
      known.session.ask();
    }
  }

  #takeExchanges({ call }: CallUpdate): void {
    for (const candidate of call.exchanges) {
      const { exchange } = readCandidate(candidate);
      for (const warrant of this.#options.warrants()) {
        if (Object.keys(targetsIn(warrant.verified, exchange)).length === 0) continue;
        const known = this.#sessions.find(
          (other) =>
            other.session.warrant.digest === warrant.digest &&
            other.call === call &&
            sameExchange(other.candidate, candidate),
        );
        const refusal = outOfScope(warrant, exchange);
        if (known === undefined && refusal !== undefined) {
          this.#tellOutOfScope(refusal);
          continue;
        }
        const session = known?.session ?? this.#begin(warrant, call, candidate);
        session.take(candidate);
        this.#compareClocks(candidate, exchange);
      }
    }
  }

  /** T of a call and the capture clock should agree when I_MESSAGE_1 is sent: later ringing takes its time. */
  #compareClocks({ startedMs }: Candidate, { i1 }: Exchange): void {
    if (i1 !== undefined && Math.abs(ntpToUnixSeconds(i1.t) - startedMs / 1000) > SKEW_SECONDS) {
      this.notes.add(`T of a call and the capture clock differ by more than ${String(SKEW_SECONDS)} s`);
    }
  }

  #begin(warrant: ActiveWarrant, call: Call, candidate: Candidate): WarrantedSession {
    const { custody, sink, observe, onFault, newName } = this.#options;
    const name = newName();
    const session = new WarrantedSession(warrant, call, {
      custody,
      recoveries: this.#recoveries,
      sink,
      observe,
      onFault,
      name,
    });
    this.#sessions.push({ session, call, candidate });
    this.#tracker.pin(call.callId);
    observe('session', { name, csbId: toHex(candidate.csbId) });
    return session;
  }

  /** Packets to any address that either side ever announced belong to the session. */
  #listen(session: WarrantedSession, { media }: Call): void {
    for (const { initiator, responder } of media) {
      for (const { address, port } of [...initiator, ...responder]) {
        const key = `${address} ${String(port)}`;
        const listening = this.#byAddress.get(key) ?? new Map<WarrantedSession, Direction | undefined>();
        this.#byAddress.set(key, listening.set(session, directionTo({ address, port }, media)));
      }
    }
  }
}

/** Who sends to an address: undefined when both sides announced it. */
function directionTo({ address, port }: Endpoint, media: Call['media']): Direction | undefined {
  const announced = (list: readonly Endpoint[]): boolean =>
    list.some((endpoint) => endpoint.address === address && endpoint.port === port);
  const initiator = media.some((line) => announced(line.initiator));
  const responder = media.some((line) => announced(line.responder));
  if (initiator === responder) return undefined;
  return initiator ? 'responder-to-initiator' : 'initiator-to-responder';
}
