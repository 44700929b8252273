/**
 * The shape of a route: who may call it, what goes in, what comes out.
 * Contracts carry octets as text and never a structure of MIKEY: a holder reads the octets itself.
 */
import { z, type ZodType } from 'zod';
import { HalfkeyError } from '../../foundation/base/index.ts';

export interface Route<Request, Response> {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly path: string;
  /** Roles (URI SAN `urn:halfkey:role:<role>`) whose certificates may call it. */
  readonly roles: readonly string[];
  readonly request: ZodType<Request>;
  readonly response: ZodType<Response>;
}

/** Types a route's request and response from its schemas. */
export function route<Request, Response>(definition: Route<Request, Response>): Route<Request, Response> {
  return definition;
}

/**
 * Checks a body against a schema.
 * @throws HalfkeyError `BAD_REQUEST` naming the first member that is wrong, never its value
 */
export function parseBody<T>(schema: ZodType<T>, body: unknown): T {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const member = issue === undefined || issue.path.length === 0 ? 'the body' : issue.path.map(String).join('.');
  throw new HalfkeyError('BAD_REQUEST', `${member}: ${issue?.code ?? 'invalid'}`);
}

/** Octets as lower-case hex, `min` to `max` of them. */
export const hexOctets = (min: number, max = min): ZodType<string> =>
  z.string().regex(new RegExp(`^(?:[0-9a-f]{2}){${String(min)},${String(max)}}$`));

/** Octets as padded base64, at most `max` of them. */
export const base64Octets = (max: number): ZodType<string> =>
  z
    .string()
    .max(Math.ceil(max / 3) * 4)
    .regex(/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/);

/** Time as whole seconds since 1970, UTC. */
export const unixSeconds = z.int().min(0).max(253402300799);

/** A canonical identity (sip or tel URI, or NAI) as text. */
export const identityText = z.string().regex(/^[\x21-\x7e]{1,255}$/);

/** A request id: UUID, lower case. */
export const requestId = z.string().regex(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/);

/** A side of the call. */
export const callRole = z.enum(['initiator', 'responder']);

/** P-256 public key to which the answer is sealed. */
export const answerKey = z.strictObject({
  kty: z.literal('EC'),
  crv: z.literal('P-256'),
  x: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
  y: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
});

/** Members that every request for a release has. */
export const releaseRequest = {
  requestId,
  /** General JWS JSON, checked by the warrant module, which also says that it is missing. */
  warrant: z.unknown().optional(),
  /** Why it is asked, in the operator's words: a case number, never an identity. */
  purpose: z.string().min(1).max(200),
  answerKey,
};

/** What every release answers: the sealed answer and where the holder's log has it. */
export const releaseAnswer = z.strictObject({
  answer: z.string().max(262144),
  receipt: z.strictObject({ sequence: z.int().min(0), hash: hexOctets(32) }),
});

export type ReleaseAnswer = z.infer<typeof releaseAnswer>;

/** Who calls, as the certificate says. */
export interface Client {
  readonly role: string;
  /** SHA-256 of the certificate, lower-case hex. */
  readonly fingerprint: string;
  /** The subject's common name: of a client (role `ue`) its canonical identity. Empty when there is none. */
  readonly commonName: string;
}

/** A route and what answers it; `handle` gets the body as it came and checks it itself. */
export interface Handler {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly path: string;
  /** Absent: `handle` decides on the role itself, so that it can record a refusal. */
  readonly roles?: readonly string[];
  readonly handle: (body: unknown, client: Client) => Promise<unknown>;
  /** For a body that is too long or no JSON, where such a refusal is recorded: throws what the client is told. */
  readonly unreadable?: (error: HalfkeyError, client: Client) => Promise<never>;
}

/** Binds a function to a route: body checked before, role checked by the server. */
export function handler<Request, Response>(
  { method, path, roles, request }: Route<Request, Response>,
  handle: (body: Request, client: Client) => Promise<Response>,
): Handler {
  return { method, path, roles, handle: (body, client) => handle(parseBody(request, body), client) };
}
