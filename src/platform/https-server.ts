/**
 * HTTPS with mutual TLS 1.3: the client's certificate is its only credential, its role opens routes.
 * HTTP/1.1 only. Errors leave as `{ error: { code, message, hint } }`; what is a fault on our side leaves
 * with its code and no detail. Must never log or repeat a body, a query or a path.
 */
import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { HalfkeyError, isHalfkeyError } from '../foundation/base/index.ts';
import type { Handler } from '../contract/route/index.ts';
import { boundedStream, discardBody, readJsonBody } from './http-body.ts';
import { describePeer, readCertificates, type TlsPeer } from './tls-identity.ts';

/** A request whose role was allowed; nothing of its content is checked. */
export interface ServerRequest {
  /** Parsed JSON, undefined when there was no body; with `stream` the octets as they arrive (`AsyncIterable<Uint8Array>`). */
  readonly body: unknown;
  readonly client: TlsPeer;
  /** Members of the query; a doubled one is refused before. */
  readonly query: Readonly<Record<string, string>>;
}

export interface ServerRoute {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Exact path, no patterns. */
  readonly path: string;
  /** Roles that may call it; when absent, `handler` decides, so that it can record a refusal. */
  readonly roles?: readonly string[];
  /** Octets of a body; default 1 MiB, for streams no limit. */
  readonly bodyLimit?: number;
  readonly stream?: boolean;
  readonly handler: (request: ServerRequest) => Promise<{ readonly status?: number; readonly body: unknown }>;
  /** Called instead of `handler` for a body that is too long or no JSON, where refusals are recorded: throws what the client is told. */
  readonly unreadable?: (error: HalfkeyError, client: TlsPeer) => Promise<never>;
  /** Runs after an answer of `handler`, error or not, has been handed to the operating system. */
  readonly after?: () => void;
}

export interface ServerOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** PEM certificate and private key of this role. */
  readonly certificate: string;
  readonly privateKey: string;
  /** PEM certificates of the authorities whose clients are let in. */
  readonly trust: readonly string[];
  /** Told of errors that the client sees as `INTERNAL` only. */
  readonly onInternalError?: (error: unknown) => void;
}

export interface HttpsServer {
  readonly port: number;
  /** Stops listening, lets requests under way finish for at most `graceMs` (default 1000), then closes every connection. */
  close(graceMs?: number): Promise<void>;
}

const DEFAULT_BODY_LIMIT = 1_048_576;
const HEADERS_TIMEOUT_MS = 10_000;

/** A route for a handler of a contract. */
export function routeOf(handler: Handler, more: Pick<ServerRoute, 'bodyLimit' | 'after'> = {}): ServerRoute {
  const { method, path, roles, handle, unreadable } = handler;
  return {
    method,
    path,
    ...(roles === undefined ? {} : { roles }),
    ...(unreadable === undefined ? {} : { unreadable }),
    ...more,
    handler: async ({ body, client }) => ({ body: await handle(body, client) }),
  };
}

/**
 * Serves `routes` until {@link HttpsServer.close}.
 * @throws HalfkeyError `TLS_CONFIGURATION` for an unusable certificate, key or authority, `BAD_CONFIG` when it cannot listen
 */
export async function serve(routes: readonly ServerRoute[], options: ServerOptions): Promise<HttpsServer> {
  const { host, port, certificate, privateKey, trust, onInternalError } = options;
  const { fastify } = await import('fastify');
  let instance: FastifyInstance;
  let authorities: ReturnType<typeof readCertificates>;
  try {
    authorities = readCertificates(trust);
    if (authorities.length === 0) throw new TypeError('no authority');
    instance = fastify({
      logger: false,
      exposeHeadRoutes: false,
      forceCloseConnections: 'idle',
      // Streams may last; headers and JSON bodies have time limits of their own.
      requestTimeout: 0,
      clientErrorHandler: (_error, socket) => socket.destroy(),
      // The router cannot read the path.
      frameworkErrors: (_error, _request, reply) => {
        sendError(reply, new HalfkeyError('NOT_FOUND', 'there is no such route'));
      },
      https: {
        key: privateKey,
        cert: certificate,
        ca: authorities.map((authority) => authority.toString()),
        minVersion: 'TLSv1.3',
        requestCert: true,
        rejectUnauthorized: true,
        handshakeTimeout: HEADERS_TIMEOUT_MS,
        headersTimeout: HEADERS_TIMEOUT_MS,
        maxHeaderSize: 16_384,
      },
    });
  } catch (cause) {
    throw new HalfkeyError(
      'TLS_CONFIGURATION',
      'the certificate, key or trusted authorities of a listener cannot be used',
      { cause },
    );
  }

  function sendError(reply: FastifyReply, error: unknown): void {
    const known = outward(error);
    if (known.code === 'INTERNAL') onInternalError?.(error);
    const { code, message, hint } = known;
    void reply.code(known.row.http).header('cache-control', 'no-store').send({ error: { code, message, hint } });
  }

  // Bodies are read by the route itself, under its own limit.
  instance.removeAllContentTypeParsers();
  instance.addContentTypeParser('*', (_request, _payload, done) => {
    done(null);
  });
  // Routes answer their own errors: what comes here, fastify found wrong with the request itself.
  instance.setErrorHandler((error: { readonly statusCode?: number }, _request, reply) => {
    const theirs = error.statusCode !== undefined && error.statusCode < 500;
    sendError(reply, theirs ? new HalfkeyError('BAD_REQUEST', 'the request is not one of HTTP/1.1') : error);
  });
  instance.setNotFoundHandler(async (request, reply) => {
    await discardBody(request.raw);
    sendError(reply, new HalfkeyError('NOT_FOUND', 'there is no such route'));
  });
  for (const route of routes) addRoute(instance, route, authorities, sendError);

  try {
    await instance.listen({ host, port });
  } catch (cause) {
    throw new HalfkeyError('BAD_CONFIG', `cannot listen on ${host}:${String(port)}`, { cause });
  }
  const address = instance.server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    async close(graceMs = 1000) {
      const timer = setTimeout(() => {
        instance.server.closeAllConnections();
      }, graceMs);
      try {
        await instance.close();
      } finally {
        clearTimeout(timer);
      }
    },
  };
}

function addRoute(
  instance: FastifyInstance,
  route: ServerRoute,
  authorities: ReturnType<typeof readCertificates>,
  sendError: (reply: FastifyReply, error: unknown) => void,
): void {
  const peers = new WeakMap<object, TlsPeer>();

  function peerOf(socket: unknown): TlsPeer {
    if (!(socket instanceof TLSSocket)) throw new HalfkeyError('ROLE', 'the connection is not one of TLS');
    const known = peers.get(socket);
    if (known !== undefined) return known;
    const certificate = socket.getPeerX509Certificate();
    if (certificate === undefined) throw new HalfkeyError('ROLE', 'the client has no certificate');
    const peer = describePeer(certificate, authorities);
    peers.set(socket, peer);
    return peer;
  }

  async function answer(raw: IncomingMessage): Promise<{ status?: number; body: unknown }> {
    const client = peerOf(raw.socket);
    if (route.roles?.includes(client.role) === false) {
      throw new HalfkeyError('ROLE', 'the role of this certificate may not call this route');
    }
    const query = queryOf(raw.url ?? '');
    const body =
      route.stream === true
        ? boundedStream(raw, route.bodyLimit ?? Number.POSITIVE_INFINITY)
        : await readJsonBody(raw, route.bodyLimit ?? DEFAULT_BODY_LIMIT).catch((error: unknown) => {
            if (route.unreadable === undefined || !isHalfkeyError(error)) throw error;
            return route.unreadable(error, client);
          });
    return route.handler({ body, client, query });
  }

  instance.route({
    method: route.method,
    url: route.path,
    handler: async (request, reply) => {
      const { after } = route;
      if (after !== undefined) reply.raw.once('finish', after);
      try {
        const { status = 200, body } = await answer(request.raw);
        void reply.code(status).header('cache-control', 'no-store').type('application/json');
        await reply.send(JSON.stringify(body ?? null));
      } catch (error) {
        // The rest of a body that nobody wants is read and dropped, or the client would not see the answer.
        await discardBody(request.raw);
        sendError(reply, error);
        await reply;
      }
    },
  });
}

function queryOf(url: string): Readonly<Record<string, string>> {
  const at = url.indexOf('?');
  const pairs = [...new URLSearchParams(at < 0 ? '' : url.slice(at))];
  const query = Object.fromEntries(pairs);
  if (Object.keys(query).length !== pairs.length)
    throw new HalfkeyError('BAD_REQUEST', 'a member of the query stands twice');
  return query;
}

/** What a client may know of an error: faults on this side keep their code and lose their detail. */
function outward(error: unknown): HalfkeyError {
  if (!isHalfkeyError(error)) return new HalfkeyError('INTERNAL', 'an internal error');
  return error.row.http === 500 ? new HalfkeyError(error.code, error.row.meaning) : error;
}
