/**
 * What every kind of lab is given, where its output goes, and what it answers with.
 */
import { HalfkeyError } from '../../foundation/base/index.ts';
import type { Session, SessionsAnswer } from '../../contract/administration/index.ts';
import type { Colours } from './narrator.ts';
import type { RoleProcess } from './processes.ts';

export interface LabOrder {
  readonly solution: 3 | 4;
  readonly alternative: 1 | 2;
  readonly deliver: readonly ('content' | 'keys')[];
  /** Absolute path; without it a new directory below ./halfkey-out, named by the time. */
  readonly out?: string;
  /** Whether `out` may hold something already. */
  readonly force: boolean;
  /** Program and first arguments by which roles are started. */
  readonly program: readonly string[];
  readonly narrate: (line: string) => void;
  readonly detail: (line: string) => void;
  readonly colours: Colours;
  readonly signal: AbortSignal;
}

export interface LabResult {
  readonly version: 1;
  readonly roles: readonly { readonly role: string; readonly pid: number }[];
  readonly sessions: readonly Session[];
  readonly notes: readonly string[];
  /** Absolute path of report.html; null, and a note why, when it could not be written. */
  readonly report: string | null;
  /** Why the result is not as wished; absent when it is. */
  readonly reason?: string;
  readonly error?: { readonly code: string; readonly message: string; readonly hint: string };
}

/** The result of a lab: as wished when there is a session, and each was recovered and confirmed. */
export function resultOf(
  running: readonly RoleProcess[],
  { sessions, notes }: SessionsAnswer,
): Omit<LabResult, 'report'> {
  const result = { version: 1 as const, roles: running.map(({ role, pid }) => ({ role, pid })), sessions, notes };
  const failed = sessions.filter(({ status, keyConfirmed }) => status !== 'recovered' || !keyConfirmed);
  if (sessions.length > 0 && failed.length === 0) return result;
  const error =
    sessions.length === 0
      ? new HalfkeyError('NO_SESSION', notes[0] ?? 'the capture holds no call of the target')
      : new HalfkeyError('NOT_RECOVERED', failed.map(describe).join('; '));
  const { code, message, hint } = error;
  return { ...result, reason: message, error: { code, message, hint } };
}

const describe = ({ status, reason }: Session): string =>
  reason === null ? `${status}, not confirmed` : `${status}: ${reason}`;

/** A result with its report, or with a note why there is none. */
export function reported<Result extends Omit<LabResult, 'report'>>(
  result: Result,
  { report, note }: { readonly report: string | null; readonly note?: string },
): Result & Pick<LabResult, 'report'> {
  return { ...result, notes: note === undefined ? result.notes : [...result.notes, note], report };
}
