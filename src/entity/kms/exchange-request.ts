/**
 * Authorisation of a request about one exchange: recover (solution 3) and decrypt (solution 4, alternative 2).
 * Everything is computed from the octets of the messages, nothing is believed that the Delivery Function
 * says about them (protocol profile 4.4 tie rules, 5.3 T6 and T17).
 */
import { createHash } from 'node:crypto';
import { fromBase64, HalfkeyError, toHex, type Clock } from '../../foundation/base/index.ts';
import { identityFromText, type Identity } from '../../foundation/identity/index.ts';
import { readIbakeMessage, type IbakeMessage } from '../../protocol/mikey/index.ts';
import {
  assertComplete,
  checkExchange,
  exchangeFrom,
  neededMessages,
  recipientOf,
  rolesOf,
  type Exchange,
} from '../../protocol/discovery/index.ts';
import {
  assertIntercepted,
  assertScope,
  assertTarget,
  verifyWarrant,
  type VerifiedWarrant,
  type WarrantTrust,
} from '../../trust/warrant/index.ts';
import type { Authorised } from '../../trust/release/index.ts';
import type { RecoverRequest } from '../../contract/xk/index.ts';

export interface AuthorisedExchange extends Authorised {
  readonly warrant: VerifiedWarrant;
  readonly target: Identity;
  readonly role: 'initiator' | 'responder';
  readonly exchange: Exchange;
}

export interface WarrantCheck {
  /** Trust roots and revocations as they are now. */
  readonly trust: () => WarrantTrust;
  readonly clock: Clock;
  /** Salted digest of an identity, for the log. */
  readonly pseudonym: (identity: Identity) => string;
}

/** T of the exchange: of I_MESSAGE_1, which R_MESSAGE_1 copies. */
export function timeOf(exchange: Exchange): IbakeMessage['t'] {
  const first = exchange.i1 ?? exchange.r1;
  if (first === undefined) throw new HalfkeyError('INCOMPLETE', 'need I_MESSAGE_1 or R_MESSAGE_1');
  return first.t;
}

/**
 * Decides whether the warrant covers this exchange.
 * @throws HalfkeyError the refusal: `WARRANT_*`, `DUAL_CONTROL`, `TARGET_MISMATCH`, `OUTSIDE_WINDOW`, `INCOMPLETE`, or a parse error
 */
export async function authoriseExchange(
  { trust, clock, pseudonym }: WarrantCheck,
  operation: 'recover' | 'decrypt',
  request: RecoverRequest,
): Promise<AuthorisedExchange> {
  const warrant = await verifyWarrant(request.warrant, trust(), clock());
  assertScope(warrant, operation === 'recover' ? '3' : '4/2');
  const target = identityFromText(request.target);
  assertTarget(warrant, target);

  const messages = request.messages.map((text) => readIbakeMessage(fromBase64(text)));
  const exchange = exchangeFrom(messages);
  checkExchange(exchange);
  const { role } = request;
  if (!rolesOf(exchange, target).includes(role)) {
    throw new HalfkeyError('TARGET_MISMATCH', `the target is not the ${role} of this exchange`);
  }
  if (messages.some(({ csbId }) => toHex(csbId) !== request.csbId)) {
    throw new HalfkeyError('CsbMismatch', 'a message has another CSB ID than the request');
  }
  const t1 = timeOf(exchange);
  assertIntercepted(warrant, t1);
  assertComplete(exchange, role);

  const needed = neededMessages(role);
  const opened = messages.filter(({ type }) => needed.includes(type));
  for (const message of opened) assertTarget(warrant, recipientOf(message));
  const warrantDigest = toHex(warrant.digest);
  return {
    warrant,
    target,
    role,
    exchange,
    warrantDigest,
    maxReleases: warrant.warrant.maxReleases,
    question: { operation, warrant: warrantDigest, csbId: request.csbId, role, t1: toHex(t1) },
    content: { messages: opened.map(({ bytes }) => createHash('sha256').update(bytes).digest('hex')).sort() },
    record: {
      warrantId: warrant.warrant.id,
      target: pseudonym(target),
      role,
      csbId: request.csbId,
      t1: toHex(t1),
      messages: messages.length,
    },
  };
}
