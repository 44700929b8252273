/**
 * The kernel that computes vectors and golden files: each file of them asserts that it is the one that HALFKEY_KERNEL
 * names, and tells the reporter, so that `npm test` prints which it was (tools/quality/reporter.mjs).
 */
import { expect, it } from 'vitest';
import { kernelFor, kernelStatus, type Curve, type KernelKind } from '../../src/crypto/curve/index.ts';

declare module 'vitest' {
  interface TaskMeta {
    kernel?: KernelKind;
  }
}

/** A test: the file's `curves` are computed by the kernel of this run, and by no other where one is forced. */
export function itIsTheKernelAskedFor(curves: readonly Curve[]): void {
  it('is computed by the kernel that HALFKEY_KERNEL names', ({ task }) => {
    const { kind, forced } = kernelStatus();
    task.meta.kernel = kind;
    const wanted = process.env['HALFKEY_KERNEL'] ?? '';
    expect([kind, forced]).toEqual([wanted === '' ? kind : wanted, wanted !== '']);
    expect(curves.length).toBeGreaterThan(0);
    for (const curve of curves) expect(kernelFor(curve).kind).toBe(kind);
  });
}
