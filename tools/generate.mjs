/**
 * Writes what is made from other files: docs/errors.md from the error table, the picture in ARCHITECTURE.md
 * from the import table, the pictures of docs/concepts.md from the golden call and the closure, the difference between
 * two examples, the tables of docs/performance.md and the ratios of README.md from bench/results. With --check it
 * only says what is out of date.
 *
 *   node tools/generate.mjs [--check]
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { tsImport } from 'tsx/esm/api';
import { root, run } from './bootstrap.mjs';
import { resultRatios, resultTables } from './bench/results.mjs';
import { PICTURES } from './pictures/index.mjs';

const { ERROR_TABLE } = await tsImport('../src/foundation/base/error-table.ts', import.meta.url);
const { HOUSE } = await tsImport('../test/architecture/table.ts', import.meta.url);

const cell = (text) => text.replaceAll('|', '\\|').replaceAll('<', '&lt;');

const FAULTS = {
  caller: 'who asked: correct the call, the command or the file',
  peer: 'who made the message: the far terminal or server does not conform',
  operator: 'who runs this holder: configuration, supply or policy',
  us: 'we: report it',
};

function errorsDocument() {
  const rows = Object.entries(ERROR_TABLE).map(([code, row]) => {
    const wire = row.mikey === undefined ? String(row.http) : `${String(row.http)}, MIKEY ${String(row.mikey)}`;
    return `| <a id="${code.toLowerCase()}"></a>\`${code}\` | ${cell(row.meaning)} | ${row.fault} | ${String(row.exit)} | ${wire} | ${cell(row.hint)} |`;
  });
  return `<!-- made from src/foundation/base/error-table.ts by npm run generate -->

# Errors

Every error that this program reports has one of these codes. The code is stable; the words beside it are not.
In TypeScript it is \`HalfkeyError.code\`; with \`--json\` it is \`error.code\`; over HTTPS it is \`error.code\` of the answer.
Misuse of a function by its caller is a \`TypeError\` instead, and no entry here.

**Fault** is who has to act:
${Object.entries(FAULTS)
  .map(([name, text]) => `- *${name}*: ${text}.`)
  .join('\n')}

**Exit** is the status of a command that ends with the error: 1 misuse or bad input, 2 ran, but a result is not as
wished, 3 refused by policy or holder, 70 our fault, 130 interrupted.
**Wire** is the HTTP status of a holder's answer and, where a terminal may be told, the error number of the MIKEY
ERR payload (RFC 3830 6.12).

| Code | Meaning | Fault | Exit | Wire | What to do |
| --- | --- | --- | --- | --- | --- |
${rows.join('\n')}
`;
}

const nameOf = (room) => (room.path.startsWith('contract/') ? room.path : room.path.split('/').at(-1));

/** For each room the rooms that it imports and that no other of its imports brings along. */
function reducedEdges(rooms) {
  const direct = new Map(
    rooms.map((room) => [
      nameOf(room),
      rooms
        .map(nameOf)
        .filter(
          (name) =>
            room.imports.includes(name) || (name.startsWith('contract/') && room.imports.includes('contract/*')),
        ),
    ]),
  );
  const reaches = (from, to) => (direct.get(from) ?? []).some((next) => next === to || reaches(next, to));
  return [...direct].flatMap(([from, targets]) =>
    targets.filter((to) => !targets.some((other) => other !== to && reaches(other, to))).map((to) => [from, to]),
  );
}

function picture() {
  const rooms = HOUSE.floors.flatMap((floor) => floor.rooms);
  const id = (name) => name.replace('/', '_');
  const listed = (room) => [
    ...room.imports,
    ...(room.ports ?? []).map((name) => `${name}/ports.ts`),
    ...(room.onDemand ?? []).map((name) => `${name} (on demand)`),
  ];
  const mermaid = [
    '```mermaid',
    'flowchart TD',
    ...[...HOUSE.floors]
      .reverse()
      .flatMap((floor) => [
        `  subgraph floor_${floor.name}["${floor.name}: ${floor.purpose}"]`,
        ...floor.rooms.map((room) => `    ${id(nameOf(room))}["${nameOf(room)}"]`),
        '  end',
      ]),
    ...reducedEdges(rooms).map(([from, to]) => `  ${id(from)} --> ${id(to)}`),
    '```',
  ];
  const tables = [...HOUSE.floors]
    .reverse()
    .flatMap((floor) => [
      '',
      `**${floor.name}** - ${floor.purpose}`,
      '',
      '| Room | Holds | May import |',
      '| --- | --- | --- |',
      ...floor.rooms.map(
        (room) =>
          `| \`${room.path}\` | ${cell(room.holds)} | ${listed(room).join(', ') || 'nothing'}${room.typesOnly === true ? ' (types only)' : ''} |`,
      ),
    ]);
  const reach = HOUSE.reach.map(
    (entry) =>
      `| \`${entry.from.replace('program/role/', '').replace('.ts', '')}\` | ${cell(entry.why)} | ${'never' in entry ? entry.never.join(', ') : `everything but ${entry.only.join(', ')}`} |`,
  );
  const places = (table) =>
    Object.entries(table).map(
      ([name, where]) => `| \`${name}\` | ${where.includes('*') ? 'everywhere' : where.join(', ')} |`,
    );
  return [
    'An arrow is an import; those that another arrow already implies are left out of the drawing, not of the tables.',
    '',
    ...mermaid,
    ...tables,
    '',
    '### What a process must never reach',
    '',
    'By any way of imports, types included; a `ports.ts` counts as `base`.',
    '',
    '| Process | So that | Never |',
    '| --- | --- | --- |',
    ...reach,
    '',
    '### Where packages and built-in modules may be imported',
    '',
    '| Module | Where |',
    '| --- | --- |',
    ...places(HOUSE.packages),
    ...places(HOUSE.builtins),
  ].join('\n');
}

const END = '<!-- end -->';

/** A document of which the part between a line that names `source` and END is made. */
const partMadeFrom = (source, make) => (old) => {
  const begin = `<!-- made from ${source} by npm run generate -->`;
  const [from, to] = [old.indexOf(begin), old.indexOf(END, old.indexOf(begin))];
  if (from === -1 || to === -1) throw new Error(`a document lacks the lines ${begin} and ${END}`);
  return `${old.slice(0, from + begin.length)}\n\n${make()}\n\n${old.slice(to)}`;
};

/** Alternative 1 as a change of alternative 2; git leaves with 1 because they differ. */
async function exampleDifference() {
  const files = [2, 1].map((n) => `examples/solution-4-alternative-${String(n)}.ts`);
  const { output } = await run('git', ['diff', '--no-index', '--no-color', '--no-ext-diff', '-U3', '--', ...files]);
  return output.replace(/^index .*\n/m, '');
}

const documents = {
  'docs/errors.md': errorsDocument,
  'ARCHITECTURE.md': partMadeFrom('test/architecture/table.ts', picture),
  'README.md': partMadeFrom('bench/results', resultRatios),
  'docs/performance.md': partMadeFrom('bench/results', resultTables),
  'examples/solution-4-alternative-1.diff': exampleDifference,
  ...Object.fromEntries(Object.entries(PICTURES).map(([name, make]) => [`docs/images/${name}`, make])),
};

let outOfDate = 0;
for (const [name, make] of Object.entries(documents)) {
  const file = join(root, name);
  const old = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const text = await make(old);
  if (text === old) continue;
  if (process.argv.includes('--check')) {
    console.log(`${name} is out of date: npm run generate`);
    outOfDate += 1;
  } else {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    console.log(`wrote ${name}`);
  }
}
process.exitCode = outOfDate === 0 ? 0 : 1;
