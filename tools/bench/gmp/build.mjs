/**
 * Builds the outside comparator, C on GMP: one program for each size of p, in tools/bench/gmp/build. Does nothing when
 * they are there and no older than their sources. Needs gcc and GMP's header (Debian: gcc, libc6-dev, libgmp-dev);
 * without them nothing of halfkey is missing but the comparison.
 *
 *   node tools/bench/gmp/build.mjs     prints the directory; exit status 1 and the compiler's words when it cannot
 */
import { existsSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { run, StepFailed } from '../../bootstrap.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const sources = ['field.c', 'curve.c', 'main.c'].map((name) => join(here, name));
const inputs = [...sources, join(here, 'field.h'), join(here, 'curve.h'), fileURLToPath(import.meta.url)];

export const directory = join(here, 'build');
/** Bits of p. */
const SIZES = [512, 1024, 1536, 3840];

/** Resolves to the directory of the programs halfkey-gmp-BITS. @throws StepFailed with the compiler's words */
export async function buildComparator() {
  mkdirSync(directory, { recursive: true });
  const newest = Math.max(...inputs.map((file) => statSync(file).mtimeMs));
  for (const bits of SIZES) {
    const program = join(directory, `halfkey-gmp-${String(bits)}`);
    if (existsSync(program) && statSync(program).mtimeMs >= newest) continue;
    const next = `${program}.${String(process.pid)}`;
    const { status, output } = await run('gcc', [
      ...['-std=c11', '-O3', '-D_POSIX_C_SOURCE=199309L', '-Wall', '-Wextra', '-Werror'],
      ...[`-DMAX_LIMBS=${String(bits / 64)}`, '-o', next, ...sources, '-lgmp'],
    ]);
    if (status !== 0) throw new StepFailed('gcc cannot build the comparator', output);
    renameSync(next, program);
  }
  return directory;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    console.log(await buildComparator());
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
    console.error(`${error.message}: ${error.output.trim()}`);
    process.exitCode = 1;
  }
}
