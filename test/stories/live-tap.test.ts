/** The tap is all that the Delivery Function has: when it ends in the middle of a call, discovery ends, and the lab. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { noneLeft, rolesOf, start, temporaryDirectory } from '../support/lab.ts';
import { eventsOf } from '../support/live-trace.ts';

it('a tap that is killed while they speak: UNAVAILABLE, no product, and nobody is left', async () => {
  const out = join(temporaryDirectory(), 'out');
  const lab = start(['lab', '--level', '1024', '--out', out, '--json']);
  await lab.says('proved by V of R_MESSAGE_2');
  const roles = rolesOf(out);
  expect(roles.map(({ role }) => role).sort()).toEqual([
    ...['callee', 'caller', 'df', 'kms', 'kms', 'provider', 'provider', 'tap'],
  ]);
  process.kill(roles.find(({ role }) => role === 'tap')?.pid ?? 0, 'SIGKILL');
  const { status, stdout } = await lab.ended;
  expect(status).toBe(2);
  expect(JSON.parse(stdout)).toEqual({
    error: { code: 'UNAVAILABLE', message: 'the tap ended before the lab did', hint: expect.any(String) as string },
  });
  await noneLeft(out);
  expect(rolesOf(out)).toEqual([]);
  expect(existsSync(join(out, 'session-1'))).toBe(false);
  // It had been at work, and what it wrote is whole.
  const events = await eventsOf(join(out, 'roles', 'tap', 'capture.pcap'));
  expect(events.some(({ kind }) => kind === 'tcp')).toBe(true);
});
