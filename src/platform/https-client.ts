/**
 * HTTPS client with mutual TLS 1.3. It knows the other side by its authority and its role, and answers
 * that are errors become errors of the same code. It never tries twice: what a repeat means, the caller knows.
 */
import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { checkServerIdentity } from 'node:tls';
import type { Dispatcher, Pool } from 'undici';
import { HalfkeyError, isErrorCode, isHalfkeyError, printable } from '../foundation/base/index.ts';
import { parseJsonOctets, readOctets } from './http-body.ts';
import { readCertificates, roleOf } from './tls-identity.ts';

export interface ClientOptions {
  /** `https://host:port`. An IP address is not compared with the certificate; a name is. */
  readonly origin: string;
  /** PEM certificate and private key of this role. */
  readonly certificate: string;
  readonly privateKey: string;
  /** PEM certificates of the authorities of the server. */
  readonly trust: readonly string[];
  /** The role that the server's certificate must name. */
  readonly serverRole: string;
  /** Octets of an answer, default 16 MiB. */
  readonly answerLimit?: number;
}

export interface ClientRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Path, with its query. */
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as it comes, instead of `body`. */
  readonly stream?: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
  /** For the whole exchange; default 30 000, 0 for none. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface HttpsClient {
  /**
   * The JSON value of a 2xx answer, not checked against a contract.
   * @throws HalfkeyError with the code that the server sent; `UNAVAILABLE` when it cannot be reached or does not
   * answer in time or form; `ROLE` when it refuses our certificate or is of another role;
   * `TLS_CONFIGURATION` when its certificate is not of a trusted authority; `INTERRUPTED` after `signal`
   */
  request(request: ClientRequest): Promise<unknown>;
  /** Closes every connection at once; requests under way end with `UNAVAILABLE`. */
  close(): Promise<void>;
}

const DEFAULT_ANSWER_LIMIT = 16_777_216;
const DEFAULT_TIMEOUT_MS = 30_000;
const MAX_MESSAGE = 500;

/** A client for one server. Connects on first use. */
export function createClient(options: ClientOptions): HttpsClient {
  const { origin, answerLimit = DEFAULT_ANSWER_LIMIT } = options;
  let pool: Promise<Pool> | undefined;

  async function exchange(request: ClientRequest, signal: AbortSignal): Promise<unknown> {
    pool ??= openPool(options);
    const { method, path, body, stream } = request;
    const payload =
      stream !== undefined
        ? { headers: { 'content-type': 'application/octet-stream' }, body: iterate(stream) }
        : body !== undefined
          ? { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
          : {};
    const answer = await (await pool).request({ method, path, signal, ...payload } as Dispatcher.RequestOptions);
    const octets = await readOctets(answer.body, answerLimit).catch((error: unknown) => {
      if (isHalfkeyError(error)) throw new HalfkeyError('UNAVAILABLE', 'the answer of the server is too long');
      throw error;
    });
    return readAnswer(answer.statusCode, octets);
  }

  return {
    async request(request) {
      const { timeoutMs = DEFAULT_TIMEOUT_MS, signal: ownSignal } = request;
      const limits = [ownSignal, timeoutMs > 0 ? AbortSignal.timeout(timeoutMs) : undefined];
      const signal = AbortSignal.any(limits.filter((limit) => limit !== undefined));
      try {
        return await exchange(request, signal);
      } catch (error) {
        if (isHalfkeyError(error)) throw error;
        if (ownSignal?.aborted === true) throw new HalfkeyError('INTERRUPTED', 'the request was interrupted');
        throw connectionError(error, new URL(origin).host);
      }
    },
    async close() {
      const opened = pool;
      pool = undefined;
      await (await opened)?.destroy();
    },
  };
}

async function openPool({ origin, certificate, privateKey, trust, serverRole }: ClientOptions): Promise<Pool> {
  const undici = await import('undici');
  return new undici.Pool(origin, {
    allowH2: false,
    pipelining: 1,
    connections: 8,
    // The caller's own limit applies.
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: {
      cert: certificate,
      key: privateKey,
      ca: readCertificates(trust).map((authority) => authority.toString()),
      minVersion: 'TLSv1.3',
      timeout: 10_000,
      // A resumed session is not compared with the role again.
      maxCachedSessions: 0,
      checkServerIdentity: (host, presented) => {
        const role = roleOf(new X509Certificate(presented.raw));
        if (role !== serverRole) return new HalfkeyError('ROLE', `the server is not a ${serverRole}`);
        return isIP(host) === 0 ? checkServerIdentity(host, presented) : undefined;
      },
    },
  });
}

async function* iterate(source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* source;
}

function readAnswer(status: number, octets: Uint8Array): unknown {
  let value: unknown;
  try {
    value = octets.length === 0 ? undefined : parseJsonOctets(octets);
  } catch {
    throw new HalfkeyError('UNAVAILABLE', `the server answered with status ${String(status)} and no JSON`);
  }
  if (status >= 200 && status < 300) return value;
  throw errorOf(value) ?? new HalfkeyError('UNAVAILABLE', `the server answered with status ${String(status)}`);
}

/** The error that an answer carries, when its code is one of ours. Its text is the server's: bounded, printable. */
function errorOf(value: unknown): HalfkeyError | undefined {
  const error: unknown = typeof value === 'object' && value !== null && 'error' in value ? value.error : undefined;
  if (typeof error !== 'object' || error === null) return undefined;
  const { code, message, hint } = error as { code?: unknown; message?: unknown; hint?: unknown };
  if (!isErrorCode(code)) return undefined;
  return new HalfkeyError(code, bounded(message), typeof hint === 'string' ? { hint: bounded(hint) } : {});
}

const bounded = (text: unknown): string => (typeof text === 'string' ? printable(text.slice(0, MAX_MESSAGE)) : '');

/** Certificate errors of Node and OpenSSL's verification that mean: not one we trust. */
const UNTRUSTED =
  /^(?:SELF_SIGNED|DEPTH_ZERO|UNABLE_TO|CERT_|ERR_TLS_CERT|INVALID_CA|INVALID_PURPOSE|ERR_OSSL|ERR_INVALID_ARG)/;

function connectionError(error: unknown, host: string): HalfkeyError {
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
  // Under TLS 1.3 a refused client learns of it after its handshake: by an alert, or as a closed connection.
  if (/^ERR_SSL_.*ALERT_.*(?:CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED)/.test(code))
    return new HalfkeyError('ROLE', `${host} refused our certificate`, { cause: error });
  if (UNTRUSTED.test(code)) {
    return new HalfkeyError('TLS_CONFIGURATION', `the certificate of ${host}, or ours, cannot be used`, {
      cause: error,
    });
  }
  return new HalfkeyError('UNAVAILABLE', `${host} does not answer`, { cause: error });
}
