/**
 * The federation table (protocol profile 2.4): which district serves a domain or a number prefix, and under which
 * parameters. Signed by the federation's publisher with Ed25519 over the very octets that travel, so that nothing is
 * canonicalised:
 *
 *   { "table": base64(UTF-8 JSON), "signature": base64(Ed25519("halfkey federation table v1" 00 || JSON octets)) }
 *
 * Parameters stand in the table itself: nothing is fetched because of a name that a message brought.
 */
import { createPrivateKey, createPublicKey, sign, verify, type KeyObject } from 'node:crypto';
import { z } from 'zod';
import { ascii, concat, fromBase64, HalfkeyError, toBase64 } from '../../foundation/base/index.ts';
import { base64Octets, identityText, unixSeconds } from '../route/index.ts';

const parameters = z.strictObject({
  serial: z.int().min(0),
  keyEpochSeconds: z.int().min(900).max(2_678_400),
  /** Seconds since 1970: used for validFrom <= t < validTo, key epochs included. */
  validFrom: unixSeconds,
  validTo: unixSeconds,
  /** DER BFPublicParameters. */
  publicParameters: base64Octets(8192),
});

const entry = z.strictObject({
  /** districtName: octets, never normalised. */
  district: z.string().regex(/^[\x21-\x7e]{1,1024}$/),
  /** Domains of its subscribers, lower case, each meaning exactly itself. */
  domains: z.array(z.string().regex(/^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/)),
  /** E.164 prefixes with `+`; the longest that fits counts. */
  prefixes: z.array(z.string().regex(/^\+[0-9]{1,15}$/)),
  /** What the district's KMS is called in an IDRkms payload, where its peers send that. */
  kms: identityText.optional(),
  parameters: z.array(parameters).min(1).max(4),
});

const table = z.strictObject({
  version: z.literal(1),
  /** Grows with every table that the publisher signs. */
  sequence: z.int().min(0),
  validFrom: unixSeconds,
  validTo: unixSeconds,
  entries: z.array(entry).max(4096),
});
export type FederationTable = z.infer<typeof table>;
export type FederationEntry = z.infer<typeof entry>;

const envelope = z.strictObject({ table: z.string().max(64_000_000), signature: base64Octets(64) });
const LABEL = concat(ascii('halfkey federation table v1'), Uint8Array.of(0));

/**
 * Signs a table; `privateKey`: PEM PKCS #8 of an Ed25519 key.
 * @throws HalfkeyError `FEDERATION_TABLE` for a table that no client would take; TypeError for another kind of key
 */
export function signFederationTable(content: FederationTable, privateKey: string): string {
  const key = createPrivateKey(privateKey);
  assertEd25519(key);
  const octets = new TextEncoder().encode(JSON.stringify(content));
  readTable(octets);
  return JSON.stringify({ table: toBase64(octets), signature: toBase64(sign(null, concat(LABEL, octets), key)) });
}

/**
 * The content of a signed table, after its signature and its form have been checked; times and serials are the
 * client's to check. `publicKey`: PEM SubjectPublicKeyInfo of an Ed25519 key.
 * @throws HalfkeyError `FEDERATION_TABLE`; TypeError for another kind of key
 */
export function verifyFederationTable(text: string, publicKey: string): FederationTable {
  const key = createPublicKey(publicKey);
  assertEd25519(key);
  const outer = envelope.safeParse(parseJson(text));
  if (!outer.success) throw refused('not a signed table');
  const octets = octetsOf(outer.data.table);
  if (!verify(null, concat(LABEL, octets), key, octetsOf(outer.data.signature))) {
    throw refused('the signature does not verify');
  }
  return readTable(octets);
}

function readTable(octets: Uint8Array): FederationTable {
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(octets);
  const parsed = parseJson(text);
  // One spelling: no member twice, no white space, so that no two readers see two tables.
  if (JSON.stringify(parsed) !== text) throw refused('not JSON without white space and doubled members');
  const result = table.safeParse(parsed);
  if (!result.success) throw refused(result.error.issues[0]?.path.map(String).join('.') ?? 'wrong');
  const { entries } = result.data;
  assertOnce(entries.map(({ district }) => district));
  assertOnce(entries.flatMap(({ domains }) => domains));
  assertOnce(entries.flatMap(({ prefixes }) => prefixes));
  for (const { parameters: sets } of entries) assertOnce(sets.map(({ serial }) => serial));
  return result.data;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw refused('not JSON');
  }
}

function octetsOf(text: string): Uint8Array {
  try {
    return fromBase64(text);
  } catch {
    throw refused('not base64');
  }
}

function assertOnce(values: readonly (string | number)[]): void {
  if (new Set(values).size !== values.length) throw refused('a district, domain, prefix or serial stands twice');
}

function assertEd25519(key: KeyObject): void {
  if (key.asymmetricKeyType !== 'ed25519') throw new TypeError('the key of a federation table is an Ed25519 key');
}

const refused = (why: string): HalfkeyError => new HalfkeyError('FEDERATION_TABLE', why);
