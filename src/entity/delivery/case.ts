/**
 * What a recovery is about: one exchange of a warranted call, and whom this Delivery Function asks for its key.
 * Reads clear parts only.
 */
import { HalfkeyError, toBase64, toHex } from '../../foundation/base/index.ts';
import type { Identity } from '../../foundation/identity/index.ts';
import { messagesOf, type Components, type Exchange, type Role } from '../../protocol/discovery/index.ts';
import type { ActiveWarrant } from './asking.ts';
import type { HolderClient } from './ports.ts';

/** How this Delivery Function recovers, and whom it asks. */
export interface Custody {
  readonly solution: 3 | 4;
  /** Solution 4 only. */
  readonly alternative: 1 | 2;
  readonly kms: HolderClient;
  /** Solution 4 only. */
  readonly provider?: HolderClient;
  /** Key-epoch length of the district, for alternative 1. */
  readonly keyEpochSeconds: number;
  readonly allowTestLevels: boolean;
}

/** One side of one exchange of a warranted call. */
export interface Case {
  readonly warrant: ActiveWarrant;
  /** As it stands in the messages: a user, or the device that answered. */
  readonly target: Identity;
  readonly role: Role;
  readonly exchange: Exchange;
}

/** What the clear parts of an exchange say; the answering identity where an answer was seen. @throws HalfkeyError `INCOMPLETE` */
export function clearParts({ i1, r1, i2 }: Exchange): Pick<Components, 'csbId' | 't1' | 'idri' | 'idrr'> {
  const first = i1 ?? r1;
  if (first === undefined) throw new HalfkeyError('INCOMPLETE', 'need I_MESSAGE_1 or R_MESSAGE_1');
  return { csbId: first.csbId, t1: first.t, idri: first.idri, idrr: (r1 ?? i2 ?? first).idrr };
}

/** Members of a request about one exchange, the whole messages among them. */
export function aboutExchange({ target, role, exchange }: Case): object {
  const messages = messagesOf(exchange);
  const { csbId } = clearParts(exchange);
  return { target: target.text, role, csbId: toHex(csbId), messages: messages.map(({ bytes }) => toBase64(bytes)) };
}
