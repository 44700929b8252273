/** Makes what src/ imports and git does not keep, so that `npx vitest run` works on a fresh checkout. */
import { spawnSync } from 'node:child_process';
import { projectRoot } from './children.ts';

export function setup(): void {
  const script = "import('./tools/bootstrap.mjs').then(({ prepare }) => prepare())";
  const { status, stderr } = spawnSync(process.execPath, ['-e', script], { cwd: projectRoot, encoding: 'utf8' });
  if (status !== 0) throw new Error(`the kernel was not built:\n${stderr}`);
}
