/**
 * A live call: two operators, two clients that know of no warrant, a tap between them, and the Delivery Function of the
 * target's operator, which opens the call while they speak. Its only input is what the tap passes on.
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../foundation/base/index.ts';
import { sessionsRoute, warrantRoute } from '../../contract/administration/index.ts';
import { parseBody } from '../../contract/route/index.ts';
import { startTap, writeClient } from './clients.ts';
import { federate, provision, type RunningDistrict } from './federation.ts';
import { connect, HOST, neededFlags, startDf, startHolders, type LabDistrict } from './holders.ts';
import { resultOf, type LabOrder, type LabResult } from './lab-order.ts';
import { createLabWarrant, type LabWarrant } from './lab-warrant.ts';
import { createLadder, type Ladder } from './ladder.ts';
import { createNarrator, type Narrator } from './narrator.ts';
import { createOrganisations } from './organisations.ts';
import { assertUsable, prepareOutput } from './output-directory.ts';
import type { Processes } from './processes.ts';
import { supervised } from './supervised.ts';

export interface LiveOrder extends LabOrder {
  readonly nonceMode: 1 | 2 | 3;
  readonly level: LabDistrict['level'];
  readonly curve: 'P-256' | 'P-384' | 'P-521';
  readonly target: 'initiator' | 'responder';
}

/** Result of a lab with a live call; times in milliseconds, as the caller measured them. */
export interface LiveResult extends LabResult {
  readonly call: Readonly<Record<string, unknown>>;
}

/** The two subscribers, their districts, and what they say: shipped with the program. */
const SIDES = {
  a: {
    subscriber: 'sip:alice@operator-a.example',
    district: 'https://pps.operator-a.example/ibe/pp',
    speech: fileURLToPath(new URL('../../../share/speech/alice.wav', import.meta.url)),
  },
  b: {
    subscriber: 'sip:bob@operator-b.example',
    district: 'https://pps.operator-b.example/ibe/pp',
    speech: fileURLToPath(new URL('../../../share/speech/bob.wav', import.meta.url)),
  },
} as const;
type Side = keyof typeof SIDES;

export async function live(order: LiveOrder): Promise<{ result: LiveResult; status: number }> {
  const narrator = createNarrator(order);
  await assertUsable(order);
  const out = await prepareOutput(order, systemClock());
  const ladder = createLadder(narrator, systemClock());
  const watched: Narrator = {
    ...narrator,
    event(role, event) {
      if (!ladder.take(role, event)) narrator.event(role, event);
    },
  };
  const result = await supervised(order, watched, (processes, signal) =>
    call(order, out, processes, watched, ladder, signal),
  );
  narrator.result(result, out);
  return { result, status: result.error === undefined ? 0 : 2 };
}

async function call(
  order: LiveOrder,
  out: string,
  processes: Processes,
  narrator: Narrator,
  ladder: Ladder,
  signal: AbortSignal,
): Promise<LiveResult> {
  const roles = join(out, 'roles');
  const [a, b] = await Promise.all([
    startDistrict(order, 'a', roles, processes),
    startDistrict(order, 'b', roles, processes),
  ]);
  const target = order.target === 'initiator' ? a : b;
  narrator.plan(target.district, order.curve, neededFlags(target.district));
  const federation = federate(
    await Promise.all([a, b].map(async (one) => ({ ...one, parameters: await provision(one) }))),
  );

  const client = { federation, curve: order.curve };
  const calleePlan = { ...client, district: b, name: 'callee', speech: SIDES.b.speech };
  const calleeFiles = await writeClient(calleePlan, roles, { listen: { host: HOST, port: 0 } });
  const [callee, df] = await Promise.all([
    processes.start('callee', ['ue', 'serve', '--config', calleeFiles.config], calleeFiles.directory),
    startDf(target.district, target.holders, out, 'lab call', processes),
  ]);
  const tap = await startTap(target, roles, callee, df, processes);

  const { organisations } = target.district;
  const { operator } = organisations;
  const admf = await connect(operator, 'admf', operator.certificate, df, 'intake');
  try {
    const warrant = await warrantFor(order, target);
    const { method, path } = warrantRoute;
    await admf.request({ method, path, body: { warrant: warrant.signed }, signal });
    narrator.warranted(warrant);

    const proxy = { host: HOST, port: tap.ports['sip0'] };
    const callerPlan = { ...client, district: a, name: 'caller', speech: SIDES.a.speech };
    const { config, directory } = await writeClient(callerPlan, roles, { proxy });
    const record = join(directory, 'recording.wav');
    const args = ['--to', b.subscriber, '--speech', SIDES.a.speech, '--record', record];
    const called = await processes.run('caller', ['ue', 'call', '--config', config, ...args], directory);
    // With the tap ends all that the Delivery Function sees of the call.
    await tap.stop();
    const intake = await ladder.intake;
    const body = { intake };
    const answer = await admf.request({ method: sessionsRoute.method, path: sessionsRoute.path, body, signal });
    const holders = [a, b].flatMap(({ holders: { kms, provider } }) =>
      provider === undefined ? [kms] : [kms, provider],
    );
    const result = resultOf([...holders, df, tap, callee], parseBody(sessionsRoute.response, answer));
    ladder.summary(called);
    return { ...result, call: called };
  } finally {
    await admf.close();
  }
}

async function startDistrict(
  order: LiveOrder,
  side: Side,
  roles: string,
  processes: Processes,
): Promise<RunningDistrict> {
  const { level, nonceMode, solution, alternative } = order;
  const { district: name, subscriber } = SIDES[side];
  const district: LabDistrict = {
    ...{ name, level, nonceMode, solution, alternative },
    organisations: await createOrganisations(),
    directory: join(roles, `operator-${side}`),
    clients: true,
  };
  return { district, holders: await startHolders(district, processes), subscriber };
}

/** A warrant for calls of about now. */
function warrantFor(
  { solution, alternative, deliver }: LiveOrder,
  { district, subscriber }: RunningDistrict,
): Promise<LabWarrant> {
  const nowMs = systemClock();
  return createLabWarrant(district.organisations, {
    targets: [subscriber],
    t1: Math.floor(nowMs / 1000),
    nowMs,
    solution: solution === 3 ? '3' : `4/${String(alternative) as '1' | '2'}`,
    deliver,
  });
}
