/**
 * From messages to key components and nonces, for a target on either side (protocol profile 4.1, 4.4).
 * Only messages whose recipient is on the target's side are opened; nothing secret is computed here.
 */
import { equalBytes, HalfkeyError, type NtpTime } from '../../foundation/base/index.ts';
import { isDeviceOf, sameIdentity, userOf, type Identity } from '../../foundation/identity/index.ts';
import { assertPoint, ecCurve } from '../../crypto/ecdh/index.ts';
import type { IbakeMessage, IbakePlaintext, KeyComponent } from '../mikey/index.ts';
import { assertComplete, firstTime, rolesOf, type Exchange, type Role } from './exchange.ts';
import type { MessageOpener } from './opener.ts';
import { checkExchange, type TiePolicy } from './tie-rules.ts';

/** What the session key of one exchange follows from, once the scalar of `ownPoint` is known. */
export interface Components {
  readonly role: Role;
  /** MIKEY ECC curve number of both points. */
  readonly curve: number;
  /** The target's point: xP for the initiator, yP for the responder; 04 || X || Y. */
  readonly ownPoint: Uint8Array;
  readonly peerPoint: Uint8Array;
  /** The target's nonce: NA for the initiator, NB for the responder. */
  readonly ownNonce: Uint8Array;
  readonly na?: Uint8Array;
  readonly nb?: Uint8Array;
  readonly csbId: Uint8Array;
  /** T of I_MESSAGE_1. */
  readonly t1: NtpTime;
  readonly idri: Identity;
  /** Of the party that answered: the one of R_MESSAGE_1, not of I_MESSAGE_1, where a device answered. */
  readonly idrr: Identity;
}

export interface DiscoverInput extends TiePolicy {
  readonly exchange: Exchange;
  readonly role: Role;
  /** Exactly the identity that stands in the messages: of a forked call the called user or the answering device. */
  readonly target: Identity;
  readonly open: MessageOpener;
}

/** A key component with the nonce that came with it. */
interface Half {
  readonly component: KeyComponent;
  readonly nonce: Uint8Array | undefined;
}

/**
 * Opens R_MESSAGE_1 (initiator) or I_MESSAGE_1 and I_MESSAGE_2 (responder) and checks what they say against each other.
 * @throws HalfkeyError what checkExchange and `open` throw; `TARGET_MISMATCH`, `INCOMPLETE`, `RetargetRefused`,
 *   `IdentityMismatch`, `InvalidDh`, `InvalidPoint`, `KeyComponentMismatch`, `ReflectedKeyComponent`,
 *   `NONCE_ABSENT`, `NONCE_NOT_RETURNED`
 */
export function discoverComponents({ exchange, role, target, open, acceptRetarget }: DiscoverInput): Components {
  checkExchange(exchange, acceptRetarget === undefined ? {} : { acceptRetarget });
  if (!rolesOf(exchange, target).includes(role)) {
    throw new HalfkeyError('TARGET_MISMATCH', `the target is not the ${role} of this exchange`);
  }
  assertComplete(exchange, role);
  const { initiator, responder, idri, idrr } =
    role === 'initiator' ? asInitiator(exchange, open) : asResponder(exchange, target, open);
  const own = role === 'initiator' ? initiator : responder;
  const peer = role === 'initiator' ? responder : initiator;
  checkPoints(own.component, peer.component);
  return {
    role,
    curve: own.component.curve,
    ownPoint: own.component.point,
    peerPoint: peer.component.point,
    ownNonce: own.nonce ?? absent(peer),
    ...(initiator.nonce === undefined ? {} : { na: initiator.nonce }),
    ...(responder.nonce === undefined ? {} : { nb: responder.nonce }),
    csbId: (exchange.i1 ?? exchange.r1 ?? exchange.i2)?.csbId as Uint8Array,
    t1: firstTime(exchange),
    idri,
    idrr,
  };
}

interface Halves {
  readonly initiator: Half;
  readonly responder: Half;
  readonly idri: Identity;
  readonly idrr: Identity;
}

/** R1 has it all; where the answering party could not open I1, xP and NA come back in R2 only (6.2, 6.3). */
function asInitiator({ r1, r2 }: Exchange, open: MessageOpener): Halves {
  const message = r1 as IbakeMessage;
  const plain = openTied(message, open);
  let returned = plain;
  if (plain.eccpti === undefined) {
    if (r2?.encrypted === undefined)
      throw new HalfkeyError('INCOMPLETE', 'need R_MESSAGE_2: R_MESSAGE_1 does not return the key component');
    returned = openTied(r2, open);
  }
  return {
    initiator: half(returned.eccpti, returned.na),
    responder: half(plain.eccptr, plain.nb),
    idri: message.idri,
    idrr: message.idrr,
  };
}

/** I1 has xP and NA, I2 has yP and NB; a party that was not called cannot open I1, and finds all four in I2 (6.2). */
function asResponder({ i1, i2 }: Exchange, target: Identity, open: MessageOpener): Halves {
  const [called, answered] = [i1 as IbakeMessage, i2 as IbakeMessage];
  if (!sameIdentity(target, answered.idrr) && !isDeviceOf(answered.idrr, target)) {
    throw new HalfkeyError(
      'RetargetRefused',
      'another identity than the target answered: the target has no part in the key',
    );
  }
  const second = openTied(answered, open);
  const retargeted = !sameIdentity(userOf(called.idrr), userOf(answered.idrr));
  const first = retargeted ? second : openTied(called, open);
  const initiator = half(first.eccpti, first.na);
  if (second.eccpti !== undefined && !sameHalf(initiator, half(second.eccpti, second.na))) {
    throw new HalfkeyError('KeyComponentMismatch', "I_MESSAGE_2 repeats another initiator's part than I_MESSAGE_1");
  }
  return { initiator, responder: half(second.eccptr, second.nb), idri: called.idri, idrr: answered.idrr };
}

/** Opens a message and requires its inner identities to be the outer ones (N20). */
function openTied(message: IbakeMessage, open: MessageOpener): IbakePlaintext {
  const plain = open(message);
  const idrr = plain.idrr ?? (message.type === 'R_MESSAGE_2' ? message.idrr : undefined);
  if (!sameIdentity(plain.idri, message.idri) || idrr === undefined || !sameIdentity(idrr, message.idrr)) {
    throw new HalfkeyError('IdentityMismatch', `identities inside and outside ${message.type} differ`);
  }
  return plain;
}

function half(component: KeyComponent | undefined, nonce: Uint8Array | undefined): Half {
  if (component === undefined) throw new HalfkeyError('BadIbakeOrder', 'a key component is missing');
  return { component, nonce };
}

function sameHalf(a: Half, b: Half): boolean {
  const sameNonce = a.nonce === undefined || b.nonce === undefined ? a.nonce === b.nonce : equalBytes(a.nonce, b.nonce);
  return sameNonce && a.component.curve === b.component.curve && equalBytes(a.component.point, b.component.point);
}

/** Both points on the same supported curve, and different (5.3 T5, T14; N36, N37, N43). */
function checkPoints(own: KeyComponent, peer: KeyComponent): void {
  if (own.curve !== peer.curve) throw new HalfkeyError('InvalidDh', 'the key components are of different curves');
  const curve = ecCurve(own.curve);
  assertPoint(curve, own.point);
  assertPoint(curve, peer.point);
  if (equalBytes(own.point, peer.point)) {
    throw new HalfkeyError('ReflectedKeyComponent', 'both key components are the same point');
  }
}

/**
 * Why the target's nonce is not there (profile 4.3). A peer that sends a nonce of its own follows the profile and
 * would have returned the target's: then the target sent none. A peer without one may have left it out.
 */
function absent(peer: Half): never {
  throw peer.nonce === undefined
    ? new HalfkeyError('NONCE_NOT_RETURNED', "the peer did not return the target's nonce")
    : new HalfkeyError('NONCE_ABSENT', 'the target sent no nonce');
}
