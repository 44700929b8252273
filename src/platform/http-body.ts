/**
 * Bodies of HTTP messages: bounded in size and time, JSON read strictly.
 */
import type { IncomingMessage } from 'node:http';
import { concat, HalfkeyError } from '../foundation/base/index.ts';

/** Longest time that a JSON body may take to arrive. */
const BODY_TIMEOUT_MS = 30_000;
/** What is read of a body that nobody wants, before the connection is cut. */
const DISCARD_LIMIT = 4_194_304;
const DISCARD_TIMEOUT_MS = 1000;

/** Passes octets on; after more than `limit` of them throws. @throws HalfkeyError `BAD_REQUEST` */
export async function* boundedStream(source: AsyncIterable<unknown>, limit: number): AsyncGenerator<Uint8Array> {
  let length = 0;
  for await (const chunk of source) {
    const octets = chunk as Uint8Array;
    length += octets.length;
    if (length > limit) throw new HalfkeyError('BAD_REQUEST', `the body has more than ${String(limit)} octets`);
    yield octets;
  }
}

/** All octets of a body. @throws HalfkeyError `BAD_REQUEST` when there are more than `limit` */
export async function readOctets(source: AsyncIterable<unknown>, limit: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of boundedStream(source, limit)) chunks.push(chunk);
  return concat(...chunks);
}

/**
 * The JSON value of UTF-8 octets. `__proto__` as a member is refused: some code merges objects.
 * @throws HalfkeyError `BAD_REQUEST`
 */
export function parseJsonOctets(octets: Uint8Array): unknown {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(octets);
    return JSON.parse(text, (name: string, value: unknown) => {
      if (name === '__proto__') throw new SyntaxError('__proto__');
      return value;
    });
  } catch {
    throw new HalfkeyError('BAD_REQUEST', 'the body is not JSON in UTF-8');
  }
}

/** The JSON body of a request, undefined when it is empty. @throws HalfkeyError `BAD_REQUEST` */
export async function readJsonBody(request: IncomingMessage, limit: number): Promise<unknown> {
  if (Number(request.headers['content-length'] ?? 0) > limit) {
    throw new HalfkeyError('BAD_REQUEST', `the body has more than ${String(limit)} octets`);
  }
  const timer = setTimeout(() => request.destroy(), BODY_TIMEOUT_MS);
  try {
    // Keeps the request open after a refusal, so that it can still be answered.
    const octets = await readOctets(request.iterator({ destroyOnReturn: false }), limit);
    if (octets.length === 0) return undefined;
    if (!/^application\/json(?:;|$)/i.test(request.headers['content-type'] ?? '')) {
      throw new HalfkeyError('BAD_REQUEST', 'the body is not of type application/json');
    }
    return parseJsonOctets(octets);
  } finally {
    clearTimeout(timer);
  }
}

/** Reads and drops the rest of a body, so that a client that is still sending sees the answer; cuts off a long one. */
export async function discardBody(request: IncomingMessage): Promise<void> {
  if (request.readableEnded || request.destroyed) return;
  await new Promise<void>((resolve) => {
    let length = 0;
    const timer = setTimeout(resolve, DISCARD_TIMEOUT_MS);
    const done = (): void => {
      clearTimeout(timer);
      resolve();
    };
    request.on('data', (chunk: Uint8Array) => {
      length += chunk.length;
      if (length > DISCARD_LIMIT) done();
    });
    request.once('end', done);
    request.once('close', done);
    request.once('error', done);
    request.resume();
  });
}
