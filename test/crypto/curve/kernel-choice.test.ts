/** Which kernel runs, and that a damaged one does not. */
import { createHash } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { beforeAll, describe, expect, it } from 'vitest';
import { createKernel, CURVE_PARAMETERS } from '../../../src/crypto/curve/index.ts';
import {
  chooseKernel,
  EMBEDDED_MODULES,
  loadModule,
  type EmbeddedModule,
  type LoadedModule,
  type WasmKind,
} from '../../../src/crypto/curve/load.ts';
import { fromHex, toHex } from '../../../src/foundation/base/index.ts';
import { childEnv, ensureBuilt, projectRoot } from '../../support/children.ts';
import { itIsTheKernelAskedFor } from '../../support/kernel-of-run.ts';
import { LEVELS } from '../../support/kernels.ts';
import { FUSED, needs, needsOfKernel } from '../../support/needs.ts';

/** A module that is not asked to compute. */
const usable: LoadedModule = { instantiate: () => expect.unreachable() };
const unavailable = expect.objectContaining({ code: 'KernelUnavailable' }) as unknown;

/** A module with some octets replaced; resealed, its checksum is right again. */
function damaged(kind: WasmKind, from: string, to: string, resealed: boolean): EmbeddedModule {
  const { base64, sha256 } = EMBEDDED_MODULES[kind];
  const hex = toHex(Buffer.from(base64, 'base64'));
  expect(hex).toContain(from);
  const octets = fromHex(hex.replaceAll(from, to));
  const digest = createHash('sha256').update(octets).digest('hex');
  return { base64: Buffer.from(octets).toString('base64'), sha256: resealed ? digest : sha256 };
}

describe('the kernel of this run', () => {
  itIsTheKernelAskedFor(LEVELS.map((level) => CURVE_PARAMETERS[level]));

  beforeAll(ensureBuilt);

  /** What kernelStatus says in a process of its own. */
  function statusOf(wanted: string, ...flags: string[]): unknown {
    const script = `const { kernelStatus } = await import('${projectRoot}/dist/crypto/curve/index.js'); console.log(JSON.stringify(kernelStatus()));`;
    const { stdout, stderr } = spawnSync(process.execPath, [...flags, '--input-type=module', '-e', script], {
      encoding: 'utf8',
      env: childEnv({ HALFKEY_KERNEL: wanted }),
    });
    expect(stderr).toBe('');
    return JSON.parse(stdout);
  }

  it.each(['fma', 'scalar', 'bigint'])('is %s in the built program, too, when it is asked for', (kind) => {
    needs(...needsOfKernel(kind));
    expect(statusOf(kind)).toEqual({ kind, forced: true, refused: [] });
  });

  // Node takes these flags everywhere, but only x86-64 has what they switch off.
  it.runIf(process.arch === 'x64').each([
    ['--no-enable-fma3', 'self-test: fused product'],
    ['--no-enable-sse4-1', 'CompileError: '],
  ])('is scalar on a host as after %s', (flag, reason) => {
    const refused = [{ kind: 'fma', reason: expect.stringContaining(reason) as string }];
    expect(statusOf('', flag)).toEqual({ kind: 'scalar', forced: false, refused });
  });
});

describe('the choice', () => {
  const refused = { refused: 'self-test: field' };

  it('takes the first that runs, and says why not the faster ones', () => {
    expect(chooseKernel(undefined, () => usable)).toEqual({ kind: 'fma', forced: false, refused: [] });
    expect(chooseKernel('', (kind) => (kind === 'fma' ? refused : usable))).toEqual({
      kind: 'scalar',
      forced: false,
      refused: [{ kind: 'fma', reason: 'self-test: field' }],
    });
    const { kind, refused: reasons } = chooseKernel(undefined, () => refused);
    expect([kind, reasons.map((one) => one.kind)]).toEqual(['bigint', ['fma', 'scalar']]);
  });

  it('takes what is asked for, or fails', () => {
    expect(chooseKernel('scalar', () => usable)).toEqual({ kind: 'scalar', forced: true, refused: [] });
    expect(chooseKernel('bigint', () => refused)).toEqual({ kind: 'bigint', forced: true, refused: [] });
    expect(() => chooseKernel('fma', () => refused)).toThrow(unavailable);
    expect(() => chooseKernel('FMA', () => usable)).toThrow(unavailable);
  });

  it.each(['fma', 'scalar', 'bigint'] as const)('of %s leaves sizes that no level has to BigInt', (kind) => {
    needs(...needsOfKernel(kind));
    expect(createKernel({ p: 239n, q: 5n }, kind).kind).toBe('bigint');
    expect(createKernel(CURVE_PARAMETERS[1024], kind).kind).toBe(kind);
  });

  it('of every module is possible where the host can run it', () => {
    expect(loadModule('scalar', EMBEDDED_MODULES.scalar)).not.toHaveProperty('refused');
    needs(FUSED);
    expect(loadModule('fma', EMBEDDED_MODULES.fma)).not.toHaveProperty('refused');
  });
});

describe('a damaged module is named and not used', () => {
  // 1.5 * 2^103, by which the FMA kernel splits products; 2^30 - 1, by which the inversion does.
  const constants = {
    fma: ['0000000000006846', '0000000000006946'],
    scalar: ['42ffffffff03', '42ffffffff01'],
  } as const;

  it.each(['fma', 'scalar'] as const)('%s: one octet of a constant', (kind) => {
    const [from, to] = constants[kind];
    expect(loadModule(kind, damaged(kind, from, to, false))).toEqual({ refused: 'checksum' });
    needs(...needsOfKernel(kind));
    expect(loadModule(kind, damaged(kind, from, to, true))).toEqual({ refused: 'self-test: field' });
  });

  it('a host whose multiply-add is not fused', () => {
    needs(FUSED);
    // 2^27 + 1 replaced by 2^27: its square has no error, as if it were rounded twice.
    const unfused = damaged('fma', '000000020000a041', '000000000000a041', true);
    expect(loadModule('fma', unfused)).toEqual({ refused: 'self-test: fused product' });
  });

  it('no module, or one that the host does not compile', () => {
    const of = (octets: Uint8Array): EmbeddedModule => ({
      base64: Buffer.from(octets).toString('base64'),
      sha256: createHash('sha256').update(octets).digest('hex'),
    });
    expect(loadModule('fma', of(new Uint8Array()))).toEqual({ refused: expect.stringMatching(/^CompileError/) });
    // A function whose body is an instruction that does not exist, as relaxed SIMD is to an older host.
    const unknown = fromHex('0061736d01000000010401600000030201000a070105 00fd ff7f 0b'.replaceAll(' ', ''));
    expect(loadModule('fma', of(unknown))).toEqual({ refused: expect.stringMatching(/^CompileError/) });
  });
});
