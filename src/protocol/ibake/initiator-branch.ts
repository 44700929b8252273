/**
 * The initiator from R_MESSAGE_1 to the end, for each branch of a forked call apart (RFC 6267 4.2.2.2 to 4.2.2.4,
 * protocol profile 4.3, 6.1, 3.3). No media key leaves a branch before its V, and its challenge, came back right.
 */
import {
  constantTimeEqual,
  equalBytes,
  HalfkeyError,
  isHalfkeyError,
  ntpFromUnixMs,
} from '../../foundation/base/index.ts';
import { isDeviceOf, sameIdentity } from '../../foundation/identity/index.ts';
import { sharedPoint } from '../../crypto/ecdh/index.ts';
import { verifyV, type IbakeMessage, type IbakePlaintext } from '../mikey/index.ts';
import {
  checkBelongs,
  checkComponentEcho,
  checkCopied,
  checkForeignComponent,
  checkNonceEcho,
  sameOptional,
} from './checks.ts';
import { composeMessage } from './compose.ts';
import { checkAnswer, checkRepeated, isOffered } from './cs-map.ts';
import { parametersOf, type IbakeEndpoint } from './endpoint.ts';
import { checkEnvelope, openOwn } from './envelope.ts';
import { establish, withAuthKey, type Established } from './established.ts';
import type { Answered, Branch, InitiatorState, Offer } from './initiator-state.ts';
import { IBAKE_LIMITS } from './limits.ts';
import { judge, readAwaited, type Refusal } from './refusal.ts';

export interface AnswerInput {
  readonly octets: Uint8Array;
  readonly dialog: string;
  readonly nowMs: number;
  /** For each m-line, whether the SDP answer accepts it. Default: all that were offered. */
  readonly accepted?: readonly boolean[];
  /** Whether other branches have no result yet: then x outlives a refusal of this one. Default false. */
  readonly othersPending?: boolean;
}

export interface AnswerTaken {
  readonly ok: true;
  /** I_MESSAGE_2. */
  readonly message: Uint8Array;
  readonly branch: Branch;
  readonly state: InitiatorState;
}

/**
 * Takes an R_MESSAGE_1 and makes its I_MESSAGE_2. The same octets in the same dialog again (a 200 repeats the answer of
 * the 183) give the same branch. R_MESSAGE_1 is not compared with the clock (N77).
 * Refused with `MessageTooLong`, `UnexpectedMessage`, `TooManyBranches`, those of readIbakeMessage, `CsbMismatch`,
 * `CsMapMismatch`, `TimestampMismatch`, `IdentityMismatch`, `SelfCall`, `RetargetRefused`, those of the envelope,
 * `NoPeerParameters`, `KeyComponentMismatch`, `NonceEchoMissing`, `NonceEchoMismatch`, `InvalidDh`, `InvalidPoint`,
 * `ReflectedKeyComponent`.
 */
export function onR1(
  endpoint: IbakeEndpoint,
  state: InitiatorState,
  input: AnswerInput,
): AnswerTaken | (Refusal & { readonly state: InitiatorState }) {
  const { octets, dialog, nowMs, othersPending = false } = input;
  const known = state.answers.find((answer) => answer.dialog === dialog);
  if (known?.branch !== undefined && equalBytes(known.r1, octets))
    return { ok: true, message: known.branch.message, branch: known.branch, state };
  const result = judge(octets, nowMs, othersPending ? [] : [state.x], {}, (judged) => {
    if (known !== undefined || state.x.wiped)
      throw new HalfkeyError('UnexpectedMessage', 'the dialog has its R_MESSAGE_1, or none is awaited any more');
    if (state.answers.length >= IBAKE_LIMITS.answersPerCall)
      throw new HalfkeyError('TooManyBranches', 'more answers than are taken');
    const r1 = readAwaited(octets, 'R_MESSAGE_1');
    judged.t = r1.t;
    checkClear(endpoint, state.offer, r1, input.accepted);
    judged.opened = true;
    const branch = answer(endpoint, state, r1, input);
    return { ok: true, message: branch.message, branch } as const;
  });
  // An answer that was refused counts as well: each costs a pairing.
  const taken: Answered = { dialog, r1: Uint8Array.from(octets), ...(result.ok && { branch: result.branch }) };
  const full = known !== undefined || state.answers.length >= IBAKE_LIMITS.answersPerCall;
  const next: InitiatorState = {
    ...state,
    answers: full ? state.answers : [...state.answers, taken],
    holds: result.ok ? [...state.holds, result.branch.kSession] : state.holds,
  };
  return { ...result, state: next };
}

/** What the clear part says, down to the envelope's. */
function checkClear(
  endpoint: IbakeEndpoint,
  offer: Offer,
  r1: IbakeMessage,
  accepted: readonly boolean[] | undefined,
): void {
  checkBelongs(r1, offer);
  checkCopied(r1.t, offer.t);
  checkAnswer(
    offer.csMap,
    r1.csMap,
    offer.policies,
    accepted ?? Array.from({ length: offer.csMap.length / 2 }, (_, line) => isOffered(offer.csMap, line)),
  );
  if (sameIdentity(r1.idrr, offer.idri)) throw new HalfkeyError('SelfCall', 'IDRi and IDRr are equal');
  // 6.2: only the called identity or a device of it answers, and nobody who stores the media (6.3).
  if (r1.deferred || !(sameIdentity(r1.idrr, offer.called) || isDeviceOf(r1.idrr, offer.called)))
    throw new HalfkeyError('RetargetRefused', 'another identity answered than was called');
  parametersOf(endpoint, r1.idrr);
  checkEnvelope(endpoint, r1);
}

/** Opens R_MESSAGE_1, derives K and makes I_MESSAGE_2. */
function answer(
  endpoint: IbakeEndpoint,
  { x, offer }: InitiatorState,
  r1: IbakeMessage,
  { dialog, nowMs }: AnswerInput,
): Branch {
  const { random, policy } = endpoint;
  const { prf, csbId, rand, curve, half, idri } = offer;
  const idrr = r1.idrr;
  const plain = openOwn(endpoint, r1);
  checkComponentEcho(half.component, plain.eccpti);
  checkNonceEcho(half.nonce, plain.na, policy.peerWithoutEcho(idrr));
  const { eccptr, nb } = plain;
  if (eccptr === undefined) throw new HalfkeyError('BadIbakeOrder', 'ECCPTr is missing');
  checkForeignComponent(curve, half.component.point, eccptr);
  // 6.4: ECCPTr repeats KV and MKI of ECCPTi.
  if (!sameOptional(eccptr.mki, half.component.mki))
    throw new HalfkeyError('KeyComponentMismatch', 'ECCPTr has another MKI than ECCPTi');
  // T(I2) > T(I1), also on a clock that was set back.
  const t = ntpFromUnixMs(Math.max(nowMs, offer.sentMs + 1));
  const challenge = sameIdentity(idrr, offer.called) ? undefined : random.challenge();
  const message = composeMessage(
    { type: 'I_MESSAGE_2', prf, csbId, csMap: r1.csMap, t, rand, idri, idrr },
    {
      plain: { idri, idrr, eccptr, ...(nb && { nb }), ...(challenge && { challenge }) },
      to: parametersOf(endpoint, idrr),
      draws: random.envelope('I_MESSAGE_2'),
    },
  );
  const kSession = sharedPoint(curve, x, eccptr.point);
  return {
    offer,
    dialog,
    answering: idrr,
    csMap: r1.csMap,
    t,
    ...(challenge && { challenge }),
    message,
    kSession,
    holds: [kSession],
  };
}

/**
 * Takes the R_MESSAGE_2 of a branch: V, and the challenge where one was sent. Whatever comes out, the branch is over and
 * its K wiped; `established` has keys of its own.
 * Refused with `MessageTooLong`, `UnexpectedMessage`, those of readIbakeMessage, `CsbMismatch`, `CsMapMismatch`,
 * `TimestampMismatch`, `IdentityMismatch`, `AuthenticationFailure` (N11), `ResponderNotProved` (N74), `BadOrder`.
 */
export function onR2(
  endpoint: IbakeEndpoint,
  branch: Branch,
  { octets, nowMs }: { readonly octets: Uint8Array; readonly nowMs: number },
): { readonly ok: true; readonly established: Established } | Refusal {
  const { offer, answering, csMap, kSession } = branch;
  return judge(octets, nowMs, branch.holds, {}, (judged) => {
    if (kSession.wiped) throw new HalfkeyError('UnexpectedMessage', 'the branch is over');
    const r2 = readAwaited(octets, 'R_MESSAGE_2');
    judged.t = r2.t;
    checkBelongs(r2, offer);
    checkCopied(r2.t, branch.t);
    checkRepeated(csMap, r2.csMap);
    if (!sameIdentity(r2.idrr, answering)) throw new HalfkeyError('IdentityMismatch', 'IDRr differs from R_MESSAGE_1');
    judged.opened = true;
    if (!withAuthKey(kSession, offer, (authKey) => verifyV(r2, authKey)))
      throw new HalfkeyError('AuthenticationFailure', 'V is wrong');
    checkProof(endpoint, branch, r2);
    const mki = offer.half.component.mki;
    const established = establish({ ...offer, role: 'initiator', peer: answering, csMap, mki }, kSession);
    kSession.wipe();
    return { ok: true, established } as const;
  });
}

/** The proof of the answering identity (profile 3.3); where the called one answered, R_MESSAGE_2 encrypts nothing. */
function checkProof(endpoint: IbakeEndpoint, { challenge }: Branch, r2: IbakeMessage): void {
  if (challenge === undefined) {
    if (r2.encrypted !== undefined)
      throw new HalfkeyError('BadOrder', 'R_MESSAGE_2 returns what was not sent', { offset: r2.places.ibake ?? 0 });
    return;
  }
  let plain: IbakePlaintext;
  try {
    plain = openOwn(endpoint, r2);
  } catch (cause) {
    if (!isHalfkeyError(cause)) throw cause;
    throw new HalfkeyError('ResponderNotProved', 'the challenge cannot be read', { cause });
  }
  const returned = plain.challenge;
  if (returned === undefined || !constantTimeEqual(returned, challenge))
    throw new HalfkeyError('ResponderNotProved', 'the challenge did not come back');
  if (plain.eccpti !== undefined || plain.nsk !== undefined)
    throw new HalfkeyError('BadIbakeOrder', 'R_MESSAGE_2 returns what was not sent');
}
