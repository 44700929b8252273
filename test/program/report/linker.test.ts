/** Modules put into one script do what they do apart; what cannot be put there is refused. */
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { linkModules } from '../../../src/program/report/linker.ts';

/** Links modules given by path, the first of which is the entry. */
function link(modules: Readonly<Record<string, string>>): Promise<string> {
  const [entry = ''] = Object.keys(modules);
  return linkModules(new URL(entry, 'file:///page/'), (url) => {
    const text = modules[url.pathname.replace('/page/', '')];
    return text === undefined ? Promise.reject(new Error(`read ${url.pathname}`)) : Promise.resolve(text);
  });
}

/** What the script writes to `out`. */
function outcome(script: string): unknown[] {
  const out: unknown[] = [];
  runInNewContext(script, { out });
  return out;
}

describe('linked modules', () => {
  it('see what they import, by the names they gave it, each module run once and before who needs it', async () => {
    const script = await link({
      'main.js': [
        "import { a, b as c } from './one.js';",
        "import { deep } from './folder/two.js';",
        'const inside = 1;',
        'export class Thing { name = "thing"; }',
        'out.push(a, c(), deep, inside, new Thing().name);',
        '//# sourceMappingURL=main.js.map',
      ].join('\n'),
      'one.js':
        "import { deep } from './folder/two.js';\nout.push('one');\nexport const a = deep + 1;\nexport function b() { return a; }\n",
      'folder/two.js':
        "export { value as deep } from '../three.js';\nconst inside = 2;\nexport async function never() { return inside; }\nexport {};\n",
      'three.js': "out.push('three');\nexport const value = 41;\n",
    });
    expect(outcome(script)).toEqual(['three', 'one', 42, 42, 41, 1, 'thing']);
    expect(script).not.toContain('sourceMappingURL');
  });

  it('leave text that only looks like an import alone', async () => {
    const text = "out.push(\n  `  import { a } from './none.js';`, 'export default 1');\n";
    expect(outcome(await link({ 'main.js': text }))).toEqual(["  import { a } from './none.js';", 'export default 1']);
  });

  it.each([
    ['a package', "import { z } from 'zod';"],
    ['a module of Node', "import { readFile } from 'node:fs';"],
    ['a default import', "import one from './one.js';"],
    ['a namespace', "import * as one from './one.js';"],
    ['an import for its effect', "import './one.js';"],
    ['a default export', 'export default 1;'],
    ['everything of a module', "export * from './one.js';"],
    ['a list of exports', 'const a = 1;\nexport { a };'],
    ['itself', "import { a } from './main.js';"],
  ])('refuse %s', async (_what, text) => {
    await expect(link({ 'main.js': text, 'one.js': '' })).rejects.toThrow(TypeError);
  });
});
