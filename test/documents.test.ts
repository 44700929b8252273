/** What the documents point at is there: files, headings, folders, commands with their options, names of the library. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { ERROR_TABLE } from '../src/foundation/base/error-table.ts';
import { childEnv, ensureBuilt, programFile, projectRoot } from './support/children.ts';

const documents = ['.', 'docs', 'examples']
  .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
  .filter((name) => name.endsWith('.md'));

/** What a link may name behind `#`: the headings as hosting sites make anchors of them, and `<a id>`. */
function anchorsOf(text: string): Set<string> {
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
  return new Set([...headings, ...[...text.matchAll(/<a id="([^"]+)">/g)].map(([, id = '']) => id)]);
}

describe.each(documents)('%s', (name) => {
  const text = readFileSync(name, 'utf8');

  it('names only files and folders that are there', () => {
    const named = [...text.matchAll(/\b(?:src|test|tools|docs|examples)\/[A-Za-z0-9_./-]*[A-Za-z0-9_]/g)].map(
      ([path]) => path,
    );
    const linked = [...text.matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, path]) => join(dirname(name), path ?? ''));
    expect([...named, ...linked].filter((path) => !existsSync(path))).toEqual([]);
  });

  it('links only to headings and entries that are there', () => {
    const links = [...text.matchAll(/\]\((?!https?:)([^)#]*)#([^)]+)\)/g)];
    const broken = links.filter(([, path = '', anchor = '']) => {
      const target = path === '' ? text : readFileSync(join(dirname(name), path), 'utf8');
      return !anchorsOf(target).has(anchor);
    });
    expect(broken.map(([link]) => link)).toEqual([]);
  });

  it('says in words what each picture shows', () => {
    expect([...text.matchAll(/!\[([^\]]*)\]/g)].filter(([, words = '']) => words.length < 20)).toEqual([]);
  });

  it('names only error codes that are in the table', () => {
    const codes = [...text.matchAll(/`([A-Z]{2,}(?:_[A-Z0-9]+)+)`/g)].map(([, code]) => code ?? '');
    const others = new Set(['R_MESSAGE_1', 'HALFKEY_KERNEL', 'HALFKEY_REQUIRE_TOOLS', 'NODE_V8_COVERAGE', 'NO_COLOR']);
    expect(codes.filter((code) => !Object.hasOwn(ERROR_TABLE, code) && !others.has(code))).toEqual([]);
  });

  it('holds no line that belongs elsewhere', () => {
    expect(text).not.toMatch(/\b(?:TODO|FIXME|XXX)\b/);
  });
});

describe('commands and names', () => {
  beforeAll(ensureBuilt);

  const node = (args: readonly string[]) =>
    spawnSync(process.execPath, args, { cwd: projectRoot, env: childEnv(), encoding: 'utf8' });
  const fenced = (name: string, language = ''): string[] =>
    [...readFileSync(name, 'utf8').matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)]
      .filter(([, kind]) => kind === language)
      .map(([, , block = '']) => block);
  /** Each command line of the documents once, without `halfkey`, continued lines joined. */
  const commands = new Set(
    documents
      .flatMap((name) => fenced(name))
      .flatMap((block) => block.replaceAll(/\\\n\s*/g, '').split('\n'))
      .filter((line) => /^halfkey [a-z]/.test(line))
      .map((line) => line.slice('halfkey '.length)),
  );

  it.each([...commands])('halfkey %s', (command) => {
    const words = command.split(' ');
    const first = words.findIndex((word) => !/^[a-z]+$/.test(word));
    const { status, stdout } = node([programFile, ...words.slice(0, first === -1 ? undefined : first), '--help']);
    expect(status).toBe(0);
    const options = words.filter((word) => word.startsWith('--'));
    expect(options.filter((option) => !new RegExp(`^  (?:-\\w, )?${option}\\b`, 'm').test(stdout))).toEqual([]);
    // What stands before the options are commands: else the help would be that of a command above it.
    expect(stdout).toContain(`Usage: halfkey ${words.slice(0, first === -1 ? undefined : first).join(' ')} `);
  });

  it('npm run', () => {
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
    const named = documents.flatMap((name) => [
      ...readFileSync(name, 'utf8').matchAll(/npm (?:run )?(start|test|(?<=run )[\w:]+)/g),
    ]);
    expect(named.length).toBeGreaterThan(0);
    expect(named.map(([, script = '']) => script).filter((script) => !Object.hasOwn(scripts, script))).toEqual([]);
  });

  it('README imports what the package exports', () => {
    const blocks = fenced('README.md', 'ts');
    expect(blocks.length).toBeGreaterThan(0);
    for (const block of blocks) {
      expect(node(['--input-type=module', '--eval', block])).toMatchObject({ status: 0, stderr: '' });
    }
  });
});
