/**
 * What a warrant has to do with the messages of a captured exchange: whether it names a side, whether T lies in its
 * interval, and what is still missing. Reads clear parts only.
 */
import { equalBytes, HalfkeyError, isHalfkeyError, type ErrorCode } from '../../foundation/base/index.ts';
import { identityFromText, sameIdentity, type Identity } from '../../foundation/identity/index.ts';
import { readIbakeMessage } from '../../protocol/mikey/index.ts';
import { assertComplete, type Exchange, type Role } from '../../protocol/discovery/index.ts';
import type { Exchange as Candidate } from '../../protocol/signalling/index.ts';
import { assertIntercepted } from '../../trust/warrant/index.ts';
import type { ActiveWarrant } from './asking.ts';

/** The messages of a candidate, read; what does not parse is left out and told. */
export function readCandidate({ i1, r1, i2, r2 }: Candidate): { exchange: Exchange; problem?: HalfkeyError } {
  let problem: HalfkeyError | undefined;
  const read = (bytes: Uint8Array | undefined): ReturnType<typeof readIbakeMessage> | undefined => {
    if (bytes === undefined) return undefined;
    try {
      return readIbakeMessage(bytes);
    } catch (error) {
      if (!isHalfkeyError(error)) throw error;
      problem ??= error;
      return undefined;
    }
  };
  const messages = { i1: read(i1), r1: read(r1), i2: read(i2), r2: read(r2) };
  const exchange = Object.fromEntries(
    Object.entries(messages).filter(([, message]) => message !== undefined),
  ) as Exchange;
  return problem === undefined ? { exchange } : { exchange, problem };
}

/** Where a warrant's targets stand in an exchange: the canonical identity for each side that is a target. */
export function targetsIn(
  { warrant }: ActiveWarrant['verified'],
  { i1, r1, i2, r2 }: Exchange,
): Partial<Record<Role, Identity>> {
  const targets = warrant.targets.map(identityFromText);
  const find = (...found: readonly (Identity | undefined)[]): Identity | undefined =>
    found.find((identity) => identity !== undefined && targets.some((target) => sameIdentity(target, identity)));
  const initiator = find(i1?.idri, r1?.idri, i2?.idri, r2?.idri);
  // The answering device first: the nonce is its own (profile 6.1).
  const responder = find(r1?.idrr, i2?.idrr, r2?.idrr, i1?.idrr);
  return { ...(initiator === undefined ? {} : { initiator }), ...(responder === undefined ? {} : { responder }) };
}

/** What the key of that side still needs; undefined when nothing is missing. */
export function whatIsMissing(exchange: Exchange, role: Role): HalfkeyError | undefined {
  try {
    assertComplete(exchange, role);
    // RAND is in the initiator's messages only, and without it no key can be confirmed or used.
    if (exchange.i1?.rand === undefined && exchange.i2?.rand === undefined) {
      throw new HalfkeyError('INCOMPLETE', 'need I_MESSAGE_1');
    }
    return undefined;
  } catch (error) {
    if (!isHalfkeyError(error)) throw error;
    return error;
  }
}

/** Whether two candidates are branches of one exchange: then one session has both. */
export function sameExchange(a: Candidate, b: Candidate): boolean {
  return (
    equalBytes(a.csbId, b.csbId) && a.mediaIndex === b.mediaIndex && a.round === b.round && a.initiator === b.initiator
  );
}

/**
 * Why a warrant does not cover an exchange whose parties it names; undefined when it does. Without I_MESSAGE_1 and
 * R_MESSAGE_1 the later T of the others decides: nobody is asked then, since the holders want the first one.
 */
export function outOfScope(warrant: ActiveWarrant, { i1, r1, i2, r2 }: Exchange): ErrorCode | undefined {
  const first = i1 ?? r1 ?? i2 ?? r2;
  if (first === undefined) return undefined;
  try {
    assertIntercepted(warrant.verified, first.t);
    return undefined;
  } catch (error) {
    if (!isHalfkeyError(error)) throw error;
    return error.code;
  }
}
