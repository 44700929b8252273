import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { openClientState } from '../../src/platform/index.ts';
import { coded, temporaryDirectory } from './support.ts';

let directory: string;
beforeEach(() => {
  directory = join(temporaryDirectory(), 'state');
});
const file = (name: string): string => join(directory, name);

describe('what a client keeps on disk', () => {
  it('serials only rise, and are there after a restart', async () => {
    const { pins } = await openClientState(directory);
    expect(pins.highest('a')).toBeUndefined();
    await pins.raise('a', 5n);
    await pins.raise('a', 4n);
    await pins.raise('b', 2n ** 63n - 1n);
    await pins.raise('__proto__', 1n);
    const { pins: again } = await openClientState(directory);
    expect(['a', 'b', '__proto__', 'c'].map((name) => again.highest(name))).toEqual([
      5n,
      2n ** 63n - 1n,
      1n,
      undefined,
    ]);
  });

  it('of two processes with one directory, neither takes back what the other has raised', async () => {
    const [serving, calling] = [await openClientState(directory), await openClientState(directory)];
    await calling.pins.raise('a', 2n);
    await serving.pins.raise('b', 1n);
    await serving.pins.raise('a', 1n);
    const { pins } = await openClientState(directory);
    expect([pins.highest('a'), pins.highest('b')]).toEqual([2n, 1n]);
    expect(serving.pins.highest('a')).toBe(2n);
  });

  it('a serial that could not be written is not taken for raised', async () => {
    const { pins } = await openClientState(directory);
    rmSync(directory, { recursive: true });
    await expect(pins.raise('a', 1n)).rejects.toThrow();
    expect(pins.highest('a')).toBeUndefined();
    mkdirSync(directory);
    await pins.raise('a', 1n);
    expect((await openClientState(directory)).pins.highest('a')).toBe(1n);
  });

  it('the cache of replays comes back as it was saved; the first start is told from a lost one', async () => {
    const first = await openClientState(directory);
    expect(first.replay).toEqual({ first: true, saved: undefined });
    await first.pins.raise('a', 1n);
    first.saveReplay({ entries: [1] });
    first.saveReplay({ entries: [1, 2] });
    expect((await openClientState(directory)).replay).toEqual({ first: false, saved: { entries: [1, 2] } });
    rmSync(file('replay.json'));
    expect((await openClientState(directory)).replay).toEqual({ first: false, saved: undefined });
    writeFileSync(file('replay.json'), '{"entr');
    expect((await openClientState(directory)).replay).toEqual({ first: false, saved: undefined });
  });

  it('is readable by its owner only, and leaves no temporary file', async () => {
    const state = await openClientState(directory);
    await state.pins.raise('a', 1n);
    state.saveReplay({});
    expect(readdirSync(directory).sort()).toEqual(['replay.json', 'serials.json']);
    for (const name of readdirSync(directory)) expect(statSync(file(name)).mode & 0o777).toBe(0o600);
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    expect(readFileSync(file('serials.json'), 'utf8')).toBe('{"a":"1"}');
  });

  it('what cannot be written throws, and leaves neither a temporary file nor a change', async () => {
    const state = await openClientState(directory);
    await state.pins.raise('a', 1n);
    mkdirSync(file('replay.json'));
    expect(() => {
      state.saveReplay({});
    }).toThrow();
    expect(readdirSync(directory).sort()).toEqual(['replay.json', 'serials.json']);
  });

  it.each(['', '[]', 'null', '{"a":1}', '{"a":"-1"}', '{"a":"1e3"}', '{"a"'])(
    'damaged serials (%s): STATE_MISMATCH, not a fresh start',
    async (text) => {
      const { pins } = await openClientState(directory);
      await pins.raise('a', 1n);
      writeFileSync(file('serials.json'), text);
      await expect(openClientState(directory)).rejects.toThrow(coded('STATE_MISMATCH'));
      expect(readFileSync(file('serials.json'), 'utf8')).toBe(text);
    },
  );

  it('a directory that is a file: BAD_CONFIG', async () => {
    writeFileSync(directory, '');
    await expect(openClientState(directory)).rejects.toThrow(coded('BAD_CONFIG'));
  });
});
