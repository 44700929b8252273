/**
 * Line coverage of src/ by all tests: what vitest measured in its own process, and what the processes
 * that tests start wrote themselves (NODE_V8_COVERAGE) about dist/, joined line by line.
 * A line counts as run when a statement that begins on it was run by either.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** The numbers of one segment of a source map (ECMA-426, base64 VLQ). */
function decodeVlq(text) {
  const numbers = [];
  let value = 0;
  let shift = 0;
  for (const character of text) {
    const digit = DIGITS.indexOf(character);
    value += (digit & 31) * 2 ** shift;
    shift += 5;
    if (digit < 32) {
      numbers.push(value % 2 === 1 ? -Math.floor(value / 2) : value / 2);
      value = 0;
      shift = 0;
    }
  }
  return numbers;
}

/**
 * By line of the only source (from 1): where in the generated text its pieces begin,
 * as [column in the source, offset in the generated text].
 */
function piecesByLine(map, generated) {
  const lines = new Map();
  let offset = 0;
  let line = 0;
  let column = 0;
  const texts = generated.split('\n');
  map.mappings.split(';').forEach((segments, i) => {
    let at = 0;
    for (const segment of segments === '' ? [] : segments.split(',')) {
      const [toGenerated, , toLine, toColumn] = decodeVlq(segment);
      at += toGenerated;
      if (toLine === undefined) continue;
      line += toLine;
      column += toColumn;
      if (!lines.has(line + 1)) lines.set(line + 1, []);
      lines.get(line + 1).push([column, offset + at]);
    }
    offset += (texts[i] ?? '').length + 1;
  });
  for (const pieces of lines.values()) pieces.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  return lines;
}

/** How often the text at `offset` was run: the count of the smallest range around it. */
function countAt(functions, offset) {
  let best;
  for (const { ranges } of functions) {
    for (const range of ranges) {
      if (range.startOffset > offset || offset >= range.endOffset) continue;
      if (best === undefined || range.endOffset - range.startOffset <= best.endOffset - best.startOffset) best = range;
    }
  }
  return best?.count ?? 0;
}

/** For each source path, the statements ("line:column") that some child process ran. */
function runByChildren(root, folder, statementsOf) {
  const run = new Map();
  const maps = new Map();
  const mapOf = (file) => {
    if (!maps.has(file)) {
      const mapFile = `${file}.map`;
      maps.set(
        file,
        existsSync(mapFile)
          ? piecesByLine(JSON.parse(readFileSync(mapFile, 'utf8')), readFileSync(file, 'utf8'))
          : undefined,
      );
    }
    return maps.get(file);
  };
  for (const name of existsSync(folder) ? readdirSync(folder) : []) {
    let scripts;
    try {
      scripts = JSON.parse(readFileSync(join(folder, name), 'utf8')).result;
    } catch {
      continue; // the process was killed while it wrote
    }
    for (const { url, functions } of scripts) {
      if (!url.startsWith('file:')) continue;
      const file = fileURLToPath(url);
      if (!file.startsWith(join(root, 'dist') + '/') || !existsSync(file)) continue;
      const source = join('src', relative(join(root, 'dist'), file)).replace(/\.js$/, '.ts');
      const pieces = mapOf(file);
      if (pieces === undefined) continue;
      if (!run.has(source)) run.set(source, new Set());
      const seen = run.get(source);
      for (const { line, column } of statementsOf(source)) {
        const key = `${String(line)}:${String(column)}`;
        if (seen.has(key)) continue;
        const piece = pieces.get(line)?.find(([from]) => from >= column);
        if (piece !== undefined && countAt(functions, piece[1]) > 0) seen.add(key);
      }
    }
  }
  return run;
}

/**
 * Lines of each file of src/ that hold statements, and which of them were run.
 * `vitestFile` is vitest's coverage-final.json, `childrenFolder` where child processes wrote.
 */
export function mergedCoverage(root, vitestFile, childrenFolder) {
  const measured = JSON.parse(readFileSync(vitestFile, 'utf8'));
  const statements = new Map();
  for (const [path, { statementMap, s }] of Object.entries(measured)) {
    const list = Object.entries(statementMap).map(([id, { start }]) => ({
      line: start.line,
      column: start.column,
      count: s[id],
    }));
    statements.set(relative(root, path), list);
  }
  const byChildren = runByChildren(root, childrenFolder, (source) => statements.get(source) ?? []);
  const files = [...statements].map(([path, list]) => {
    const lines = new Map();
    for (const { line, column, count } of list) {
      const wasRun = count > 0 || byChildren.get(path)?.has(`${String(line)}:${String(column)}`) === true;
      lines.set(line, wasRun || lines.get(line) === true);
    }
    return {
      path,
      total: lines.size,
      covered: [...lines.values()].filter(Boolean).length,
      missing: [...lines]
        .filter(([, wasRun]) => !wasRun)
        .map(([line]) => line)
        .sort((a, b) => a - b),
    };
  });
  const total = files.reduce((sum, file) => sum + file.total, 0);
  const covered = files.reduce((sum, file) => sum + file.covered, 0);
  return { files, total, covered, percent: total === 0 ? 100 : (100 * covered) / total };
}

/** Line numbers as ranges: 3, 7-9. */
function ranges(lines) {
  const found = [];
  for (const line of lines) {
    const last = found.at(-1);
    if (last !== undefined && last[1] === line - 1) last[1] = line;
    else found.push([line, line]);
  }
  return found.map(([from, to]) => (from === to ? String(from) : `${String(from)}-${String(to)}`)).join(', ');
}

/** The files with the most lines that no test runs, and the total. */
export function coverageTable({ files, total, covered, percent }, rows = 12) {
  const worst = files
    .filter(({ missing }) => missing.length > 0)
    .sort((a, b) => b.missing.length - a.missing.length)
    .slice(0, rows);
  const width = Math.max(4, ...worst.map(({ path }) => path.length));
  const cut = (text) => (text.length > 60 ? `${text.slice(0, 57)}...` : text);
  return [
    `${'file'.padEnd(width)}  lines      %  not run`,
    ...worst.map(
      (file) =>
        `${file.path.padEnd(width)}  ${String(file.total).padStart(5)}  ${((100 * file.covered) / file.total).toFixed(1).padStart(5)}  ${cut(ranges(file.missing))}`,
    ),
    `${'all of src/'.padEnd(width)}  ${String(total).padStart(5)}  ${percent.toFixed(1).padStart(5)}  ${String(total - covered)} lines`,
  ].join('\n');
}
