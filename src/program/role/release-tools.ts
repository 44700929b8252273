/**
 * The release pipeline of a holder, its timing, and the end of the process where a test orders it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { HalfkeyError, systemClock } from '../../foundation/base/index.ts';
import { createReleaser, type GateOptions, type ReleaserOptions } from '../../trust/release/index.ts';
import type { Runtime } from './runtime.ts';

/** Where a test may stop a holder dead. */
const CRASH_POINT = /^(request|answer|refusal):(before-write|before-commit|after-commit)$|^answer:sent$/;

/** What a holder releases through; `afterAnswer` is to be called when an answer has left. */
export function releaseTools(
  { log, logger }: Runtime,
  {
    refusalFloorMs,
    unsafeTestCrashAt,
  }: { readonly refusalFloorMs: number; readonly unsafeTestCrashAt?: string | undefined },
): { gate: GateOptions; afterAnswer: () => void } {
  if (unsafeTestCrashAt !== undefined) {
    if (!CRASH_POINT.test(unsafeTestCrashAt))
      throw new HalfkeyError('BAD_CONFIG', 'unsafeTestCrashAt names no checkpoint');
    logger.warn('this holder will stop dead at a checkpoint: a test');
  }
  const crashAt = (point: string): void => {
    if (point === unsafeTestCrashAt) process.kill(process.pid, 'SIGKILL');
  };
  const checkpoint: NonNullable<ReleaserOptions['checkpoint']> = (place, name) => {
    crashAt(`${place}:${name}`);
  };
  const releaser = createReleaser({ store: log, clock: systemClock, checkpoint });
  return {
    gate: { releaser, monotonicMs: () => performance.now(), sleep: (ms) => sleep(ms), refusalFloorMs },
    afterAnswer: () => {
      crashAt('answer:sent');
    },
  };
}
