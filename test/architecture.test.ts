/** Holds src/ to the table of test/architecture/table.ts, and shows for each rule that breaking it is noticed. */
import { describe, expect, it } from 'vitest';
import {
  edgeFaults,
  graphOf,
  nameOf,
  readSources,
  reachFaults,
  roomsOf,
  roomsReached,
  tableFaults,
  type Edge,
  type Graph,
} from './architecture/graph.ts';
import { runtimeStatements, scanReferences } from './architecture/scan.ts';
import { HOUSE, type House } from './architecture/table.ts';
import { projectRoot } from './support/children.ts';

const sources = readSources(`${projectRoot}/src`);
const graph = graphOf(sources);
const rooms = roomsOf(HOUSE);

/** A copy of the graph in which `from` imports `to`; both files are made when they are missing. */
function plant(original: Graph, from: string, to: string, kind: Edge['kind'] = 'static'): Graph {
  const copy = new Map(original);
  for (const path of [from, to]) {
    if (path.endsWith('.ts') && !copy.has(path)) copy.set(path, { edges: [], lines: 1, runtime: [] });
  }
  const file = copy.get(from) ?? { edges: [], lines: 1, runtime: [] };
  copy.set(from, { ...file, edges: [...file.edges, { kind, to, line: 0 }] });
  return copy;
}

/** A file of a room that no real file is, so that a planted edge never closes a cycle. */
function fileIn(name: string, file = 'planted.ts'): string {
  const room = rooms.find((candidate) => nameOf(candidate) === name);
  if (room === undefined) throw new TypeError(`no room ${name}`);
  return `${room.path}/${file}`;
}

const faultsOfPlanted = (from: string, to: string, kind: Edge['kind'] = 'static'): string[] =>
  edgeFaults(HOUSE, plant(new Map(), from, to, kind));

describe('the house', () => {
  it('the table is sound: every name is a room, no edge goes up, no cycle', () => {
    expect(tableFaults(HOUSE)).toEqual([]);
  });

  it('src/ keeps to the table', () => {
    expect(graph.size).toBeGreaterThan(0);
    expect(edgeFaults(HOUSE, graph)).toEqual([]);
  });

  it.each(HOUSE.reach.map((reach) => [reach.from, reach] as const))(
    '%s reaches nothing it must not',
    (_from, reach) => {
      expect(reachFaults(HOUSE, graph, reach)).toEqual([]);
    },
  );

  it('the walk sees what the composition of a role imports', () => {
    for (const path of graph.keys()) {
      if (path.startsWith('program/role/'))
        expect([path, roomsReached(HOUSE, graph, path).has('base')]).toEqual([path, true]);
    }
  });
});

describe('a violation is caught', () => {
  const pairs = HOUSE.reach.flatMap((reach) => {
    const names = rooms
      .map(nameOf)
      .filter((name) => name !== nameOf(rooms.find((room) => reach.from.startsWith(room.path)) ?? rooms[0]!));
    const forbidden = 'never' in reach ? reach.never : names.filter((name) => !reach.only.includes(name));
    return forbidden.map((name) => ({
      reach,
      name,
      from: reach.from.endsWith('.ts') ? reach.from : `${reach.from}/planted.ts`,
    }));
  });

  it.each(pairs.map((pair) => [pair.from, pair.name, pair] as const))(
    '%s reaching %s',
    (_from, _name, { reach, name, from }) => {
      const target = fileIn(name);
      for (const kind of ['static', 'type', 'dynamic', 'url'] as const) {
        const direct = reachFaults(HOUSE, plant(graph, from, target, kind), reach);
        expect(direct).toEqual([expect.stringContaining(`${reach.from} reaches ${name}`)]);
        // and through a file between, in a room that is allowed
        const between = plant(
          plant(graph, from, 'foundation/base/between.ts'),
          'foundation/base/between.ts',
          target,
          kind,
        );
        expect(reachFaults(HOUSE, between, reach).join()).toContain(`${reach.from} reaches ${name}`);
      }
    },
  );

  it('a ports.ts counts as base in that walk, the rest of its room does not', () => {
    const reach = HOUSE.reach.find(({ from }) => from === 'program/role/witness.ts')!;
    expect(reachFaults(HOUSE, plant(new Map(), reach.from, 'entity/kms/ports.ts', 'type'), reach)).toEqual([]);
    const through = plant(
      plant(new Map(), reach.from, 'entity/kms/ports.ts', 'type'),
      'entity/kms/ports.ts',
      'entity/kms/x.ts',
      'type',
    );
    expect(reachFaults(HOUSE, through, reach)).toHaveLength(1);
  });

  it('every edge between rooms that the table does not list', () => {
    let planted = 0;
    for (const from of rooms) {
      for (const to of rooms) {
        const listed =
          [...from.imports, ...(from.onDemand ?? [])].includes(nameOf(to)) ||
          (to.path.startsWith('contract/') && from.imports.includes('contract/*'));
        if (from === to || listed) continue;
        for (const kind of ['static', 'type', 'dynamic', 'url'] as const) {
          expect(faultsOfPlanted(fileIn(nameOf(from)), fileIn(nameOf(to)), kind)).toHaveLength(1);
          planted += 1;
        }
      }
    }
    expect(planted).toBeGreaterThan(rooms.length);
  });

  it('and every edge that it lists is allowed', () => {
    for (const from of rooms.filter((room) => room.typesOnly !== true)) {
      for (const name of from.imports.filter((entry) => entry !== 'contract/*')) {
        expect(faultsOfPlanted(fileIn(nameOf(from)), fileIn(name))).toEqual([]);
      }
    }
  });

  it('a role that the command line loads by anything but a dynamic import', () => {
    const [cli, role] = ['program/cli/main.ts', 'program/role/kms.ts'];
    expect(faultsOfPlanted(cli, role, 'dynamic')).toEqual([]);
    for (const kind of ['static', 'type', 'url'] as const) expect(faultsOfPlanted(cli, role, kind)).toHaveLength(1);
  });

  it('a value that the console imports', () => {
    expect(faultsOfPlanted('program/console/x.ts', 'contract/xk/index.ts', 'type')).toEqual([]);
    expect(faultsOfPlanted('program/console/x.ts', 'contract/xk/index.ts')).toHaveLength(1);
  });

  it('platform importing more of an entity than the types of its ports', () => {
    const from = 'platform/sqlite/store.ts';
    expect(faultsOfPlanted(from, 'entity/custody/ports.ts', 'type')).toEqual([]);
    expect(faultsOfPlanted(from, 'entity/custody/ports.ts', 'static')).toHaveLength(1);
    expect(faultsOfPlanted(from, 'entity/custody/index.ts', 'type')).toHaveLength(1);
    expect(faultsOfPlanted(from, 'entity/tap/ports.ts', 'type')).toHaveLength(1);
  });

  it('a ports.ts that imports more than base and identity, or makes something at run time', () => {
    expect(faultsOfPlanted('entity/kms/ports.ts', 'foundation/identity/index.ts', 'type')).toEqual([]);
    expect(faultsOfPlanted('entity/kms/ports.ts', 'trust/audit/ports.ts', 'type')).toEqual([]);
    expect(faultsOfPlanted('entity/kms/ports.ts', 'entity/custody/ports.ts', 'type')).toHaveLength(1);
    expect(faultsOfPlanted('entity/kms/ports.ts', 'crypto/ibe/index.ts', 'type')).toHaveLength(1);
    expect(faultsOfPlanted('entity/kms/ports.ts', 'entity/kms/x.ts', 'type')).toHaveLength(1);
    const runtime = (text: string): string[] => edgeFaults(HOUSE, graphOf(new Map([['entity/kms/ports.ts', text]])));
    expect(
      runtime('export interface A { const: 1; f(x: () => void): void }\ndeclare const b: unique symbol;\n'),
    ).toEqual([]);
    for (const text of ['export const a = 1;', 'export class A {}', 'function f() {}', 'export default 1;']) {
      expect(runtime(text)).toHaveLength(1);
    }
  });

  it('built-in modules and packages outside their places', () => {
    const cases: [from: string, to: string][] = [
      ['protocol/srtp/x.ts', 'node:fs'],
      ['entity/kms/x.ts', 'node:http'],
      ['trust/audit/x.ts', 'node:worker_threads'],
      ['platform/x.ts', 'node:vm'],
      ['crypto/curve/pairing.ts', 'node:v8'],
      ['entity/kms/x.ts', 'package:fastify'],
      ['entity/kms/x.ts', 'package:jose'],
      ['program/lab/x.ts', 'package:lodash'],
      ['program/role/kms.ts', 'package:fs'],
      ['protocol/mikey/x.ts', 'package:halfkey'],
    ];
    for (const [from, to] of cases) expect(faultsOfPlanted(from, to)).toHaveLength(1);
    const allowed: [from: string, to: string][] = [
      ['crypto/curve/load.ts', 'node:v8'],
      ['protocol/srtp/x.ts', 'node:crypto'],
      ['platform/x.ts', 'package:fastify'],
      ['trust/warrant/x.ts', 'package:jose'],
    ];
    for (const [from, to] of allowed) expect(faultsOfPlanted(from, to)).toEqual([]);
  });

  it('files outside the rooms, outside src, and names that are computed', () => {
    expect(edgeFaults(HOUSE, graphOf(new Map([['protocol/new/x.ts', '']])))).toHaveLength(1);
    expect(edgeFaults(HOUSE, graphOf(new Map([['protocol/x.ts', '']])))).toHaveLength(1);
    expect(edgeFaults(HOUSE, graphOf(new Map([['other.ts', '']])))).toHaveLength(1);
    expect(faultsOfPlanted('program/lab/x.ts', 'outside:tools/quality/verify.mjs', 'url')).toHaveLength(1);
    expect(faultsOfPlanted('program/lab/x.ts', 'outside:test/vectors/golden-call.pcap')).toHaveLength(1);
    expect(faultsOfPlanted('program/lab/x.ts', 'outside:test/vectors/golden-call.pcap', 'url')).toEqual([]);
    expect(faultsOfPlanted('program/lab/x.ts', 'computed', 'dynamic')).toHaveLength(1);
    expect(faultsOfPlanted('index.ts', 'crypto/ibe/index.ts')).toHaveLength(1);
    expect(faultsOfPlanted('program/role/kms.ts', 'index.ts')).toHaveLength(1);
    expect(faultsOfPlanted('program/cli/main.ts', 'index.ts')).toEqual([]);
  });

  it('a cycle of files, but not one that a dynamic import breaks', () => {
    const cycle = (second: Edge['kind']): Graph =>
      plant(
        plant(new Map(), 'protocol/srtp/a.ts', 'protocol/srtp/b.ts'),
        'protocol/srtp/b.ts',
        'protocol/srtp/a.ts',
        second,
      );
    expect(edgeFaults(HOUSE, cycle('static'))).toEqual([expect.stringContaining('cycle:')]);
    expect(edgeFaults(HOUSE, cycle('type'))).toHaveLength(1);
    expect(edgeFaults(HOUSE, cycle('dynamic'))).toEqual([]);
  });

  it('a composition of more than 150 lines', () => {
    const lines = (count: number): string[] =>
      edgeFaults(HOUSE, graphOf(new Map([['program/role/kms.ts', ';\n'.repeat(count)]])));
    expect(lines(HOUSE.roleLines)).toEqual([]);
    expect(lines(HOUSE.roleLines + 1)).toHaveLength(1);
  });

  it('a table with an edge up, an unknown name, or a cycle', () => {
    const changed = (path: string, imports: string[]): House => ({
      ...HOUSE,
      floors: HOUSE.floors.map((floor) => ({
        ...floor,
        rooms: floor.rooms.map((room) => (room.path === path ? { ...room, imports } : room)),
      })),
    });
    expect(tableFaults(changed('foundation/base', ['kms'])).join()).toContain('a floor above');
    expect(tableFaults(changed('protocol/srtp', ['nothing'])).join()).toContain('no room nothing');
    expect(tableFaults(changed('protocol/mikey', ['base', 'signalling'])).join()).toContain('cycle');
  });
});

describe('the scanner', () => {
  const scan = (text: string): string[] =>
    scanReferences(text).map(({ kind, specifier }) => `${kind} ${specifier ?? '?'}`);

  it('finds every way to name a module', () => {
    expect(
      scan(`
        import a from './a.ts';
        import { b, type B } from "./b.ts";
        import * as c from './c.ts';
        import d, { e } from './d.ts';
        import type { F } from './f.ts';
        import type G from './g.ts';
        import type from './h.ts';
        import './i.ts';
        import j from './j.json' with { type: 'json' };
        export { k } from './k.ts';
        export type { L } from './l.ts';
        export * from './m.ts';
        export * as n from './n.ts';
        export type * from './o.ts';
        const p = await import('./p.ts');
        const q = \`\${(await import(\`./q.ts\`)).q}\`;
        type R = import('./r.ts').R;
        const s = require('./s.ts');
        const t = new URL('./t.ts', import.meta.url);
        const u = new Worker(new URL(isSource ? './u.ts' : './u.js', import.meta.url));
      `),
    ).toEqual([
      'static ./a.ts',
      'static ./b.ts',
      'static ./c.ts',
      'static ./d.ts',
      'type ./f.ts',
      'type ./g.ts',
      'static ./h.ts',
      'static ./i.ts',
      'static ./j.json',
      'static ./k.ts',
      'type ./l.ts',
      'static ./m.ts',
      'static ./n.ts',
      'type ./o.ts',
      'dynamic ./p.ts',
      'dynamic ./q.ts',
      'dynamic ./r.ts',
      'static ./s.ts',
      'url ./t.ts',
      'url ./u.ts',
      'url ./u.js',
    ]);
  });

  it('is not deceived by comments, strings, templates, regular expressions and property names', () => {
    expect(
      scan(`
        // import './a.ts'
        /* import './b.ts' */
        const a = "import './c.ts'" + 'import("./d.ts")' + \`import './e.ts'\`;
        const b = /import '\\/x.ts'[/'"]/.test(a) && 4 / 2 / 1; const c = bytes[0]! / 2; import './real.ts'; // '
        const d = { import: 1, export: './f.ts' }; d.import('./g.ts'); module.require('./h.ts');
        export const e = 1; export interface F { from: './i.ts' } export type G = './j.ts'; export function from() {}
        const h = x => y / 'a'.length / 'b'.length; new URL('./k', base); import.meta.url;
        const i = \`\${a / 2}\${\`\${'}'}\`} import './l.ts'\`;
        const j = #field in k ? 'it' : "isn't"; import type { Last } from './last.ts';
      `),
    ).toEqual(['static ./real.ts', 'type ./last.ts']);
  });

  it('says which specifiers are computed', () => {
    expect(
      scan(
        'import(name); import(`./${name}.ts`); require(a + b); new URL(name, import.meta.url); import.meta.resolve(`x`)',
      ),
    ).toEqual(['dynamic ?', 'dynamic ?', 'static ?', 'url ?', 'url ?']);
  });

  it('reports the line', () => {
    expect(scanReferences('`\n\n`;\n/*\n*/ import "a";\n').map(({ line }) => line)).toEqual([5]);
  });

  it('tells types from what exists at run time', () => {
    expect(
      runtimeStatements(
        "import type { A } from './a.ts';\nexport type { A };\nexport interface B { class: A }\nexport type C = typeof import('x');",
      ),
    ).toEqual([]);
    expect(runtimeStatements("import { A } from './a.ts';\nexport { A };\nconst a = 1;")).toEqual([
      'import without type',
      'export without type',
      'const',
    ]);
  });

  it('finds as many imports in the sources as a plain search for lines does', () => {
    const lines = [...sources.values()].flatMap(
      (text) => text.match(/^(?:import|export) [^;=]*?from '[^']+';$/gm) ?? [],
    );
    const found = [...sources.values()]
      .flatMap((text) => scanReferences(text))
      .filter(({ kind }) => kind === 'static' || kind === 'type');
    expect(lines.length).toBeGreaterThan(0);
    expect(found.length).toBeGreaterThanOrEqual(lines.length);
  });
});
