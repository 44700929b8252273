/**
 * The Delivery Function: takes captures in, and tells the LI administration what became of them. Its only input is
 * the octets of a capture.
 */
import { randomUUID } from 'node:crypto';
import { HalfkeyError } from '../../foundation/base/index.ts';
import type { SessionsAnswer } from '../../contract/administration/index.ts';
import { Intake, type IntakeOptions } from './intake.ts';

export type DeliveryOptions = IntakeOptions;

export interface Delivery {
  /**
   * Works on one capture until its end.
   * @throws HalfkeyError `BadCapture` when not one packet can be read
   */
  takeCapture(chunks: AsyncIterable<Uint8Array>, clockOffsetMs: number): Promise<{ intake: string; packets: number }>;
  /** What became of the sessions of an intake: told once. @throws HalfkeyError `NOT_FOUND` */
  sessionsOf(intake: string): SessionsAnswer;
}

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
      try {
        const packets = await intake.takeAll(chunks, clockOffsetMs);
        return { intake: keep(await intake.finish()), packets };
      } catch (error) {
        await intake.abandon();
        throw error;
      }
    },
    sessionsOf(intake) {
      const answer = results.get(intake);
      if (answer === undefined) throw new HalfkeyError('NOT_FOUND', 'there is no such intake, or it was told before');
      results.delete(intake);
      return answer;
    },
  };
}
