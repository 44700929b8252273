/**
 * What the operator of a target does for a live call: a Delivery Function, a warrant for it, and the sessions that come
 * of an intake.
 */
import { systemClock } from '../../foundation/base/index.ts';
import { sessionsRoute, warrantRoute, type SessionsAnswer } from '../../contract/administration/index.ts';
import { intakeRoute } from '../../contract/intake/index.ts';
import { parseBody } from '../../contract/route/index.ts';
import { octetsOf } from './capture-clock.ts';
import type { RunningDistrict } from './federation.ts';
import { connect, startDf } from './holders.ts';
import { createLabWarrant, type LabWarrant } from './lab-warrant.ts';
import type { Processes, RoleProcess } from './processes.ts';

export interface Interception {
  readonly df: RoleProcess;
  readonly warrant: LabWarrant;
  /** Feeds a capture that was made before; returns the name of the intake. */
  feed(capture: string, signal: AbortSignal): Promise<string>;
  sessions(intake: string, signal: AbortSignal): Promise<SessionsAnswer>;
}

/** Starts it, with a warrant for calls of about now. */
export async function intercept(
  { district, holders, subscriber }: RunningDistrict,
  deliver: readonly ('content' | 'keys')[],
  delivery: string,
  processes: Processes,
): Promise<Interception> {
  const { solution, alternative, organisations } = district;
  const { operator } = organisations;
  const df = await startDf(district, holders, delivery, 'lab call', processes);
  const nowMs = systemClock();
  const warrant = await createLabWarrant(organisations, {
    targets: [subscriber],
    t1: Math.floor(nowMs / 1000),
    nowMs,
    solution: solution === 3 ? '3' : `4/${String(alternative) as '1' | '2'}`,
    deliver,
  });

  /** One request as `role`, whose certificate is the operator's. */
  async function ask(
    role: string,
    request: Parameters<Awaited<ReturnType<typeof connect>>['request']>[0],
  ): Promise<unknown> {
    const client = await connect(operator, role, operator.certificate, df, 'intake');
    try {
      return await client.request(request);
    } finally {
      await client.close();
    }
  }

  await ask('admf', { method: warrantRoute.method, path: warrantRoute.path, body: { warrant: warrant.signed } });
  return {
    df,
    warrant,
    async feed(capture, signal) {
      const { method, path, response } = intakeRoute;
      const taken = await ask('tap', { method, path, stream: octetsOf(capture), timeoutMs: 0, signal });
      return parseBody(response, taken).intake;
    },
    async sessions(intake, signal) {
      const { method, path, response } = sessionsRoute;
      return parseBody(response, await ask('admf', { method, path, body: { intake }, signal }));
    },
  };
}
