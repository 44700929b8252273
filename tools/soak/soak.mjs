/**
 * npm run soak: what takes too long for npm test, each part by itself or all.
 *
 *   npm run soak                the parts: fields mutants timing
 *   npm run soak -- fields      a million field operations on every kernel, and 40,000 inverses; HALFKEY_SEED repeats a run
 *   npm run soak -- mutants     the security checks with one operator changed that npm test leaves out
 *   npm run soak -- timing      the search for secrets in the time, at p of 1536 bits
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { build, checkNode, install, report, root, StepFailed } from '../bootstrap.mjs';

try {
  checkNode();
  await install();
  await build();
  const parts = process.argv.slice(2).map((name) => `tools/soak/${name}.soak.ts`);
  for (const part of parts) if (!existsSync(join(root, part))) throw new StepFailed(`there is no soak ${part}`);
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const args = [vitest, 'run', '--config', 'tools/soak/vitest.config.ts', ...parts];
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  process.exitCode = status ?? 1;
} catch (error) {
  report(error);
  process.exitCode = 1;
}
