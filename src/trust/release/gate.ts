/**
 * The door of a release route: role, form of the request, release, and the moment a refusal leaves.
 * Every refusal is recorded, also of a client that has no business here. A refusal leaves no earlier than
 * a floor after the request came, whatever its cause (protocol profile 5.3, T18); answers are not delayed.
 */
import { HalfkeyError, isHalfkeyError } from '../../foundation/base/index.ts';
import type { Authorised, ReleasedAnswer, Releaser, ReleaseSteps } from './pipeline.ts';
import { assertAnswerKey } from './sealed-answer.ts';
import type { AnswerKey } from './sealed.ts';

export interface GateOptions {
  readonly releaser: Releaser;
  /** Milliseconds from an arbitrary start, never going back. */
  readonly monotonicMs: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  /** Default 50. */
  readonly refusalFloorMs?: number;
}

/** Members that the gate needs of every request. */
export interface GatedRequest {
  readonly requestId: string;
  readonly answerKey: AnswerKey;
}

export interface GatedOperation<Request, A extends Authorised> {
  readonly operation: string;
  readonly roles: readonly string[];
  /** Checks the form of the body. */
  readonly parse: (body: unknown) => Request;
  readonly steps: (request: Request) => ReleaseSteps<A>;
}

interface ReleaseClient {
  readonly role: string;
  readonly fingerprint: string;
}

/** What answers a release route. */
export interface Gate {
  readonly handle: (body: unknown, client: ReleaseClient) => Promise<ReleasedAnswer>;
  /** For a body that could not be read: records the refusal and throws what the client is told. */
  readonly unreadable: (error: HalfkeyError, client: ReleaseClient) => Promise<never>;
}

/** The two ends of a release route: a request that could be read, and one that could not. */
export function gate<Request extends GatedRequest, A extends Authorised>(
  { releaser, monotonicMs, sleep, refusalFloorMs = 50 }: GateOptions,
  { operation, roles, parse, steps }: GatedOperation<Request, A>,
): Gate {
  async function enter(read: () => unknown, client: ReleaseClient): Promise<ReleasedAnswer> {
    let request: Request;
    let todo: ReleaseSteps<A>;
    try {
      if (!roles.includes(client.role))
        throw new HalfkeyError('ROLE', `a certificate of role ${client.role} may not ask this`);
      request = parse(read());
      // Before the secret is touched: nothing could be sealed to another key.
      await assertAnswerKey(request.answerKey);
      todo = steps(request);
    } catch (error) {
      if (!isHalfkeyError(error)) throw error;
      throw await releaser.refuse({ operation, client }, error);
    }
    const { requestId, answerKey } = request;
    return releaser.release({ operation, requestId, body: request, answerKey, client }, todo);
  }

  async function inTime(read: () => unknown, client: ReleaseClient): Promise<ReleasedAnswer> {
    const arrived = monotonicMs();
    try {
      return await enter(read, client);
    } catch (error) {
      const rest = arrived + refusalFloorMs - monotonicMs();
      if (rest > 0) await sleep(rest);
      throw error;
    }
  }

  return {
    handle: (body, client) => inTime(() => body, client),
    async unreadable(error, client) {
      await inTime(() => {
        throw error;
      }, client);
      throw error;
    },
  };
}
