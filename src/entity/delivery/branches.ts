/**
 * The candidates of one exchange that name a target: the branches of a forked call, and different messages of one
 * branch. One of them is the one whose key the call goes on with (protocol profile 6.1).
 */
import type { Identity } from '../../foundation/identity/index.ts';
import type { HalfkeyError } from '../../foundation/base/index.ts';
import type { Exchange, Role } from '../../protocol/discovery/index.ts';
import type { Call, Exchange as Candidate } from '../../protocol/signalling/index.ts';
import type { ActiveWarrant } from './asking.ts';
import { readCandidate, targetsIn, whatIsMissing } from './exchange-reading.ts';

/** A candidate as it is now. */
export interface Branch {
  readonly candidate: Candidate;
  readonly exchange: Exchange;
  /** What is wrong with a message that was left out. */
  readonly problem?: HalfkeyError;
  /** The dialog was answered: no other branch will take its place. */
  readonly answered: boolean;
  /** Sides that are targets and whose key can be found from these messages. */
  readonly open: readonly (readonly [Role, Identity])[];
  /** What the first target's side lacks, when no side is open. */
  readonly missing?: HalfkeyError;
}

export class Branches {
  readonly #warrant: ActiveWarrant;
  readonly #call: Pick<Call, 'answered'>;
  readonly #candidates: Candidate[] = [];

  constructor(warrant: ActiveWarrant, call: Pick<Call, 'answered'>) {
    this.#warrant = warrant;
    this.#call = call;
  }

  /** Candidates are live: one that has grown need not be added again. */
  add(candidate: Candidate): void {
    if (!this.#candidates.includes(candidate)) this.#candidates.push(candidate);
  }

  /** The answered branch, and of several or none the one with the latest message; undefined before the first. */
  best(): Branch | undefined {
    const weight = ({ branch, i1, r1, i2, r2 }: Candidate): number =>
      [i1, r1, i2, r2, branch !== undefined && this.#call.answered.includes(branch) ? true : undefined].reduce<number>(
        (sum, found, i) => sum + (found === undefined ? 0 : 2 ** i),
        0,
      );
    const [first] = this.#candidates.toSorted((a, b) => weight(b) - weight(a));
    return first === undefined ? undefined : this.read(first);
  }

  read(candidate: Candidate): Branch {
    const { exchange, problem } = readCandidate(candidate);
    const sides = Object.entries(targetsIn(this.#warrant.verified, exchange)) as [Role, Identity][];
    const lacks = sides.map(([role]) => whatIsMissing(exchange, role));
    const open = sides.filter((_, i) => lacks[i] === undefined);
    const missing = open.length > 0 ? undefined : lacks[0];
    return {
      candidate,
      exchange,
      ...(problem === undefined ? {} : { problem }),
      answered: candidate.branch !== undefined && this.#call.answered.includes(candidate.branch),
      open,
      ...(missing === undefined ? {} : { missing }),
    };
  }
}
