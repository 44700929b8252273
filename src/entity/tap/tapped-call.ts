/**
 * What a tap holds of one call, and until when: its relays end some time after the BYE, the CANCEL or the refusal of its
 * first INVITE, and when nothing has passed for long. A re-INVITE that fails must not end the call in which it stands.
 */
import type { Scheduler } from '../../foundation/base/index.ts';
import type { SipMessage } from '../../protocol/signalling/index.ts';
import type { MediaRelay, OpenMediaRelay } from './ports.ts';

/** How long the media of a call are still relayed after its end: what is on the way arrives. */
export const LINGER_MS = 500;
/** A call of which neither a message nor a packet has passed for so long is over: nobody will say so any more. */
export const IDLE_MS = 600_000;

export class TappedCall {
  readonly #time: Scheduler;
  readonly #onOver: () => void;
  /** By side and m-line. */
  readonly #relays = new Map<string, Promise<MediaRelay>>();
  #usedMs: number;
  /** Whether a 2xx to an INVITE has passed (RFC 3261 13.3.1.4): then only a BYE ends the call (15). */
  #answered = false;
  #ending = false;
  #stop: () => void = () => undefined;

  /** `onOver` is called when the time of the call is over, never after {@link close}. */
  constructor(time: Scheduler, onOver: () => void) {
    this.#time = time;
    this.#onOver = onOver;
    this.#usedMs = time.monotonicMs();
    this.#watch(IDLE_MS);
  }

  /** The relay of a side and m-line, opened when it is first asked for. @throws what `open` is rejected with */
  async relay(key: string, open: OpenMediaRelay): Promise<MediaRelay> {
    const opening =
      this.#relays.get(key) ??
      open(() => {
        this.#usedMs = this.#time.monotonicMs();
      });
    this.#relays.set(key, opening);
    try {
      return await opening;
    } catch (error) {
      // The next message may find a port.
      if (this.#relays.get(key) === opening) this.#relays.delete(key);
      throw error;
    }
  }

  /** A message of the call has passed. */
  note({ kind, method, status = 0, cseq }: SipMessage): void {
    this.#usedMs = this.#time.monotonicMs();
    const ofInvite = kind === 'response' && cseq.method === 'INVITE';
    if (ofInvite && status >= 200 && status < 300) this.#answered = true;
    const failed = method === 'CANCEL' || (ofInvite && status >= 300);
    if (method === 'BYE' || (failed && !this.#answered)) this.#end();
    // Another INVITE with the same Call-ID, as after 407, or a 2xx that crossed the CANCEL: the call goes on.
    else if (this.#ending && (method === 'INVITE' || (ofInvite && this.#answered))) this.#goOn();
  }

  /** Closes every relay; never rejected. */
  async close(): Promise<void> {
    this.#stop();
    await Promise.allSettled([...this.#relays.values()].map(async (relay) => (await relay).close()));
  }

  #end(): void {
    if (this.#ending) return;
    this.#ending = true;
    this.#stop();
    this.#watch(LINGER_MS);
  }

  #goOn(): void {
    this.#ending = false;
    this.#stop();
    this.#watch(IDLE_MS);
  }

  #watch(delayMs: number): void {
    this.#stop = this.#time.after(delayMs, () => {
      const left = this.#usedMs + IDLE_MS - this.#time.monotonicMs();
      if (this.#ending || left <= 0) this.#onOver();
      else this.#watch(left);
    });
  }
}
