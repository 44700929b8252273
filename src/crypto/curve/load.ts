/**
 * Which kernel runs: the fastest that passes its self-test in this process, or the one that HALFKEY_KERNEL names (`fma`,
 * `scalar`, `bigint`). Never a wrong result: what fails is not used, and {@link kernelStatus} says why.
 * The only file that touches V8's flags: Node before 22 has relaxed SIMD behind one.
 */
import { createHash } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { fromBase64, HalfkeyError, toHex } from '../../foundation/base/index.ts';
import { createBigintKernel } from './bigint-kernel.ts';
import { FMA, SCALAR } from './generated/modules.ts';
import type { Curve, Kernel, KernelKind } from './kernel.ts';
import type { KernelModule } from './kernel-module.ts';
import { selfTest } from './self-test.ts';
import { createWasmKernel } from './wasm-kernel.ts';

/** Which kernel runs in this process, and why. */
export interface KernelStatus {
  readonly kind: KernelKind;
  /** Whether `HALFKEY_KERNEL` asked for it. */
  readonly forced: boolean;
  /** The faster kernels that were tried first, each with the self-test that failed or what the host lacks. */
  readonly refused: readonly { readonly kind: KernelKind; readonly reason: string }[];
}

/** A module as it is embedded: base64, and the SHA-256 of its octets in hex. */
export interface EmbeddedModule {
  readonly base64: string;
  readonly sha256: string;
}

export type WasmKind = Exclude<KernelKind, 'bigint'>;
/** A module that may be used, or why it may not. */
export type LoadedModule = { readonly instantiate: () => KernelModule } | { readonly refused: string };

const KINDS: readonly KernelKind[] = ['fma', 'scalar', 'bigint'];
export const EMBEDDED_MODULES: Readonly<Record<WasmKind, EmbeddedModule>> = { fma: FMA, scalar: SCALAR };

/** The part of the global WebAssembly in use, for which @types/node has no types. */
interface WebAssemblyHost {
  readonly Module: new (octets: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
}

/** Compiles a module and puts it to its self-test. Total: whatever is wrong becomes a reason. */
export function loadModule(kind: WasmKind, { base64, sha256 }: EmbeddedModule): LoadedModule {
  try {
    const octets = fromBase64(base64);
    if (toHex(createHash('sha256').update(octets).digest()) !== sha256) return { refused: 'checksum' };
    if (kind === 'fma' && Number(process.versions.node.split('.')[0]) < 22) {
      setFlagsFromString('--experimental-wasm-relaxed-simd');
    }
    const host = (globalThis as unknown as { readonly WebAssembly?: WebAssemblyHost }).WebAssembly;
    if (host === undefined) return { refused: 'no WebAssembly' };
    const module = new host.Module(octets);
    const instantiate = (): KernelModule => new host.Instance(module, {}).exports as KernelModule;
    const failed = selfTest(kind, instantiate);
    return failed === undefined ? { instantiate } : { refused: `self-test: ${failed}` };
  } catch (error) {
    return { refused: error instanceof Error ? `${error.name}: ${error.message}` : 'does not load' };
  }
}

const loaded = new Map<WasmKind, LoadedModule>();

function moduleOf(kind: WasmKind): LoadedModule {
  const module = loaded.get(kind) ?? loadModule(kind, EMBEDDED_MODULES[kind]);
  loaded.set(kind, module);
  return module;
}

let status: KernelStatus | undefined;

/**
 * Chooses at the first call, and tells.
 * @throws HalfkeyError `KernelUnavailable` when HALFKEY_KERNEL names no kernel, or one that cannot run here
 */
export function kernelStatus(): KernelStatus {
  return (status ??= chooseKernel(process.env['HALFKEY_KERNEL'], moduleOf));
}

/**
 * The choice: `wanted` is what HALFKEY_KERNEL says, `load` gives a module or why it may not be used.
 * @throws HalfkeyError `KernelUnavailable`
 */
export function chooseKernel(wanted: string | undefined, load: (kind: WasmKind) => LoadedModule): KernelStatus {
  if (wanted !== undefined && wanted !== '') {
    const kind = KINDS.find((one) => one === wanted);
    if (kind === undefined) throw unavailable('HALFKEY_KERNEL is fma, scalar or bigint');
    if (kind !== 'bigint') instantiatorOf(kind, load(kind));
    return { kind, forced: true, refused: [] };
  }
  const refused: { kind: KernelKind; reason: string }[] = [];
  for (const kind of ['fma', 'scalar'] as const) {
    const module = load(kind);
    if (!('refused' in module)) return { kind, forced: false, refused };
    refused.push({ kind, reason: module.refused });
  }
  return { kind: 'bigint', forced: false, refused };
}

/** @throws HalfkeyError `KernelUnavailable` */
function instantiatorOf(kind: WasmKind, module: LoadedModule): () => KernelModule {
  if ('refused' in module) throw unavailable(`the ${kind} kernel does not run here: ${module.refused}`);
  return module.instantiate;
}

function unavailable(why: string): HalfkeyError {
  return new HalfkeyError('KernelUnavailable', why);
}

/**
 * Sizes that the modules take. Below, additions meet infinity too often to be left to BigInt as an exception; only
 * vectors and tests are that small. Above, sums of limbs would leave their bounds.
 */
const P_BITS_MIN = 128;
const P_BITS_MAX = 4096;
const Q_BITS_MIN = 96;

/**
 * A kernel of the kind that was chosen, or of the one asked for; of BigInt where p or q is outside the sizes of the
 * modules (p of 128 to 4096 bits, q of 96 and more).
 * @throws HalfkeyError `BadParameters` unless p = 11 mod 12, q odd, q >= 5, q | p+1, and 3 has a root modulo p
 * @throws HalfkeyError `KernelUnavailable` when the kind asked for cannot run here
 */
export function createKernel(curve: Curve, kind: KernelKind = kernelStatus().kind): Kernel {
  if (kind === 'bigint') return createBigintKernel(curve);
  const instantiate = instantiatorOf(kind, moduleOf(kind));
  const [pBits, qBits] = [curve.p, curve.q].map((n) => n.toString(2).length) as [number, number];
  if (pBits < P_BITS_MIN || pBits > P_BITS_MAX || qBits < Q_BITS_MIN) return createBigintKernel(curve);
  return createWasmKernel(curve, kind, instantiate());
}

const recent: Kernel[] = [];
const RECENT_MAX = 8;
/** All that somebody holds: what a key has in a kernel's memory is of use to that kernel alone. */
let living: readonly WeakRef<Kernel>[] = [];

/**
 * The kernel of a curve, the same one for as long as somebody holds it; the eight used last are held here.
 * @throws HalfkeyError `BadParameters` as {@link createKernel}
 */
export function kernelFor({ p, q }: Curve): Kernel {
  const same = (kernel: Kernel): boolean => kernel.p === p && kernel.q === q;
  const kernel = recent.find(same) ?? livingKernels().find(same) ?? create({ p, q });
  if (kernel === recent[0]) return kernel;
  recent.splice(0, recent.length, kernel, ...recent.filter((other) => other !== kernel).slice(0, RECENT_MAX - 1));
  return kernel;
}

function create(curve: Curve): Kernel {
  const kernel = createKernel(curve);
  living = [...livingKernels(), kernel].map((one) => new WeakRef(one));
  return kernel;
}

function livingKernels(): Kernel[] {
  return living.flatMap((reference) => reference.deref() ?? []);
}
