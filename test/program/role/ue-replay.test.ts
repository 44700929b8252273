import { join } from 'node:path';
import { rmSync } from 'node:fs';
import { beforeEach, describe, expect, it } from 'vitest';
import { enterReplay, replayVerdict } from '../../../src/protocol/ibake/index.ts';
import { openClientState } from '../../../src/platform/index.ts';
import { replayMemory } from '../../../src/program/role/ue-replay.ts';
import { temporaryDirectory } from '../../platform/support.ts';

const NOW_MS = 1_772_586_000_000;
const key = (digit: string): Parameters<typeof replayVerdict>[1] => ({
  digest: digit.repeat(64),
  caller: 'c'.repeat(64),
  sentAt: NOW_MS / 1000,
});

let directory: string;
beforeEach(() => {
  directory = join(temporaryDirectory(), 'state');
});
const open = async (): Promise<ReturnType<typeof replayMemory>> =>
  replayMemory(await openClientState(directory), NOW_MS);

describe('what a client remembers of I_MESSAGE_1', () => {
  it('the first start takes everything, the second knows what the first has seen', async () => {
    const { initial, save } = await open();
    expect(replayVerdict(initial, key('1'), NOW_MS, true)).toBe('fresh');
    save(enterReplay(initial, key('1'), NOW_MS));
    const { initial: again } = await open();
    expect(replayVerdict(again, key('1'), NOW_MS, true)).toBe('seen');
    expect(replayVerdict(again, key('2'), NOW_MS, true)).toBe('fresh');
  });

  it('a start beside a client that answers takes nothing of its memory away', async () => {
    const { initial, save } = await open();
    const beside = await openClientState(directory);
    save(enterReplay(initial, key('1'), NOW_MS));
    replayMemory(beside, NOW_MS);
    expect(replayVerdict((await open()).initial, key('1'), NOW_MS, true)).toBe('seen');
  });

  it('a start that has seen nothing is no lost memory', async () => {
    await open();
    await (await openClientState(directory)).pins.raise('a', 1n);
    const { initial } = await open();
    expect(replayVerdict(initial, key('1'), NOW_MS, true)).toBe('fresh');
  });

  it('T3 where the memory was lost, what may have been seen counts as seen, until the window is over', async () => {
    const { save, initial } = await open();
    save(enterReplay(initial, key('1'), NOW_MS));
    await (await openClientState(directory)).pins.raise('a', 1n);
    rmSync(join(directory, 'replay.json'));
    const { initial: after } = await open();
    expect(replayVerdict(after, key('1'), NOW_MS, true)).toBe('seen');
    expect(replayVerdict(after, { ...key('2'), sentAt: NOW_MS / 1000 + 299 }, NOW_MS, true)).toBe('seen');
    expect(replayVerdict(after, { ...key('2'), sentAt: NOW_MS / 1000 + 300 }, NOW_MS, true)).toBe('fresh');
    // And it is remembered that it was lost.
    expect((await open()).initial.refuseBefore).toBe(NOW_MS / 1000 + 300);
  });

  it.each([
    [{ refuseBefore: 0, entries: [['x', { caller: 'c'.repeat(64), untilMs: 1 }]] }],
    [{ refuseBefore: -1, entries: [] }],
    [{ entries: [] }],
    [[]],
  ])('what is not of its form counts as lost (%j)', async (value) => {
    const state = await openClientState(directory);
    await state.pins.raise('a', 1n);
    state.saveReplay(value);
    expect((await open()).initial).toEqual({ refuseBefore: NOW_MS / 1000 + 300, entries: new Map() });
  });
});
