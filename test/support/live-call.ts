/**
 * A live call composed of the lab's parts, between clients whose operators hold no warrant; and warrants that come after
 * it, for what the tap has recorded.
 */
import { join } from 'node:path';
import { sessionsRoute, type SessionsAnswer } from '../../src/contract/administration/index.ts';
import { parseBody } from '../../src/contract/route/index.ts';
import { startTap, writeClient } from '../../src/program/lab/clients.ts';
import { federate, provision, type RunningDistrict } from '../../src/program/lab/federation.ts';
import { connect, HOST, startDf, startHolders } from '../../src/program/lab/holders.ts';
import { intercept } from '../../src/program/lab/interception.ts';
import { createOrganisations } from '../../src/program/lab/organisations.ts';
import { createProcesses, type Processes, type RoleEvent } from '../../src/program/lab/processes.ts';
import { programFile, SHORT_LIVED } from './children.ts';
import { speech } from './clients.ts';
import { ALICE, BOB, waitUntil } from './lab.ts';

export interface QuietCall {
  /** Where its roles are. */
  readonly roles: string;
  /** What the caller printed last. */
  readonly called: Readonly<Record<string, unknown>>;
  /** What the Delivery Function without a warrant told of itself, and of the intake. */
  readonly events: readonly RoleEvent[];
  readonly answer: SessionsAnswer;
  /** A Delivery Function with a warrant for the subscriber of one side is given a capture afterwards. */
  intercepted(side: 'a' | 'b', capture: string, delivery: string): Promise<SessionsAnswer>;
  stop(): Promise<void>;
}

const SIDES = {
  a: { subscriber: ALICE, name: 'https://pps.operator-a.example/ibe/pp' },
  b: { subscriber: BOB, name: 'https://pps.operator-b.example/ibe/pp' },
};

/** Alice calls Bob; solution 4, alternative 2, nonce mode 3, P-256, the level given. */
export async function quietCall(out: string, level: 1024 | 3072): Promise<QuietCall> {
  const events: RoleEvent[] = [];
  const lost: string[] = [];
  const processes = createProcesses({
    program: [process.execPath, ...SHORT_LIVED, programFile],
    onStart: () => undefined,
    onEvent: (role, event) => {
      if (role === 'df' || role === 'tap') events.push(event);
    },
    onLoss: (role) => lost.push(role),
  });
  try {
    return await place(out, level, processes, events);
  } catch (error) {
    await processes.stop();
    throw lost.length === 0 ? error : new Error(`lost: ${lost.join(', ')}`, { cause: error });
  }
}

async function place(out: string, level: 1024 | 3072, processes: Processes, told: RoleEvent[]): Promise<QuietCall> {
  const roles = join(out, 'roles');
  const start = async (side: 'a' | 'b'): Promise<RunningDistrict> => {
    const district = {
      ...({ name: SIDES[side].name, level, nonceMode: 3, solution: 4, alternative: 2 } as const),
      ...{ organisations: await createOrganisations(), directory: join(roles, `operator-${side}`), clients: true },
    };
    return { district, holders: await startHolders(district, processes), subscriber: SIDES[side].subscriber };
  };
  const [a, b] = await Promise.all([start('a'), start('b')]);
  const federation = federate(
    await Promise.all([a, b].map(async (one) => ({ ...one, parameters: await provision(one) }))),
  );
  const plan = { federation, curve: 'P-256' } as const;
  const calleePlan = { ...plan, district: b, name: 'callee', speech: speech('bob') };
  const calleeFiles = await writeClient(calleePlan, roles, { listen: { host: HOST, port: 0 } });
  const serve = ['ue', 'serve', '--config', calleeFiles.config];
  const callee = await processes.start('callee', serve, calleeFiles.directory);
  const df = await startDf(a.district, a.holders, join(out, 'quiet'), 'no warrant', processes);
  const tap = await startTap(a, roles, callee, df, processes);
  const callerPlan = { ...plan, district: a, name: 'caller', speech: speech('alice') };
  const { config, directory } = await writeClient(callerPlan, roles, {
    proxy: { host: HOST, port: tap.ports['sip0'] },
  });
  const record = join(directory, 'recording.wav');
  const args = ['--to', BOB, '--speech', speech('alice'), '--record', record];
  const called = await processes.run('caller', ['ue', 'call', '--config', config, ...args], directory);
  await tap.stop();
  const intakeOf = (): unknown => told.find(({ event }) => event === 'taken')?.['intake'];
  await waitUntil(() => intakeOf() !== undefined, 'the end of the intake');

  const { operator } = a.district.organisations;
  const admf = await connect(operator, 'admf', operator.certificate, df, 'intake');
  const { method, path, response } = sessionsRoute;
  const answer = parseBody(response, await admf.request({ method, path, body: { intake: intakeOf() } }));
  await admf.close();
  await df.stop();
  const events = told.filter(({ event }) => event !== 'taken');
  const never = new AbortController().signal;
  let later = 0;
  return {
    ...{ roles, called, events, answer },
    async intercepted(side, capture, delivery) {
      const { district, ...one } = side === 'a' ? a : b;
      later += 1;
      const elsewhere = { ...one, district: { ...district, directory: join(out, `later-${String(later)}`) } };
      const interception = await intercept(elsewhere, ['content', 'keys'], delivery, processes);
      return interception.sessions(await interception.feed(capture, never), never);
    },
    stop: () => processes.stop(),
  };
}
