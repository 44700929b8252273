/**
 * Compiles assembly/ to WebAssembly, once for each field, and embeds the modules as base64 in
 * src/crypto/curve/generated/modules.ts, which is not kept in git. Does nothing when that file is of these sources.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const sources = join(root, 'assembly');
const target = join(root, 'src', 'crypto', 'curve', 'generated', 'modules.ts');

/** Name of the module, the source that stands for `./field`, and the features of WebAssembly that it needs. */
const MODULES = [
  { name: 'FMA', field: 'fma-field.ts', features: ['--enable', 'simd', '--enable', 'relaxed-simd'] },
  { name: 'SCALAR', field: 'scalar-field.ts', features: ['--disable', 'simd'] },
];

/** What the modules are made from, by content: the sources, this file, and the compiler in the lock. */
function stateOfSources() {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  const digest = createHash('sha256').update(JSON.stringify(lock['node_modules/assemblyscript']));
  const files = readdirSync(sources).sort();
  for (const file of [fileURLToPath(import.meta.url), ...files.map((name) => join(sources, name))]) {
    digest.update(basename(file)).update(readFileSync(file));
  }
  return digest.digest('hex');
}

async function compile({ field, features }) {
  const { default: asc } = await import('assemblyscript/asc');
  const stderr = asc.createMemoryStream();
  let octets;
  const { error } = await asc.main(
    ['index.ts', '-O3', '--converge', '--runtime', 'stub', '--noAssert', '--outFile', 'kernel.wasm', ...features],
    {
      stderr,
      readFile(name) {
        const file = join(sources, basename(name) === 'field.ts' ? field : basename(name));
        return existsSync(file) ? readFileSync(file, 'utf8') : null;
      },
      writeFile(_name, contents) {
        octets = contents;
      },
      listFiles: () => [],
    },
  );
  if (error !== null) throw new Error(`the kernel does not compile\n${stderr.toString()}`);
  return octets;
}

/** Writes the modules, when they are missing or old; `say` is told before the work. */
export async function compileKernel(say = () => undefined) {
  const stamp = `// of ${stateOfSources()}`;
  if (existsSync(target) && readFileSync(target, 'utf8').startsWith(stamp)) return;
  say('compiling the kernel (asc)');
  const lines = [stamp, '/** The modules of assembly/ in base64, and the SHA-256 of each. */'];
  for (const module of MODULES) {
    const octets = await compile(module);
    lines.push(
      `export const ${module.name} = {`,
      `  sha256: '${createHash('sha256').update(octets).digest('hex')}',`,
      `  base64: '${Buffer.from(octets).toString('base64')}',`,
      '} as const;',
    );
  }
  mkdirSync(dirname(target), { recursive: true });
  const aside = `${target}.${String(process.pid)}`;
  writeFileSync(aside, `${lines.join('\n')}\n`);
  renameSync(aside, target);
}
