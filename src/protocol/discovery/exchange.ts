/**
 * The captured messages of one MIKEY-IBAKE exchange, on which side of it a target stands, and which messages its key
 * can make use of (protocol profile 4.1). Everything is computed from the messages; nothing is asked.
 */
import { HalfkeyError, type NtpTime } from '../../foundation/base/index.ts';
import { sameIdentity, type Identity } from '../../foundation/identity/index.ts';
import type { IbakeMessage, IbakeType } from '../mikey/index.ts';

/** The messages that were seen; each at most once (a forked call has an exchange for every answering branch). */
export interface Exchange {
  readonly i1?: IbakeMessage;
  readonly r1?: IbakeMessage;
  readonly i2?: IbakeMessage;
  readonly r2?: IbakeMessage;
}

export type Role = 'initiator' | 'responder';

const SLOTS = { I_MESSAGE_1: 'i1', R_MESSAGE_1: 'r1', I_MESSAGE_2: 'i2', R_MESSAGE_2: 'r2' } as const satisfies Record<
  IbakeType,
  keyof Exchange
>;

/** Sorts messages by their type. @throws HalfkeyError `DuplicatePayload` when two have the same type */
export function exchangeFrom(messages: readonly IbakeMessage[]): Exchange {
  const exchange: { -readonly [slot in keyof Exchange]: Exchange[slot] } = {};
  for (const message of messages) {
    const slot = SLOTS[message.type];
    if (exchange[slot] !== undefined) throw new HalfkeyError('DuplicatePayload', `${message.type} stands twice`);
    exchange[slot] = message;
  }
  return exchange;
}

/** The messages that are there, in the order of the exchange. */
export function messagesOf({ i1, r1, i2, r2 }: Exchange): IbakeMessage[] {
  return [i1, r1, i2, r2].filter((message) => message !== undefined);
}

/** For whom a message is encrypted: I1 and I2 for their clear IDRr, R1 and R2 for their clear IDRi (profile 4.4). */
export function recipientOf(message: IbakeMessage): Identity {
  return message.type.startsWith('I_') ? message.idrr : message.idri;
}

/** On which sides `target` stands, by exact identity: IDRi of any message, IDRr of I1 (called) or of R1, I2, R2 (answering). */
export function rolesOf(exchange: Exchange, target: Identity): Role[] {
  const messages = messagesOf(exchange);
  const roles: Role[] = [];
  if (messages.some(({ idri }) => sameIdentity(idri, target))) roles.push('initiator');
  if (messages.some(({ idrr }) => sameIdentity(idrr, target))) roles.push('responder');
  return roles;
}

/** The minimal set of profile 4.1 for the key of that side: what its private key opens and K follows from. */
export function neededMessages(role: Role): IbakeType[] {
  return role === 'initiator' ? ['R_MESSAGE_1'] : ['I_MESSAGE_1', 'I_MESSAGE_2'];
}

/** @throws HalfkeyError `INCOMPLETE`, with "need I_MESSAGE_2" and the like as its message (N56, N57) */
export function assertComplete(exchange: Exchange, role: Role): void {
  const missing = neededMessages(role).filter((type) => exchange[SLOTS[type]] === undefined);
  if (missing.length > 0) throw new HalfkeyError('INCOMPLETE', `need ${missing.join(' and ')}`);
}

/** T(I1), which R1 copies. @throws HalfkeyError `INCOMPLETE` */
export function firstTime({ i1, r1 }: Exchange): NtpTime {
  const message = i1 ?? r1;
  if (message === undefined) throw new HalfkeyError('INCOMPLETE', 'need I_MESSAGE_1');
  return message.t;
}

/** RAND of the exchange, which I1 and I2 carry. @throws HalfkeyError `INCOMPLETE` when neither was seen */
export function randOf({ i1, i2 }: Exchange): Uint8Array {
  const rand = i1?.rand ?? i2?.rand;
  if (rand === undefined) throw new HalfkeyError('INCOMPLETE', 'need I_MESSAGE_1 or I_MESSAGE_2, which carry RAND');
  return rand;
}
