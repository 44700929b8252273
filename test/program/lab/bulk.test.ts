/** The bench's way to bulk issuing: by the program, as an operator runs it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { createBulkLab } from '../../../src/program/lab/bulk.ts';
import { temporaryDirectory } from '../../platform/support.ts';
import { ensureBuilt, programFile } from '../../support/children.ts';

beforeAll(ensureBuilt);

it('issues to every subscriber, each time into a new file, and says how long it took', async () => {
  const directory = temporaryDirectory();
  const lab = await createBulkLab({ program: [process.execPath, programFile], level: 2048, subscribers: 3, directory });
  for (const [i, workers] of [1, 2].entries()) {
    expect(await lab.issue(workers)).toBeGreaterThan(0);
    const lines = readFileSync(join(directory, 'kms', `keys-${String(i + 1)}.jsonl`), 'utf8')
      .trimEnd()
      .split('\n');
    expect(lines.length).toBe(4);
  }
});
