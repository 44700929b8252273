/**
 * Security checks with one operator wrong, and the tests that must notice. A mutant that no test notices means that the
 * check could be weakened unseen.
 */
import { CRYPTO_MUTANTS } from './mutants/crypto.ts';
import { PROTOCOL_MUTANTS } from './mutants/protocol.ts';
import { TRUST_MUTANTS } from './mutants/trust.ts';

/** One operator of one check, changed. */
export interface Mutant {
  /** What passes that must not. */
  readonly name: string;
  /** Run by `npm run soak -- mutants` alone: another of the same kind of check is in the short part. */
  readonly long?: true;
  /** File below `src/`. */
  readonly file: string;
  /** Text that stands there exactly once, and the same with one operator changed. */
  readonly original: string;
  readonly mutated: string;
  /** Test file below `test/`, and the names of those tests in it of which one must fail. Fast ones: all are run. */
  readonly test: string;
  readonly only: RegExp;
}

/** What the tests of a mutant said. */
export interface Outcome {
  readonly name: string;
  /** The changed file was loaded. */
  readonly applied: boolean;
  readonly passed: number;
  readonly failed: readonly { readonly test: string; readonly message: string }[];
  readonly loadErrors: readonly string[];
}

/** Name of the outcome of the same tests over the sources as they are. */
export const BASELINE = 'no change';

const TOKENS = /\w+|[!<>=&|+*/%-]+|[^]/g;
const OPERATOR = /^(?:[!<>=&|+*/%-]+|await|void)$/;

/** Which operator became which; undefined when something else is changed, or more. */
export function changedOperator({ original, mutated }: Pick<Mutant, 'original' | 'mutated'>): string | undefined {
  const [before, after] = [original.match(TOKENS) ?? [], mutated.match(TOKENS) ?? []];
  while (before.length > 0 && before[0] === after[0]) [before, after].forEach((tokens) => tokens.shift());
  while (before.length > 0 && before.at(-1) === after.at(-1)) [before, after].forEach((tokens) => tokens.pop());
  const one = [before, after].every(({ length }) => length <= 1) && before.length + after.length > 0;
  if (!one || ![...before, ...after].every((token) => OPERATOR.test(token))) return undefined;
  return `${before[0] ?? 'nothing'} to ${after[0] ?? 'nothing'}`;
}

export const MUTANTS: readonly Mutant[] = [...CRYPTO_MUTANTS, ...PROTOCOL_MUTANTS, ...TRUST_MUTANTS];

/** The short part is run by `npm test`, the long one by `npm run soak -- mutants`. Every mutant is in one of them. */
export const PARTS = {
  short: MUTANTS.filter(({ long }) => long === undefined),
  long: MUTANTS.filter(({ long }) => long === true),
} as const;
export type Part = keyof typeof PARTS;
