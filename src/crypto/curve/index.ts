/** The type-1 curve E: y^2 = x^3 + 1 over F_p, its pairing, and the arithmetic beneath (RFC 5091 sections 2 to 4). */
export { createBigintKernel } from './bigint-kernel.ts';
export { signedDigits } from './digits.ts';
export { createField, type Field } from './field.ts';
export type { Fp2 } from './fp2.ts';
export {
  assertPoint,
  pointFromOctets,
  pointToOctets,
  type Curve,
  type Kernel,
  type KernelKind,
  type Lines,
} from './kernel.ts';
export {
  createKernel,
  EMBEDDED_MODULES,
  kernelFor,
  kernelStatus,
  loadModule,
  type KernelStatus,
  type WasmKind,
} from './load.ts';
export { pairing } from './pairing.ts';
export { CURVE_PARAMETERS, type CurveParameters } from './parameters.ts';
export type { Point } from './point.ts';
