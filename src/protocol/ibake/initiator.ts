/**
 * The initiator up to I_MESSAGE_1 (RFC 6267 4.2.2.1, protocol profile 3.3, 4.3).
 * x is used for this one message and all its branches, and is in the state and nowhere else.
 */
import { HalfkeyError, ntpFromUnixMs } from '../../foundation/base/index.ts';
import { sameIdentity, type Identity } from '../../foundation/identity/index.ts';
import { ecCurve, type CurveNumber } from '../../crypto/ecdh/index.ts';
import { ownHalf } from './checks.ts';
import { composeMessage } from './compose.ts';
import { offerMap, type LineSuite } from './cs-map.ts';
import { parametersOf, type IbakeEndpoint } from './endpoint.ts';
import type { InitiatorState, Offer } from './initiator-state.ts';

/** A call to be made. */
export interface OutgoingCall {
  readonly to: Identity;
  readonly nowMs: number;
  /** For each m-line of the SDP offer, in order. */
  readonly lines: readonly LineSuite[];
  readonly curve: CurveNumber;
  /** Default 1; 0 is the choice of whoever configures it. */
  readonly prf?: 0 | 1;
  /** The key management protocols of the offer (RFC 4567 4.1.4). Default `mikey` alone. */
  readonly sdpIds?: readonly string[];
  /** 4 octets, where the bundle may be re-keyed (A18); every packet then carries them. */
  readonly mki?: Uint8Array;
}

/**
 * I_MESSAGE_1 of a call, and the state that waits for its R_MESSAGE_1.
 * @throws HalfkeyError `SelfCall`, `NoPeerParameters`, `InvalidDh`, `ModeCurveRefused`: nothing is left behind
 */
export function createInitiator(
  endpoint: IbakeEndpoint,
  call: OutgoingCall,
): { readonly message: Uint8Array; readonly state: InitiatorState } {
  const { identity, random } = endpoint;
  const { to, nowMs, prf = 1, sdpIds = ['mikey'], mki } = call;
  if (sameIdentity(identity, to)) throw new HalfkeyError('SelfCall', 'caller and called party are the same identity');
  const peer = parametersOf(endpoint, to);
  const curve = ecCurve(call.curve);
  const t = ntpFromUnixMs(nowMs);
  const csbId = random.csbId();
  const rand = random.rand();
  const { csMap, policies } = offerMap(call.lines, () => random.ssrc());
  const x = random.scalar(curve);
  try {
    const half = ownHalf(endpoint, x, { role: 1, curve, csbId, t1: t, identity }, mki);
    const message = composeMessage(
      { type: 'I_MESSAGE_1', prf, csbId, csMap, t, rand, idri: identity, idrr: to, policies, sdpIds },
      {
        plain: { idri: identity, eccpti: half.component, ...(half.nonce && { na: half.nonce }), idrr: to },
        to: peer,
        draws: random.envelope('I_MESSAGE_1'),
      },
    );
    const offer: Offer = {
      prf,
      csbId,
      idri: identity,
      called: to,
      csMap,
      policies,
      rand,
      sentMs: nowMs,
      t,
      curve,
      half,
    };
    return { message, state: { x, offer, answers: [], holds: [x] } };
  } catch (error) {
    x.wipe();
    throw error;
  }
}

/**
 * Wipes x: to be called when no more branches can come (final response, 64*T1 after a 2xx, CANCEL; profile 4.3).
 * Branches that have an R_MESSAGE_1 go on without it; `dispose` ends these too.
 */
export function closeBranches({ x }: InitiatorState): void {
  x.wipe();
}
