/**
 * A live call: two operators, two clients that know of no warrant, a tap between them, and the Delivery Function of the
 * target's operator, which opens the call while they speak. Its only input is what the tap passes on.
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../foundation/base/index.ts';
import { octetsOf } from './capture-clock.ts';
import { captureOf, startTap, writeClient } from './clients.ts';
import { federate, provision, type RunningDistrict } from './federation.ts';
import { HOST, neededFlags, startHolders, type LabDistrict } from './holders.ts';
import { intercept, type Interception } from './interception.ts';
import { readLogs } from './holder-logs.ts';
import { reported, resultOf, type LabOrder, type LabResult } from './lab-order.ts';
import { createLadder, type Ladder } from './ladder.ts';
import { createNarrator, type Narrator } from './narrator.ts';
import { createOrganisations } from './organisations.ts';
import { assertUsable, prepareOutput } from './output-directory.ts';
import type { Processes } from './processes.ts';
import { supervised } from './supervised.ts';
import { writeReport, type ReportSource } from './write-report.ts';

export interface LiveOrder extends LabOrder {
  readonly nonceMode: 1 | 2 | 3;
  readonly level: LabDistrict['level'];
  readonly curve: 'P-256' | 'P-384' | 'P-521';
  /** Whom the warrants name: the first is opened while they speak, any other from what the tap recorded. */
  readonly targets: readonly ('initiator' | 'responder')[];
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
  const found = await supervised(order, watched, (processes, signal) =>
    call(order, out, processes, watched, ladder, signal),
  );
  const { level, curve, nonceMode, solution, alternative } = order;
  const flags = neededFlags({ level, nonceMode, solution, alternative });
  const target = SIDES[order.targets[0] === 'responder' ? 'b' : 'a'].subscriber;
  const about = { kind: 'live', level, curve, nonceMode, flags, target, order, out, offsetMs: 0 } as const;
  const report = await writeReport({ ...about, ...found, capture: () => octetsOf(captureOf(join(out, 'roles'))) });
  const result = reported(found.result, report);
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
): Promise<{ result: Omit<LiveResult, 'report'>; logs: ReportSource['logs'] }> {
  const roles = join(out, 'roles');
  const [a, b] = await Promise.all([
    startDistrict(order, 'a', roles, processes),
    startDistrict(order, 'b', roles, processes),
  ]);
  const federation = federate(
    await Promise.all([a, b].map(async (one) => ({ ...one, parameters: await provision(one) }))),
  );

  const client = { federation, curve: order.curve };
  const calleePlan = { ...client, district: b, name: 'callee', speech: SIDES.b.speech };
  const calleeFiles = await writeClient(calleePlan, roles, { listen: { host: HOST, port: 0 } });
  const callee = await processes.start(
    'callee',
    ['ue', 'serve', '--config', calleeFiles.config],
    calleeFiles.directory,
  );
  const interceptions: Interception[] = [];
  for (const [i, target] of order.targets.entries()) {
    const running = target === 'initiator' ? a : b;
    narrator.plan(running.district, order.curve, neededFlags(running.district));
    const delivery = i === 0 ? out : join(out, target);
    interceptions.push(await intercept(running, order.deliver, delivery, processes));
  }
  const [first] = interceptions;
  if (first === undefined) throw new TypeError('a lab needs a target');
  const tap = await startTap(order.targets[0] === 'initiator' ? a : b, roles, callee, first.df, processes);
  narrator.warranted(first.warrant);

  const proxy = { host: HOST, port: tap.ports['sip0'] };
  const callerPlan = { ...client, district: a, name: 'caller', speech: SIDES.a.speech };
  const { config, directory } = await writeClient(callerPlan, roles, { proxy });
  const record = join(directory, 'recording.wav');
  const args = ['--to', b.subscriber, '--speech', SIDES.a.speech, '--record', record];
  const called = await processes.run('caller', ['ue', 'call', '--config', config, ...args], directory);
  // With the tap ends all that the Delivery Function sees of the call.
  await tap.stop();

  // The first Delivery Function was there while they spoke; any other gets what the tap has recorded.
  const answers = [await first.sessions(await ladder.intake, signal)];
  for (const later of interceptions.slice(1)) {
    answers.push(await later.sessions(await later.feed(captureOf(roles), signal), signal));
  }
  const holders = [a, b].flatMap(({ holders: { kms, provider } }) =>
    provider === undefined ? [kms] : [kms, provider],
  );
  const answer = {
    sessions: answers.flatMap(({ sessions }) => sessions),
    notes: answers.flatMap(({ notes }) => notes),
  };
  ladder.summary(called);
  const result = resultOf([...holders, ...interceptions.map(({ df }) => df), tap, callee], answer);
  const logs = await Promise.all(
    (
      [
        ['operator A', a, 'initiator'],
        ['operator B', b, 'responder'],
      ] as const
    ).map(([name, one, side]) => {
      const dfs = interceptions.filter((_, i) => order.targets[i] === side).map(({ df }) => df);
      const { kms, provider } = one.holders;
      const running = [kms, ...(provider === undefined ? [] : [provider]), ...dfs];
      return readLogs(one.district.organisations, running, name);
    }),
  );
  return { result: { ...result, call: called }, logs: logs.flat() };
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
