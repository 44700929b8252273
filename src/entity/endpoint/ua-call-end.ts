/** How a call ends, once: its result, its sockets, and the wiping of what its media session holds. */
import type { ErrorCode } from '../../foundation/base/index.ts';
import type { Identity } from '../../foundation/identity/index.ts';
import type { Established } from '../../protocol/ibake/index.ts';
import { createMediaSession, type MediaSession } from './media-session.ts';
import type { CallOutcome, CallResult, CallSettings, UserAgentContext } from './ua-call.ts';
import type { Ladder } from './ua-ladder.ts';
import type { MediaPorts } from './ua-ports.ts';
import type { RemoteMedia } from './ua-sdp.ts';
import { TIMEOUT } from './ua-transactions.ts';

export class CallEnd {
  readonly #context: UserAgentContext;
  readonly #ladder: Ladder;
  readonly #ports: MediaPorts;
  readonly #done: (result: CallResult) => void;
  readonly #startMs: number;
  #media: MediaSession | undefined;
  #up: { readonly peer: Identity; readonly setUpMs: number } | undefined;
  #result: CallResult | undefined;
  #over = false;

  constructor(context: UserAgentContext, ladder: Ladder, ports: MediaPorts, done: (result: CallResult) => void) {
    this.#context = context;
    this.#ladder = ladder;
    this.#ports = ports;
    this.#done = done;
    this.#startMs = context.scheduler.monotonicMs();
  }

  /** Begins to listen. The session owns the keys from now on. Repeated calls do nothing. */
  listen(
    established: Established,
    remote: RemoteMedia,
    settings: CallSettings & { readonly tailMs: number },
    onIdle: () => void,
  ): void {
    const { clock, scheduler, random } = this.#context;
    const { speech, tailMs } = settings;
    // A little less, so that the keys are gone after 64*T1 of silence.
    const options = { established, remote, speech, tailMs, silenceMs: TIMEOUT - 1000, onIdle };
    this.#media ??= createMediaSession({ ...options, ports: this.#ports, clock, scheduler, random });
  }

  /** The call is up: begins to speak. */
  speak(peer: Identity): void {
    this.#up = { peer, setUpMs: this.#context.scheduler.monotonicMs() - this.#startMs };
    this.#media?.speak();
  }

  /** Takes the result and ends the media; the first one counts. */
  conclude(outcome: CallOutcome, code?: ErrorCode, more: Partial<CallResult> = {}): void {
    if (this.#result !== undefined) return;
    this.#media?.close();
    const media = this.#media;
    this.#result = {
      outcome,
      ...(code === undefined ? {} : { code }),
      ...more,
      ...this.#up,
      ibeMs: this.#ladder.ibeMs,
      ...(media === undefined || this.#up === undefined
        ? {}
        : { recording: media.recording(), statistics: media.statistics }),
    };
  }

  /** Nothing more is said: frees the sockets and hands the result over. Repeated calls do nothing. */
  over(): void {
    const result = this.#result;
    if (this.#over || result === undefined) return;
    this.#over = true;
    void this.#ports.close().finally(() => {
      this.#done(result);
    });
  }
}
