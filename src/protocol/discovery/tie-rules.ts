/**
 * What ties the messages of one exchange together (protocol profile 4.4, 3.3): before anything is opened, so that no
 * message of one exchange helps to open another (5.3 T6, T17).
 */
import { compareNtp, equalBytes, HalfkeyError, type ErrorCode } from '../../foundation/base/index.ts';
import { isDeviceOf, sameIdentity } from '../../foundation/identity/index.ts';
import type { CsMapEntry, IbakeMessage } from '../mikey/index.ts';
import { messagesOf, type Exchange } from './exchange.ts';

export interface TiePolicy {
  /** Also exchanges that another identity than the called one, or a device of it, answered. Default false. */
  readonly acceptRetarget?: boolean;
}

function demand(condition: boolean, code: ErrorCode, message: string): void {
  if (!condition) throw new HalfkeyError(code, message);
}

/**
 * Checks every rule over whichever messages are there.
 * @throws HalfkeyError `INCOMPLETE` (no message), `CsbMismatch`, `CsMapMismatch`, `TimestampMismatch`,
 *   `TimestampNotFresh`, `RandMismatch`, `IdentityMismatch`, `SelfCall`, `RetargetRefused`
 */
export function checkExchange(exchange: Exchange, { acceptRetarget = false }: TiePolicy = {}): void {
  const messages = messagesOf(exchange);
  const [first, ...rest] = messages;
  if (first === undefined) throw new HalfkeyError('INCOMPLETE', 'need R_MESSAGE_1, or I_MESSAGE_1 and I_MESSAGE_2');
  for (const message of rest) {
    demand(equalBytes(message.csbId, first.csbId), 'CsbMismatch', 'the CSB ID differs');
    demand(message.prf === first.prf, 'CsMapMismatch', 'the PRF differs');
    demand(message.csMap.length === first.csMap.length, 'CsMapMismatch', 'the number of crypto sessions differs');
    demand(sameIdentity(message.idri, first.idri), 'IdentityMismatch', 'IDRi differs');
  }
  for (const { idri, idrr } of messages) demand(!sameIdentity(idri, idrr), 'SelfCall', 'IDRi and IDRr are equal');
  checkTimes(exchange);
  checkMaps(exchange);
  checkAnswering(exchange, acceptRetarget);
}

/** T(R1) = T(I1); T(R2) = T(I2); T(I2) later than T(I1), each taken from whichever message carries it. */
function checkTimes({ i1, r1, i2, r2 }: Exchange): void {
  if (i1 && r1) demand(equalBytes(i1.t, r1.t), 'TimestampMismatch', 'T of R_MESSAGE_1 is not that of I_MESSAGE_1');
  if (i2 && r2) demand(equalBytes(i2.t, r2.t), 'TimestampMismatch', 'T of R_MESSAGE_2 is not that of I_MESSAGE_2');
  const [earlier, later] = [(i1 ?? r1)?.t, (i2 ?? r2)?.t];
  if (earlier && later)
    demand(
      compareNtp(later, earlier) > 0,
      'TimestampNotFresh',
      'T of I_MESSAGE_2 is not later than that of I_MESSAGE_1',
    );
  if (i1?.rand && i2?.rand)
    demand(equalBytes(i1.rand, i2.rand), 'RandMismatch', 'RAND of I_MESSAGE_2 is not that of I_MESSAGE_1');
}

/** R1 may change only entries whose SSRC was 0 in I1 (3.6 A13); I2 repeats R1's map, R2 that of I2. */
function checkMaps({ i1, r1, i2, r2 }: Exchange): void {
  const [answered, ...repeated] = [r1, i2, r2].filter((message) => message !== undefined);
  if (answered === undefined) return;
  for (const [i, entry] of (i1?.csMap ?? []).entries()) {
    const filled = answered.csMap[i] as CsMapEntry;
    demand(
      entry.ssrc === 0 || sameEntry(entry, filled),
      'CsMapMismatch',
      `entry ${String(i + 1)} of the CS ID map was changed`,
    );
  }
  for (const { csMap } of repeated) {
    const same = csMap.every((entry, i) => sameEntry(entry, answered.csMap[i] as CsMapEntry));
    demand(same, 'CsMapMismatch', 'the CS ID map is not that of the message before');
  }
}

function sameEntry(a: CsMapEntry, b: CsMapEntry): boolean {
  return a.policy === b.policy && a.ssrc === b.ssrc && a.roc === b.roc;
}

/** IDRr of R1, I2 and R2 is one identity: the called one, a device of it, or by policy any other. */
function checkAnswering({ i1, r1, i2, r2 }: Exchange, acceptRetarget: boolean): void {
  const [answering, ...others] = [r1, i2, r2].filter((message): message is IbakeMessage => message !== undefined);
  if (answering === undefined) return;
  for (const { idrr } of others)
    demand(sameIdentity(idrr, answering.idrr), 'IdentityMismatch', 'IDRr differs after R_MESSAGE_1');
  if (i1 === undefined || acceptRetarget) return;
  const called = sameIdentity(answering.idrr, i1.idrr) || isDeviceOf(answering.idrr, i1.idrr);
  demand(called, 'RetargetRefused', 'another identity answered than was called');
}
