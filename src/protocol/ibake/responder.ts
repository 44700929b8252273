/**
 * The responder: R_MESSAGE_1 to an inspected I_MESSAGE_1, R_MESSAGE_2 to I_MESSAGE_2 (RFC 6267 4.2.2.2 to 4.2.2.4,
 * protocol profile 4.3, 3.3). The initiator's nonce is octets: it is kept and returned, never read.
 */
import { compareNtp, equalBytes, HalfkeyError, type NtpTime, type Secret } from '../../foundation/base/index.ts';
import { sameIdentity, type Identity } from '../../foundation/identity/index.ts';
import { assertPoint, ecCurve, sharedPoint, type CurveNumber, type EcCurve } from '../../crypto/ecdh/index.ts';
import type { CsMapEntry, IbakeMessage, IbakePlaintext, KeyComponent, SecurityPolicy } from '../mikey/index.ts';
import {
  checkBelongs,
  checkComponentEcho,
  checkNonceEcho,
  checkWindow,
  ownHalf,
  type ExchangeId,
  type OwnHalf,
} from './checks.ts';
import { composeMessage, type SealedPart } from './compose.ts';
import { checkRepeated, fillMap } from './cs-map.ts';
import { parametersOf, type IbakeEndpoint } from './endpoint.ts';
import { openOwn } from './envelope.ts';
import { establish, withAuthKey, type Established } from './established.ts';
import { checkReplay, type Invitation } from './invitation.ts';
import { IBAKE_LIMITS } from './limits.ts';
import { judge, readAwaited, type Refusal } from './refusal.ts';
import type { ReplayKey, ReplayVerdict } from './replay-cache.ts';

/** A responder that waits for I_MESSAGE_2. Immutable, but for the wiping of y. */
export interface ResponderState extends ExchangeId {
  readonly y: Secret<'EcdhScalar'>;
  readonly curve: EcCurve;
  /** yP and NB. */
  readonly half: OwnHalf;
  /** xP and NA as they came. */
  readonly received: { readonly component: KeyComponent; readonly nonce?: Uint8Array };
  /** IDRr of I_MESSAGE_1, and ours. */
  readonly called: Identity;
  readonly answering: Identity;
  readonly t: NtpTime;
  readonly rand: Uint8Array;
  /** The map of R_MESSAGE_1, and the policies of I_MESSAGE_1. */
  readonly csMap: readonly CsMapEntry[];
  readonly policies: readonly SecurityPolicy[];
  /** 64*T1 after R_MESSAGE_1: then y goes, also when nobody asks. */
  readonly expiresMs: number;
  readonly holds: readonly Secret<string>[];
}

/**
 * Opens an I_MESSAGE_1 and answers it. `replay` is asked again, since others may have been opened while this one waited;
 * on success the caller enters the invitation's replay key.
 * Refused, with ERR 0 for every cause but a replay, with those of the envelope, `IbeDecryptFailed`, those of
 * decodeIbakePlaintext, `IdentityMismatch`, `InvalidDh`, `InvalidPoint`, `ModeCurveRefused` (N63).
 */
export function answerI1(
  endpoint: IbakeEndpoint,
  invitation: Invitation,
  { nowMs, replay }: { readonly nowMs: number; readonly replay: (key: ReplayKey) => ReplayVerdict },
): { readonly ok: true; readonly message: Uint8Array; readonly state: ResponderState } | Refusal {
  const { message: i1, answering, t, replayKey, accepted } = invitation;
  const { random, policy } = endpoint;
  const made: Secret<string>[] = [];
  return judge(i1.bytes, nowMs, made, {}, (judged) => {
    judged.t = t;
    checkReplay(replay(replayKey));
    judged.opened = true;
    const { idri, prf, csbId } = i1;
    const { eccpti, na } = openOwn(endpoint, i1);
    if (eccpti === undefined || i1.rand === undefined) throw new HalfkeyError('BadIbakeOrder', 'ECCPTi is missing');
    const curve = checkedCurve(policy.curves, eccpti);
    const y = random.scalar(curve);
    made.push(y);
    // 6.4: ECCPTr repeats KV and MKI of ECCPTi.
    const half = ownHalf(endpoint, y, { role: 2, curve, csbId, t1: t, identity: answering }, eccpti.mki);
    if (equalBytes(half.component.point, eccpti.point))
      throw new HalfkeyError('ReflectedKeyComponent', 'both key components are the same point');
    const csMap = fillMap(i1.csMap, accepted, () => random.ssrc());
    const message = composeMessage(
      { type: 'R_MESSAGE_1', prf, csbId, csMap, t, idri, idrr: answering },
      {
        plain: {
          idri,
          eccpti,
          ...(na && { na }),
          idrr: answering,
          eccptr: half.component,
          ...(half.nonce && { nb: half.nonce }),
        },
        to: parametersOf(endpoint, idri),
        draws: random.envelope('R_MESSAGE_1'),
      },
    );
    const state: ResponderState = {
      ...{ prf, csbId, idri, y, curve, half, answering, t, csMap },
      received: { component: eccpti, ...(na && { nonce: na }) },
      called: i1.idrr,
      rand: i1.rand,
      policies: i1.policies,
      expiresMs: nowMs + IBAKE_LIMITS.halfOpenMs,
      holds: [y],
    };
    return { ok: true, message, state } as const;
  });
}

/** @throws HalfkeyError `InvalidDh` (N36), `InvalidPoint` (N37) */
function checkedCurve(allowed: readonly CurveNumber[], component: KeyComponent): EcCurve {
  const curve = ecCurve(component.curve);
  if (!allowed.includes(curve.number)) throw new HalfkeyError('InvalidDh', 'the curve is refused by policy');
  assertPoint(curve, component.point);
  return curve;
}

/**
 * Takes I_MESSAGE_2, derives K and makes R_MESSAGE_2. Whatever comes out, the exchange is over and y wiped. Every refusal
 * is silent (end of profile 7.3).
 * Refused with `MessageTooLong`, `UnexpectedMessage` (y is gone, or 64*T1 are over), those of readIbakeMessage,
 * `CsbMismatch`, `CsMapMismatch`, `IdentityMismatch`, `RandMismatch` (N13), `TimestampNotFresh` (N15),
 * `InvalidTimestamp`, `BadOrder`, those of the envelope, `IbeDecryptFailed`, `KeyComponentMismatch`, `NonceEchoMissing`,
 * `NonceEchoMismatch`, `BadIbakeOrder` (N75).
 */
export function onI2(
  endpoint: IbakeEndpoint,
  state: ResponderState,
  { octets, nowMs }: { readonly octets: Uint8Array; readonly nowMs: number },
): { readonly ok: true; readonly message: Uint8Array; readonly established: Established } | Refusal {
  const made: Secret<string>[] = [...state.holds];
  const { y, curve, received, answering, csMap, prf, csbId, idri } = state;
  return judge(octets, nowMs, made, undefined, () => {
    if (y.wiped || nowMs > state.expiresMs)
      throw new HalfkeyError('UnexpectedMessage', 'no I_MESSAGE_2 is awaited any more');
    const i2 = readAwaited(octets, 'I_MESSAGE_2');
    checkClear(endpoint, state, i2, nowMs);
    const sealed = returnedPart(endpoint, state, openOwn(endpoint, i2));
    const kSession = sharedPoint(curve, y, received.component.point);
    made.push(kSession);
    const message = withAuthKey(kSession, state, (authKey) =>
      composeMessage({ type: 'R_MESSAGE_2', prf, csbId, csMap, t: i2.t, idri, idrr: answering }, sealed, authKey),
    );
    const { mki } = received.component;
    const established = establish({ ...state, role: 'responder', peer: idri, mki }, kSession);
    for (const secret of made) secret.wipe();
    return { ok: true, message, established } as const;
  });
}

function checkClear(endpoint: IbakeEndpoint, state: ResponderState, i2: IbakeMessage, nowMs: number): void {
  checkBelongs(i2, state);
  checkRepeated(state.csMap, i2.csMap);
  if (!sameIdentity(i2.idrr, state.answering))
    throw new HalfkeyError('IdentityMismatch', 'IDRr is not that of R_MESSAGE_1');
  if (i2.rand === undefined || !equalBytes(i2.rand, state.rand))
    throw new HalfkeyError('RandMismatch', 'RAND is not that of I_MESSAGE_1');
  if (compareNtp(i2.t, state.t) <= 0) throw new HalfkeyError('TimestampNotFresh', 'T is not later than before');
  checkWindow(i2.t, nowMs, endpoint.policy.skewSeconds);
  // Profile 3.3: policies and SDP-IDs are repeated only to a party that could not open I_MESSAGE_1.
  if (i2.policies.length > 0 || i2.sdpIds !== undefined)
    throw new HalfkeyError('BadOrder', 'policies or SDP-IDs may not stand in this I_MESSAGE_2');
}

/** Checks what I_MESSAGE_2 returns, and makes of it what R_MESSAGE_2 has to return: nothing, or an encrypted part. */
function returnedPart(
  endpoint: IbakeEndpoint,
  { half, received, called, answering, idri }: ResponderState,
  plain: IbakePlaintext,
): SealedPart | undefined {
  checkComponentEcho(half.component, plain.eccptr);
  checkNonceEcho(half.nonce, plain.nb, endpoint.policy.peerWithoutEcho(idri));
  const { eccpti, na, nsk, challenge } = plain;
  if (eccpti !== undefined) {
    checkComponentEcho(received.component, eccpti);
    checkNonceEcho(received.nonce, na, false);
  }
  if (challenge !== undefined && sameIdentity(called, answering))
    throw new HalfkeyError('BadIbakeOrder', 'a challenge, though the called identity answered');
  if (eccpti === undefined && challenge === undefined) return undefined;
  return {
    plain: {
      idri,
      ...(eccpti && { eccpti }),
      ...(na && { na }),
      ...(nsk && { nsk }),
      ...(challenge && { challenge }),
    },
    to: parametersOf(endpoint, idri),
    draws: endpoint.random.envelope('R_MESSAGE_2'),
  };
}
