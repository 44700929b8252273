import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openLineFile } from '../../src/platform/index.ts';
import { temporaryDirectory } from './support.ts';

it('an append that fails half way leaves nothing, and the next one follows what was whole', async () => {
  const path = join(temporaryDirectory(), 'lines');
  const writer = [process.execPath, '--import', 'tsx', join(import.meta.dirname, 'line-writer.ts'), path];
  // The limit is of one block, 512 or 1024 octets: nothing else may be written by that process.
  const { stdout, stderr } = spawnSync('sh', ['-c', 'ulimit -S -f 1; exec "$@"', 'sh', ...writer], {
    env: { ...process.env, NODE_V8_COVERAGE: undefined, TSX_DISABLE_CACHE: '1' },
    encoding: 'utf8',
  });
  expect({ stdout, stderr }).toEqual({ stdout: 'EFBIG', stderr: '' });
  expect(readFileSync(path, 'utf8')).toBe('first\nsecond\nthird\n');
  const lines: string[] = [];
  await (await openLineFile(path, (line) => lines.push(line))).close();
  expect(lines).toEqual(['first', 'second', 'third']);
});
