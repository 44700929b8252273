/**
 * An I_MESSAGE_1 as a called endpoint first looks at it: everything that can be said without a pairing, in the order of
 * protocol profile 5.4. Whoever sent it is unknown: nothing here costs more than parsing and a hash.
 */
import { HalfkeyError, type NtpTime } from '../../foundation/base/index.ts';
import { sameIdentity, type Identity } from '../../foundation/identity/index.ts';
import { securityPolicyOf, type IbakeMessage } from '../mikey/index.ts';
import { checkWindow } from './checks.ts';
import { checkOffer } from './cs-map.ts';
import { answeringIdentity, parametersOf, type IbakeEndpoint } from './endpoint.ts';
import { checkEnvelope } from './envelope.ts';
import { judge, readAwaited, type Refusal } from './refusal.ts';
import { replayKeyOf, type ReplayKey, type ReplayVerdict } from './replay-cache.ts';

/** An I_MESSAGE_1 whose clear part is in order. */
export interface Invitation {
  readonly message: IbakeMessage;
  /** Under which identity it will be answered. */
  readonly answering: Identity;
  readonly t: NtpTime;
  readonly replayKey: ReplayKey;
  /** For each m-line, whether it is accepted. */
  readonly accepted: readonly boolean[];
}

export interface InvitationInput {
  readonly octets: Uint8Array;
  readonly nowMs: number;
  /** For each m-line of the SDP offer, whether the called side accepts it. */
  readonly accepted: readonly boolean[];
  /** The key management protocols of the SDP offer, in its order (RFC 4567 4.1.4). */
  readonly sdpIds: readonly string[];
  /** What the replay cache says; asked after T, map and policies, before anything is opened. */
  readonly replay: (key: ReplayKey) => ReplayVerdict;
}

/** Whether two lists of octet strings are the same. */
function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((text, i) => text === b[i]);
}

/** @throws HalfkeyError `Replay` (N8), `EndpointBusy` */
export function checkReplay(verdict: ReplayVerdict): void {
  if (verdict === 'seen') throw new HalfkeyError('Replay', 'I_MESSAGE_1 was seen before');
  if (verdict === 'full') throw new HalfkeyError('EndpointBusy', 'no room for another exchange');
}

/**
 * Judges the clear part of an I_MESSAGE_1. What passes may wait in a queue for {@link answerI1}.
 * Refused with `MessageTooLong`, those of readIbakeMessage, `InvalidId`, `SelfCall`, `InvalidPrf`, `InvalidTimestamp`,
 * `CsMapMismatch`, `InvalidSecurityPolicy`, `InvalidSecurityPolicyParameter`, `BiddingDown`, `Replay` (in silence),
 * `EndpointBusy`, `NoPeerParameters`, `BadEnvelope`, `InvalidEncryptionAlgorithm`, `UnknownParameterSerial`,
 * `EpochMismatch`, `NoKeyForEpoch`. A refusal of the policies names our own.
 */
export function inspectI1(
  endpoint: IbakeEndpoint,
  { octets, nowMs, accepted, sdpIds, replay }: InvitationInput,
): { readonly ok: true; readonly invitation: Invitation } | Refusal {
  const { policy } = endpoint;
  const policies = policy.suites.map((suite, number) => securityPolicyOf(suite, number));
  return judge(octets, nowMs, [], { policies }, (judged) => {
    const message = readAwaited(octets, 'I_MESSAGE_1');
    judged.t = message.t;
    const { idri, idrr, prf, t } = message;
    if (sameIdentity(idri, idrr)) throw new HalfkeyError('SelfCall', 'IDRi and IDRr are equal');
    const answering = answeringIdentity(endpoint, idrr);
    if (sameIdentity(idri, answering)) throw new HalfkeyError('SelfCall', 'the caller is this endpoint');
    if (!policy.prfs.includes(prf)) throw new HalfkeyError('InvalidPrf', 'the PRF is refused by policy', { offset: 3 });
    checkWindow(t, nowMs, policy.skewSeconds);
    checkOffer(message, accepted.length, policy.suites);
    if (!sameList(message.sdpIds ?? [], sdpIds))
      throw new HalfkeyError('BiddingDown', 'SDP-IDs and the SDP name different key management protocols');
    const replayKey = replayKeyOf(message);
    checkReplay(replay(replayKey));
    parametersOf(endpoint, idri);
    checkEnvelope(endpoint, message);
    return { ok: true, invitation: { message, answering, t, replayKey, accepted } } as const;
  });
}
