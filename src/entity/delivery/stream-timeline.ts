/**
 * What became of a stream over time: packets, losses and failures in equal steps from its first packet, few enough for
 * any length of call. A loss is a number of the RTP sequence that did not come; a late packet takes it back.
 */
import type { SessionStream } from '../../contract/administration/index.ts';

export type Timeline = SessionStream['timeline'];

/** The finest step, and how many steps there are before two become one. */
const FIRST_STEP_MS = 100;
const MAX_STEPS = 128;
/** RFC 3550 A.1: a larger step of the sequence is a new start, a larger step back no late packet. */
const MAX_DROPOUT = 3000;
const MAX_MISORDER = 100;

interface Step {
  packets: number;
  lost: number;
  failed: number;
}

export class StreamTimeline {
  #startMs = 0;
  #stepMs = FIRST_STEP_MS;
  #steps: Step[] = [];
  #highest: number | undefined;

  /** Counts a packet: decrypted, not looked into for want of a key, or refused, which says nothing of the sequence. */
  add(timeMs: number, sequence: number, outcome: 'decrypted' | 'unread' | 'refused'): void {
    const step = this.#stepAt(timeMs);
    step.packets += 1;
    if (outcome !== 'decrypted') step.failed += 1;
    if (outcome !== 'refused') this.#follow(sequence, step);
  }

  /** @param delivered false counts every packet as failed */
  summary(delivered: boolean): Timeline {
    const steps = this.#steps;
    return {
      startMs: Math.round(this.#startMs),
      stepMs: this.#stepMs,
      packets: steps.map(({ packets }) => packets),
      lost: steps.map(({ lost }) => lost),
      failed: steps.map(({ packets, failed }) => (delivered ? failed : packets)),
    };
  }

  #follow(sequence: number, step: Step): void {
    const advance = this.#highest === undefined ? 1 : ((sequence - this.#highest) << 16) >> 16; // modulo 2^16, signed
    if (advance > 0) {
      this.#highest = sequence;
      if (advance <= MAX_DROPOUT) step.lost += advance - 1;
    } else if (advance < 0 && advance >= -MAX_MISORDER) {
      const missed = this.#steps.findLast(({ lost }) => lost > 0);
      if (missed !== undefined) missed.lost -= 1;
    } else if (advance < 0) this.#highest = sequence;
  }

  /** The step of a time; one before the first packet, as in a reordered capture, counts as the first. */
  #stepAt(timeMs: number): Step {
    if (this.#steps.length === 0) this.#startMs = timeMs;
    const place = (): number => Math.max(0, Math.floor((timeMs - this.#startMs) / this.#stepMs));
    while (place() >= MAX_STEPS) this.#halve();
    while (this.#steps.length <= place()) this.#steps.push({ packets: 0, lost: 0, failed: 0 });
    return this.#steps[place()] as Step;
  }

  #halve(): void {
    this.#stepMs *= 2;
    const none: Step = { packets: 0, lost: 0, failed: 0 };
    this.#steps = Array.from({ length: Math.ceil(this.#steps.length / 2) }, (_, i) => {
      const [a = none, b = none] = this.#steps.slice(2 * i, 2 * i + 2);
      return { packets: a.packets + b.packets, lost: a.lost + b.lost, failed: a.failed + b.failed };
    });
  }
}
