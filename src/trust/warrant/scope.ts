/**
 * What a verified warrant covers (protocol profile 5.3, "Warrant binding" and "Time").
 * Every holder asks these itself about what it can see. Must never be asked about an unverified warrant:
 * the type does not allow it.
 */
import { compareNtpToUnixMs, HalfkeyError, type NtpTime } from '../../foundation/base/index.ts';
import type { Identity } from '../../foundation/identity/index.ts';
import type { VerifiedWarrant } from './verify.ts';
import { timeOf, type Deliverable, type Solution } from './warrant.ts';

/** [from - inProgress, to) of the interception interval, milliseconds since 1970. */
function sessionWindow({ warrant }: VerifiedWarrant): { from: number; to: number } {
  const { interception, inProgressSeconds } = warrant;
  return { from: timeOf(interception.from) - 1000 * inProgressSeconds, to: timeOf(interception.to) };
}

/** The canonical text is in the target list, octet for octet. @throws HalfkeyError `TARGET_MISMATCH` (N53) */
export function assertTarget(verified: VerifiedWarrant, identity: Identity): void {
  if (!verified.warrant.targets.includes(identity.text)) {
    throw new HalfkeyError('TARGET_MISMATCH', 'the warrant does not name this identity');
  }
}

/** T of I_MESSAGE_1, fraction included, lies in [from - inProgress, to). @throws HalfkeyError `OUTSIDE_WINDOW` (N54) */
export function assertIntercepted(verified: VerifiedWarrant, t1: NtpTime): void {
  const { from, to } = sessionWindow(verified);
  // Written so that NaN is refused.
  if (!(compareNtpToUnixMs(t1, from) >= 0 && compareNtpToUnixMs(t1, to) < 0)) {
    throw new HalfkeyError('OUTSIDE_WINDOW', 'T lies outside the interception interval');
  }
}

/** The key epoch [start, start + length) (seconds) meets [from - inProgress, to). @throws HalfkeyError `OUTSIDE_WINDOW` */
export function assertKeyEpoch(verified: VerifiedWarrant, epochStart: number, epochSeconds: number): void {
  const { from, to } = sessionWindow(verified);
  if (!(epochSeconds > 0 && epochStart * 1000 < to && (epochStart + epochSeconds) * 1000 > from)) {
    throw new HalfkeyError('OUTSIDE_WINDOW', 'the key epoch lies outside the interception interval');
  }
}

/** The warrant orders this way of recovery. @throws HalfkeyError `WARRANT_SCOPE` */
export function assertScope(verified: VerifiedWarrant, solution: Solution): void {
  if (!verified.warrant.solutions.includes(solution)) {
    throw new HalfkeyError('WARRANT_SCOPE', `the warrant does not cover solution ${solution}`);
  }
}

/** The warrant orders this product. @throws HalfkeyError `WARRANT_SCOPE` */
export function assertDeliverable(verified: VerifiedWarrant, deliverable: Deliverable): void {
  if (!verified.warrant.deliver.includes(deliverable)) {
    throw new HalfkeyError('WARRANT_SCOPE', `the warrant does not order the delivery of ${deliverable}`);
  }
}
