import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request as rawRequest } from 'node:https';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { connect as tlsConnect, createServer as createTlsServer, type ConnectionOptions } from 'node:tls';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { HalfkeyError } from '../../src/foundation/base/index.ts';
import {
  createAuthority,
  createClient,
  issueCertificate,
  routeOf,
  serve,
  type Authority,
  type Credential,
  type HttpsClient,
  type HttpsServer,
  type ServerRoute,
} from '../../src/platform/index.ts';
import { coded } from './support.ts';

type Request = Parameters<ServerRoute['handler']>[0];

let operator: Authority;
let agency: Authority;
let stranger: Authority;
let kms: Credential;
let df: Credential;
let server: HttpsServer;
const clients: HttpsClient[] = [];

/** What handlers saw, and what the server reported of its own faults. */
let seen: Request[] = [];
let internal: unknown[] = [];
let finished = 0;

const SECRET = 'detail that stays inside';

const credential = (authority: Authority, role: string, more: object = {}): Promise<Credential> =>
  issueCertificate({
    authority,
    commonName: `${role} 1`,
    uris: [`urn:halfkey:role:${role}`],
    dnsNames: ['localhost'],
    ipAddresses: ['127.0.0.1'],
    days: 1,
    usage: 'tls',
    ...more,
  });

async function collect(stream: unknown): Promise<number> {
  let length = 0;
  for await (const chunk of stream as AsyncIterable<Uint8Array>) length += chunk.length;
  return length;
}

const failures: Record<string, () => unknown> = {
  '/coded': () => new HalfkeyError('CAP_REACHED', 'the cap is reached', { hint: 'own hint' }),
  '/broken-log': () => new HalfkeyError('LOG_BROKEN', SECRET),
  '/bad-config': () => new HalfkeyError('BAD_CONFIG', SECRET),
  '/internal': () => new HalfkeyError('INTERNAL', SECRET),
  '/unknown': () => new Error(SECRET),
  '/text': () => SECRET,
};

const routes: ServerRoute[] = [
  {
    method: 'POST',
    path: '/echo',
    roles: ['df'],
    bodyLimit: 1000,
    handler: async (request) => {
      seen.push(request);
      return { body: { got: request.body ?? 'nothing' } };
    },
    after: () => {
      finished += 1;
    },
  },
  { method: 'GET', path: '/made', roles: ['df'], handler: async ({ query }) => ({ status: 201, body: { query } }) },
  { method: 'POST', path: '/provisioning', roles: ['provisioning'], handler: async () => ({ body: {} }) },
  {
    method: 'POST',
    path: '/decides',
    handler: async ({ client }) => {
      throw new HalfkeyError('ROLE', `recorded for ${client.role}`);
    },
  },
  {
    method: 'POST',
    path: '/stream',
    roles: ['df'],
    stream: true,
    handler: async ({ body }) => ({ body: { length: await collect(body) } }),
  },
  {
    method: 'POST',
    path: '/bounded',
    roles: ['df'],
    stream: true,
    bodyLimit: 1000,
    handler: async ({ body }) => ({ body: { length: await collect(body) } }),
  },
  {
    method: 'POST',
    path: '/impatient',
    roles: ['df'],
    stream: true,
    handler: async () => Promise.reject(new HalfkeyError('POLICY_REFUSED', 'not read')),
  },
  { method: 'POST', path: '/large', roles: ['df'], handler: async () => ({ body: 'x'.repeat(5000) }) },
  { method: 'POST', path: '/hangs', roles: ['df'], handler: () => new Promise(() => undefined) },
  ...Object.entries(failures).map(([path, failure]): ServerRoute => ({
    method: 'POST',
    path,
    roles: ['df'],
    handler: () => Promise.reject(failure() as Error),
  })),
  routeOf({
    method: 'PUT',
    path: '/contract',
    roles: ['df'],
    handle: async (body, client) => ({ body, role: client.role }),
  }),
];

beforeAll(async () => {
  [operator, agency, stranger] = await Promise.all([
    createAuthority('Operator'),
    createAuthority('Agency'),
    createAuthority('Operator'),
  ]);
  [kms, df] = await Promise.all([credential(operator, 'kms'), credential(agency, 'df')]);
  server = await serve(routes, {
    host: '127.0.0.1',
    port: 0,
    ...kms,
    trust: [operator.certificate, agency.certificate],
    onInternalError: (error) => internal.push(error),
  });
});
beforeEach(() => {
  seen = [];
  internal = [];
  finished = 0;
});
afterAll(async () => {
  await Promise.all(clients.map((client) => client.close()));
  await server.close();
});

function clientOf(own: Credential, more: object = {}): HttpsClient {
  const client = createClient({
    origin: `https://127.0.0.1:${String(server.port)}`,
    certificate: own.certificate,
    privateKey: own.privateKey,
    trust: [operator.certificate],
    serverRole: 'kms',
    ...more,
  });
  clients.push(client);
  return client;
}
const post = (client: HttpsClient, path: string, body?: unknown): Promise<unknown> =>
  client.request({ method: 'POST', path, body });

/** A request as any HTTP program sends it: status, header and body as they come. */
async function raw(
  path: string,
  options: { method?: string; headers?: object; body?: Uint8Array | string; own?: Credential } = {},
): Promise<{ status: number; body: string; type: string | undefined }> {
  const { method = 'POST', headers = { 'content-type': 'application/json' }, body = '', own = df } = options;
  const sent = rawRequest({
    host: '127.0.0.1',
    port: server.port,
    path,
    method,
    headers: { ...headers },
    cert: own.certificate,
    key: own.privateKey,
    ca: operator.certificate,
    agent: false,
  });
  sent.on('error', () => undefined);
  sent.end(body);
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of answer) text += String(chunk);
  return { status: answer.statusCode ?? 0, body: text, type: answer.headers['content-type'] };
}

describe('a client of the right role', () => {
  it('gets its answer; the handler learns who it is', async () => {
    expect(await post(clientOf(df), '/echo', { a: [1, 'ü'] })).toEqual({ got: { a: [1, 'ü'] } });
    const [request] = seen;
    expect(request?.client).toMatchObject({ role: 'df', commonName: 'df 1', organisation: 'Agency' });
    expect(request?.client.fingerprint).toMatch(/^[0-9a-f]{64}$/);
    await expect.poll(() => finished).toBe(1);
  });

  it('may send no body, a query, and gets the status of the handler', async () => {
    expect(await post(clientOf(df), '/echo')).toEqual({ got: 'nothing' });
    expect(await clientOf(df).request({ method: 'GET', path: '/made?a=1&b=%3D' })).toEqual({
      query: { a: '1', b: '=' },
    });
    expect((await raw('/made', { method: 'GET', headers: {} })).status).toBe(201);
  });

  it('is served by the handler of a contract', async () => {
    expect(await clientOf(df).request({ method: 'PUT', path: '/contract', body: { x: 1 } })).toEqual({
      body: { x: 1 },
      role: 'df',
    });
  });

  it('may use one connection for many requests, and many at once', async () => {
    const client = clientOf(df);
    const answers = await Promise.all(Array.from({ length: 30 }, (_, i) => post(client, '/echo', i)));
    expect(answers).toEqual(Array.from({ length: 30 }, (_, i) => ({ got: i })));
  });

  it('reaches the server by name when the certificate has it', async () => {
    const client = clientOf(df, { origin: `https://localhost:${String(server.port)}` });
    expect(await post(client, '/echo', 1)).toEqual({ got: 1 });
  });
});

describe('roles', () => {
  it('N67 a DF certificate at the provisioning route: ROLE', async () => {
    await expect(post(clientOf(df), '/provisioning', {})).rejects.toThrow(coded('ROLE'));
    expect((await raw('/provisioning', { body: '{}' })).status).toBe(403);
    expect(seen).toEqual([]);
  });

  it('N67 every other role at the DF route: ROLE, and no body is handed on', async () => {
    for (const role of ['kms', 'provider', 'ue', 'dfx']) {
      await expect(post(clientOf(await credential(agency, role)), '/echo', {})).rejects.toThrow(coded('ROLE'));
    }
    expect(seen).toEqual([]);
  });

  it.each([
    ['no role', []],
    ['two roles', ['urn:halfkey:role:df', 'urn:halfkey:role:kms']],
    ['the role twice', ['urn:halfkey:role:df', 'urn:halfkey:role:df']],
    ['the role hidden in another name', ['http://x, URI:urn:halfkey:role:df, y']],
    ['the use of a warrant', ['urn:halfkey:warrant:issuer']],
  ])('N67 a certificate with %s: ROLE', async (_, uris) => {
    await expect(
      post(clientOf(await credential(agency, 'df', { uris, dnsNames: ['x'] })), '/echo', {}),
    ).rejects.toThrow(coded('ROLE'));
  });

  it('a route without roles decides itself', async () => {
    await expect(post(clientOf(await credential(agency, 'ue')), '/decides', {})).rejects.toThrow(
      coded('ROLE', { message: 'recorded for ue' }),
    );
  });

  it('N67 a certificate of an authority that is not trusted never reaches a route', async () => {
    for (const authority of [stranger, await createAuthority('Agency')]) {
      const error = await post(clientOf(await credential(authority, 'df')), '/echo', {}).catch(
        (caught: unknown) => caught,
      );
      expect(['ROLE', 'UNAVAILABLE']).toContain((error as HalfkeyError).code);
    }
    expect(seen).toEqual([]);
  });

  it('N67 an expired certificate, one for signing, or one certified by a role never reaches a route', async () => {
    const expired = await issueCertificate(
      { authority: agency, commonName: 'df', uris: ['urn:halfkey:role:df'], days: 1, usage: 'tls' },
      () => Date.now() - 3 * 86_400_000,
    );
    const signing = await credential(agency, 'df', { usage: 'signing' });
    const below = await credential({ name: 'df', ...df }, 'df');
    for (const own of [expired, below]) {
      const error = await post(clientOf(own), '/echo', {}).catch((caught: unknown) => caught);
      expect(['ROLE', 'UNAVAILABLE']).toContain((error as HalfkeyError).code);
    }
    // Without an extended usage a certificate may be used for TLS; the use in its URI is what counts.
    await expect(post(clientOf({ ...signing }), '/provisioning', {})).rejects.toThrow(coded('ROLE'));
    expect(seen).toEqual([]);
  });
});

describe('TLS', () => {
  async function handshake(options: ConnectionOptions): Promise<string> {
    const socket = tlsConnect({
      host: '127.0.0.1',
      port: server.port,
      ca: operator.certificate,
      servername: '',
      checkServerIdentity: () => undefined,
      ...options,
    });
    return new Promise((resolve) => {
      socket.once('error', (error: NodeJS.ErrnoException) => {
        resolve(error.code ?? error.message);
      });
      socket.once('secureConnect', () => {
        // Under TLS 1.3 the refusal comes after the client's side of the handshake.
        socket.write('GET /made HTTP/1.1\r\nhost: x\r\n\r\n');
        socket.once('data', (data) => {
          const protocol = String(socket.getProtocol());
          socket.destroy();
          resolve(`${protocol} ${data.toString('latin1').slice(0, 12)}`);
        });
        socket.once('close', () => {
          resolve('closed');
        });
      });
    });
  }

  it('1.3 with a certificate is served', async () => {
    expect(await handshake({ cert: df.certificate, key: df.privateKey })).toBe('TLSv1.3 HTTP/1.1 201');
  });

  it('below 1.3 is refused', async () => {
    for (const maxVersion of ['TLSv1.2', 'TLSv1.1'] as const) {
      const outcome = await handshake({ cert: df.certificate, key: df.privateKey, minVersion: 'TLSv1', maxVersion });
      expect(outcome).toMatch(/PROTOCOL|VERSION|ECONNRESET/i);
    }
  });

  it('without a client certificate is refused', async () => {
    expect(await handshake({})).toMatch(/CERTIFICATE_REQUIRED|ECONNRESET|closed/);
  });

  it('plain HTTP is refused, and the server goes on', async () => {
    const socket = (await import('node:net')).connect(server.port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write('GET /made HTTP/1.1\r\nhost: x\r\n\r\n');
    let text = '';
    socket.on('data', (data) => (text += data.toString('latin1')));
    await once(socket, 'close');
    expect(text).not.toContain('HTTP/1.1 2');
    expect(await post(clientOf(df), '/echo', 1)).toEqual({ got: 1 });
  });

  it('a listener with an unusable certificate, key or authority: TLS_CONFIGURATION', async () => {
    const good = { host: '127.0.0.1', port: 0, ...kms, trust: [agency.certificate] };
    for (const bad of [{ certificate: 'x' }, { privateKey: df.privateKey }, { trust: [] }, { trust: ['x'] }]) {
      await expect(serve([], { ...good, ...bad })).rejects.toThrow(coded('TLS_CONFIGURATION'));
    }
  });

  it('a port that is taken: BAD_CONFIG', async () => {
    await expect(
      serve([], { host: '127.0.0.1', port: server.port, ...kms, trust: [agency.certificate] }),
    ).rejects.toThrow(coded('BAD_CONFIG'));
  });
});

describe('the client knows the server', () => {
  it('a server of another role: ROLE', async () => {
    await expect(post(clientOf(df, { serverRole: 'provider' }), '/echo', 1)).rejects.toThrow(coded('ROLE'));
    expect(seen).toEqual([]);
  });

  it('a server of an authority that is not trusted: TLS_CONFIGURATION', async () => {
    for (const trust of [[stranger.certificate], [agency.certificate]]) {
      await expect(post(clientOf(df, { trust }), '/echo', 1)).rejects.toThrow(coded('TLS_CONFIGURATION'));
    }
    expect(seen).toEqual([]);
  });

  it('a name that the certificate does not have: TLS_CONFIGURATION', async () => {
    const nameless = await credential(operator, 'kms', { dnsNames: [] });
    const other = await serve([], { host: '127.0.0.1', port: 0, ...nameless, trust: [agency.certificate] });
    await expect(post(clientOf(df, { origin: `https://localhost:${String(other.port)}` }), '/', 1)).rejects.toThrow(
      coded('TLS_CONFIGURATION'),
    );
    await expect(post(clientOf(df, { origin: `https://127.0.0.1:${String(other.port)}` }), '/', 1)).rejects.toThrow(
      coded('NOT_FOUND'),
    );
    await other.close();
  });

  it('its own unusable key: TLS_CONFIGURATION', async () => {
    await expect(post(clientOf({ ...df, privateKey: kms.privateKey }), '/echo', 1)).rejects.toThrow(
      coded('TLS_CONFIGURATION'),
    );
  });

  it('nobody there, or somebody who speaks no TLS 1.3: UNAVAILABLE', async () => {
    const silent = createTcpServer((socket) => {
      socket.on('error', () => undefined);
      socket.end('hello', () => socket.destroy());
    });
    const old = createTlsServer({ cert: kms.certificate, key: kms.privateKey, maxVersion: 'TLSv1.2' });
    old.on('tlsClientError', () => undefined);
    for (const listener of [silent, old]) {
      listener.listen(0, '127.0.0.1');
      await once(listener, 'listening');
      const { port } = listener.address() as AddressInfo;
      await expect(post(clientOf(df, { origin: `https://127.0.0.1:${String(port)}` }), '/echo', 1)).rejects.toThrow(
        coded('UNAVAILABLE'),
      );
      listener.close();
      await once(listener, 'close');
      await expect(post(clientOf(df, { origin: `https://127.0.0.1:${String(port)}` }), '/echo', 1)).rejects.toThrow(
        coded('UNAVAILABLE'),
      );
    }
  });
});

describe('errors', () => {
  it('keep code, message and hint over the wire', async () => {
    await expect(post(clientOf(df), '/coded', {})).rejects.toThrow(
      coded('CAP_REACHED', { message: 'the cap is reached', hint: 'own hint' }),
    );
    const { status, body, type } = await raw('/coded');
    expect([status, type]).toEqual([429, 'application/json; charset=utf-8']);
    expect(JSON.parse(body)).toEqual({
      error: { code: 'CAP_REACHED', message: 'the cap is reached', hint: 'own hint' },
    });
    expect(internal).toEqual([]);
  });

  it('of our own side lose their detail, and are told to the operator', async () => {
    for (const [path, code] of [
      ['/broken-log', 'LOG_BROKEN'],
      ['/bad-config', 'BAD_CONFIG'],
      ['/internal', 'INTERNAL'],
      ['/unknown', 'INTERNAL'],
      ['/text', 'INTERNAL'],
    ] as const) {
      const { status, body } = await raw(path);
      expect([path, status, (JSON.parse(body) as { error: { code: string } }).error.code]).toEqual([path, 500, code]);
      expect(body).not.toContain(SECRET);
      expect(body).not.toContain(' at ');
    }
    expect(internal).toHaveLength(3);
  });

  it('no such route or method: NOT_FOUND, and the path is not repeated', async () => {
    for (const [method, path] of [
      ['POST', '/sip:alice@a.example'],
      ['GET', '/echo'],
      ['HEAD', '/made'],
      ['POST', '/echo/'],
      ['POST', '/%'],
    ] as const) {
      const { status, body } = await raw(path, { method, headers: {} });
      expect([path, status]).toEqual([path, 404]);
      expect(body).not.toContain('alice');
    }
    await expect(post(clientOf(df), '/nothing', {})).rejects.toThrow(coded('NOT_FOUND'));
  });
});

describe('hostile requests', () => {
  const bad = async (options: Parameters<typeof raw>[1], path = '/echo'): Promise<void> => {
    const { status, body } = await raw(path, options);
    expect([status, (JSON.parse(body) as { error: { code: string } }).error.code]).toEqual([400, 'BAD_REQUEST']);
    expect(seen).toEqual([]);
  };
  const json = { 'content-type': 'application/json' };

  it.each([
    ['cut off', '{"a":'],
    ['two values', '{}{}'],
    ['a comment', '{}//'],
    ['NaN', 'NaN'],
    ['a BOM', '\ufeff{}'],
    ['__proto__', '{"a":[{"__proto__":{"x":1}}]}'],
    ['an escaped __proto__', '{"\\u005f_proto__":{}}'],
    ['nesting without end', '['.repeat(900)],
  ])('a body with %s: BAD_REQUEST', async (_, body) => {
    await bad({ body });
  });

  it('a body that is not UTF-8: BAD_REQUEST', async () => {
    await bad({ body: Uint8Array.of(0x22, 0xff, 0x22) });
    await bad({ body: Buffer.from('"x"', 'utf16le') });
  });

  it('a body of another type, or of none: BAD_REQUEST', async () => {
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'application/jsonx',
      'multipart/form-data; boundary=x',
    ]) {
      await bad({ body: '{}', headers: { 'content-type': type } });
    }
    await bad({ body: '{}', headers: {} });
    expect(
      (await raw('/echo', { body: '{}', headers: { 'content-type': 'application/json; charset=utf-8' } })).status,
    ).toBe(200);
  });

  it('a body of exactly the limit passes, one octet more: BAD_REQUEST, announced or not', async () => {
    const exact = JSON.stringify('x'.repeat(998));
    expect((await raw('/echo', { body: exact })).status).toBe(200);
    seen = [];
    await bad({ body: `${exact} ` });
    await bad({ body: `${exact} `, headers: { ...json, 'transfer-encoding': 'chunked' } });
    await bad({ body: 'x'.repeat(2_000_000), headers: { ...json, 'transfer-encoding': 'chunked' } });
    await expect(post(clientOf(df), '/echo', 'x'.repeat(2_000_000))).rejects.toThrow(coded('BAD_REQUEST'));
  });

  it('an endless body is cut off', async () => {
    const sent = rawRequest({
      host: '127.0.0.1',
      port: server.port,
      path: '/echo',
      method: 'POST',
      headers: json,
      cert: df.certificate,
      key: df.privateKey,
      ca: operator.certificate,
      agent: false,
    });
    sent.on('error', () => undefined);
    const closed = once(sent, 'close');
    const pump = (): void => {
      while (!sent.destroyed && sent.write('x'.repeat(65_536)));
      if (!sent.destroyed) sent.once('drain', pump);
    };
    pump();
    sent.on('response', (answer) => {
      expect(answer.statusCode).toBe(400);
      answer.resume();
    });
    await closed;
    expect(seen).toEqual([]);
  });

  it('a member of the query twice: BAD_REQUEST; __proto__ is a name like others', async () => {
    expect((await raw('/made?a=1&a=2', { method: 'GET', headers: {} })).status).toBe(400);
    const { body } = await raw('/made?__proto__=1', { method: 'GET', headers: {} });
    expect(body).toBe('{"query":{"__proto__":"1"}}');
  });

  it('headers without end close the connection, and the server goes on', async () => {
    const socket = tlsConnect({
      host: '127.0.0.1',
      port: server.port,
      ca: operator.certificate,
      cert: df.certificate,
      key: df.privateKey,
      servername: '',
      checkServerIdentity: () => undefined,
    });
    socket.on('error', () => undefined);
    await once(socket, 'secureConnect');
    socket.write(`GET /made HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(40_000)}\r\n\r\n`);
    socket.resume();
    await once(socket, 'close');
    expect(await post(clientOf(df), '/echo', 1)).toEqual({ got: 1 });
  });

  it('a request with both lengths or garbage is not interpreted', async () => {
    for (const text of [
      'POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
      'garbage\r\n\r\n',
      '\0\0\0\0',
    ]) {
      const socket = tlsConnect({
        host: '127.0.0.1',
        port: server.port,
        ca: operator.certificate,
        cert: df.certificate,
        key: df.privateKey,
        servername: '',
        checkServerIdentity: () => undefined,
      });
      socket.on('error', () => undefined);
      await once(socket, 'secureConnect');
      socket.write(text);
      let answer = '';
      socket.on('data', (data) => (answer += data.toString('latin1')));
      await once(socket, 'close');
      expect(answer).not.toContain('HTTP/1.1 2');
    }
    expect(seen).toEqual([]);
  });
});

describe('streams', () => {
  async function* chunks(count: number, size: number): AsyncGenerator<Uint8Array> {
    for (let i = 0; i < count; i++) {
      await new Promise((resolve) => setImmediate(resolve));
      yield new Uint8Array(size);
    }
  }
  const send = (path: string, stream: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<unknown> =>
    clientOf(df).request({ method: 'POST', path, stream });

  it('arrive octet for octet, without a limit of their own', async () => {
    expect(await send('/stream', chunks(40, 65_536))).toEqual({ length: 40 * 65_536 });
    expect(await send('/stream', [Uint8Array.of(1), Uint8Array.of(2, 3)])).toEqual({ length: 3 });
    expect(await send('/stream', [])).toEqual({ length: 0 });
  });

  it('have a limit where the route sets one: BAD_REQUEST', async () => {
    expect(await send('/bounded', chunks(10, 100))).toEqual({ length: 1000 });
    await expect(send('/bounded', chunks(11, 100))).rejects.toThrow(coded('BAD_REQUEST'));
  });

  it('that the handler refuses still get the answer', async () => {
    await expect(send('/impatient', chunks(20, 10_000))).rejects.toThrow(coded('POLICY_REFUSED'));
  });

  it('that break off end the request, and the server goes on', async () => {
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield new Uint8Array(10);
      throw await Promise.resolve(new Error('the source broke'));
    }
    await expect(send('/stream', broken())).rejects.toThrow(coded('UNAVAILABLE'));
    expect(await send('/stream', chunks(1, 1))).toEqual({ length: 1 });
  });
});

describe('the client distrusts answers', () => {
  it('longer than its limit: refused', async () => {
    await expect(post(clientOf(df, { answerLimit: 4000 }), '/large', {})).rejects.toThrow(coded('UNAVAILABLE'));
    expect(await post(clientOf(df), '/large', {})).toHaveLength(5000);
  });

  it('that are no JSON, or errors without a code of ours: UNAVAILABLE', async () => {
    let answer = '';
    const other = createTlsServer(
      { ...{ cert: kms.certificate, key: kms.privateKey, ca: agency.certificate }, requestCert: true },
      (socket) => {
        socket.on('error', () => undefined);
        socket.once('data', () => socket.end(answer));
      },
    );
    other.listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const ask = (status: string, body: string): Promise<unknown> => {
      answer = `HTTP/1.1 ${status}\r\ncontent-length: ${String(Buffer.byteLength(body))}\r\nconnection: close\r\n\r\n${body}`;
      return post(clientOf(df, { origin: `https://127.0.0.1:${String(port)}` }), '/', {});
    };
    for (const [status, body] of [
      ['200 OK', '<html>'],
      ['200 OK', '{"__proto__":1}'],
      ['503 X', ''],
      ['403 X', '{"error":{"code":"constructor","message":"x"}}'],
      ['403 X', '{"error":{"code":7}}'],
      ['403 X', '{"error":"ROLE"}'],
      ['403 X', 'null'],
      ['302 X', '{}'],
    ] as const) {
      await expect(ask(status, body)).rejects.toThrow(coded('UNAVAILABLE'));
    }
    const error = (await ask(
      '403 X',
      JSON.stringify({ error: { code: 'ROLE', message: `\u001b[31m${'m'.repeat(10_000)}` } }),
    ).catch((caught: unknown) => caught)) as HalfkeyError;
    expect(error.code).toBe('ROLE');
    expect(error.message).toMatch(/^\?\[31mm+$/);
    expect(error.message.length).toBe(500);
    expect(await ask('200 OK', '')).toBeUndefined();
    other.close();
  });

  it('that do not come: UNAVAILABLE after the time limit, INTERRUPTED after a signal', async () => {
    await expect(clientOf(df).request({ method: 'POST', path: '/hangs', timeoutMs: 50 })).rejects.toThrow(
      coded('UNAVAILABLE'),
    );
    const controller = new AbortController();
    const hanging = clientOf(df).request({ method: 'POST', path: '/hangs', signal: controller.signal });
    setTimeout(() => {
      controller.abort();
    }, 50);
    await expect(hanging).rejects.toThrow(coded('INTERRUPTED'));
  });

  it('and ends what is under way when it is closed', async () => {
    const client = clientOf(df);
    await post(client, '/echo', 1);
    const hanging = expect(post(client, '/hangs', {})).rejects.toThrow(coded('UNAVAILABLE'));
    await new Promise((resolve) => setTimeout(resolve, 50));
    await client.close();
    await hanging;
  });
});

describe('closing', () => {
  it('lets a request under way finish, and does not wait for idle or hanging connections', async () => {
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    const other = await serve(
      [
        { method: 'GET', path: '/waits', handler: async () => released.then(() => ({ body: 'done' })) },
        { method: 'GET', path: '/hangs', handler: () => new Promise(() => undefined) },
        { method: 'GET', path: '/quick', handler: async () => ({ body: 1 }) },
      ],
      { host: '127.0.0.1', port: 0, ...kms, trust: [agency.certificate] },
    );
    const origin = `https://127.0.0.1:${String(other.port)}`;
    const get = (path: string): Promise<unknown> => clientOf(df, { origin }).request({ method: 'GET', path });
    await get('/quick');
    const waiting = get('/waits');
    const hanging = expect(get('/hangs')).rejects.toThrow(coded('UNAVAILABLE'));
    await new Promise((resolve) => setTimeout(resolve, 200));
    const closed = other.close(300);
    release();
    expect(await waiting).toBe('done');
    await closed;
    await hanging;
    await expect(get('/quick')).rejects.toThrow(coded('UNAVAILABLE'));
  });
});
