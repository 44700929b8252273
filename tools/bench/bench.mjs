/**
 * npm run bench: installs and builds what is missing, the C + GMP comparator too where gcc and GMP's header are, and
 * runs `halfkey bench arithmetic`, or with --check `halfkey bench check`; what else is given is passed on.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { build, checkNode, install, report, root, StepFailed } from '../bootstrap.mjs';
import { buildComparator, directory } from './gmp/build.mjs';

const given = process.argv.slice(2);
const check = given.includes('--check');

try {
  checkNode();
  await install();
  await build();
  try {
    await buildComparator();
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
    console.error(`halfkey: ${error.message}, so C + GMP is not measured (gcc, libc6-dev, libgmp-dev)`);
  }
  const command = [check ? 'check' : 'arithmetic', '--gmp', directory, ...given.filter((word) => word !== '--check')];
  const program = join(root, 'dist', 'program', 'cli', 'main.js');
  const { status } = spawnSync(process.execPath, [program, 'bench', ...command], { stdio: 'inherit' });
  process.exitCode = status ?? 70;
} catch (error) {
  report(error);
  process.exitCode = 1;
}
