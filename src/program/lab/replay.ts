/**
 * Replay: a captured call is opened by real roles, each a process with its own state, holding only the secrets of the
 * fixture that its owner would hold. What comes out was computed by them; the fixture's answers are not read.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fromHex, HalfkeyError, isHalfkeyError, systemClock } from '../../foundation/base/index.ts';
import { identityFromText } from '../../foundation/identity/index.ts';
import { readIbakeMessage } from '../../protocol/mikey/index.ts';
import { ensurePrivateDirectory, isEmptyDirectory } from '../../platform/index.ts';
import { sessionsRoute, warrantRoute, type Session, type SessionsAnswer } from '../../contract/administration/index.ts';
import { intakeRoute } from '../../contract/intake/index.ts';
import { parseBody } from '../../contract/route/index.ts';
import { clockOffset, octetsOf } from './capture-clock.ts';
import { readFixture, type Fixture } from './fixture.ts';
import { createLabWarrant, type LabWarrant } from './lab-warrant.ts';
import { captureOf } from './message-capture.ts';
import { createNarrator, type Colours } from './narrator.ts';
import { createOrganisations } from './organisations.ts';
import { createProcesses } from './processes.ts';
import { neededFlags, type LabDistrict } from './holders.ts';
import { startRoles, type LabPlan, type LabRoles } from './roles.ts';

export interface ReplayOrder {
  readonly fixture: string;
  readonly capture?: string;
  readonly target: string;
  readonly solution: 3 | 4;
  readonly alternative: 1 | 2;
  readonly deliver: readonly ('content' | 'keys')[];
  readonly out: string;
  readonly force: boolean;
  readonly program: readonly string[];
  readonly narrate: (line: string) => void;
  readonly detail: (line: string) => void;
  readonly colours: Colours;
  readonly signal: AbortSignal;
}

export interface ReplayResult {
  readonly version: 1;
  readonly roles: readonly { readonly role: string; readonly pid: number }[];
  readonly sessions: readonly Session[];
  readonly notes: readonly string[];
  /** Why the result is not as wished; absent when it is. */
  readonly reason?: string;
  readonly error?: { readonly code: string; readonly message: string; readonly hint: string };
}

export async function replay(order: ReplayOrder): Promise<{ result: ReplayResult; status: number }> {
  const narrator = createNarrator(order);
  const fixture = await readFixture(order.fixture);
  const target = identityFromText(order.target).text;
  if (order.capture === undefined && fixture.messages === undefined) {
    throw new HalfkeyError('BAD_FIXTURE', 'the fixture has no messages, and no capture was given');
  }
  if (!order.force && !(await isEmptyDirectory(order.out))) {
    throw new HalfkeyError('OUTPUT_EXISTS', 'the output directory is not empty');
  }
  // Roles of an earlier run had other keys: their states are of no use to this one.
  await rm(join(order.out, 'roles'), { recursive: true, force: true });
  await ensurePrivateDirectory(order.out);
  const { solution, alternative, out } = order;
  const side = sideOf(fixture, target);
  const district: LabDistrict = {
    name: fixture.district[side],
    level: fixture.level,
    nonceMode: fixture.nonceMode,
    solution,
    alternative,
    organisations: await createOrganisations(),
    directory: join(out, 'roles'),
    clients: false,
  };
  const plan: LabPlan = { fixture, side, target, district, delivery: out };
  narrator.plan(district, fixture.curve, neededFlags(district));

  let lost: string | undefined;
  const broken = new AbortController();
  const processes = createProcesses({
    program: order.program,
    onStart: (command) => {
      narrator.started(command);
    },
    onEvent: (role, event) => {
      narrator.event(role, event);
    },
    onLoss: (role) => {
      lost = role;
      broken.abort();
    },
  });
  const signal = AbortSignal.any([order.signal, broken.signal]);
  try {
    const { roles, answer } = await unlessAborted(signal, run(order, plan, processes, narrator, signal));
    const result = resultOf(roles, answer);
    narrator.result(result, out);
    return { result, status: result.error === undefined ? 0 : 2 };
  } catch (error) {
    if (order.signal.aborted) throw new HalfkeyError('INTERRUPTED', 'interrupted; every role has been stopped');
    if (lost !== undefined) throw new HalfkeyError('UNAVAILABLE', `the ${lost} ended before the replay did`);
    throw error;
  } finally {
    await processes.stop();
  }
}

async function run(
  order: ReplayOrder,
  plan: LabPlan,
  processes: ReturnType<typeof createProcesses>,
  narrator: ReturnType<typeof createNarrator>,
  signal: AbortSignal,
): Promise<{ roles: LabRoles; answer: SessionsAnswer }> {
  const { fixture, target } = plan;
  const { solution, alternative, organisations } = plan.district;
  const roles = await startRoles(plan, processes);
  const warrant = await createLabWarrant(organisations, {
    targets: [target],
    t1: fixture.t1,
    nowMs: systemClock(),
    solution: solution === 3 ? '3' : `4/${String(alternative) as '1' | '2'}`,
    deliver: order.deliver,
  });
  await roles.admf.request({
    method: warrantRoute.method,
    path: warrantRoute.path,
    body: { warrant: warrant.signed },
    signal,
  });
  narrator.warranted(warrant);
  const { path, stream } = await captureFor(order, fixture, warrant, narrator);
  const taken = await roles.tap.request({ method: intakeRoute.method, path, stream, timeoutMs: 0, signal });
  const { intake } = parseBody(intakeRoute.response, taken);
  const answer = await roles.admf.request({
    method: sessionsRoute.method,
    path: sessionsRoute.path,
    body: { intake },
    signal,
  });
  await Promise.all([roles.admf.close(), roles.tap.close()]);
  return { roles, answer: parseBody(sessionsRoute.response, answer) };
}

/** The octets for the intake, and its path with the offset of the capture's clock. */
async function captureFor(
  { capture }: ReplayOrder,
  fixture: Fixture,
  { fromMs, toMs }: LabWarrant,
  narrator: ReturnType<typeof createNarrator>,
): Promise<{ path: string; stream: AsyncIterable<Uint8Array> | Iterable<Uint8Array> }> {
  if (capture === undefined) return { path: intakeRoute.path, stream: [captureOf(fixture.messages ?? {}, fixture.t1)] };
  const offset = await clockOffset(capture, fixture.t1, fromMs, toMs);
  narrator.capture(offset);
  return {
    path: offset === 0 ? intakeRoute.path : `${intakeRoute.path}?clockOffsetMs=${String(offset)}`,
    stream: octetsOf(capture),
  };
}

/** Whose district the target belongs to: by the domain in the district's name, else by the messages. */
function sideOf(fixture: Fixture, target: string): 'a' | 'b' {
  const domain = target.replace(/^[^@]*@/, '').replace(/;.*$/, '');
  const served = (['a', 'b'] as const).filter((side) => {
    const host = fixture.district[side].replace(/^[a-z]+:\/\//, '').replace(/[:/].*$/, '');
    return host === domain || host.endsWith(`.${domain}`);
  });
  const [only] = served;
  if (served.length === 1 && only !== undefined) return only;
  const [message] = Object.values(fixture.messages ?? {});
  return message !== undefined && readIbakeMessage(fromHex(message)).idri.text !== target ? 'b' : 'a';
}

function resultOf({ running }: LabRoles, { sessions, notes }: { sessions: Session[]; notes: string[] }): ReplayResult {
  const result = { version: 1 as const, roles: running.map(({ role, pid }) => ({ role, pid })), sessions, notes };
  const failed = sessions.filter(({ status, keyConfirmed }) => status !== 'recovered' || !keyConfirmed);
  if (sessions.length > 0 && failed.length === 0) return result;
  const error =
    sessions.length === 0
      ? new HalfkeyError('NO_SESSION', notes[0] ?? 'the capture holds no call of the target')
      : new HalfkeyError(
          'NOT_RECOVERED',
          failed
            .map(({ status, reason }) => (reason === null ? `${status}, not confirmed` : `${status}: ${reason}`))
            .join('; '),
        );
  const { code, message, hint } = error;
  return { ...result, reason: message, error: { code, message, hint } };
}

/** The result of `work`, unless the signal comes first; `work` is then left to end by itself. */
function unlessAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  const aborted = new Promise<never>((_, reject) => {
    const stop = (): void => {
      reject(isHalfkeyError(signal.reason) ? signal.reason : new HalfkeyError('UNAVAILABLE', 'a role has ended'));
    };
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
  return Promise.race([work, aborted]);
}
