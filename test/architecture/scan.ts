/**
 * Finds every way in which a TypeScript text names another module: static, type, dynamic imports,
 * re-exports, require, and `new URL('...', import.meta.url)`. A small tokenizer, so that comments,
 * strings, templates and regular expressions neither hide an import nor pretend to be one.
 */

export type ReferenceKind = 'static' | 'type' | 'dynamic' | 'url';

export interface Reference {
  readonly kind: ReferenceKind;
  /** The text between the quotes; undefined when it is computed, which no rule can judge. */
  readonly specifier: string | undefined;
  readonly line: number;
}

interface Token {
  readonly type: 'word' | 'string' | 'punctuation' | 'number' | 'regex' | 'template';
  readonly text: string;
  readonly line: number;
}

const WORD = /[\p{ID_Start}$_#@][\p{ID_Continue}$\u200c\u200d]*/uy;
const NUMBER = /\.?\d(?:[eE][+-]|[\w.])*/y;
const REGEX = /\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\/[a-z]*/y;
const STRING = /'(?:\\[^]|[^'\\\n])*'|"(?:\\[^]|[^"\\\n])*"/y;
const BEFORE_REGEX = new Set(
  'return typeof case in of delete void throw new else do instanceof yield await default extends'.split(' '),
);

/** Splits a text into tokens; what stands in `${}` of a template is split too and follows its template. */
function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  let line = 1;
  const advance = (length: number): string => {
    const taken = text.slice(at, at + length);
    line += taken.split('\n').length - 1;
    at += length;
    return taken;
  };
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(text)?.[0];
  };
  const push = (type: Token['type'], value: string, start: number): void => {
    tokens.push({ type, text: value, line: start });
  };

  const regexMayStart = (): boolean => {
    const last = tokens.at(-1);
    if (last === undefined) return true;
    if (last.type === 'word') return BEFORE_REGEX.has(last.text);
    if (last.type !== 'punctuation') return false;
    const before = tokens.at(-2);
    // A `!` after a value is the non-null assertion: what follows is a division.
    if (last.text === '!' && before !== undefined) {
      if (before.type === 'word') return BEFORE_REGEX.has(before.text);
      return before.type === 'punctuation' && !')]}'.includes(before.text);
    }
    return !')]}'.includes(last.text);
  };

  const template = (): void => {
    const start = line;
    const nested: Token[] = [];
    let value = '';
    advance(1);
    while (at < text.length && text[at] !== '`') {
      if (text[at] === '\\') {
        value += advance(2);
      } else if (text.startsWith('${', at)) {
        advance(2);
        value += '${';
        const outer = tokens.splice(0);
        code(true);
        nested.push(...tokens.splice(0));
        tokens.push(...outer);
      } else {
        value += advance(1);
      }
    }
    advance(1);
    push(value.includes('${') ? 'template' : 'string', value, start);
    tokens.push(...nested);
  };

  const code = (insideTemplate: boolean): void => {
    let depth = 0;
    while (at < text.length) {
      const character = text.charAt(at);
      const start = line;
      if (/\s/.test(character)) {
        advance(1);
      } else if (text.startsWith('//', at)) {
        const end = text.indexOf('\n', at);
        advance((end === -1 ? text.length : end) - at);
      } else if (text.startsWith('/*', at)) {
        const end = text.indexOf('*/', at + 2);
        advance((end === -1 ? text.length : end + 2) - at);
      } else if (character === '`') {
        template();
      } else if (match(STRING) !== undefined) {
        push('string', advance(match(STRING)?.length ?? 1).slice(1, -1), start);
      } else if (character === '/' && regexMayStart() && match(REGEX) !== undefined) {
        push('regex', advance(match(REGEX)?.length ?? 1), start);
      } else if (match(NUMBER) !== undefined) {
        push('number', advance(match(NUMBER)?.length ?? 1), start);
      } else if (match(WORD) !== undefined) {
        push('word', advance(match(WORD)?.length ?? 1), start);
      } else {
        if (character === '{') depth += 1;
        if (character === '}') {
          if (depth === 0 && insideTemplate) {
            advance(1);
            return;
          }
          depth -= 1;
        }
        push('punctuation', advance(1), start);
      }
    }
  };

  code(false);
  return tokens;
}

function is(token: Token | undefined, ...texts: readonly string[]): boolean {
  return token !== undefined && (token.type === 'word' || token.type === 'punctuation') && texts.includes(token.text);
}

/** Index of the bracket that closes the one at `open`. */
function closing(tokens: readonly Token[], open: number): number {
  let depth = 0;
  for (let i = open; i < tokens.length; i++) {
    if (is(tokens[i], '(', '[', '{')) depth += 1;
    if (is(tokens[i], ')', ']', '}')) depth -= 1;
    if (depth === 0) return i;
  }
  return tokens.length;
}

/** Index of the specifier of `from '...'` in the clause that starts at `i`, or -1 when it has none. */
function fromClause(tokens: readonly Token[], i: number): number {
  for (let k = i; k < tokens.length; k++) {
    const token = tokens[k];
    if (is(token, '{')) k = closing(tokens, k);
    else if (is(token, 'from') && tokens[k + 1]?.type === 'string') return k + 1;
    else if (token?.type !== 'word' && !is(token, '*', ',')) return -1;
  }
  return -1;
}

/** Every reference of a source text to another module, in order. */
export function scanReferences(text: string): Reference[] {
  const tokens = tokenize(text);
  const found: Reference[] = [];
  tokens.forEach((token, i) => {
    const next = tokens[i + 1];
    const add = (kind: ReferenceKind, specifier: string | undefined): void => {
      found.push({ kind, specifier, line: token.line });
    };
    const argument = (): string | undefined =>
      tokens[i + 2]?.type === 'string' && is(tokens[i + 3], ')', ',') ? tokens[i + 2]?.text : undefined;
    if (token.type !== 'word' || is(tokens[i - 1], '.')) return;

    if (token.text === 'import' && is(next, '(')) {
      add('dynamic', argument());
    } else if (token.text === 'import' && is(next, '.') && is(tokens[i + 3], '.') && !is(tokens[i + 4], 'url')) {
      // import.meta.resolve and the like; import.meta.url is judged where a URL is made of it
      add('url', undefined);
    } else if (token.text === 'import' && next?.type === 'string') {
      add('static', next.text);
    } else if (token.text === 'import' || token.text === 'export') {
      const types = is(next, 'type') && !is(tokens[i + 2], 'from', ',');
      const start = types ? i + 2 : i + 1;
      if (token.text === 'export' && !is(tokens[start], '{', '*')) return;
      const at = fromClause(tokens, start);
      if (at !== -1) add(types ? 'type' : 'static', tokens[at]?.text);
    } else if (token.text === 'require' && is(next, '(')) {
      add('static', argument());
    } else if (token.text === 'new' && is(next, 'URL') && is(tokens[i + 2], '(')) {
      const inside = tokens.slice(i + 3, closing(tokens, i + 2));
      if (!inside.some((part, k) => is(part, 'meta') && is(inside[k - 2], 'import'))) return;
      const texts = inside.filter((part) => part.type === 'string');
      if (texts.length === 0 || inside.some((part) => part.type === 'template')) add('url', undefined);
      for (const part of texts) add('url', part.text);
    }
  });
  return found;
}

/** The first words of statements at the top of a file that make something at run time: none in a `ports.ts`. */
export function runtimeStatements(text: string): string[] {
  const tokens = tokenize(text);
  const found: string[] = [];
  let depth = 0;
  tokens.forEach((token, i) => {
    if (is(token, '{', '(', '[')) depth += 1;
    if (is(token, '}', ')', ']')) depth -= 1;
    if (depth !== 0 || token.type !== 'word' || is(tokens[i - 1], '.')) return;
    const next = tokens[i + 1];
    if (['const', 'let', 'var', 'function', 'class', 'enum', 'default'].includes(token.text)) {
      // `unique symbol` brands are declared, not made
      if (!is(tokens[i - 1], 'declare')) found.push(token.text);
    } else if (['import', 'export'].includes(token.text)) {
      if (is(next, '{', '*') || next?.type === 'string' || (token.text === 'import' && !is(next, 'type'))) {
        if (!is(next, '(')) found.push(`${token.text} without type`);
      }
    }
  });
  return found;
}
