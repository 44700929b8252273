/**
 * Puts compiled ES modules into one script, each in a function of its own, in the order of their imports: a page that
 * opens from a file can load no module beside it. Understands what our compiler writes, and refuses anything else: a
 * package, a module of Node, a default, a cycle. The text of a module is otherwise left as it is.
 */

/** Gives the text of a compiled module by its URL. */
export type ReadModule = (url: URL) => Promise<string>;

interface Linked {
  /** Names by which the module is known inside the script. */
  readonly name: string;
  readonly text: string;
}

const IMPORT = /^import\s*\{([^}]*)\}\s*from\s*'([^']+)';?$/gm;
const REEXPORT = /^export\s*\{([^}]*)\}\s*from\s*'([^']+)';?$/gm;
const EXPORTED = /^export (?=(?:async )?(?:const|function|class) ([\w$]+))/gm;
/** What no rule above has taken away. */
const LEFT_OVER = /^(?:import|export)\b.*$/m;
const NOTHING = /^export \{\s*\};?$/gm;
const SOURCE_MAP = /^\/\/# sourceMappingURL=.*$/gm;

/** One script that does what loading the module `entry` does. @throws TypeError for a module that it does not understand */
export async function linkModules(entry: URL, read: ReadModule): Promise<string> {
  const done = new Map<string, Linked>();
  const under = new Set<string>();

  async function link(url: URL): Promise<string> {
    const known = done.get(url.href);
    if (known !== undefined) return known.name;
    if (under.has(url.href)) throw new TypeError(`a cycle of imports at ${url.pathname}`);
    under.add(url.href);
    const { body, heads, exported } = await takeApart(url, await read(url));
    const name = `module${String(done.size)}`;
    const text = `const ${name} = (() => {\n${[...heads, body.trim()].join('\n')}\nreturn { ${exported.join(', ')} };\n})();`;
    done.set(url.href, { name, text });
    return name;
  }

  /** The module's own text, what its imports become, and the members that it exports. */
  async function takeApart(url: URL, text: string): Promise<{ body: string; heads: string[]; exported: string[] }> {
    const heads: string[] = [];
    const exported: string[] = [];
    let body = text.replace(SOURCE_MAP, '').replace(NOTHING, '');
    for (const [, names = '', from = ''] of body.matchAll(IMPORT)) {
      heads.push(
        `const { ${bindings(names)
          .map(([a, b]) => (a === b ? a : `${a}: ${b}`))
          .join(', ')} } = ${await linkFrom(url, from)};`,
      );
    }
    for (const [, names = '', from = ''] of body.matchAll(REEXPORT)) {
      const module = await linkFrom(url, from);
      exported.push(...bindings(names).map(([a, b]) => `${b}: ${module}.${a}`));
    }
    body = body.replace(IMPORT, '').replace(REEXPORT, '');
    exported.push(...[...body.matchAll(EXPORTED)].map(([, name = '']) => name));
    body = body.replace(EXPORTED, '');
    const rest = LEFT_OVER.exec(body)?.[0];
    if (rest !== undefined) throw new TypeError(`${url.pathname}: cannot link "${rest}"`);
    return { body, heads, exported };
  }

  function linkFrom(url: URL, from: string): Promise<string> {
    if (!from.startsWith('.')) throw new TypeError(`${url.pathname}: ${from} is not for a page`);
    return link(new URL(from, url));
  }

  await link(entry);
  return [...done.values()].map(({ text }) => text).join('\n');
}

/** `a, b as c` as pairs of the name outside and the name inside. */
function bindings(names: string): [string, string][] {
  return names
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
    .map((name) => {
      const [a = '', b = a] = name.split(/\s+as\s+/);
      return [a, b];
    });
}
