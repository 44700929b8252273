/**
 * The holders (and, where wanted, the Delivery Function) as real processes, provisioned from the golden file of level
 * 1024, for a whole test file; and clients of any certificate that speak to them straight, past any Delivery Function.
 * The last test of every `withRoles` is P14: no secret stands in what the holders printed, logged, refused or keep.
 */
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent, request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { entriesRoute } from '../../src/contract/log/index.ts';
import { masterSecretRoute, subscriberRoute } from '../../src/contract/provisioning/index.ts';
import { openNonceRoute } from '../../src/contract/provider/index.ts';
import { decryptRoute, privateKeyRoute, recoverRoute } from '../../src/contract/xk/index.ts';
import { ERROR_TABLE, type ErrorCode } from '../../src/foundation/base/error-table.ts';
import { fromBase64, fromHex, ntpTime, ntpToUnixSeconds, Secret } from '../../src/foundation/base/index.ts';
import { keyEpochStart } from '../../src/foundation/identity/index.ts';
import { createAuthority, issueCertificate, type Authority, type Credential } from '../../src/platform/index.ts';
import { createVerifier, type LogBody, type LogVerifier } from '../../src/trust/audit/index.ts';
import { createAnswerKey, openAnswer } from '../../src/trust/release/index.ts';
import type { SignedWarrant } from '../../src/trust/warrant/index.ts';
import { ensureBuilt, projectRoot } from './children.ts';
import { DAY, makeExchange, newSubscriber, type Exchange, type ExchangeOrder, type Subscriber } from './exchange.ts';
import { roleProcess, writeRoleFiles, type RoleName, type RoleProcess } from './role-process.ts';
import { findInFiles, findNeedles, secretNeedle, textNeedle, type Needle } from './taint.ts';
import { createAgency, digestOf, type Agency } from './warrants.ts';

const goldenFile = `${projectRoot}/test/vectors/golden-n1024-mode3-P-256.json`;
/** The golden file of level 1024: alice calls bob, and the holders serve alice's district. */
export const golden = JSON.parse(readFileSync(goldenFile, 'utf8')) as {
  readonly [member: string]: unknown;
  readonly T1: string;
  readonly csbId: string;
  readonly nonceEpoch: number;
  readonly district: { readonly a: string; readonly b: string };
  readonly masterSecrets: { readonly a: string; readonly b: string };
  readonly MS: { readonly A: string; readonly B: string };
  readonly xP: string;
  readonly yP: string;
  readonly NA: string;
  readonly NB: string;
  readonly messages: ExchangeOrder['template'];
  readonly x: string;
  readonly y: string;
  readonly K_SESSION: string;
};
export const T1 = ntpToUnixSeconds(ntpTime(fromHex(golden.T1)));
export const ALICE = 'sip:alice@operator-a.example';
export const BOB = 'sip:bob@operator-b.example';

/** The golden exchange as makeExchange would have made it; its R_MESSAGE_1 opens in alice's district, nothing of bob's. */
export const goldenExchange: Exchange = {
  initiator: ALICE,
  responder: BOB,
  messages: Object.fromEntries(
    Object.entries(golden.messages).map(([type, hex]) => [type, fromHex(hex)]),
  ) as Exchange['messages'],
  csbId: golden.csbId,
  t1: golden.T1,
  xP: golden.xP,
  yP: golden.yP,
  na: golden.NA,
  nb: golden.NB,
  secrets: { x: golden.x.slice(2), y: golden.y.slice(2), kSession: golden.K_SESSION },
};

/** A release route of a holder that runs. */
export interface Door {
  readonly operation: 'recover' | 'decrypt' | 'private-key' | 'open-nonce';
  readonly role: RoleName;
  readonly path: string;
}
export const RECOVER: Door = { operation: 'recover', role: 'kms-consolidated', path: recoverRoute.path };
export const DECRYPT: Door = { operation: 'decrypt', role: 'kms', path: decryptRoute.path };
export const PRIVATE_KEY: Door = { operation: 'private-key', role: 'kms', path: privateKeyRoute.path };
export const OPEN_NONCE: Door = { operation: 'open-nonce', role: 'provider', path: openNonceRoute.path };
export const DOORS = [RECOVER, DECRYPT, PRIVATE_KEY, OPEN_NONCE] as const;

export interface RolesOptions {
  readonly start: readonly RoleName[];
  /** Members of a role's configuration beside the usual ones. */
  readonly config?: Partial<Record<RoleName, object>>;
  /** Authority of warrants that the holders trust instead of the agency's. */
  readonly foreignWarrantAuthority?: boolean;
  /** Without it the holders start empty. */
  readonly provision?: boolean;
}

/** Who sends: role of the certificate and organisation that issued it. */
export interface Sender {
  readonly as?: string;
  readonly of?: 'operator' | 'provider' | 'stranger';
  /** Another holder of such a certificate than the usual one. */
  readonly second?: boolean;
}
export interface Answer {
  readonly status: number;
  readonly text: string;
  /** Parsed JSON. */
  readonly body: { readonly [member: string]: unknown; readonly error?: { readonly code: string } };
}
/** A request for a release, and the private part of its answer key. */
export interface Asked {
  readonly body: Readonly<Record<string, unknown>> & { readonly requestId: string };
  readonly warrant: SignedWarrant;
  readonly key: Uint8Array;
}
export interface Released {
  readonly answer: string;
  readonly receipt: { readonly sequence: number; readonly hash: string };
}
export interface LogLine {
  readonly sequence: number;
  readonly hash: string;
  readonly body: LogBody;
}

export interface TestRoles {
  readonly directory: string;
  readonly agency: Agency;
  readonly authorities: { readonly operator: Authority; readonly provider: Authority; readonly stranger: Authority };
  role(name: RoleName): RoleProcess;
  credential(sender: Sender): Promise<Credential>;
  /** Sends one request; `content` is JSON, or octets that are sent as they are. Rejects when TLS or the connection fails. */
  send(
    role: RoleName,
    listener: string,
    route: { readonly method: string; readonly path: string },
    content: unknown,
    sender?: Sender,
  ): Promise<Answer>;
  /** Gives a subscriber's master secret to every holder of such secrets that runs. */
  provision(subscriber: Subscriber): Promise<void>;
  /** An exchange of two parties in the served district; parties that are not given are new and not provisioned. */
  exchange(order?: Partial<Omit<ExchangeOrder, 'template'>>): Exchange;
  /** The members of a request at a door about a side of an exchange. */
  members(door: Door, exchange: Exchange, role?: 'initiator' | 'responder'): Readonly<Record<string, unknown>>;
  /** A request with an id and answer key of its own. */
  ask(warrant: SignedWarrant | undefined, members: object): Promise<Asked>;
  /** Sends a request for a release to a door. */
  enter(door: Door, body: unknown, sender?: Sender): Promise<Answer>;
  /** The same, and the answer is a release. */
  released(door: Door, asked: Asked): Promise<Released>;
  /** Opens a sealed answer. */
  opened(asked: Asked, released: Released): Promise<Record<string, unknown>>;
  /** The log of a running role, its chain verified; what was read before must still be its beginning. */
  log(role: RoleName): Promise<LogLine[]>;
  /** Sealed answers that a role keeps. */
  answersOf(role: RoleName): number;
  /**
   * Sends a request that must be refused with `code`, and checks all that a refusal is: status and body of exactly
   * that form, one log entry `refused` (or, when the secret had to be touched first, `request` and `failed`, with the
   * exact code `logged`), no answer kept, no octets of anything in the body.
   */
  expectRefused(door: Door, body: unknown, code: ErrorCode, how?: RefusalForm): Promise<Answer>;
  /** Further secrets (hex) and texts that must stand nowhere. */
  readonly needles: Needle[];
}
export interface RefusalForm extends Sender {
  /** Refused before the secret was touched (default), or failed when it was. */
  readonly stage?: 'refused' | 'failed';
  /** The code in the log, when the requester sees another. */
  readonly logged?: ErrorCode;
}

/** Registers start, provisioning and end of the roles around the tests of `body`. */
export function withRoles(options: RolesOptions, body: (roles: TestRoles) => void): void {
  const roles = createRoles(options);
  beforeAll(roles.open);
  afterAll(roles.close);
  body(roles);
  it('P14 no secret, no nonce and no identity stands in what the roles printed, logged, refused or keep', async () => {
    expect(await roles.taint()).toEqual([]);
  });
}

function createRoles(options: RolesOptions): TestRoles & {
  open: () => Promise<void>;
  close: () => Promise<void>;
  taint: () => Promise<string[]>;
} {
  let directory = '';
  const processes = new Map<RoleName, RoleProcess>();
  const credentials = new Map<string, Promise<Credential>>();
  const needles = goldenNeedles();
  const refusals: string[] = [];
  const agents = new Map<string, Agent>();
  const logs = new Map<RoleName, { lines: LogLine[]; verifier: LogVerifier | undefined }>();
  let authorities: TestRoles['authorities'];
  let agency: Agency;

  const role = (name: RoleName): RoleProcess => {
    const process = processes.get(name);
    if (process === undefined) throw new TypeError(`no role ${name} was started`);
    return process;
  };

  function credential({ as = 'df', of = 'operator', second = false }: Sender): Promise<Credential> {
    const key = `${of} ${as} ${String(second)}`;
    const known =
      credentials.get(key) ??
      issueCertificate({
        authority: authorities[of],
        commonName: as,
        uris: [`urn:halfkey:role:${as}`],
        dnsNames: ['localhost'],
        ipAddresses: ['127.0.0.1'],
        days: 2,
        usage: 'tls',
      });
    credentials.set(key, known);
    return known;
  }

  const send: TestRoles['send'] = async (name, listener, { method, path }, content, sender = {}) => {
    const { certificate, privateKey } = await credential(sender);
    // A process that was started again is another server.
    const connection = [role(name).pid, listener, certificate].join(' ');
    const agent = agents.get(connection) ?? new Agent({ keepAlive: true, maxCachedSessions: 0 });
    agents.set(connection, agent);
    const octets = content instanceof Uint8Array ? content : Buffer.from(JSON.stringify(content ?? {}));
    const answer = await new Promise<Answer>((resolve, reject) => {
      const request = httpsRequest({
        host: '127.0.0.1',
        port: role(name).ports[listener],
        method,
        path,
        cert: certificate,
        key: privateKey,
        ca: Object.values(authorities).map((authority) => authority.certificate),
        agent,
        headers: { 'content-type': 'application/json', 'content-length': octets.length },
      });
      request.on('error', reject);
      request.on('response', (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          resolve({ status: response.statusCode ?? 0, text, body: JSON.parse(text) });
        });
      });
      request.end(octets);
    });
    if (answer.status !== 200) refusals.push(answer.text);
    return answer;
  };

  async function put(name: RoleName, route: { method: string; path: string }, content: object): Promise<void> {
    const of = name === 'provider' ? 'provider' : 'operator';
    const { status, text } = await send(name, 'provisioning', route, content, { as: 'provisioning', of });
    if (status !== 200) throw new Error(`provisioning of ${name} failed: ${text}`);
  }

  const secretHolders = (): RoleName[] =>
    [...processes.keys()].filter((name) => name === 'provider' || name === 'kms-consolidated');
  const listenerOf = (name: RoleName): string => (name === 'provider' ? 'open' : 'xk');

  const self: TestRoles = {
    get directory() {
      return directory;
    },
    get agency() {
      return agency;
    },
    get authorities() {
      return authorities;
    },
    needles,
    role,
    credential,
    send,
    async provision({ identity, mode, epoch, masterSecret }) {
      needles.push(secretNeedle(`MS of ${identity}`, masterSecret), textNeedle('an identity', identity));
      const validFrom = keyEpochStart(T1, DAY);
      const validity = { intervalSeconds: DAY, validFrom, validTo: validFrom + DAY };
      for (const name of secretHolders())
        await put(name, subscriberRoute, { identity, mode, epoch, masterSecret, ...validity });
    },
    exchange(order = {}) {
      const exchange = makeExchange({
        initiator: newSubscriber(),
        responder: newSubscriber(),
        t1: T1,
        district: { name: golden.district.a, serial: 1n, masterSecret: BigInt(golden.masterSecrets.a) },
        ...order,
        template: golden.messages,
      });
      needles.push(...exchangeNeedles(exchange));
      return exchange;
    },
    members({ operation }, exchange, side = 'initiator') {
      const target = side === 'initiator' ? exchange.initiator : exchange.responder;
      const { csbId, t1, messages } = exchange;
      const octets = Object.values(messages);
      switch (operation) {
        case 'recover':
        case 'decrypt':
          return {
            target,
            role: side,
            csbId,
            messages: octets.map((message) => Buffer.from(message).toString('base64')),
          };
        case 'private-key':
          return {
            pairs: [{ identity: target, keyEpoch: keyEpochStart(ntpToUnixSeconds(ntpTime(fromHex(t1))), DAY) }],
          };
        case 'open-nonce':
          return {
            identity: target,
            role: side,
            curve: 8,
            csbId,
            t1,
            nonce: side === 'initiator' ? exchange.na : exchange.nb,
            ownPoint: side === 'initiator' ? exchange.xP : exchange.yP,
            messageDigests: octets.map((message) => createHash('sha256').update(message).digest('hex')),
          };
      }
    },
    async ask(warrant, members) {
      const { publicKey, privateKey } = await createAnswerKey();
      const body = { requestId: randomUUID(), warrant, purpose: 'case 1', answerKey: publicKey, ...members };
      return { body, warrant: warrant ?? { payload: '', signatures: [] }, key: privateKey };
    },
    enter: ({ role: name, path }, content, sender) =>
      send(name, listenerOf(name), { method: 'POST', path }, content, sender),
    async released(door, asked) {
      const { status, body, text } = await self.enter(door, asked.body);
      expect(status, text).toBe(200);
      expect(Object.keys(body)).toEqual(['answer', 'receipt']);
      return body as unknown as Released;
    },
    async opened({ body, warrant, key }, { answer }) {
      const context = { requestId: body.requestId, warrantDigest: digestOf(warrant) };
      return (await openAnswer(answer, Secret.copyOf('AnswerKey', key), context)) as Record<string, unknown>;
    },
    async log(name) {
      const known = logs.get(name) ?? { lines: [], verifier: undefined };
      logs.set(name, known);
      for (;;) {
        const route = name === 'df' ? 'intake' : listenerOf(name);
        const query = { from: known.lines.length + 1, limit: 1000 };
        const { status, text } = await send(name, route, entriesRoute, query, { as: 'auditor' });
        expect(status, text).toBe(200);
        const { origin, head, entries } = entriesRoute.response.parse(JSON.parse(text));
        known.verifier ??= createVerifier(origin);
        for (const { sequence, previousHash, hash, octets } of entries) {
          const entry = { sequence, previousHash: fromHex(previousHash), hash: fromHex(hash) };
          const body = known.verifier.push({ ...entry, octets: fromBase64(octets) });
          known.lines.push({ sequence, hash, body });
        }
        if (known.lines.length < head.size) continue;
        known.verifier.expect({ sequence: head.size, hash: fromHex(head.hash) });
        return [...known.lines];
      }
    },
    answersOf(name) {
      const database = new DatabaseSync(join(role(name).directory, 'state', 'state.db'), { readOnly: true });
      try {
        return (database.prepare('SELECT count(*) AS count FROM answer').get() as { count: number }).count;
      } finally {
        database.close();
      }
    },
    async expectRefused(door, content, code, { stage = 'refused', logged = code, ...sender } = {}) {
      const [before, answers] = [await self.log(door.role), self.answersOf(door.role)];
      const answer = await self.enter(door, content, sender);
      expect(answer.body, answer.text).toEqual({
        error: { code, message: expect.any(String) as string, hint: expect.any(String) as string },
      });
      expect(answer.status).toBe(ERROR_TABLE[code].http);
      expect(answer.text).not.toMatch(/[0-9a-f]{16}|[A-Za-z0-9+/_-]{40}/i);
      const added = (await self.log(door.role)).slice(before.length).map(({ body }) => body);
      const last = { kind: stage, operation: door.operation, code: logged };
      expect(added).toMatchObject(
        stage === 'refused' ? [last] : [{ kind: 'request', operation: door.operation }, last],
      );
      expect(self.answersOf(door.role)).toBe(answers);
      return answer;
    },
  };
  return Object.assign(self, {
    async open() {
      ensureBuilt();
      directory = mkdtempSync(join(tmpdir(), 'halfkey-roles-'));
      const [operator, provider, stranger] = await Promise.all(
        ['Operator', 'Provider', 'Stranger'].map((name) => createAuthority(name)),
      );
      authorities = { operator: operator!, provider: provider!, stranger: stranger! };
      agency = await createAgency('Agency', T1);
      const trusted = options.foreignWarrantAuthority === true ? await createAuthority('Agency') : agency.authority;
      // A Delivery Function is told the ports of the others.
      for (const name of options.start.toSorted((a, b) => Number(a === 'df') - Number(b === 'df'))) {
        const folder = join(directory, name);
        writeRoleFiles(folder, await roleFiles(name, trusted));
        const started = roleProcess(name, folder);
        processes.set(name, started);
        await started.start();
      }
      if (options.provision === false) return;
      for (const name of processes.keys()) {
        const masterSecret = golden.masterSecrets.a.slice(2);
        if (name.startsWith('kms')) await put(name, masterSecretRoute, { masterSecret });
      }
      for (const [identity, masterSecret] of [
        [ALICE, golden.MS.A],
        [BOB, golden.MS.B],
      ] as const) {
        await self.provision({ identity, mode: 3, epoch: golden.nonceEpoch, masterSecret });
      }
    },
    async close() {
      for (const agent of agents.values()) agent.destroy();
      await Promise.all([...processes.values()].map((one) => one.stop()));
      rmSync(directory, { recursive: true, force: true });
    },
    async taint() {
      const found = findNeedles('a refusal', refusals.join('\n'), needles);
      for (const one of processes.values()) {
        const { stdout, stderr } = one.printed();
        found.push(...findNeedles(`stdout of ${one.name}`, stdout, needles));
        found.push(...findNeedles(`stderr of ${one.name}`, stderr, needles));
        // From its first entry again.
        logs.delete(one.name);
        const lines = (await self.log(one.name)).map(({ body }) => JSON.stringify(body));
        found.push(...findNeedles(`log of ${one.name}`, lines.join('\n'), needles));
        // A provider keeps the identities whose secrets it holds, and a Delivery Function its warrants.
        const secrets = one.name === 'kms' ? needles : needles.filter(({ raw }) => raw !== undefined);
        found.push(...findInFiles(join(one.directory, 'state'), secrets));
      }
      return found;
    },
  });

  async function roleFiles(name: RoleName, trusted: Authority): Promise<Record<string, string | Uint8Array>> {
    const of = name === 'provider' ? 'provider' : 'operator';
    const tlsRole = name === 'kms-consolidated' ? 'kms' : name;
    const { certificate, privateKey } = await credential({ as: tlsRole, of });
    const statement = await issueCertificate({
      authority: authorities.operator,
      commonName: 'KMS statement',
      uris: ['urn:halfkey:warrant:kms-statement'],
      days: 2,
      usage: 'signing',
    });
    return {
      'tls.crt': certificate,
      'tls.key': privateKey,
      'operator.crt': authorities.operator.certificate,
      'provider.crt': authorities.provider.certificate,
      'agency.crt': trusted.certificate,
      ...(tlsRole === 'kms' ? { 'statement.crt': statement.certificate, 'statement.key': statement.privateKey } : {}),
      'key-encryption-key': randomBytes(32),
      'config.json': JSON.stringify({ ...configOf(name), ...options.config?.[name] }),
    };
  }

  function configOf(name: RoleName): object {
    const tls = (...trust: string[]): object => ({
      certificate: 'tls.crt',
      privateKey: 'tls.key',
      trust: trust.map((one) => `${one}.crt`),
    });
    const listener = (...trust: string[]): object => ({ port: 0, tls: tls(...trust) });
    const origin = (peer: RoleName, use: string): string => `https://127.0.0.1:${String(role(peer).ports[use])}`;
    const common = {
      role: name,
      stateDirectory: 'state',
      keyEncryptionKey: 'key-encryption-key',
      warrantAuthorities: ['agency.crt'],
      exitWithParent: true,
    };
    const holder = { ...common, refusalFloorMs: 0 };
    if (name === 'provider') {
      return {
        ...holder,
        open: listener('operator', 'provider'),
        provisioning: listener('provider'),
        kmsAuthorities: ['operator.crt'],
      };
    }
    if (name === 'df') {
      const provider = processes.has('provider')
        ? { provider: { origin: origin('provider', 'open'), tls: tls('provider') } }
        : {};
      const kms: RoleName = processes.has('kms') ? 'kms' : 'kms-consolidated';
      return {
        ...common,
        intake: listener('operator'),
        deliveryDirectory: 'delivery',
        solution: kms === 'kms' ? 4 : 3,
        kms: { origin: origin(kms, 'xk'), tls: tls('operator') },
        ...provider,
        unsafeTestLevel1024: true,
        purpose: 'case 1',
      };
    }
    return {
      ...holder,
      district: { name: golden.district.a, serial: 1, level: 1024 },
      unsafeTestLevel1024: true,
      xk: listener('operator'),
      provisioning: listener('operator'),
      statement: { certificate: 'statement.crt', privateKey: 'statement.key' },
    };
  }
}

function exchangeNeedles({ initiator, responder, na, nb, secrets: { x, y, kSession } }: Exchange): Needle[] {
  return [
    secretNeedle('x', x),
    secretNeedle('y', y),
    secretNeedle('K_SESSION', kSession.slice(2, 66)),
    secretNeedle('NA', na),
    secretNeedle('NB', nb),
    textNeedle('an identity', initiator),
    textNeedle('an identity', responder),
  ];
}

/** What of the golden file nobody may see: its secrets, keys and nonces, and both identities. */
function goldenNeedles(): Needle[] {
  const {
    MPK,
    TGK,
    auth_key: authKey,
    Sid,
    cek,
  } = golden as unknown as Record<string, string> & {
    Sid: Record<string, string[]>;
    cek: Record<string, string>;
  };
  const octets = (text: string): string => text.slice(text.length % 2 === 0 ? 2 : 1).replace(/^x/, '0');
  const secrets: [string, string][] = [
    ['MPK', MPK!],
    ['TGK', TGK!],
    ['auth_key', authKey!],
    ['IBE master secret a', octets(golden.masterSecrets.a)],
    ...Object.values(Sid).flatMap((point, i) =>
      point.map((coordinate): [string, string] => [`PR ${String(i)}`, octets(coordinate)]),
    ),
    ...Object.entries(cek).map(([type, hex]): [string, string] => [`CEK of ${type}`, hex]),
  ];
  return [...secrets.map(([name, hex]) => secretNeedle(name, hex)), ...exchangeNeedles(goldenExchange)];
}
