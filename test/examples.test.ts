/** Every example runs from the built package and prints what stands beside it; the difference of two of them applies. */
import { execFile, execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { childEnv, ensureBuilt, projectRoot } from './support/children.ts';

const run = promisify(execFile);
const folder = join(projectRoot, 'examples');
const programs = readdirSync(folder).filter((name) => name.endsWith('.ts'));

describe('examples', () => {
  beforeAll(ensureBuilt);

  it.concurrent.each(programs)('%s prints what its transcript says', async (name) => {
    const args = ['--import', 'tsx', join('examples', name)];
    const { stdout, stderr } = await run(process.execPath, args, { cwd: projectRoot, env: childEnv() });
    expect(stderr).toBe('');
    expect(stdout).toBe(readFileSync(join(folder, name.replace(/\.ts$/, '.txt')), 'utf8'));
  });

  it('stand in the list, each with the command that runs it', () => {
    const list = readFileSync(join(folder, 'README.md'), 'utf8');
    for (const name of programs) {
      expect(list).toContain(`(${name})`);
      expect(readFileSync(join(folder, name), 'utf8')).toContain(`Run it: npx tsx examples/${name}\n`);
    }
  });

  it('alternative 1 is alternative 2 with the difference applied', () => {
    const scratch = mkdtempSync(join(tmpdir(), 'halfkey-examples-'));
    try {
      const [two, one] = ['solution-4-alternative-2.ts', 'solution-4-alternative-1.ts'] as const;
      execFileSync('git', ['init', '-q', scratch]);
      copyFileSync(join(folder, two), join(scratch, two));
      const patch = readFileSync(join(folder, 'solution-4-alternative-1.diff'), 'utf8');
      // Its head names the old file and the new one; git applies a change to one file.
      const renamed = patch.replaceAll(`b/examples/${one}`, `b/${two}`).replaceAll(`a/examples/${two}`, `a/${two}`);
      execFileSync('git', ['apply', '-'], { cwd: scratch, input: renamed });
      expect(readFileSync(join(scratch, two), 'utf8')).toBe(readFileSync(join(folder, one), 'utf8'));
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
  });
});
