/**
 * The text of a warrant (protocol profile 5.3, "Warrant binding" and "Time"): what an authority orders.
 * One octet encoding for one warrant: JSON without white space, members in the order of {@link Warrant}.
 * Must never fill in a default: what is not written is not ordered.
 */
import { HalfkeyError } from '../../foundation/base/index.ts';
import { identityFromText } from '../../foundation/identity/index.ts';

/** The three ways of the contribution to recover a key: consolidated KMS, private key to the DF, KMS decrypts. */
export type Solution = '3' | '4/1' | '4/2';
/** What the agency is given: media in clear, or the session key. */
export type Deliverable = 'content' | 'keys';

/** A half-open interval [from, to) of RFC 3339 times in UTC, whole seconds or milliseconds: `2026-01-31T08:00:00Z`. */
export interface Interval {
  readonly from: string;
  readonly to: string;
}

/** What an authority orders. */
export interface Warrant {
  readonly version: 1;
  /** The authority's name for this warrant: 1 to 128 of `A-Z a-z 0-9 . _ : / -`. */
  readonly id: string;
  /** Who receives the product, 1 to 128 characters. */
  readonly agency: string;
  /** 1 to 256 different canonical identities: public ones, device ones, aliases. */
  readonly targets: readonly string[];
  /** Bounds T of the call's I_MESSAGE_1, and the packets that are delivered. */
  readonly interception: Interval;
  /** Bounds the holder's clock when it is asked. */
  readonly request: Interval;
  /** How long before `interception.from` a call may have begun that was still up then: 0 to 86400 seconds. */
  readonly inProgressSeconds: number;
  /** Not empty, no value twice. */
  readonly solutions: readonly Solution[];
  /** Not empty, no value twice. */
  readonly deliver: readonly Deliverable[];
  /** First answers that each holder may give under this warrant, 1 to 1 000 000. */
  readonly maxReleases: number;
}

const SOLUTIONS: readonly string[] = ['3', '4/1', '4/2'] satisfies Solution[];
const DELIVERABLES: readonly string[] = ['content', 'keys'] satisfies Deliverable[];
const MAX_TARGETS = 256;

/** The refusal of everything that is not a warrant of this form. The message never repeats the value. */
export function malformed(what: string): HalfkeyError {
  return new HalfkeyError('WARRANT_MALFORMED', what);
}

/** Milliseconds since 1970 of a time of {@link Interval}. @throws HalfkeyError `WARRANT_MALFORMED` */
export function timeOf(text: string): number {
  const seconds = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d{3})?Z$/.exec(text)?.[1];
  const ms = Date.parse(text);
  // Writing it back refuses 30 February and 24:00, which Date.parse takes.
  if (seconds === undefined || Number.isNaN(ms) || !new Date(ms).toISOString().startsWith(seconds)) {
    throw malformed('a time is not an RFC 3339 time in UTC');
  }
  return ms;
}

/** The one encoding of a warrant, UTF-8. @throws HalfkeyError `WARRANT_MALFORMED` when a member is out of range */
export function encodeWarrant(warrant: Warrant): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(readWarrant(warrant)));
}

/** Total decoder: a warrant from its only encoding. @throws HalfkeyError `WARRANT_MALFORMED` */
export function decodeWarrant(octets: Uint8Array): Warrant {
  const value = parseJson(octets);
  const warrant = readWarrant(value);
  // Also refuses doubled members, white space, escapes that are not needed, and another order.
  if (Buffer.compare(new TextEncoder().encode(JSON.stringify(warrant)), octets) !== 0) {
    throw malformed('the warrant is not in its only encoding');
  }
  return warrant;
}

/** JSON of UTF-8 octets. @throws HalfkeyError `WARRANT_MALFORMED` */
export function parseJson(octets: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(octets));
  } catch {
    throw malformed('a part is not JSON');
  }
}

function readWarrant(value: unknown): Warrant {
  const members = object(value, 'the warrant', [
    'version',
    'id',
    'agency',
    'targets',
    'interception',
    'request',
    'inProgressSeconds',
    'solutions',
    'deliver',
    'maxReleases',
  ]);
  if (members['version'] !== 1) throw malformed('version is not 1');
  return {
    version: 1,
    id: readWarrantId(members['id']),
    agency: readName(members['agency'], 'agency'),
    targets: list(members['targets'], 'targets', MAX_TARGETS, isCanonicalIdentity),
    interception: interval(members['interception'], 'interception'),
    request: interval(members['request'], 'request'),
    inProgressSeconds: integer(members['inProgressSeconds'], 'inProgressSeconds', 0, 86_400),
    solutions: list(members['solutions'], 'solutions', SOLUTIONS.length, (item): item is Solution =>
      SOLUTIONS.includes(item),
    ),
    deliver: list(members['deliver'], 'deliver', DELIVERABLES.length, (item): item is Deliverable =>
      DELIVERABLES.includes(item),
    ),
    maxReleases: integer(members['maxReleases'], 'maxReleases', 1, 1_000_000),
  };
}

/** An object with exactly the members `names`. @throws HalfkeyError `WARRANT_MALFORMED` */
export function object(value: unknown, what: string, names: readonly string[]): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed(`${what} is not an object`);
  for (const name of names) if (!Object.hasOwn(value, name)) throw malformed(`${what} lacks ${name}`);
  if (Object.keys(value).length !== names.length) throw malformed(`${what} has an unknown member`);
  return value as Record<string, unknown>;
}

/** An array of 1 to `max` different texts, each accepted by `holds`. @throws HalfkeyError `WARRANT_MALFORMED` */
export function list<T extends string>(
  value: unknown,
  what: string,
  max: number,
  holds: (item: string) => item is T,
): readonly T[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > max)
    throw malformed(`${what} is not a list of 1 to ${String(max)}`);
  const items = value.map((item: unknown) => {
    if (typeof item !== 'string' || !holds(item)) throw malformed(`${what} holds a refused value`);
    return item;
  });
  if (new Set(items).size !== items.length) throw malformed(`${what} holds a value twice`);
  return items;
}

/** The id of a warrant. @throws HalfkeyError `WARRANT_MALFORMED` */
export function readWarrantId(value: unknown): string {
  if (typeof value !== 'string' || !isWarrantId(value))
    throw malformed('id is not 1 to 128 letters, digits or . _ : / -');
  return value;
}

export function isWarrantId(text: string): text is string {
  return /^[A-Za-z0-9._:/-]{1,128}$/.test(text);
}

/** A name of 1 to 128 characters in NFC, no control characters, no outer blanks. @throws HalfkeyError `WARRANT_MALFORMED` */
export function readName(value: unknown, what: string): string {
  if (typeof value !== 'string' || value === '' || value.length > 128 || value.trim() !== value)
    throw malformed(`${what} is not a name`);
  if (value.normalize('NFC') !== value || /[\p{C}\p{Zl}\p{Zp}]/u.test(value)) throw malformed(`${what} is not a name`);
  return value;
}

function isCanonicalIdentity(text: string): text is string {
  try {
    return identityFromText(text).text === text;
  } catch {
    return false;
  }
}

function interval(value: unknown, what: string): Interval {
  const { from, to } = object(value, what, ['from', 'to']);
  if (typeof from !== 'string' || typeof to !== 'string') throw malformed(`${what} is not an interval`);
  if (timeOf(from) >= timeOf(to)) throw malformed(`${what} ends before it begins`);
  return { from, to };
}

function integer(value: unknown, what: string, min: number, max: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) {
    throw malformed(`${what} is not an integer from ${String(min)} to ${String(max)}`);
  }
  return value;
}
