/** The graph of src/ and the rules of the table, as functions from a graph to what is wrong with it. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix, relative, sep } from 'node:path';
import { runtimeStatements, scanReferences, type ReferenceKind } from './scan.ts';
import type { House, Reach, Room } from './table.ts';

export interface Edge {
  readonly kind: ReferenceKind;
  /**
   * A path below src/, `outside:` and a path below the repository, a `node:` module,
   * `package:` and a name, or `computed`.
   */
  readonly to: string;
  readonly line: number;
}

export interface SourceFile {
  readonly edges: readonly Edge[];
  readonly lines: number;
  /** Only for a `ports.ts`: what it makes at run time. */
  readonly runtime: readonly string[];
}

/** By path below src/, with forward slashes. */
export type Graph = ReadonlyMap<string, SourceFile>;

/** What a specifier in the file `from` means. */
function resolve(from: string, specifier: string | undefined, kind: ReferenceKind, files: ReadonlySet<string>): string {
  if (specifier === undefined) return 'computed';
  if (kind !== 'url' && !specifier.startsWith('.')) {
    if (specifier.startsWith('node:')) return specifier;
    return `package:${specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')}`;
  }
  const path = posix.join('src', posix.dirname(from), specifier);
  if (!path.startsWith('src/')) return `outside:${path}`;
  const inside = path.slice('src/'.length);
  const source = inside.replace(/\.js$/, '.ts');
  return !files.has(inside) && files.has(source) ? source : inside;
}

/** The graph of files given by path below src/ and text. */
export function graphOf(texts: ReadonlyMap<string, string>): Graph {
  const files = new Set(texts.keys());
  const graph = new Map<string, SourceFile>();
  for (const [path, text] of texts) {
    if (!path.endsWith('.ts')) continue;
    graph.set(path, {
      edges: scanReferences(text).map(({ kind, specifier, line }) => ({
        kind,
        to: resolve(path, specifier, kind, files),
        line,
      })),
      lines: text.replace(/\n$/, '').split('\n').length,
      runtime: isPorts(path) ? runtimeStatements(text) : [],
    });
  }
  return graph;
}

/** Every file below `folder`, which is src/ in the repository. */
export function readSources(folder: string): Map<string, string> {
  const texts = new Map<string, string>();
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name);
    if (entry.isFile()) texts.set(relative(folder, file).split(sep).join('/'), readFileSync(file, 'utf8'));
  }
  return texts;
}

export function roomsOf(house: House): Room[] {
  return house.floors.flatMap((floor) => floor.rooms);
}

/** The short name by which the table calls a room. */
export function nameOf(room: Room): string {
  return room.path.startsWith('contract/') ? room.path : posix.basename(room.path);
}

function isPorts(path: string): boolean {
  return posix.basename(path) === 'ports.ts';
}

function roomOf(house: House, path: string): Room | undefined {
  return roomsOf(house).find((room) => path.startsWith(`${room.path}/`));
}

function within(path: string, places: readonly string[]): boolean {
  return places.some((place) => place === '*' || path === place || path.startsWith(`${place}/`));
}

/** Whether a list of the table names the room. */
function lists(names: readonly string[], room: Room): boolean {
  return names.includes(nameOf(room)) || (room.path.startsWith('contract/') && names.includes('contract/*'));
}

/** Faults of the table itself: a name that means nothing, or an edge that goes up. */
export function tableFaults(house: House): string[] {
  const faults: string[] = [];
  const floorOf = (room: Room): number => house.floors.findIndex((floor) => floor.rooms.includes(room));
  const rooms = roomsOf(house);
  const known = new Set([...rooms.map(nameOf), 'contract/*']);
  if (known.size !== rooms.length + 1) faults.push('two rooms have the same name');
  for (const room of rooms) {
    if (room.path.split('/')[0] !== house.floors[floorOf(room)]?.name) faults.push(`${room.path}: on the wrong floor`);
    for (const name of [...room.imports, ...(room.ports ?? []), ...(room.onDemand ?? [])]) {
      if (!known.has(name)) faults.push(`${room.path}: there is no room ${name}`);
      const other = rooms.find((candidate) => nameOf(candidate) === name);
      if (other !== undefined && floorOf(other) > floorOf(room)) faults.push(`${room.path}: ${name} is a floor above`);
      if (other === room) faults.push(`${room.path}: names itself`);
    }
  }
  for (const reach of house.reach) {
    for (const name of 'never' in reach ? reach.never : reach.only) {
      if (!known.has(name)) faults.push(`reach of ${reach.from}: there is no room ${name}`);
    }
  }
  const next = new Map(rooms.map((room) => [nameOf(room), rooms.filter((to) => lists(room.imports, to)).map(nameOf)]));
  for (const cycle of cyclesOf(next)) faults.push(`the table has a cycle: ${cycle.join(' -> ')}`);
  return faults;
}

/** Faults of one edge. */
function edgeFault(house: House, from: string, edge: Edge, graph: Graph): string | undefined {
  const fault = (text: string): string => `${from}:${String(edge.line)}: ${text}`;
  const { to, kind } = edge;
  if (to === 'computed') return fault('a computed specifier cannot be judged: write it as a literal');
  if (to.startsWith('outside:')) {
    const path = to.slice('outside:'.length);
    const place = Object.keys(house.outside).find((folder) => path.startsWith(`${folder}/`));
    if (kind === 'url' && place !== undefined && within(from, house.outside[place] ?? [])) return undefined;
    return fault(`${path} is outside src`);
  }
  if (to.startsWith('node:')) {
    return within(from, house.builtins[to] ?? []) ? undefined : fault(`${to} may not be imported here`);
  }
  if (to.startsWith('package:')) {
    const name = to.slice('package:'.length);
    return within(from, house.packages[name] ?? []) ? undefined : fault(`package ${name} may not be imported here`);
  }
  if (kind !== 'url' && !graph.has(to)) return fault(`${to} does not exist`);

  const source = roomOf(house, from);
  const target = roomOf(house, to);
  const rootFile = house.rootFiles[from];
  const importers = house.rootFiles[to]?.by;
  if (importers !== undefined) return within(from, importers) ? undefined : fault(`${to} may not be imported here`);
  if (target === undefined) return fault(`${to} is in no room`);
  if (isPorts(from)) {
    // another room's ports.ts counts as base, where the rooms may know each other
    const asBase = isPorts(to) && source !== undefined && lists(source.imports, target);
    return asBase || ['base', 'identity'].includes(nameOf(target))
      ? undefined
      : fault(`a ports.ts imports base and identity only, not ${nameOf(target)}`);
  }
  if (rootFile !== undefined) {
    return lists(rootFile.imports, target) ? undefined : fault(`${from} may not import ${nameOf(target)}`);
  }
  if (source === undefined || source === target) return undefined;
  if (source.typesOnly === true && kind !== 'type') return fault(`${nameOf(source)} may import types only`);
  if (lists(source.imports, target)) return undefined;
  if (isPorts(to) && (source.ports ?? []).includes(nameOf(target))) {
    return kind === 'type' ? undefined : fault(`${to} holds types: import it with "import type"`);
  }
  if ((source.onDemand ?? []).includes(nameOf(target))) {
    return kind === 'dynamic' ? undefined : fault(`${nameOf(target)} may be loaded by dynamic import only`);
  }
  return fault(`${nameOf(source)} may not import ${nameOf(target)}`);
}

/** Unlisted folders, edges, packages and specifiers, cycles, a `ports.ts` that makes something, roles too long. */
export function edgeFaults(house: House, graph: Graph): string[] {
  const faults: string[] = [];
  for (const [path, file] of graph) {
    if (roomOf(house, path) === undefined && house.rootFiles[path] === undefined) {
      faults.push(`${path}: is in no room of the table`);
    }
    for (const edge of file.edges) {
      const fault = edgeFault(house, path, edge, graph);
      if (fault !== undefined) faults.push(fault);
    }
    for (const statement of file.runtime) faults.push(`${path}: a ports.ts holds types only, not "${statement}"`);
    if (path.startsWith('program/role/') && file.lines > house.roleLines) {
      faults.push(`${path}: ${String(file.lines)} lines, at most ${String(house.roleLines)}`);
    }
  }
  // A dynamic import runs later, when both sides are there: it closes no cycle.
  const next = new Map(
    [...graph].map(([path, file]) => [
      path,
      file.edges.filter((edge) => edge.kind !== 'dynamic' && graph.has(edge.to)).map((edge) => edge.to),
    ]),
  );
  for (const cycle of cyclesOf(next)) faults.push(`cycle: ${cycle.join(' -> ')}`);
  return faults;
}

/** One cycle for each way back that a depth-first walk meets. */
function cyclesOf(next: ReadonlyMap<string, readonly string[]>): string[][] {
  const found: string[][] = [];
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (node: string): void => {
    const start = path.indexOf(node);
    if (start !== -1) {
      found.push([...path.slice(start), node]);
      return;
    }
    if (done.has(node)) return;
    path.push(node);
    for (const to of next.get(node) ?? []) visit(to);
    path.pop();
    done.add(node);
  };
  for (const node of next.keys()) visit(node);
  return found;
}

/** Which rooms a file, or every file of a folder, reaches, and by which way. A `ports.ts` counts as base. */
export function roomsReached(house: House, graph: Graph, from: string): Map<string, string[]> {
  const reached = new Map<string, string[]>();
  const seen = new Set<string>();
  const queue = [...graph.keys()].filter((path) => within(path, [from])).map((path) => [path]);
  for (let way = queue.shift(); way !== undefined; way = queue.shift()) {
    const path = way.at(-1) ?? '';
    if (seen.has(path)) continue;
    seen.add(path);
    const room = roomOf(house, path);
    if (room !== undefined && way.length > 1) {
      const name = isPorts(path) ? 'base' : nameOf(room);
      if (!reached.has(name)) reached.set(name, way);
    }
    for (const edge of graph.get(path)?.edges ?? []) {
      if (graph.has(edge.to)) queue.push([...way, edge.to]);
    }
  }
  return reached;
}

/** What is wrong with what `reach.from` reaches; its own room is not counted. */
export function reachFaults(house: House, graph: Graph, reach: Reach): string[] {
  const own = roomOf(house, `${reach.from}/`);
  const forbidden = (name: string): boolean =>
    'never' in reach ? reach.never.includes(name) : !reach.only.includes(name);
  return [...roomsReached(house, graph, reach.from)]
    .filter(([name]) => name !== (own === undefined ? '' : nameOf(own)) && forbidden(name))
    .map(([name, way]) => `${reach.from} reaches ${name}: ${way.join(' -> ')}`);
}
