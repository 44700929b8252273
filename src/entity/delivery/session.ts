/**
 * One warranted session: an exchange of a call that has a target of the warrant on one side or both.
 * Decides which messages are needed and when to ask, keeps the media until the key is there, and hands over.
 */
import { HalfkeyError, isHalfkeyError, toHex, type Secret } from '../../foundation/base/index.ts';
import type { Identity } from '../../foundation/identity/index.ts';
import {
  checkExchange,
  confirmSessionKey,
  crossCheck,
  deriveMediaKeys,
  type Exchange,
  type Role,
} from '../../protocol/discovery/index.ts';
import type { UdpEvent } from '../../protocol/media/index.ts';
import type { Call, Exchange as Candidate } from '../../protocol/signalling/index.ts';
import { warrantTime } from '../../trust/warrant/index.ts';
import type { Session } from '../../contract/administration/index.ts';
import type { ActiveWarrant, Asker } from './asking.ts';
import { CallMedia } from './call-media.ts';
import { keysDocument } from './keys-document.ts';
import type { HandoverSink, Observer } from './ports.ts';
import { readCandidate, targetsIn, whatIsMissing } from './exchange-reading.ts';
import { recoverKey, type Custody } from './recovery.ts';

export interface SessionTools {
  readonly custody: Custody;
  readonly asker: Asker;
  readonly sink: HandoverSink;
  readonly observe: Observer;
  /** Name of the session's directory. */
  readonly name: string;
}

export class WarrantedSession {
  readonly media: CallMedia;
  readonly warrant: ActiveWarrant;
  readonly #call: Call;
  readonly #tools: SessionTools;
  readonly #candidates: Candidate[] = [];
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
    if (!this.#candidates.includes(candidate)) this.#candidates.push(candidate);
    const { exchange } = readCandidate(candidate);
    const map = (exchange.r2 ?? exchange.i2 ?? exchange.r1 ?? exchange.i1)?.csMap ?? [];
    // Odd CS IDs, counted from 1, go from the initiator to the responder (profile 3.4).
    for (const [i, { ssrc }] of map.entries()) {
      this.media.expect(ssrc, i % 2 === 0 ? 'initiator-to-responder' : 'responder-to-initiator');
    }
    this.#attempt(false);
  }

  feed(event: UdpEvent): void {
    this.media.feed(event);
    if (this.#recovering === undefined) this.#attempt(false);
  }

  /** Waits while too much is held. */
  async pressure(): Promise<void> {
    if (this.media.full) await this.#recovering;
  }

  /** Asks as soon as the needed messages are there and either the last one, too, or media that want a key. */
  #attempt(final: boolean): void {
    if (this.#recovering !== undefined) return;
    const best = this.#best();
    if (best === undefined) return;
    const { exchange, problem } = readCandidate(best);
    const roles = Object.keys(targetsIn(this.warrant.verified, exchange)) as Role[];
    const missing = roles.map((role) => whatIsMissing(exchange, role)).find((error) => error !== undefined);
    if (missing !== undefined) {
      if (final) this.#failure = problem ?? missing;
      return;
    }
    if (!final && exchange.r2 === undefined && !this.media.started) return;
    this.#recovering = this.#recover(best, exchange).catch((error: unknown) => {
      this.#failure = isHalfkeyError(error)
        ? error
        : new HalfkeyError('INTERNAL', 'the session could not be worked on', { cause: error });
    });
  }

  /** Of several branches the answered one: with R_MESSAGE_2, else with the most messages. */
  #best(): Candidate | undefined {
    const weight = ({ i1, r1, i2, r2 }: Candidate): number =>
      [i1, r1, i2, r2].reduce((sum, message, i) => sum + (message === undefined ? 0 : 2 ** i), 0);
    return this.#candidates.toSorted((a, b) => weight(b) - weight(a))[0];
  }

  async #recover(candidate: Candidate, exchange: Exchange): Promise<void> {
    const { custody, asker, observe } = this.#tools;
    checkExchange(exchange);
    const sides = Object.entries(targetsIn(this.warrant.verified, exchange)) as [Role, Identity][];
    for (const [role, target] of sides) {
      const key = await recoverKey(custody, asker, { warrant: this.warrant, target, role, exchange });
      if (this.#key === undefined) this.#key = key;
      else crossCheck(this.#key, key);
    }
    const key = this.#key;
    if (key === undefined) throw new HalfkeyError('TARGET_MISMATCH', 'no side of the exchange is a target');
    this.#recovered = candidate;
    this.#confirmed = confirmSessionKey(exchange, key);
    observe('recovered', {
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

  /** Ends the session: what can still be recovered is, the product is handed over, keys are erased. */
  async finish(): Promise<Session> {
    this.#attempt(true);
    await this.#recovering;
    if (this.#failure === undefined && !this.#confirmed) this.#confirmLate();
    const streams = this.media.streams();
    const recovered = this.#failure === undefined && this.#key !== undefined;
    const keyConfirmed = recovered && (this.#confirmed || streams.some(({ decrypted }) => decrypted > 0));
    const files = recovered ? await this.#handOver() : { wav: null, pcap: null, keys: null };
    const keysOrdered = this.warrant.verified.warrant.deliver.includes('keys');
    const kSession = recovered && keysOrdered ? (this.#key?.use(toHex) ?? null) : null;
    this.media.close();
    this.#key?.wipe();
    await this.#tools.asker.finish();
    const { solution, alternative } = this.#tools.custody;
    return {
      callId: this.#call.callId,
      ...this.#parties(),
      status: this.#failure?.code ?? 'recovered',
      reason: (this.#failure ?? this.#mediaFailure)?.message ?? null,
      solution,
      alternative: solution === 3 ? null : alternative,
      keyConfirmed,
      kSession,
      streams,
      files,
    };
  }

  /** R_MESSAGE_2 may come after the key: then its V is checked now. */
  #confirmLate(): void {
    if (this.#key === undefined || this.#recovered?.r2 === undefined) return;
    try {
      this.#confirmed = confirmSessionKey(readCandidate(this.#recovered).exchange, this.#key);
    } catch (error) {
      if (!isHalfkeyError(error)) throw error;
      this.#failure = error;
    }
  }

  async #handOver(): Promise<Session['files']> {
    const { sink, observe, name } = this.#tools;
    const { deliver } = this.warrant.verified.warrant;
    const write = async (file: string, octets: Uint8Array | undefined): Promise<string | null> => {
      if (octets === undefined) return null;
      observe('delivered', { file: `${name}/${file}`, octets: octets.length });
      return sink(name, file, octets);
    };
    const { pcap, wav } = this.media.product();
    const keys =
      deliver.includes('keys') && this.#key !== undefined && this.#recovered !== undefined
        ? keysDocument(this.#call.callId, readCandidate(this.#recovered).exchange, this.#key)
        : undefined;
    return {
      wav: await write('call.wav', wav),
      pcap: await write('media.pcap', pcap),
      keys: await write('keys.json', keys),
    };
  }

  #parties(): Pick<Session, 'initiator' | 'responder' | 'target' | 'role'> {
    const candidate = this.#recovered ?? this.#best();
    const exchange = candidate === undefined ? {} : readCandidate(candidate).exchange;
    const { i1, r1, i2, r2 } = exchange;
    const sides = targetsIn(this.warrant.verified, exchange);
    const role: Role = sides.initiator === undefined ? 'responder' : 'initiator';
    return {
      initiator: (i1 ?? r1 ?? i2 ?? r2)?.idri.text ?? '',
      responder: (r1 ?? i2 ?? r2 ?? i1)?.idrr.text ?? '',
      target: sides[role]?.text ?? '',
      role,
    };
  }
}
