/** An instance of a module of assembly/, as TypeScript sees it: assembly/index.ts says what each call does. */

/** Addresses are offsets into `memory`, whose buffer is another one after it has grown. Truth is 1 or 0. */
export interface KernelModule {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly tables: { readonly value: number };
  readonly octets: { readonly value: number };
  readonly orderDigits: { readonly value: number };
  readonly halfDigits: { readonly value: number };
  readonly exponent: { readonly value: number };
  layOut(fieldBits: number, scalarBits: number, digitCount: number): number;
  reserve(end: number): number;
  slot(i: number): number;
  montgomeryBits(): number;
  start(halfDigits: number, exponentBits: number): void;
  takeRoot3(): void;
  wipe(): void;
  linesSize(): number;
  combSize(): number;
  onCurve(): number;
  multiply(digits: number): number;
  hasOrder(): number;
  powerOfElement(bits: number): void;
  pairing(): number;
  makeLines(at: number): number;
  makeLinesOfHalf(at: number): number;
  pairLines(at: number): number;
  power(windows: number, exponentWords: number): void;
  multiplyBySecret(): number;
  makeComb(at: number): number;
  multiplyWithComb(at: number): number;
  termSize(): number;
  makeTerm(at: number): number;
  sum(at: number, digits: number, count: number, length: number): number;
  fieldOperation(operation: number): number;
  chain(squares: number, times: number): void;
  /** Of the FMA module only: 1 where a product and a sum are rounded once. */
  fusedError?(): number;
}
