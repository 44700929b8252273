/**
 * Who may have a client's keys: the identity of the certificate's common name, its devices, and of a device its user.
 * What is issued is recorded before it is made, a refusal before it leaves (N49): a pseudonym and the epochs, never an
 * identity or a key.
 */
import { HalfkeyError, isHalfkeyError, toBase64, type Secret } from '../../foundation/base/index.ts';
import { identityFromText, isDeviceOf, sameIdentity, type Identity } from '../../foundation/identity/index.ts';
import { parseBody, type Client, type Handler, type Route } from '../route/index.ts';
import { clientMasterSecretsRoute } from './client.ts';
import type { SubscriberRegister, SubscriberSecrets } from './operator.ts';

/** A record of the holder's log. */
export type IssueRecord = Readonly<Record<string, string | number | boolean | readonly number[]>>;

export interface ClientAccess {
  readonly register: Pick<SubscriberRegister, 'has'>;
  /** Appends to the holder's log; durable when it returns. */
  readonly record: (body: IssueRecord) => Promise<unknown>;
  /** Salted digest of an identity, for the log. */
  readonly pseudonym: (identity: Identity) => string;
}

/** One kind of issuing: `authorise` decides on the request and returns what the log says of it, `issue` makes the answer. */
export interface Issuing<Request, Response> {
  readonly operation: string;
  readonly authorise?: (request: Request) => IssueRecord;
  readonly issue: (identity: Identity, request: Request) => Promise<Response>;
}

/** A handler that issues something to a client of its own identity. */
export function issuingHandler<Request extends { readonly identity: string }, Response>(
  { register, record, pseudonym }: ClientAccess,
  { method, path, roles, request: schema }: Route<Request, Response>,
  { operation, authorise = () => ({}), issue }: Issuing<Request, Response>,
): Handler {
  async function decide(body: unknown, client: Client): Promise<[Identity, Request, IssueRecord]> {
    if (!roles.includes(client.role)) throw new HalfkeyError('ROLE', 'only a client may ask this');
    const request = parseBody(schema, body);
    const identity = await ownIdentity(register, client, request.identity);
    return [identity, request, authorise(request)];
  }

  return {
    method,
    path,
    async handle(body, client) {
      const common = { operation, requester: client.fingerprint };
      let decided: Awaited<ReturnType<typeof decide>>;
      try {
        decided = await decide(body, client);
      } catch (error) {
        if (!isHalfkeyError(error)) throw error;
        await record({ kind: 'issue-refused', ...common, code: error.code });
        throw error;
      }
      const [identity, request, detail] = decided;
      await record({ kind: 'issue', ...common, subscriber: pseudonym(identity), ...detail });
      return issue(identity, request);
    },
  };
}

/** @throws HalfkeyError `NOT_OWN_IDENTITY` before anything is looked up, `UNKNOWN_SUBSCRIBER`, `InvalidIdentity` */
async function ownIdentity(register: ClientAccess['register'], client: Client, text: string): Promise<Identity> {
  const asked = identityFromText(text);
  const own = commonIdentity(client);
  if (own === undefined || !(sameIdentity(asked, own) || isDeviceOf(asked, own) || isDeviceOf(own, asked))) {
    throw new HalfkeyError('NOT_OWN_IDENTITY', 'the certificate is of another identity');
  }
  if (asked.text !== text) throw new HalfkeyError('BAD_REQUEST', 'identity: not in canonical form');
  // A device that has been taken out of the register gets nothing, its user's keys included.
  if (!(await register.has(own)) || !(await register.has(asked))) {
    throw new HalfkeyError('UNKNOWN_SUBSCRIBER', 'the identity is not registered here');
  }
  return asked;
}

/** The identity that a certificate names: only in canonical form, nothing is repaired. */
function commonIdentity({ commonName }: Client): Identity | undefined {
  try {
    const identity = identityFromText(commonName);
    return identity.text === commonName ? identity : undefined;
  } catch (error) {
    if (isHalfkeyError(error)) return undefined;
    throw error;
  }
}

/** The provider's route for clients. */
export function clientMasterSecretsHandler(access: ClientAccess, subscribers: SubscriberSecrets): Handler {
  return issuingHandler(access, clientMasterSecretsRoute, {
    operation: 'master-secrets',
    issue: async (identity) => ({ masterSecrets: await deliverTexts(subscribers, identity) }),
  });
}

/** LI-MS structures as base64; the octets are wiped. */
export async function deliverTexts(
  subscribers: Pick<SubscriberSecrets, 'deliver'>,
  identity: Identity,
): Promise<string[]> {
  return (await subscribers.deliver(identity)).map((liMs: Secret<'LiMs'>) => {
    const text = liMs.use(toBase64);
    liMs.wipe();
    return text;
  });
}
