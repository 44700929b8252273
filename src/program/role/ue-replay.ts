/** The cache of answered I_MESSAGE_1 across restarts (protocol profile 5.3 T3): digests only. */
import { z } from 'zod';
import { emptyReplayCache, IBAKE_LIMITS, type ReplayCache } from '../../protocol/ibake/index.ts';
import type { ClientState } from '../../platform/index.ts';

const stored = z.strictObject({
  refuseBefore: z.int().min(0),
  entries: z
    .array(
      z.tuple([
        z.string().regex(/^[0-9a-f]{64}$/),
        z.strictObject({ caller: z.string().regex(/^[0-9a-f]{64}$/), untilMs: z.number() }),
      ]),
    )
    .max(IBAKE_LIMITS.replayInAll),
});

/**
 * What a client that starts remembers, and where it keeps it. Where the memory was lost, I_MESSAGE_1 with a T before the
 * end of the window are refused: they may have been seen. The first start of all has nothing to remember.
 */
export function replayMemory(
  { replay, saveReplay }: Pick<ClientState, 'replay' | 'saveReplay'>,
  nowMs: number,
): { readonly initial: ReplayCache; readonly save: (cache: ReplayCache) => void } {
  const { success, data } = stored.safeParse(replay.saved);
  let initial: ReplayCache;
  if (success) initial = { refuseBefore: data.refuseBefore, entries: new Map(data.entries) };
  else initial = emptyReplayCache(replay.first ? 0 : Math.ceil(nowMs / 1000) + IBAKE_LIMITS.skewSeconds);
  const save = ({ refuseBefore, entries }: ReplayCache): void => {
    saveReplay({ refuseBefore, entries: [...entries] });
  };
  // From now on the memory is there, empty or not: a second start must not believe that it was lost. One that is there
  // already is not written again: a client that answers beside this one may have added to it.
  if (!success) save(initial);
  return { initial, save };
}
