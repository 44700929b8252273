/** What the documents point at is there: files, folders and commands. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ERROR_TABLE } from '../src/foundation/base/error-table.ts';

const documents = [
  ...readdirSync('.').filter((name) => name.endsWith('.md')),
  ...readdirSync('docs').map((name) => `docs/${name}`),
].filter((name) => name.endsWith('.md'));

describe.each(documents)('%s', (name) => {
  const text = readFileSync(name, 'utf8');

  it('names only files and folders that are there', () => {
    const named = [...text.matchAll(/\b(?:src|test|tools|docs|examples)\/[A-Za-z0-9_./-]*[A-Za-z0-9_]/g)].map(
      ([path]) => path,
    );
    const linked = [...text.matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, path]) =>
      name.startsWith('docs/') ? `docs/${path ?? ''}` : (path ?? ''),
    );
    expect([...named, ...linked].filter((path) => !existsSync(path))).toEqual([]);
  });

  it('names only error codes that are in the table', () => {
    const codes = [...text.matchAll(/`([A-Z]{2,}(?:_[A-Z0-9]+)+)`/g)].map(([, code]) => code ?? '');
    const others = new Set(['R_MESSAGE_1', 'HALFKEY_REQUIRE_TOOLS', 'NODE_V8_COVERAGE', 'NO_COLOR']);
    expect(codes.filter((code) => !Object.hasOwn(ERROR_TABLE, code) && !others.has(code))).toEqual([]);
  });

  it('holds no line that belongs elsewhere', () => {
    expect(text).not.toMatch(/\b(?:TODO|FIXME|XXX)\b/);
  });
});
