/** Tells whoever watches a role what it answered or refused: the code, never the content. */
import { isHalfkeyError } from '../../foundation/base/index.ts';
import type { Handler } from '../../contract/route/index.ts';
import type { Emit } from './runtime.ts';

export function observed(role: string, handlers: readonly Handler[], emit: Emit): Handler[] {
  return handlers.map((one) => ({
    ...one,
    async handle(body, client) {
      const operation = one.path.split('/').at(-1) ?? '';
      try {
        const answer = await one.handle(body, client);
        emit({ event: 'released', role, operation, to: client.role });
        return answer;
      } catch (error) {
        emit({
          event: 'refused',
          role,
          operation,
          to: client.role,
          code: isHalfkeyError(error) ? error.code : 'INTERNAL',
        });
        throw error;
      }
    },
  }));
}
