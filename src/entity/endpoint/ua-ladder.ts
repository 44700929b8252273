/** Tells of each message of a call as it passes, and adds up what the key exchange took. */
import type { Clock } from '../../foundation/base/index.ts';
import type { LadderEvent } from './ua-call.ts';

type Carried = Pick<LadderEvent, 'name' | 'octets' | 'ibeMs'>;

export class Ladder {
  /** Milliseconds of mathematics so far. */
  ibeMs = 0;
  readonly #clock: Clock;
  readonly #onEvent: (event: LadderEvent) => void;

  constructor(clock: Clock, onEvent: (event: LadderEvent) => void = () => undefined) {
    this.#clock = clock;
    this.#onEvent = onEvent;
  }

  sent(sip: string, carried: Carried = {}): void {
    this.#tell(sip, 'sent', carried);
  }

  received(sip: string, carried: Carried = {}): void {
    this.#tell(sip, 'received', carried);
  }

  #tell(sip: string, direction: LadderEvent['direction'], carried: Carried): void {
    this.ibeMs += carried.ibeMs ?? 0;
    this.#onEvent({ sip, ...carried, direction, timeMs: this.#clock() });
  }
}
