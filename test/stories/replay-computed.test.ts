/**
 * The answer is computed: with nothing but the long-term secrets and the captured octets the key comes out, and with one
 * bit of one of the secrets changed it does not, and neither does any part of it.
 *
 *   golden file, without its answers ──> lab ──> K_SESSION
 *   the same, one bit of MS changed  ──> lab ──> KMS opens the messages, the nonce fails: a code, no key
 *   the same, one bit of s changed   ──> lab ──> the messages do not open: a code, no key
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  ALICE,
  BOB,
  handedOver,
  labs,
  run,
  secretsBelow,
  secretsIn,
  temporaryDirectory,
  vector,
  WAYS,
  type LabOutcome,
  type Way,
} from '../support/lab.ts';

/** What a replay may read; every other member of a golden file is an answer, or can be computed. */
const READ = ['level', 'curve', 'nonceMode', 'nonceEpoch', 'T1', 'district', 'masterSecrets', 'MS', 'messages'];
const ANSWERS = [
  ...['note', 'T2', 'csbId', 'RAND', 'ssrc', 'identityDER', 'Sid', 'x', 'y', 'xP', 'yP', 'NA', 'NB', 'cek', 'rho'],
  ...['plain', 'aadPrefix', 'K_SESSION', 'MPK', 'TGK', 'auth_key', 'cs'],
];

const MODE_1 = 'golden-n3072-mode1-P-256';
const MODE_2 = 'golden-n2048-mode2-P-384';
const MODE_3 = 'golden-n1024-mode3-P-256';

type Golden = ReturnType<typeof read>;
const read = (name: string) => JSON.parse(readFileSync(vector(`${name}.json`), 'utf8'));
const octets = (text: string): Uint8Array => Buffer.from(text.replace(/^0x/, ''), 'hex');

/** Lower-case hex with its last bit changed. */
const lastBit = (text: string): string => text.replace(/.$/, (digit) => (parseInt(digit, 16) ^ 1).toString(16));

const SIDES = [
  { target: ALICE, side: 'A', district: 'a' },
  { target: BOB, side: 'B', district: 'b' },
] as const;
type Side = (typeof SIDES)[number];

const CHANGES: Readonly<Record<string, (golden: Golden, side: Side) => void>> = {
  'the answers deleted': () => undefined,
  'one bit of MS': ({ MS }, { side }) => {
    MS[side] = lastBit(MS[side] as string);
  },
  'one bit of s': ({ masterSecrets }, { district }) => {
    masterSecrets[district] = lastBit(masterSecrets[district] as string);
  },
};

interface Case {
  readonly name: string;
  readonly way: Way;
  readonly side: Side;
  readonly change: string;
  /** Status of the session. */
  readonly expected: string;
}

/** The parties take turns, so that both are covered without running everything twice. */
const partyOf = (i: number): Side => SIDES[i % 2] as Side;
const CASES: readonly Case[] = [
  { name: MODE_3, way: '4/2', side: partyOf(0), change: 'the answers deleted', expected: 'recovered' },
  { name: MODE_3, way: '3', side: partyOf(1), change: 'the answers deleted', expected: 'recovered' },
  ...WAYS.flatMap((way, i) => [
    { name: MODE_3, way, side: partyOf(i + 1), change: 'one bit of MS', expected: 'NONCE_COMMITMENT_MISMATCH' },
    // In alternative 1 it is the Delivery Function that finds the messages closed.
    {
      name: MODE_3,
      way,
      side: partyOf(i),
      change: 'one bit of s',
      expected: way === '4/1' ? 'IbeDecryptFailed' : 'XK_REFUSED',
    },
  ]),
  { name: MODE_2, way: '4/2', side: partyOf(0), change: 'one bit of MS', expected: 'NONCE_COMMITMENT_MISMATCH' },
  { name: MODE_1, way: '3', side: partyOf(1), change: 'one bit of MS', expected: 'NONCE_COMMITMENT_MISMATCH' },
];

describe('the answer is computed', () => {
  let outcomes: readonly (Case & { readonly outcome: LabOutcome })[];

  beforeAll(async () => {
    const directory = temporaryDirectory();
    outcomes = await labs(
      CASES.map((one, i) => {
        const golden = read(one.name);
        for (const member of ANSWERS) delete golden[member];
        CHANGES[one.change]?.(golden, one.side);
        const fixture = join(directory, `${String(i)}.json`);
        writeFileSync(fixture, JSON.stringify(golden));
        return { ...one, fixture, target: one.side.target };
      }),
    );
  });

  it('from nothing else than the secrets and the messages', () => {
    for (const name of [MODE_1, MODE_2, MODE_3]) {
      expect(Object.keys(read(name)).sort()).toEqual([...READ, ...ANSWERS].sort());
    }
  });

  it.each(CASES.map((one, i) => [one.change, one.name, one.side.target, one.way, i] as const))(
    '%s: %s, target %s, solution %s',
    (_change, _name, _target, _way, i) => {
      const { name, expected, outcome } = outcomes[i] as (typeof outcomes)[number];
      const { K_SESSION, x, y } = read(name);
      const { status, stdout, stderr, json, out } = outcome;
      const [session] = json.sessions;
      expect(json.sessions).toHaveLength(1);
      expect(session?.status, stderr).toBe(expected);
      const answers = { K: octets(K_SESSION), x: octets(x), y: octets(y), abscissa: octets(K_SESSION).subarray(2, 34) };
      if (expected === 'recovered') {
        expect(status).toBe(0);
        expect(session).toMatchObject({ keyConfirmed: true, kSession: K_SESSION });
        // The key is where it was ordered, which also shows that the search below can find one.
        const found = secretsBelow(out, answers);
        const places = ['report.html', 'session-1/keys.json'];
        expect(found.sort()).toEqual(['K', 'abscissa'].flatMap((name) => places.map((place) => `${name} in ${place}`)));
        return;
      }
      expect(status).toBe(2);
      expect(session).toMatchObject({
        keyConfirmed: false,
        kSession: null,
        files: { wav: null, pcap: null, keys: null },
      });
      expect(json.error).toMatchObject({ code: 'NOT_RECOVERED' });
      expect(json.reason).toContain(expected);
      expect(secretsIn(stdout + stderr, answers)).toEqual([]);
      expect(secretsBelow(out, answers)).toEqual([]);
      expect(handedOver(out)).toEqual([]);
    },
  );

  it('and the holder that refused has recorded why, and no answer', async () => {
    const refused = outcomes.filter(
      // There the KMS has answered, and the Delivery Function has failed.
      ({ way, change, expected }) => expected !== 'recovered' && !(way === '4/1' && change === 'one bit of s'),
    );
    const logs = await Promise.all(
      refused.map(async ({ way, change, outcome }) => {
        const holder = way === '3' ? 'kms-consolidated' : change === 'one bit of s' ? 'kms' : 'provider';
        const config = join(outcome.out, 'roles', holder, 'config.json');
        return JSON.parse((await run(['log', 'verify', '--config', config, '--json'])).stdout).kinds as object;
      }),
    );
    expect(logs).toHaveLength(7);
    for (const kinds of logs) expect(kinds).toEqual({ request: 1, failed: 1 });
  });
});
