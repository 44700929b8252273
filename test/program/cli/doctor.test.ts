/** `halfkey doctor`, on this installation and on one of which a module was damaged: a copy of dist/ with other octets. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kernelStatus } from '../../../src/crypto/curve/index.ts';
import { EMBEDDED_MODULES } from '../../../src/crypto/curve/load.ts';
import { resultLine, resultsOf, sampleOf } from '../../../src/program/bench/sample.ts';
import { childEnv, ensureBuilt, projectRoot } from '../../support/children.ts';
import { needs, needsOfKernel } from '../../support/needs.ts';

const folder = mkdtempSync(join(tmpdir(), 'halfkey-doctor-'));
const MODULES = 'dist/crypto/curve/generated/modules.js';

beforeAll(() => {
  ensureBuilt();
  cpSync(join(projectRoot, 'dist'), join(folder, 'dist'), { recursive: true });
  cpSync(join(projectRoot, 'package.json'), join(folder, 'package.json'));
  symlinkSync(join(projectRoot, 'node_modules'), join(folder, 'node_modules'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function halfkey(args: readonly string[], kernel?: string, input = ''): { status: number | null; stdout: string } {
  return spawnSync(process.execPath, [join(folder, 'dist/program/cli/main.js'), ...args], {
    env: childEnv({ HALFKEY_KERNEL: kernel }),
    encoding: 'utf8',
    input,
  });
}

/** Puts `octets` in the place of a module, with a checksum that fits them or that of the old ones. */
function replaceModule(kind: 'fma' | 'scalar', octets: Uint8Array, fitting: boolean): void {
  const { base64, sha256 } = EMBEDDED_MODULES[kind];
  let text = readFileSync(join(projectRoot, MODULES), 'utf8').replace(base64, Buffer.from(octets).toString('base64'));
  if (fitting) text = text.replace(sha256, createHash('sha256').update(octets).digest('hex'));
  writeFileSync(join(folder, MODULES), text);
}

/** The module with one octet of a constant turned: 1.5 * 2^52, or 2^28 - 1, with which the fields make their limbs. */
function damaged(kind: 'fma' | 'scalar'): Uint8Array {
  const [from, to] = kind === 'fma' ? ['0000000000003843', '0000000000003943'] : ['ffffffff00', 'feffffff00'];
  const hex = Buffer.from(EMBEDDED_MODULES[kind].base64, 'base64').toString('hex');
  expect(hex).toContain(from);
  return Buffer.from(hex.replaceAll(from, to), 'hex');
}

describe('halfkey doctor', () => {
  it('tells in its help how a kernel is forced', () => {
    expect(halfkey(['doctor', '--help']).stdout).toContain('HALFKEY_KERNEL=fma|scalar|bigint');
  });

  it('a whole installation: the kernel of this process, 0', () => {
    const { status, stdout } = halfkey(['doctor', '--json']);
    const { kind } = kernelStatus();
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      ok: true,
      machine: { node: process.versions.node },
      ...(process.env['HALFKEY_KERNEL'] === undefined ? { kernel: kind } : {}),
      forced: false,
      modules: [{ kind: 'fma' }, { kind: 'scalar', runs: true }],
    });
    expect(halfkey(['doctor']).stdout).toContain('self-test passed');
  });

  it.each(['scalar', 'bigint'])('HALFKEY_KERNEL=%s: says that it was asked for', (kernel) => {
    const { status, stdout } = halfkey(['doctor', '--json'], kernel);
    expect([status, JSON.parse(stdout)]).toMatchObject([0, { kernel, forced: true }]);
  });

  it('HALFKEY_KERNEL that names no kernel is misuse', () => {
    expect(halfkey(['doctor', '--json'], 'fast')).toMatchObject({ status: 1 });
  });

  it.each([
    ['fma', true, /^self-test: /],
    ['scalar', true, /^self-test: /],
    ['fma', false, /^checksum$/],
  ] as const)(
    '%s with one octet changed (checksum fits: %s): named, 2, and results stay right',
    (kind, fitting, reason) => {
      // Without it, the module fails as it does undamaged, and that is in order.
      if (fitting) needs(...needsOfKernel(kind));
      replaceModule(kind, damaged(kind), fitting);
      const { status, stdout } = halfkey(['doctor', '--json']);
      expect(status).toBe(2);
      const report = JSON.parse(stdout) as { ok: boolean; modules: { kind: string; runs: boolean; reason?: string }[] };
      expect(report.ok).toBe(false);
      expect(report.modules.find((module) => module.kind === kind)).toMatchObject({ runs: false });
      expect(report.modules.find((module) => module.kind === kind)?.reason).toMatch(reason);
      const computed = halfkey(['bench', 'competitor', '--bits', '512'], undefined, 'check\n').stdout.trim();
      expect(computed).toBe(resultLine(resultsOf(sampleOf(512))));
    },
  );

  it('modules that are none: BigInt computes', () => {
    replaceModule('fma', Uint8Array.of(0), true);
    const { status, stdout } = halfkey(['doctor', '--json'], 'bigint');
    expect([status, JSON.parse(stdout)]).toMatchObject([0, { kernel: 'bigint', modules: [{ runs: false }, {}] }]);
  });
});
