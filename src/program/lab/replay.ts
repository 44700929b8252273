/**
 * Replay: a captured call is opened by real roles, each a process with its own state, holding only the secrets of the
 * fixture that its owner would hold. What comes out was computed by them; the fixture's answers are not read.
 */
import { join } from 'node:path';
import { fromHex, HalfkeyError, systemClock } from '../../foundation/base/index.ts';
import { identityFromText } from '../../foundation/identity/index.ts';
import { readIbakeMessage } from '../../protocol/mikey/index.ts';
import { sessionsRoute, warrantRoute } from '../../contract/administration/index.ts';
import { intakeRoute } from '../../contract/intake/index.ts';
import { parseBody } from '../../contract/route/index.ts';
import { clockOffset, timeOfCall } from './capture-clock.ts';
import { captureFile } from './capture-file.ts';
import { readFixture, type Fixture } from './fixture.ts';
import { readLogs } from './holder-logs.ts';
import { reported, resultOf, type LabOrder, type LabResult } from './lab-order.ts';
import { neededFlags, type LabDistrict } from './holders.ts';
import { createLabWarrant, type LabWarrant } from './lab-warrant.ts';
import { captureOf } from './message-capture.ts';
import { createNarrator, type Narrator } from './narrator.ts';
import { createOrganisations } from './organisations.ts';
import { assertUsable, prepareOutput } from './output-directory.ts';
import type { Processes } from './processes.ts';
import { startRoles, type LabPlan } from './roles.ts';
import { supervised } from './supervised.ts';
import { writeReport, type ReportSource } from './write-report.ts';

export interface ReplayOrder extends LabOrder {
  readonly fixture: string;
  readonly capture?: string;
  readonly target: string;
}

export async function replay(order: ReplayOrder): Promise<{ result: LabResult; status: number }> {
  const narrator = createNarrator(order);
  const fixture = await readFixture(order.fixture);
  const target = identityFromText(order.target).text;
  if (order.capture === undefined && Object.keys(fixture.messages ?? {}).length === 0) {
    throw new HalfkeyError('BAD_FIXTURE', 'the fixture has no messages, and no capture was given');
  }
  const { solution, alternative } = order;
  await assertUsable(order);
  const capturedMs = order.capture === undefined ? undefined : await timeOfCall(order.capture, fixture.t1);
  const out = await prepareOutput(order, systemClock());
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
  const flags = neededFlags(district);
  narrator.plan(district, fixture.curve, flags);
  const plan: LabPlan = { fixture, side, target, district, delivery: out };
  const found = await supervised(order, narrator, (processes, signal) =>
    run(order, capturedMs, plan, processes, narrator, signal),
  );
  const { level, curve, nonceMode } = fixture;
  const report = await writeReport({ kind: 'replay', level, curve, nonceMode, flags, target, order, out, ...found });
  const result = reported(found.result, report);
  narrator.result(result, out);
  return { result, status: result.error === undefined ? 0 : 2 };
}

async function run(
  order: ReplayOrder,
  capturedMs: number | undefined,
  plan: LabPlan,
  processes: Processes,
  narrator: Narrator,
  signal: AbortSignal,
): Promise<Pick<ReportSource, 'result' | 'logs' | 'capture' | 'offsetMs'>> {
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
  const { capture, again, offsetMs } = await captureFor(order, capturedMs, fixture, warrant, narrator);
  const path = offsetMs === 0 ? intakeRoute.path : `${intakeRoute.path}?clockOffsetMs=${String(offsetMs)}`;
  const taken = await roles.tap.request({
    method: intakeRoute.method,
    path,
    stream: capture(),
    timeoutMs: 0,
    signal,
  });
  const { intake } = parseBody(intakeRoute.response, taken);
  const answer = await roles.admf.request({
    method: sessionsRoute.method,
    path: sessionsRoute.path,
    body: { intake },
    signal,
  });
  await Promise.all([roles.admf.close(), roles.tap.close()]);
  const result = resultOf(roles.running, parseBody(sessionsRoute.response, answer));
  return { result, logs: await readLogs(organisations, roles.running, ''), capture: again, offsetMs };
}

/** The octets for the intake, the same once more for the report, and what has to be added to the capture's clock. */
async function captureFor(
  { capture }: ReplayOrder,
  capturedMs: number | undefined,
  fixture: Fixture,
  { fromMs, toMs }: LabWarrant,
  narrator: Narrator,
): Promise<Pick<ReportSource, 'capture' | 'offsetMs'> & { readonly again: ReportSource['capture'] }> {
  if (capture === undefined || capturedMs === undefined) {
    const made = captureOf(fixture.messages ?? {}, fixture.t1);
    return { capture: () => [made], again: () => [made], offsetMs: 0 };
  }
  const offsetMs = clockOffset(capturedMs, fixture.t1, fromMs, toMs);
  narrator.capture(offsetMs);
  return { ...(await captureFile(capture)), offsetMs };
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
