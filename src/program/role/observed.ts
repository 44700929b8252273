/** Tells whoever watches a role what it answered or refused: the code, never the content. */
import { isHalfkeyError } from '../../foundation/base/index.ts';
import type { Handler } from '../../contract/route/index.ts';
import type { Emit } from './runtime.ts';

export function observed(role: string, handlers: readonly Handler[], emit: Emit, event = 'released'): Handler[] {
  return handlers.map((one) => {
    const { handle, unreadable } = one;
    const operation = one.path.split('/').at(-1) ?? '';
    const watched = async <T>(to: string, work: Promise<T>): Promise<T> => {
      try {
        return await work;
      } catch (error) {
        emit({ event: 'refused', role, operation, to, code: isHalfkeyError(error) ? error.code : 'INTERNAL' });
        throw error;
      }
    };
    return {
      ...one,
      async handle(body, client) {
        const answer = await watched(client.role, handle(body, client));
        emit({ event, role, operation, to: client.role });
        return answer;
      },
      ...(unreadable && { unreadable: (error, client) => watched(client.role, unreadable(error, client)) }),
    };
  });
}
