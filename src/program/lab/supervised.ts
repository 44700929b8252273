/**
 * Runs a lab's work over processes of which none outlives it: whether it succeeds, fails, is interrupted, or loses a role.
 */
import { HalfkeyError, isHalfkeyError } from '../../foundation/base/index.ts';
import type { LabOrder } from './lab-order.ts';
import type { Narrator } from './narrator.ts';
import { createProcesses, type Processes } from './processes.ts';

/** @throws HalfkeyError what `work` throws; `INTERRUPTED` after the order's signal; `UNAVAILABLE` when a role was lost */
export async function supervised<T>(
  order: Pick<LabOrder, 'program' | 'signal'>,
  narrator: Narrator,
  work: (processes: Processes, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  let lost: string | undefined;
  const broken = new AbortController();
  const processes = createProcesses({
    program: order.program,
    onStart: (command) => {
      narrator.started(command);
    },
    onEvent: (role, event) => {
      narrator.event(role, event);
    },
    onLoss: (role) => {
      lost = role;
      broken.abort();
    },
  });
  const signal = AbortSignal.any([order.signal, broken.signal]);
  try {
    return await unlessAborted(signal, work(processes, signal));
  } catch (error) {
    if (order.signal.aborted) throw new HalfkeyError('INTERRUPTED', 'interrupted; every role has been stopped');
    if (lost !== undefined) throw new HalfkeyError('UNAVAILABLE', `the ${lost} ended before the lab did`);
    throw error;
  } finally {
    await processes.stop();
  }
}

/** The result of `work`, unless the signal comes first; `work` is then left to end by itself. */
function unlessAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  const aborted = new Promise<never>((_, reject) => {
    const stop = (): void => {
      reject(isHalfkeyError(signal.reason) ? signal.reason : new HalfkeyError('UNAVAILABLE', 'a role has ended'));
    };
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
  return Promise.race([work, aborted]);
}
