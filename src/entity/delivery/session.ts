/**
 * One warranted session: an exchange of a call that has a target of the warrant on one side or both.
 * Decides when to ask, keeps the media until the key is there and proved, and hands over.
 */
import { HalfkeyError, isHalfkeyError, toHex, type Secret } from '../../foundation/base/index.ts';
import { checkExchange, confirmSessionKey, deriveMediaKeys, type Exchange } from '../../protocol/discovery/index.ts';
import type { UdpEvent } from '../../protocol/media/index.ts';
import type { Call, Exchange as Candidate } from '../../protocol/signalling/index.ts';
import { warrantTime } from '../../trust/warrant/index.ts';
import type { Session } from '../../contract/administration/index.ts';
import type { ActiveWarrant } from './asking.ts';
import { Branches, type Branch } from './branches.ts';
import { CallMedia } from './call-media.ts';
import type { Case, Custody } from './case.ts';
import { outOfScope, targetsIn } from './exchange-reading.ts';
import { handOver, NO_FILES, type HandOver } from './hand-over.ts';
import type { Recoveries } from './recoveries.ts';
import { keyOfSides } from './recovery.ts';
import type { Direction } from './srtp-streams.ts';

export interface SessionTools extends HandOver {
  readonly custody: Pick<Custody, 'solution' | 'alternative'>;
  readonly recoveries: Pick<Recoveries, 'keyOf'>;
  readonly onFault: (error: unknown) => void;
}

export class WarrantedSession {
  readonly media: CallMedia;
  readonly warrant: ActiveWarrant;
  /** What an operator must know beside the result. No identity. */
  readonly notes: string[] = [];
  readonly #call: Call;
  readonly #tools: SessionTools;
  readonly #branches: Branches;
  #recovering: Promise<void> | undefined;
  #key: Secret<'SessionKey'> | undefined;
  #recovered: Candidate | undefined;
  #confirmed = false;
  #failure: HalfkeyError | undefined;
  #mediaFailure: HalfkeyError | undefined;

  constructor(warrant: ActiveWarrant, call: Call, tools: SessionTools) {
    this.warrant = warrant;
    this.#call = call;
    this.#tools = tools;
    this.#branches = new Branches(warrant, call);
    const { interception, deliver } = warrant.verified.warrant;
    this.media = new CallMedia({
      call,
      fromMs: warrantTime(interception.from),
      toMs: warrantTime(interception.to),
      keepContent: deliver.includes('content'),
    });
  }

  /** A candidate of the session's exchange has appeared or grown. */
  take(candidate: Candidate): void {
    this.#branches.add(candidate);
    const { exchange } = this.#branches.read(candidate);
    const map = (exchange.r2 ?? exchange.i2 ?? exchange.r1 ?? exchange.i1)?.csMap ?? [];
    // Odd CS IDs, counted from 1, go from the initiator to the responder (profile 3.4).
    for (const [i, { ssrc }] of map.entries()) {
      this.media.expect(ssrc, i % 2 === 0 ? 'initiator-to-responder' : 'responder-to-initiator');
    }
  }

  /** A packet to an address of the call. */
  feed(event: UdpEvent, direction: Direction | undefined): void {
    const { started, full } = this.media;
    this.media.feed(event, direction);
    if (started !== this.media.started || full !== this.media.full) this.ask();
  }

  /** Waits while too much is held. */
  async pressure(): Promise<void> {
    if (this.media.full) await this.#recovering;
  }

  /**
   * Asks the holders once, when it is clear whom to ask for what: the dialog was answered (before, another branch may
   * be, and a holder answers for one), and R_MESSAGE_2, which proves the key, is there, or media want a key.
   * With `final` nothing more will come: then with whatever there is.
   */
  ask(final = false): void {
    if (this.#recovering !== undefined) return;
    const branch = this.#branches.best();
    if (branch === undefined || this.outOfScope() !== undefined) return;
    const { exchange, answered, problem, missing } = branch;
    if (missing !== undefined) {
      if (final) this.#failure = problem ?? missing;
      return;
    }
    const ready = answered && (exchange.r2 !== undefined || (exchange.i2 !== undefined && this.media.started));
    if (!final && !ready && !this.media.full) return;
    this.#recovering = this.#recover(branch).catch((error: unknown) => {
      this.#fail(error, 'the session could not be worked on');
    });
  }

  /** Why the warrant does not cover the exchange, as far as its messages tell; undefined when it does. */
  outOfScope(): string | undefined {
    const branch = this.#branches.best();
    return branch === undefined ? undefined : outOfScope(this.warrant, branch.exchange);
  }

  async #recover({ candidate, exchange, open }: Branch): Promise<void> {
    checkExchange(exchange);
    const keyOf = (subject: Case): Promise<Secret<'SessionKey'>> => this.#tools.recoveries.keyOf(subject);
    const { key, note } = await keyOfSides(keyOf, { warrant: this.warrant, exchange }, open);
    if (note !== undefined) this.notes.push(note);
    this.#key = key;
    this.#recovered = candidate;
    this.#confirmed = confirmSessionKey(exchange, key);
    this.#tools.observe('recovered', {
      csbId: toHex(candidate.csbId),
      confirmedBy: this.#confirmed ? 'V of R_MESSAGE_2' : 'nothing yet',
    });
    this.#unlockMedia(exchange, key);
  }

  /** The key is of use without the media: a policy that was not captured is told, and fails packets only. */
  #unlockMedia(exchange: Exchange, key: Secret<'SessionKey'>): void {
    try {
      const keys = deriveMediaKeys(exchange, key);
      this.media.unlock(keys);
      for (const { masterKey } of keys) masterKey.wipe();
    } catch (error) {
      if (!isHalfkeyError(error)) throw error;
      this.#mediaFailure = error;
    }
  }

  /**
   * Ends the session: what can still be recovered is, the product is handed over, keys are erased.
   * @returns undefined when the warrant does not cover the call after all
   */
  async finish(): Promise<Session | undefined> {
    try {
      this.ask(true);
      await this.#recovering;
      if (this.outOfScope() !== undefined) return undefined;
      this.#confirmLate();
      const files = await this.#product();
      return this.#result(files);
    } finally {
      this.#close();
    }
  }

  /** The Delivery Function was told to end in the middle: the request will be repeated after its restart. */
  get interrupted(): boolean {
    return this.#failure?.code === 'INTERRUPTED';
  }

  /** Ends the session without a result. */
  async abandon(): Promise<void> {
    await this.#recovering;
    this.#close();
  }

  #close(): void {
    this.media.close();
    this.#key?.wipe();
  }

  /** R_MESSAGE_2 may come after the key: then its V is checked now. */
  #confirmLate(): void {
    if (this.#failure !== undefined || this.#confirmed) return;
    if (this.#key === undefined || this.#recovered?.r2 === undefined) return;
    try {
      const { exchange } = this.#branches.read(this.#recovered);
      checkExchange(exchange);
      this.#confirmed = confirmSessionKey(exchange, this.#key);
    } catch (error) {
      this.#fail(error, 'the key could not be confirmed');
    }
  }

  async #product(): Promise<Session['files']> {
    const [key, candidate] = [this.#key, this.#recovered];
    if (this.#failure !== undefined || key === undefined || candidate === undefined) {
      this.media.discard();
      return NO_FILES;
    }
    try {
      const { exchange } = this.#branches.read(candidate);
      const { deliver } = this.warrant.verified.warrant;
      return await handOver(this.#tools, { deliver, callId: this.#call.callId, exchange, key, media: this.media });
    } catch (error) {
      this.#fail(error, 'the product could not be handed over');
      return NO_FILES;
    }
  }

  #result(files: Session['files']): Session {
    const { solution, alternative } = this.#tools.custody;
    const good = this.#failure === undefined && this.#key !== undefined;
    const streams = this.media.streams(good);
    const keysOrdered = this.warrant.verified.warrant.deliver.includes('keys');
    return {
      callId: this.#call.callId,
      ...this.#parties(),
      status: this.#failure?.code ?? 'recovered',
      reason: (this.#failure ?? this.#mediaFailure)?.message ?? null,
      solution,
      alternative: solution === 3 ? null : alternative,
      // A right SRTP tag proves the key as well as V does (profile 4.4).
      keyConfirmed: good && (this.#confirmed || streams.some(({ decrypted }) => decrypted > 0)),
      kSession: good && keysOrdered ? (this.#key?.use(toHex) ?? null) : null,
      streams,
      files,
    };
  }

  /** Our own errors as they are; anything else as a fault of ours. */
  #fail(error: unknown, message: string): void {
    const known = isHalfkeyError(error) ? error : new HalfkeyError('INTERNAL', message, { cause: error });
    if (known.code === 'INTERNAL') this.#tools.onFault(known);
    this.#failure = known;
  }

  #parties(): Pick<Session, 'initiator' | 'responder' | 'target' | 'role'> {
    const branch = this.#recovered === undefined ? this.#branches.best() : this.#branches.read(this.#recovered);
    const { i1, r1, i2, r2 } = branch?.exchange ?? {};
    const sides = targetsIn(this.warrant.verified, branch?.exchange ?? {});
    const role = sides.initiator === undefined ? 'responder' : 'initiator';
    return {
      initiator: (i1 ?? r1 ?? i2 ?? r2)?.idri.text ?? '',
      responder: (r1 ?? i2 ?? r2 ?? i1)?.idrr.text ?? '',
      target: sides[role]?.text ?? '',
      role,
    };
  }
}
