/**
 * The ladder of a live call as its caller sees it: each message as it passes, with the size of the MIKEY message in it
 * and the time since the first; and what the tap's intake was called.
 */
import { HalfkeyError } from '../../foundation/base/index.ts';
import type { Narrator } from './narrator.ts';
import type { RoleEvent } from './processes.ts';

export interface Ladder {
  /** Whether the event was one of a call's ladder. */
  take(role: string, event: RoleEvent): boolean;
  /** The intake that the tap fed. @throws HalfkeyError `UNAVAILABLE` when the Delivery Function did not take it */
  readonly intake: Promise<string>;
  /** Tells the times of the call: `called` is what the caller printed at its end. */
  summary(called: Readonly<Record<string, unknown>>): void;
}

export function createLadder(narrator: Narrator, startedMs: number): Ladder {
  let firstMs: number | undefined;
  let taken: (intake: string) => void = () => undefined;
  let lost: (error: HalfkeyError) => void = () => undefined;
  const intake = new Promise<string>((resolve, reject) => {
    taken = resolve;
    lost = reject;
  });
  // Nobody may be waiting when the tap fails first.
  intake.catch(() => undefined);

  function rung({ sip, name, octets, direction, timeMs, ibeMs }: RoleEvent): void {
    const at = typeof timeMs === 'number' ? timeMs : startedMs;
    firstMs ??= at;
    const arrow = direction === 'sent' ? 'caller --->' : 'caller <---';
    const mikey = typeof name === 'string' ? `  ${name}, ${String(octets)} octets` : '';
    const took = typeof ibeMs === 'number' && ibeMs >= 1 ? `, ${ibeMs.toFixed(0)} ms of mathematics` : '';
    narrator.rung(`${String(Math.round(at - firstMs)).padStart(6)} ms`, arrow, `${String(sip)}${mikey}${took}`);
  }

  return {
    intake,
    take(role, event) {
      if (event.event === 'taken' && typeof event['intake'] === 'string') taken(event['intake']);
      else if (event.event === 'lost')
        lost(new HalfkeyError('UNAVAILABLE', 'the intake of the Delivery Function was lost'));
      else if (event.event !== 'sip') return false;
      else if (role === 'caller') rung(event);
      return true;
    },
    summary({ setUpMs, ibeMs }) {
      if (typeof setUpMs !== 'number' || typeof ibeMs !== 'number') return;
      narrator.rung(
        '',
        'call',
        `set up in ${setUpMs.toFixed(0)} ms; identity-based encryption at the caller took ${ibeMs.toFixed(0)} ms`,
      );
    },
  };
}
