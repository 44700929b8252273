/** Roles as children: what they say, how they end, and that none is started or left behind when they are stopped. */
import { afterEach, describe, expect, it } from 'vitest';
import { createProcesses, type Processes, type RoleEvent } from '../../../src/program/lab/processes.ts';
import { waitUntil } from '../../support/lab.ts';

const folder = import.meta.dirname;
const READY = 'console.log(JSON.stringify({ ready: true, role: "kms", pid: process.pid, ports: { xk: 1 } }));';
const STAY = 'process.stdin.resume(); process.stdin.on("end", () => process.exit());';

let open: Processes | undefined;
afterEach(async () => {
  await open?.stop();
});

function processesOf(script: string): {
  processes: Processes;
  events: [string, RoleEvent][];
  commands: string[];
  lost: string[];
} {
  const [events, commands, lost]: [[string, RoleEvent][], string[], string[]] = [[], [], []];
  const processes = createProcesses({
    program: [process.execPath, '--eval', script, '--'],
    onStart: (command) => commands.push(command),
    onEvent: (role, event) => events.push([role, event]),
    onLoss: (role) => lost.push(role),
  });
  open = processes;
  return { processes, events, commands, lost };
}
const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
const start = (processes: Processes): ReturnType<Processes['start']> =>
  processes.start('kms', ['kms', 'serve', '--config', 'c'], folder);

describe('a role', () => {
  it('is there when it says so, and what it tells is passed on, whatever else it prints', async () => {
    const { processes, events, commands, lost } = processesOf(
      `console.log("not JSON"); console.log("7"); ${READY} console.log(JSON.stringify({ event: "released", to: "df" })); ${STAY}`,
    );
    const { role, pid, ports } = await start(processes);
    expect([role, ports]).toEqual(['kms', { xk: 1 }]);
    expect(alive(pid)).toBe(true);
    await waitUntil(() => events.length > 0, 'an event');
    expect(events).toEqual([['kms', { event: 'released', to: 'df' }]]);
    expect(commands).toEqual(['halfkey kms serve --config c']);
    await processes.stop();
    expect(alive(pid)).toBe(false);
    expect(lost).toEqual([]);
  });

  it('that ends by itself afterwards is a loss', async () => {
    const { processes, lost } = processesOf(READY);
    await (
      await start(processes)
    ).ended;
    await waitUntil(() => lost.length > 0, 'the loss');
    expect(lost).toEqual(['kms']);
  });

  it('that does not end when it is told to is killed', async () => {
    const { processes } = processesOf(`process.on("SIGTERM", () => undefined); ${READY} setInterval(() => 0, 1000);`);
    const { pid } = await start(processes);
    await processes.stop();
    expect(alive(pid)).toBe(false);
  });
});

describe('a role that does not get ready', () => {
  it.each([
    [
      'its own code, when it is one of ours',
      'console.log(JSON.stringify({ error: { code: "STATE_IN_USE", message: "in use" } }))',
      { code: 'STATE_IN_USE', message: 'kms: in use' },
    ],
    [
      'INTERNAL for a code that nobody knows',
      'console.log(JSON.stringify({ error: { code: "WHAT", message: 7 } }))',
      { code: 'INTERNAL', message: 'kms: did not start' },
    ],
    [
      'INTERNAL and what it said last',
      'console.error("first"); console.error("it is broken"); process.exit(9)',
      { code: 'INTERNAL', message: 'the kms ended with 9 before it was ready: it is broken' },
    ],
    ['UNAVAILABLE when it was killed', 'process.kill(process.pid, "SIGKILL")', { code: 'UNAVAILABLE' }],
  ])('%s', async (_, script, failure) => {
    await expect(start(processesOf(script).processes)).rejects.toMatchObject(failure);
  });

  it('INTERNAL when there is no such program', async () => {
    const processes = createProcesses({
      program: ['/no/such/program'],
      onStart: () => undefined,
      onEvent: () => undefined,
      onLoss: () => undefined,
    });
    await expect(start(processes)).rejects.toMatchObject({ code: 'INTERNAL', message: 'the kms could not be started' });
  });
});

it('nothing is started any more once the roles have been told to stop', async () => {
  const { processes, commands } = processesOf(`${READY} ${STAY}`);
  const { pid } = await start(processes);
  await processes.stop();
  await expect(start(processes)).rejects.toMatchObject({ code: 'INTERRUPTED' });
  expect(commands).toHaveLength(1);
  expect(alive(pid)).toBe(false);
});
