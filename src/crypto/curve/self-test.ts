/**
 * What a WebAssembly module must answer before it is used: the field, and one pairing by each way on a small curve. Every
 * process runs it once, so it is short; what holds at every size is the tests' affair.
 */
import { createHash } from 'node:crypto';
import { fromBigInt, isHalfkeyError, systemRandom, toBigInt, toHex } from '../../foundation/base/index.ts';
import type { Kernel } from './kernel.ts';
import type { KernelModule } from './kernel-module.ts';
import { CURVE_PARAMETERS } from './parameters.ts';
import { createWasmKernel } from './wasm-kernel.ts';

/** RFC 5091 7.3; protocol profile 1.4: the value needs the corrected zeta. */
const RFC5091_7_3 = {
  curve: { p: 0xbffffffffffffffffffffffffffcffff3n, q: 0xfffffffffffffffffffffffffffbffffn },
  A: { x: 0x489a03c58dcf7fcfc97e99ffef0bb4634n, y: 0x510c6972d795ec0c2b081b81de767f808n },
  B: { x: 0x40e98b9382e0b1fa6747dcb1655f54f75n, y: 0xb497a6a02e7611511d0db2ff133b32a3fn },
  e: { re: 0x8b2cac13cbd422658f9e5757b85493818n, im: 0xbc6af59f54d0a5d83c8efd8f5214fad3cn },
};

/** SHA-256 of e'(P, P)^5, re || im, and of [5]P, x || y, on the built-in curve of 512 bits; made by BigInt. */
const KNOWN_POWER = '3b33affc78996ac47f4cb657030e973bb2b447dc9aadf364d648ce2c8d3fec4d';
const KNOWN_POINT = '9c8b6cd8c9e9f3e8e755838a757cc755742569c02eb485a5952e4516c5bec666';

/** The name of the first check that fails, or undefined. `instantiate` gives a fresh instance at each call. */
export function selfTest(kind: 'fma' | 'scalar', instantiate: () => KernelModule): string | undefined {
  try {
    return failedCheck(kind, instantiate);
  } catch (error) {
    // A root or an order that is wrong says that a curve is bad; these curves are not.
    if (!isHalfkeyError(error)) throw error;
    return 'field';
  }
}

function failedCheck(kind: 'fma' | 'scalar', instantiate: () => KernelModule): string | undefined {
  const probe = instantiate();
  if (kind === 'fma' && probe.fusedError?.() !== 1) return 'fused product';

  const { curve, A, B, e } = RFC5091_7_3;
  const small = createWasmKernel(curve, kind, probe);
  if (!fieldAnswers(probe, curve.p, A.x, A.y)) return 'field';
  const value = small.pairing(A, B);
  if (value.re !== e.re || value.im !== e.im) return 'pairing of RFC 5091 7.3';

  const { p, q, P } = CURVE_PARAMETERS[1024];
  const kernel = createWasmKernel({ p, q }, kind, instantiate());
  const five = fromBigInt(5n, kernel.scalarOctets);
  if (sha256(kernel.multiplySecret(five, P, systemRandom)) !== KNOWN_POINT) return 'regular multiplication';
  if (sha256(kernel.powerSecret(fixed(kernel), five)) !== KNOWN_POWER) return 'pairing with lines and regular power';
  return undefined;
}

function fixed(kernel: Kernel): ReturnType<Kernel['pairingWithLines']> {
  const { P } = CURVE_PARAMETERS[1024];
  const lines = kernel.lines(P);
  try {
    return kernel.pairingWithLines(lines, P);
  } finally {
    lines.close();
  }
}

/** Whether product, square, sum, difference and inverse of a and b are those of BigInt. */
function fieldAnswers(module: KernelModule, p: bigint, a: bigint, b: bigint): boolean {
  const octets = Math.ceil(p.toString(2).length / 8);
  const view = (slot: number): Uint8Array => new Uint8Array(module.memory.buffer, module.slot(slot), octets);
  const answer = (operation: number): bigint => {
    view(0).set(fromBigInt(a, octets).reverse());
    view(1).set(fromBigInt(b, octets).reverse());
    module.fieldOperation(operation);
    return toBigInt(view(2).toReversed());
  };
  const wanted = [a * b, a * a, a + b, a - b + p].map((value) => value % p);
  return wanted.every((value, operation) => answer(operation) === value) && (answer(4) * a) % p === 1n;
}

function sha256(octets: Uint8Array): string {
  return toHex(createHash('sha256').update(octets).digest());
}
