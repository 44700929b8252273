/** Which kernel computes in this process, and what kept the faster ones from it: for `halfkey doctor`. */
import {
  EMBEDDED_MODULES,
  kernelStatus,
  loadModule,
  type KernelKind,
  type WasmKind,
} from '../../crypto/curve/index.ts';

export interface KernelReport {
  /** The kernel that runs, and whether HALFKEY_KERNEL asked for it. */
  readonly kernel: KernelKind;
  readonly forced: boolean;
  /** Each kernel on WebAssembly, the fastest first, and the check that it fails where it cannot run. */
  readonly modules: readonly { readonly kind: WasmKind; readonly runs: boolean; readonly reason?: string }[];
  /** Whether a module is damaged; one that this host merely lacks the instructions for is not. */
  readonly damaged: boolean;
}

/** Loads every module once more, whichever runs. @throws HalfkeyError `KernelUnavailable` as {@link kernelStatus} */
export function kernelReport(): KernelReport {
  const modules = (['fma', 'scalar'] as const).map((kind) => {
    const loaded = loadModule(kind, EMBEDDED_MODULES[kind]);
    return 'refused' in loaded ? { kind, runs: false, reason: loaded.refused } : { kind, runs: true };
  });
  const { kind: kernel, forced } = kernelStatus();
  return { kernel, forced, modules, damaged: modules.some(({ reason }) => reason !== undefined && !ofHost(reason)) };
}

/** Without relaxed SIMD a module does not compile; without FMA the product is not fused. */
function ofHost(reason: string): boolean {
  return /^(?:no WebAssembly|CompileError|self-test: fused product)/.test(reason);
}

/** A line a kernel. */
export function kernelLines({ kernel, forced, modules }: KernelReport): string[] {
  const why = forced ? 'HALFKEY_KERNEL asks for it' : 'the fastest that passes its self-test';
  return [
    `kernel     ${kernel}: ${why}`,
    ...modules.map(
      ({ kind, runs, reason }) =>
        `  ${kind.padEnd(8)} ${runs ? 'ok, self-test passed' : `does not run: ${reason ?? ''}`}`,
    ),
    '  bigint   ok, the reference',
  ];
}
