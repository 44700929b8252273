/** What `npm pack` puts into the package, and that a program which has installed it finds every subpath. */
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensureBuilt, projectRoot } from './support/children.ts';

interface Manifest {
  readonly version: string;
  readonly bin: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>;
}

const manifest = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as Manifest;
let consumer: string;
let installed: string;
let files: string[];

function run(program: string, args: readonly string[], cwd: string): string {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`);
  return stdout;
}

describe('the package', () => {
  beforeAll(() => {
    ensureBuilt();
    consumer = mkdtempSync(join(tmpdir(), 'halfkey-package-'));
    const packed = run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', consumer], projectRoot);
    const answer = JSON.parse(packed) as unknown;
    const [report] = (Array.isArray(answer) ? answer : Object.values(answer as object)) as {
      filename: string;
      files: { path: string }[];
    }[];
    files = report!.files.map(({ path }) => path);
    run('tar', ['-xzf', report!.filename], consumer);
    installed = join(consumer, 'node_modules', 'halfkey');
    mkdirSync(join(consumer, 'node_modules'));
    symlinkSync(join(projectRoot, 'node_modules'), join(consumer, 'package', 'node_modules'));
    symlinkSync(join(consumer, 'package'), installed);
    writeFileSync(join(consumer, 'package.json'), '{ "type": "module" }');
  });

  afterAll(() => {
    rmSync(consumer, { recursive: true, force: true });
  });

  it('holds the program, the types, the licence and the data of the main job, and nothing of the workshop', () => {
    expect(files).toEqual(expect.arrayContaining(['package.json', 'LICENSE', 'dist/index.js', 'dist/index.d.ts']));
    expect(files).toEqual(
      expect.arrayContaining(['test/vectors/golden-call.pcap', 'test/vectors/golden-n3072-mode3-P-256.json']),
    );
    expect(
      files.filter((path) => /^(?:tools|coverage|node_modules|test\/(?!vectors))|\.stamp$|\.test\./.test(path)),
    ).toEqual([]);
  });

  it('holds every file that exports and bin name, the program with the right to run', () => {
    const named = Object.values(manifest.exports).flatMap((entry) =>
      typeof entry === 'string' ? [entry] : [entry.types, entry.default],
    );
    for (const path of [...named, ...Object.values(manifest.bin)]) {
      expect([path, existsSync(join(installed, path))]).toEqual([path, true]);
    }
    for (const path of Object.values(manifest.bin)) {
      expect(statSync(join(installed, path)).mode & 0o111).toBe(0o111);
      expect(readFileSync(join(installed, path), 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
    }
  });

  it('lets a consumer import every subpath', () => {
    const subpaths = Object.keys(manifest.exports).filter((path) => !path.endsWith('.json'));
    const script = `const names = {};
      for (const path of ${JSON.stringify(subpaths)}) names[path] = Object.keys(await import(path.replace('.', 'halfkey')));
      console.log(JSON.stringify({ names, version: (await import('halfkey')).version }));`;
    writeFileSync(join(consumer, 'use.js'), script);
    const { names, version } = JSON.parse(run(process.execPath, ['use.js'], consumer)) as {
      names: Record<string, string[]>;
      version: string;
    };
    expect(version).toBe(manifest.version);
    expect(names['.']).toEqual(expect.arrayContaining(['HalfkeyError', 'version']));
    expect(names['./ibe']).toEqual(
      expect.arrayContaining(['domainParameters', 'setup', 'hashToPoint', 'extractPrivateKey', 'encrypt', 'decrypt']),
    );
    expect(names['./curve']).toContain('pairing');
    expect(names['./mikey']).toEqual(expect.arrayContaining(['decodeMessage', 'encodeMessage']));
    expect(names['./srtp']).toContain('createSrtpReceiver');
    expect(names['./discovery']?.length).toBeGreaterThan(0);
  });

  it('keeps its inside to itself', () => {
    const script = "import('halfkey/dist/index.js').then(() => 'found', (error) => error.code).then(console.log)";
    writeFileSync(join(consumer, 'inside.js'), script);
    expect(run(process.execPath, ['inside.js'], consumer).trim()).toBe('ERR_PACKAGE_PATH_NOT_EXPORTED');
  });
});
