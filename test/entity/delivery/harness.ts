/**
 * A Delivery Function with its holders in one process: the real entities over stores in memory, joined by clients that
 * a test may replace by ones that lie, refuse or fail. Requests and answers pass as JSON, as over a wire.
 */
import { createHash } from 'node:crypto';
import { expect } from 'vitest';
import { createCustody } from '../../../src/entity/custody/index.ts';
import {
  createAsker,
  createDelivery,
  openWarrantBook,
  type Delivery,
  type DeliveryCustody,
  type HolderClient,
  type PendingRequest,
  type RequestStore,
} from '../../../src/entity/delivery/index.ts';
import { createKms, openDistrictKeys } from '../../../src/entity/kms/index.ts';
import { createProvider } from '../../../src/entity/provider/index.ts';
import type { SessionsAnswer } from '../../../src/contract/administration/index.ts';
import type { Handler } from '../../../src/contract/route/index.ts';
import {
  HalfkeyError,
  isHalfkeyError,
  ntpFromUnixMs,
  Secret,
  systemRandom,
  toHex,
  fromBigInt,
} from '../../../src/foundation/base/index.ts';
import { district as districtOf, keyEpochStart, type Identity } from '../../../src/foundation/identity/index.ts';
import { chainRecord, emptyHead, type LogBody, type LogEntry } from '../../../src/trust/audit/index.ts';
import {
  createAnswerKey,
  createReleaser,
  openAnswer,
  sealAnswer,
  type AnswerKey,
  type GateOptions,
  type ReleaseStore,
  type StoredAnswer,
} from '../../../src/trust/release/index.ts';
import {
  approveWarrant,
  signWarrant,
  type Deliverable,
  type SignedWarrant,
  type Solution,
  type Warrant,
} from '../../../src/trust/warrant/index.ts';
import { APPROVER, ISSUER, makeAuthority, makeSigner, NOW } from '../../trust/warrant/authority.ts';
import {
  chunksOf,
  DAY,
  pcapOf,
  type Frame,
  type Party,
  type TestCall,
  type TestDistrict,
} from '../../support/calls.ts';
import { memoryMsStore, testSealer } from '../custody/support.ts';

export { NOW } from '../../trust/warrant/authority.ts';

/** Calls of the tests are set up at this time: seven minutes before noon, when everybody's clock stands. */
export const T1 = NOW - 420_000;

export type Way = '3' | '4/1' | '4/2';
export const WAYS: readonly Way[] = ['3', '4/1', '4/2'];

/** A holder's log in memory, with the answers. */
export interface MemoryLog extends ReleaseStore {
  readonly bodies: LogBody[];
  /** Number of entries of a kind: `request`, `answer`, `repeat`, `refused`, `failed`. */
  count(kind: string): number;
  /** Codes of the refusals, in order. */
  codes(): string[];
}

function memoryLog(origin: string): MemoryLog {
  const bodies: LogBody[] = [];
  const answers: StoredAnswer[] = [];
  let head: Pick<LogEntry, 'sequence' | 'hash'> = emptyHead(origin);
  return {
    bodies,
    count: (kind) => bodies.filter((body) => body['kind'] === kind).length,
    codes: () => bodies.flatMap((body) => (typeof body['code'] === 'string' ? [body['code']] : [])),
    findAnswer: (id) => Promise.resolve(answers.find(({ requestId }) => requestId === id)),
    countAnswers: (digest) => Promise.resolve(answers.filter(({ warrantDigest }) => warrantDigest === digest).length),
    contentOf: (question) => Promise.resolve(answers.find((answer) => answer.question === question)?.content),
    record(body, answer) {
      const entry = chainRecord(head, body);
      head = entry;
      bodies.push(body);
      if (answer !== undefined) answers.push({ ...answer, sequence: entry.sequence, hash: toHex(entry.hash) });
      return Promise.resolve(entry);
    },
  };
}

/** Requests under way in memory; `kept` outlives a Delivery Function, as its database does. */
export function memoryRequests(kept: Map<string, PendingRequest> = new Map()): RequestStore & {
  readonly kept: Map<string, PendingRequest>;
} {
  return {
    kept,
    find: (question) => Promise.resolve(kept.get(question)),
    begin(question, pending) {
      const first = kept.get(question) ?? pending;
      kept.set(question, first);
      return Promise.resolve(first);
    },
    end(question) {
      kept.delete(question);
      return Promise.resolve();
    },
  };
}

/** What a session without a result looks like: no file, no key, and nothing of the exchange's secrets anywhere. */
export function expectNothing({ events, receipts }: Harness, outcome: Outcome, { exchanges, tracks }: TestCall): void {
  expect(outcome.files.size).toBe(0);
  for (const session of outcome.sessions) {
    expect(session).toMatchObject({
      kSession: null,
      keyConfirmed: false,
      files: { wav: null, pcap: null, keys: null },
    });
    for (const { packets, decrypted, failed } of session.streams) expect([decrypted, failed]).toEqual([0, packets]);
  }
  const said = JSON.stringify([outcome.sessions, outcome.notes, events, receipts]);
  for (const { kSession, x, y, keys } of exchanges) {
    for (const secret of [
      kSession.slice(2, 66),
      x,
      y,
      toHex(keys.initiator.masterKey),
      toHex(keys.responder.masterKey),
    ])
      expect(said).not.toContain(secret);
  }
  for (const { clear } of Object.values(tracks))
    for (const packet of clear) expect(said).not.toContain(toHex(packet.subarray(12)));
}

/** A file that was handed over, by `session/name`. */
export type Files = ReadonlyMap<string, Uint8Array>;

export interface Outcome extends SessionsAnswer {
  readonly files: Files;
}

export interface HarnessOptions {
  readonly district: TestDistrict;
  /** Subscribers whose master secrets are held. */
  readonly served: readonly Party[];
  readonly way: Way;
  readonly targets: readonly string[];
  readonly deliver?: readonly Deliverable[];
  /** Changes to the warrant. */
  readonly warrant?: Partial<Warrant>;
  /** How long an unreachable holder is asked again. */
  readonly patienceMs?: number;
  /** Puts something between the Delivery Function and a holder. */
  readonly between?: (holder: 'kms' | 'provider', client: HolderClient) => HolderClient;
  readonly requests?: ReturnType<typeof memoryRequests>;
  readonly sink?: (session: string, name: string, octets: Uint8Array) => Promise<string>;
}

export interface Harness {
  readonly delivery: Delivery;
  readonly kmsLog: MemoryLog;
  readonly providerLog: MemoryLog;
  /** What the observer was told, and what a holder was asked: everything that could leak. */
  readonly events: object[];
  readonly asked: { readonly holder: string; readonly path: string; readonly body: Record<string, unknown> }[];
  /** Receipts, as the Delivery Function's log has them. */
  readonly receipts: object[];
  readonly requests: ReturnType<typeof memoryRequests>;
  /** Milliseconds that were slept while a holder could not be reached. */
  readonly slept: number[];
  /** Faults of ours, with their causes. */
  readonly faults: readonly unknown[];
  readonly signed: SignedWarrant;
  /** Feeds a capture and tells what became of it. */
  take(capture: Uint8Array | readonly Frame[], clockOffsetMs?: number): Promise<Outcome>;
}

const agency = await makeAuthority('Agency');
/** PEM certificate of the authority whose warrants are trusted. */
export const agencyRoot = agency.pem;
const operator = await makeAuthority('Operator');
const judge = await makeSigner(agency, 'Judge', ISSUER);
const first = await makeSigner(agency, 'First Approver', APPROVER);
const second = await makeSigner(agency, 'Second Approver', APPROVER);
const statements = await makeSigner(operator, 'KMS', 'urn:halfkey:warrant:kms-statement');

const SOLUTIONS: Readonly<Record<Way, Solution>> = { '3': '3', '4/1': '4/1', '4/2': '4/2' };
const time = (ms: number): string => new Date(ms).toISOString();

/** A warrant for the hour around {@link T1}, approved by two. */
export async function warrantFor(
  targets: readonly string[],
  way: Way,
  deliver: readonly Deliverable[],
  changes: Partial<Warrant> = {},
): Promise<SignedWarrant> {
  const issued = await signWarrant(
    {
      version: 1,
      id: 'case-7',
      agency: 'Agency',
      targets,
      interception: { from: time(T1 - 1_800_000), to: time(T1 + 1_800_000) },
      request: { from: time(NOW - 3_600_000), to: time(NOW + 3_600_000) },
      inProgressSeconds: 0,
      solutions: [SOLUTIONS[way]],
      deliver,
      maxReleases: 100,
      ...changes,
    },
    judge,
  );
  return approveWarrant(await approveWarrant(issued, first), second);
}

export async function createHarness(options: HarnessOptions): Promise<Harness> {
  const { district, served, way, targets, deliver = ['content', 'keys'], patienceMs = 0 } = options;
  const trust = (): { roots: string[] } => ({ roots: [agency.pem] });
  const clock = (): number => NOW;
  const pseudonym = ({ text }: Identity): string => createHash('sha256').update(`salt ${text}`).digest('hex');
  const [kmsLog, providerLog] = [memoryLog('kms'), memoryLog('provider')];
  const gate = (store: ReleaseStore): GateOptions => ({
    releaser: createReleaser({ store, clock }),
    monotonicMs: () => 0,
    sleep: () => Promise.resolve(),
  });

  const custody = createCustody({
    store: memoryMsStore(),
    sealer: testSealer(),
    allowUnboundNonces: true,
    random: systemRandom,
  });
  const validFrom = 1000 * keyEpochStart(T1 / 1000, DAY);
  for (const { identity, mode, epoch, masterSecret } of served) {
    await custody.importMasterSecret(identity, {
      mode,
      epoch,
      intervalSeconds: DAY,
      validFrom: ntpFromUnixMs(validFrom),
      validTo: ntpFromUnixMs(validFrom + 1000 * DAY),
      masterSecret: new Secret('MasterSecret', Uint8Array.from(masterSecret)),
    });
  }
  let sealedMaster: Uint8Array | undefined;
  const keys = await openDistrictKeys({
    district: districtOf(district.name, district.serial, DAY),
    level: 1024,
    allowTestLevels: true,
    store: {
      masterSecret: () => Promise.resolve(sealedMaster),
      keepMasterSecret: (sealed) => Promise.resolve((sealedMaster ??= sealed)),
    },
    sealer: testSealer(),
    random: systemRandom,
  });
  await keys.take(new Secret('IbeMasterSecret', fromBigInt(district.masterSecret, 20)));
  const { xk } = createKms({
    keys,
    check: { trust, clock, pseudonym },
    gate: gate(kmsLog),
    signer: statements,
    policy: { allowPrivateKeyRelease: true },
    ...(way === '3' ? { openNonce: (nonce) => custody.open(nonce) } : {}),
  });
  const provider = createProvider({
    custody,
    gate: gate(providerLog),
    trust,
    clock,
    pseudonym,
    kmsRoots: [operator.pem],
    requireKmsStatement: way === '4/1' ? 'never' : 'unbound',
  });

  const asked: { holder: string; path: string; body: Record<string, unknown> }[] = [];
  const client = (holder: 'kms' | 'provider', handlers: readonly Handler[]): HolderClient => {
    const direct = options.between?.(holder, overWire(handlers)) ?? overWire(handlers);
    return (path, body) => {
      asked.push({ holder, path, body: asJson(body) as Record<string, unknown> });
      return direct(path, body);
    };
  };
  const [events, receipts, slept]: [object[], object[], number[]] = [[], [], []];
  const files = new Map<string, Uint8Array>();
  const faults: unknown[] = [];
  const requests = options.requests ?? memoryRequests();
  const observe = (event: string, detail: object): void => {
    events.push({ event, ...detail });
  };
  const book = await openWarrantBook(
    {
      add: () => Promise.resolve(),
      all: () => Promise.resolve([]),
      revoke: () => Promise.resolve(),
      revoked: () => Promise.resolve([]),
    },
    trust,
    clock,
  );
  const signed = await warrantFor(targets, way, deliver, options.warrant);
  await book.accept(signed);
  let sessions = 0;
  const deliveryCustody: DeliveryCustody = {
    solution: way === '3' ? 3 : 4,
    alternative: way === '4/1' ? 1 : 2,
    kms: client('kms', xk),
    provider: client('provider', [provider]),
    keyEpochSeconds: DAY,
    allowTestLevels: true,
  };
  const sealer = testSealer(createHash('sha256').update('df').digest());
  const delivery = createDelivery({
    custody: deliveryCustody,
    createAsker: () =>
      createAsker({
        store: requests,
        sealer,
        observe,
        purpose: 'a test',
        sleep: (ms) => {
          slept.push(ms);
          return Promise.resolve();
        },
        patienceMs,
        onReceipt: (receipt) => {
          receipts.push(receipt);
          return Promise.resolve();
        },
      }),
    sink:
      options.sink ??
      ((session, name, octets) => {
        files.set(`${session}/${name}`, Uint8Array.from(octets));
        return Promise.resolve(`/handed-over/${session}/${name}`);
      }),
    observe,
    onFault: (error) => faults.push(error),
    newName: () => `session-${String((sessions += 1))}`,
    warrants: () => book.active(),
  });
  return {
    delivery,
    kmsLog,
    providerLog,
    events,
    asked,
    receipts,
    requests,
    slept,
    faults,
    signed,
    async take(capture, clockOffsetMs = 0) {
      const octets = capture instanceof Uint8Array ? capture : pcapOf(capture);
      const { intake } = await delivery.takeCapture(chunksOf(octets), clockOffsetMs);
      return { ...delivery.sessionsOf(intake), files };
    },
  };
}

const asJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value)) as unknown;

/** A holder as it is seen over its interface: JSON in, JSON or the code of an error out. */
function overWire(handlers: readonly Handler[]): HolderClient {
  const fingerprint = createHash('sha256').update('certificate of the df').digest('hex');
  return async (path, body) => {
    const route = handlers.find((handler) => handler.path === path);
    if (route === undefined) throw new HalfkeyError('NOT_FOUND', 'there is no such route');
    try {
      return asJson(await route.handle(asJson(body), { role: 'df', commonName: 'df', fingerprint }));
    } catch (error) {
      if (!isHalfkeyError(error)) throw error;
      throw new HalfkeyError(error.code, error.message);
    }
  };
}

/**
 * A holder that keeps the form and lies in the content: the true answer is taken, changed, and sealed to the
 * Delivery Function as if nothing had happened.
 */
export function lying(
  client: HolderClient,
  change: (payload: Record<string, unknown>, path: string, body: Record<string, unknown>) => object,
): HolderClient {
  return async (path, body) => {
    const request = body as { requestId: string; answerKey: AnswerKey; warrant: SignedWarrant };
    const own = await createAnswerKey();
    const { answer, receipt } = (await client(path, { ...body, answerKey: own.publicKey })) as {
      answer: string;
      receipt: object;
    };
    const context = { requestId: request.requestId, warrantDigest: digestOf(request.warrant) };
    const payload = await openAnswer(answer, new Secret('AnswerKey', own.privateKey), context);
    const lie = change(payload as Record<string, unknown>, path, body as Record<string, unknown>);
    return { answer: await sealAnswer(lie, request.answerKey, context), receipt };
  };
}

/** SHA-256 of the warrant's octets, lower-case hex. */
export function digestOf({ payload }: SignedWarrant): string {
  return createHash('sha256').update(Buffer.from(payload, 'base64url')).digest('hex');
}
