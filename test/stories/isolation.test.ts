/**
 * Who holds what, seen from outside while a lab runs: the operating system says what each process has open, where it
 * started and with which words, and every file of its directory is searched.
 *
 *   kms       s        ┐
 *   provider  MS       ├─ each a process of its own, with a directory that no other one opens
 *   df        nothing  ┘
 */
import { readFileSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LabResult } from '../../src/program/lab/lab-order.ts';
import { BOB, filesBelow, GOLDEN_1024, processFile, processLinks, secretsBelow, secretsIn } from '../support/lab.ts';
import { pausedLab, type PausedLab } from './paused-lab.ts';

const golden = JSON.parse(readFileSync(GOLDEN_1024, 'utf8'));
const hex = (text: string): Uint8Array => {
  const digits = text.replace(/^0x/, '');
  return Buffer.from(digits.padStart(digits.length + (digits.length % 2), '0'), 'hex');
};
const SECRETS = {
  's of a': hex(golden.masterSecrets.a),
  's of b': hex(golden.masterSecrets.b),
  'MS of A': hex(golden.MS.A),
  'MS of B': hex(golden.MS.B),
  x: hex(golden.x),
  y: hex(golden.y),
};

describe.each([
  { way: '3' as const, holders: ['kms-consolidated'] },
  { way: '4/1' as const, holders: ['kms', 'provider'] },
  { way: '4/2' as const, holders: ['kms', 'provider'] },
])('the processes of solution $way, while a lab runs', ({ way, holders }) => {
  let lab: PausedLab;

  beforeAll(async () => {
    lab = await pausedLab({ target: BOB, way, deliver: 'content' });
  });
  afterAll(async () => {
    lab.cutOff();
    await lab.ended;
  });

  const directoryOf = (role: string): string => join(lab.out, 'roles', role);

  it('are as many as the roles, and others than the lab', () => {
    expect(lab.roles.map(({ role }) => role).sort()).toEqual([...holders, 'df'].sort());
    expect(new Set([lab.pid, ...lab.roles.map(({ pid }) => pid)]).size).toBe(holders.length + 2);
    for (const { pid, role } of lab.roles) expect(readlinkSync(`/proc/${String(pid)}/cwd`)).toBe(directoryOf(role));
  });

  it('have their own state open, and no file of another', () => {
    for (const { pid, role } of lab.roles) {
      const mapped = processFile(pid, 'maps')
        .split('\n')
        .map((line) => line.split(/\s+/).slice(5).join(' '));
      const open = [...processLinks(pid, 'fd'), ...mapped].filter((path) => path.startsWith(lab.out));
      expect(open, role).toContain(join(directoryOf(role), 'state/state.db'));
      expect(open.filter((path) => !path.startsWith(`${directoryOf(role)}/`))).toEqual([]);
    }
  });

  it('know no secret from their command line or environment', () => {
    for (const { pid } of lab.roles) {
      const text = processFile(pid, 'cmdline') + processFile(pid, 'environ');
      expect(text).toContain('serve');
      expect(secretsIn(text, SECRETS)).toEqual([]);
    }
  });

  it('keep nothing in the clear: the Delivery Function has no secret, a holder has its own sealed', () => {
    const df = lab.roles.find(({ role }) => role === 'df');
    const start = readlinkSync(`/proc/${String(df?.pid)}/cwd`);
    expect(filesBelow(start)).toContain(join(start, 'state/state.db'));
    expect(secretsBelow(start, SECRETS)).toEqual([]);
    expect(secretsBelow(lab.out, SECRETS)).toEqual([]);
    // The search finds what is there: the fixture itself.
    expect(secretsIn(readFileSync(GOLDEN_1024, 'latin1'), { 'MS of B': SECRETS['MS of B'] })).toEqual(['MS of B']);
  });

  it('hold files that only their owner can read', () => {
    const readable = filesBelow(lab.out).filter((file) => (statSync(file).mode & 0o777) !== 0o600);
    expect(readable).toEqual([]);
    for (const role of [...holders, 'df']) {
      for (const directory of [directoryOf(role), join(directoryOf(role), 'state')]) {
        expect(statSync(directory).mode & 0o777).toBe(0o700);
      }
    }
  });

  it('go on when the capture does, name their numbers, and leave nothing in the clear behind', async () => {
    lab.goOn();
    const { status, stdout, stderr } = await lab.ended;
    const json = JSON.parse(stdout) as LabResult;
    expect(status, stderr).toBe(0);
    expect(json.roles).toEqual(
      [...holders, 'df'].map((role) => ({ role, pid: lab.roles.find((one) => one.role === role)?.pid })),
    );
    expect(json.sessions[0]?.streams.map(({ decrypted, failed }) => [decrypted, failed])).toEqual([
      [5, 0],
      [5, 0],
    ]);
    expect(secretsBelow(lab.out, SECRETS)).toEqual([]);
  });
});
