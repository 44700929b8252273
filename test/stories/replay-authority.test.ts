/**
 * A holder believes its own authority and nobody else's: started with the root of another agency, it refuses the warrants
 * that everybody else accepts, whatever the Delivery Function says.
 *
 *   lab ── warrant of agency A ──> DF (trusts A: verified, goes on)
 *                                   └──> KMS or provider (trusts B, of the same name): WARRANT_ISSUER, one log entry
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { createAuthority } from '../../src/platform/index.ts';
import {
  ALICE,
  BOB,
  GOLDEN_1024,
  handedOver,
  labs,
  run,
  secretsBelow,
  secretsIn,
  temporaryDirectory,
  type LabOutcome,
} from '../support/lab.ts';

const CASES = [
  { way: '3', stranger: 'kms', directory: 'kms-consolidated', target: BOB, others: {} },
  { way: '4/2', stranger: 'kms', directory: 'kms', target: ALICE, others: { provider: {} } },
  { way: '4/1', stranger: 'provider', directory: 'provider', target: BOB, others: { kms: { request: 1, answer: 1 } } },
  {
    way: '4/2',
    stranger: 'provider',
    directory: 'provider',
    target: ALICE,
    others: { kms: { request: 1, answer: 1 } },
  },
] as const;

describe('a holder with the root of another authority', () => {
  let outcomes: readonly LabOutcome[];

  beforeAll(async () => {
    const root = join(temporaryDirectory(), 'root.crt');
    // The same name as the agency of every lab: it is the key that counts.
    writeFileSync(root, (await createAuthority('Agency')).certificate);
    const program = fileURLToPath(new URL('other-authority.mjs', import.meta.url));
    const done = await labs(
      CASES.map(({ way, stranger, target }) => ({
        way,
        target,
        program,
        env: { HALFKEY_TEST_STRANGER: stranger, HALFKEY_TEST_ROOT: root },
      })),
    );
    outcomes = done.map(({ outcome }) => outcome);
  });

  it.each(CASES.map((one, i) => ({ ...one, i })))(
    'refuses every warrant of a lab: $stranger, solution $way',
    async ({ i, stranger, directory, others }) => {
      const golden = JSON.parse(readFileSync(GOLDEN_1024, 'utf8'));
      const { status, stdout, stderr, json, out } = outcomes[i] as LabOutcome;
      expect(status, stderr).toBe(2);
      expect(json.sessions).toMatchObject([
        { status: 'WARRANT_ISSUER', keyConfirmed: false, kSession: null, files: { wav: null, pcap: null, keys: null } },
      ]);
      expect(stderr).toContain(`df <- ${stranger}`);
      expect(stderr).toContain('refused: WARRANT_ISSUER');
      const kinds = async (role: string): Promise<object> => {
        const config = join(out, 'roles', role, 'config.json');
        return JSON.parse((await run(['log', 'verify', '--config', config, '--json'])).stdout).kinds as object;
      };
      expect(await kinds(directory)).toEqual({ refused: 1 });
      for (const [role, expected] of Object.entries(others)) expect(await kinds(role)).toEqual(expected);
      const secrets = {
        K: Buffer.from(golden.K_SESSION, 'hex'),
        x: Buffer.from(golden.x.slice(2), 'hex'),
        y: Buffer.from(golden.y.slice(2), 'hex'),
      };
      expect(secretsIn(stdout + stderr, secrets)).toEqual([]);
      expect(secretsBelow(out, secrets)).toEqual([]);
      expect(handedOver(out)).toEqual([]);
    },
  );
});
