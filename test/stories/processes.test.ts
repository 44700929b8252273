/**
 * However a lab ends, it leaves no process: it ends its roles, and a role whose lab is gone ends itself.
 *
 *   Ctrl-C   ──> lab ── SIGTERM ──> roles                130, INTERRUPTED
 *   kill -9  ──> lab    standard input ends ──> roles
 *   kill -9  ──> role   ──> lab ── SIGTERM ──> the others     2, UNAVAILABLE
 */
import { describe, expect, it } from 'vitest';
import { ALICE, BOB, lab, noneLeft, rolesOf, startLab, waitUntil, type Running } from '../support/lab.ts';
import { pausedLab, waitingLab } from './paused-lab.ts';

/** What a lab says when a phase of its start begins. */
const PHASES = [
  'lawful recovery',
  '$ halfkey kms serve',
  '$ halfkey provider serve',
  '$ halfkey df serve',
  'two people approve',
];

const signalGroup = ({ pid }: Running): void => {
  process.kill(-pid, 'SIGINT');
};

describe('two labs', () => {
  it('run side by side', async () => {
    const [first, second] = await Promise.all([
      pausedLab({ target: BOB, way: '4/2' }),
      pausedLab({ target: ALICE, way: '3' }),
    ]);
    const pids = [...first.roles, ...second.roles].map(({ pid }) => pid);
    expect(new Set(pids).size).toBe(5);
    for (const one of [first, second]) one.goOn();
    for (const { ended } of [first, second]) {
      const { status, stdout, stderr } = await ended;
      expect(status, stderr).toBe(0);
      expect(JSON.parse(stdout).sessions[0].streams.map(({ failed }: { failed: number }) => failed)).toEqual([0, 0]);
    }
    for (const { out } of [first, second]) expect(rolesOf(out)).toEqual([]);
  });
});

describe('Ctrl-C', () => {
  it.each(PHASES.filter((_, i) => i % 2 === 0))('ends lab and roles with 130: at "%s"', async (phase) => {
    // A shell sends it to the whole group: the roles get it, too.
    const running = startLab({ target: BOB, way: '4/2', group: true });
    await running.says(phase);
    signalGroup(running);
    const { status, stdout } = await running.ended;
    expect(status).toBe(130);
    expect(JSON.parse(stdout)).toEqual({
      error: { code: 'INTERRUPTED', message: expect.any(String), hint: expect.any(String) },
    });
    expect(rolesOf(running.out)).toEqual([]);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('and %s to the lab alone, in the middle of a call', async (signal) => {
    const running = await pausedLab({ target: BOB, way: '4/2' });
    running.kill(signal);
    // What is read from a pipe cannot be left alone before something comes.
    await noneLeft(running.out);
    running.cutOff();
    const { status, stdout, stderr } = await running.ended;
    expect(status).toBe(130);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'INTERRUPTED' } });
    expect(stderr).toContain('session key recovered');
    expect(stderr).not.toContain('hands over');
  });
});

describe('kill -9 of a lab', () => {
  it.each(PHASES.filter((_, i) => i % 2 === 1))('leaves no role: at "%s"', async (phase) => {
    const running = startLab({ target: BOB, way: '4/2' });
    await running.says(phase);
    running.kill('SIGKILL');
    expect((await running.ended).status).toBeNull();
    await noneLeft(running.out);
  });

  it.each(['3', '4/2'] as const)('leaves no role in the middle of a call: solution %s', async (way) => {
    const running = await pausedLab({ target: BOB, way });
    expect(running.roles.length).toBe(way === '3' ? 2 : 3);
    running.kill('SIGKILL');
    await noneLeft(running.out);
    running.cutOff();
    expect((await running.ended).status).toBeNull();
  });

  it('leaves no Delivery Function that waits for a holder which does not answer', async () => {
    const running = await waitingLab({ target: BOB, way: '4/2' });
    const kms = running.roles.find(({ role }) => role === 'kms')?.pid as number;
    process.kill(kms, 'SIGSTOP');
    running.sendDialog();
    await running.says('df -> kms');
    running.kill('SIGKILL');
    await noneLeft(running.out, [kms]);
    process.kill(kms, 'SIGCONT');
    await noneLeft(running.out);
    running.cutOff();
    await running.ended;
  });
});

describe('a role that dies', () => {
  it.each(['kms', 'df'])('in the middle of a call, makes the lab fail and end the others: %s', async (role) => {
    const running = await pausedLab({ target: BOB, way: '4/2' });
    process.kill(running.roles.find((one) => one.role === role)?.pid as number, 'SIGKILL');
    await noneLeft(running.out);
    running.cutOff();
    const { status, stdout } = await running.ended;
    expect(status).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'UNAVAILABLE' } });
  });

  it.each(['kms', 'df'])('before it is ready, too: %s', async (role) => {
    const running = startLab({ target: BOB, way: '4/2' });
    await running.says(`$ halfkey ${role} serve`);
    await waitUntil(() => rolesOf(running.out).some((one) => one.role === role), 'the process');
    process.kill(rolesOf(running.out).find((one) => one.role === role)?.pid as number, 'SIGKILL');
    const { status, stdout } = await running.ended;
    expect(status).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'UNAVAILABLE' } });
    expect(rolesOf(running.out)).toEqual([]);
  });

  it('none is left after a lab that ended by itself', async () => {
    const { status, out } = await lab({ target: BOB, way: '3' });
    expect(status).toBe(0);
    expect(rolesOf(out)).toEqual([]);
  });
});
