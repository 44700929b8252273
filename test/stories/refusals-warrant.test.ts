/**
 * An operator, or whoever holds a Delivery Function's certificate, asks the holders straight, with a warrant that does
 * not hold. KMS and provider verify it each by itself:
 *
 *   client of role df -> KMS        recover, decrypt, private-key   -> the named refusal, one log entry
 *   client of role df -> provider   open-nonce                      -> the same
 */
import { describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../src/foundation/base/error-table.ts';
import { revocationRoute } from '../../src/contract/administration/index.ts';
import type { SignedWarrant } from '../../src/trust/warrant/index.ts';
import {
  ALICE,
  BOB,
  DECRYPT,
  DOORS,
  goldenExchange,
  OPEN_NONCE,
  PRIVATE_KEY,
  RECOVER,
  T1,
  withRoles,
  type Door,
  type TestRoles,
} from '../support/roles.ts';
import { altered, createAgency, HOUR_MS, timeText, type Agency } from '../support/warrants.ts';

interface Case {
  readonly title: string;
  readonly code: ErrorCode;
  /** The warrant of the request; undefined leaves it out. */
  readonly warrant: (agency: Agency) => Promise<unknown>;
}

const now = Date.now();
const CASES: readonly Case[] = [
  {
    title: 'N52 a request without a warrant: WARRANT_MISSING',
    code: 'WARRANT_MISSING',
    warrant: async () => undefined,
  },
  {
    title: 'N52 an expired warrant: WARRANT_EXPIRED',
    code: 'WARRANT_EXPIRED',
    warrant: (agency) => agency.warrant({ request: { from: timeText(now - HOUR_MS), to: timeText(now - 1000) } }),
  },
  {
    title: 'a warrant whose request interval has not begun: WARRANT_NOT_YET',
    code: 'WARRANT_NOT_YET',
    warrant: (agency) =>
      agency.warrant({ request: { from: timeText(now + HOUR_MS), to: timeText(now + 2 * HOUR_MS) } }),
  },
  {
    title: "N53 another person's warrant: TARGET_MISMATCH",
    code: 'TARGET_MISMATCH',
    warrant: (agency) => agency.warrant({ targets: ['sip:carol@operator-a.example', BOB] }),
  },
  {
    title: 'N54 a call set up before the interception interval: OUTSIDE_WINDOW',
    code: 'OUTSIDE_WINDOW',
    warrant: (agency) =>
      agency.warrant({ interception: { from: timeText(1000 * T1 + 1000), to: timeText(1000 * T1 + HOUR_MS) } }),
  },
  {
    title: 'N54 a call set up when the interception interval had ended: OUTSIDE_WINDOW',
    code: 'OUTSIDE_WINDOW',
    warrant: (agency) => agency.warrant({ interception: { from: timeText(1), to: timeText(1000 * T1) } }),
  },
  {
    title: 'N55 one approver: DUAL_CONTROL',
    code: 'DUAL_CONTROL',
    warrant: (agency) => agency.warrant({ approvers: ['First Approver'] }),
  },
  {
    title: 'N55 the same approver twice: DUAL_CONTROL',
    code: 'DUAL_CONTROL',
    warrant: (agency) => agency.warrant({ approvers: ['First Approver', 'First Approver'] }),
  },
  {
    title: 'N55 one approver under two spellings of his name, with two keys: DUAL_CONTROL',
    code: 'DUAL_CONTROL',
    warrant: (agency) => agency.warrant({ approvers: ['First Approver', 'FIRST  approver'] }),
  },
  {
    title: 'N55 the issuing judge approves his own warrant: DUAL_CONTROL',
    code: 'DUAL_CONTROL',
    warrant: (agency) => agency.warrant({ approvers: ['First Approver', 'Issuing Judge'] }),
  },
  {
    title: 'a warrant altered after it was signed: WARRANT_SIGNATURE',
    code: 'WARRANT_SIGNATURE',
    warrant: async (agency) => altered(await agency.warrant({ targets: [BOB] }), { targets: [ALICE] }),
  },
  {
    title: "signatures of another warrant under this one's text: WARRANT_SIGNATURE",
    code: 'WARRANT_SIGNATURE',
    warrant: async (agency) => ({ ...(await agency.warrant()), signatures: (await agency.warrant()).signatures }),
  },
  {
    title: 'a warrant of an unknown authority of the same name: WARRANT_ISSUER',
    code: 'WARRANT_ISSUER',
    warrant: async () => (await createAgency('Agency', T1)).warrant(),
  },
  {
    title: 'an approver as issuer: WARRANT_ISSUER',
    code: 'WARRANT_ISSUER',
    warrant: async (agency) => {
      const { payload, signatures } = await agency.warrant();
      return { payload, signatures: [...signatures].reverse() };
    },
  },
  {
    title: 'a warrant that is a text: WARRANT_MALFORMED',
    code: 'WARRANT_MALFORMED',
    warrant: async (agency) => JSON.stringify(await agency.warrant()),
  },
  {
    title: 'a warrant with a member too many: WARRANT_MALFORMED',
    code: 'WARRANT_MALFORMED',
    warrant: async (agency) => ({ ...(await agency.warrant()), approved: true }),
  },
  {
    title: 'a warrant with a doubled member inside, the second one wider: WARRANT_MALFORMED',
    code: 'WARRANT_MALFORMED',
    warrant: async (agency) => {
      const signed = await agency.warrant({ targets: [BOB] });
      const text = Buffer.from(signed.payload, 'base64url').toString().replace(/}$/, `,"targets":["${ALICE}"]}`);
      return { ...signed, payload: Buffer.from(text).toString('base64url') };
    },
  },
];

/** A warrant that covers every solution but the one of this door. */
const UNCOVERED: readonly (readonly [Door, readonly ('3' | '4/1' | '4/2')[]])[] = [
  [RECOVER, ['4/1', '4/2']],
  [DECRYPT, ['3', '4/1']],
  [PRIVATE_KEY, ['3', '4/2']],
  [OPEN_NONCE, ['3']],
];

const policy = { policy: { allowPrivateKeyRelease: true } };

withRoles({ start: ['kms', 'kms-consolidated', 'provider'], config: { kms: policy } }, (roles) => {
  for (const door of DOORS) {
    describe(`straight to the ${door.role}, ${door.operation}`, () => {
      // A private key is of a whole day, so only an interval that misses the day is outside.
      const cases = CASES.filter(({ code }) => door !== PRIVATE_KEY || code !== 'OUTSIDE_WINDOW');
      for (const { title, code, warrant } of cases) {
        it(title, async () => {
          const { body } = await roles.ask(undefined, roles.members(door, goldenExchange));
          await roles.expectRefused(door, { ...body, warrant: await warrant(roles.agency) }, code);
        });
      }

      it('a warrant that does not cover this way of recovery: WARRANT_SCOPE', async () => {
        const solutions = UNCOVERED.find(([one]) => one === door)![1];
        const asked = await roles.ask(await roles.agency.warrant({ solutions }), roles.members(door, goldenExchange));
        await roles.expectRefused(door, asked.body, 'WARRANT_SCOPE');
      });

      it('a revoked warrant, also for a repeat of what it released: WARRANT_REVOKED', async () => {
        const warrant = await roles.agency.warrant();
        const asked = await roles.ask(warrant, roles.members(door, goldenExchange));
        await roles.released(door, asked);
        await revoke(roles, door, warrant);
        await roles.expectRefused(door, asked.body, 'WARRANT_REVOKED');
        const other = await roles.ask(warrant, roles.members(door, goldenExchange));
        await roles.expectRefused(door, other.body, 'WARRANT_REVOKED');
      });

      it.each(['provisioning', 'auditor', 'admf', 'kms', 'provider', 'tap', 'ue'])(
        'N67 a client of role %s: ROLE, whatever it sends',
        async (as) => {
          const asked = await roles.ask(await roles.agency.warrant(), roles.members(door, goldenExchange));
          await roles.expectRefused(door, asked.body, 'ROLE', { as });
        },
      );

      it('N67 a client of an organisation that is not let in does not get past TLS, and leaves no entry', async () => {
        const before = await roles.log(door.role);
        const asked = await roles.ask(await roles.agency.warrant(), roles.members(door, goldenExchange));
        await expect(roles.enter(door, asked.body, { of: 'stranger' })).rejects.toMatchObject({
          code: expect.stringMatching(/^(?:ERR_SSL_.*ALERT.*|ECONNRESET|EPIPE)$/),
        });
        expect(await roles.log(door.role)).toEqual(before);
      });
    });
  }

  describe('private keys', () => {
    it('N54 an epoch that the interception does not meet: OUTSIDE_WINDOW', async () => {
      const day = 86_400_000;
      const warrant = await roles.agency.warrant({
        interception: { from: timeText(1000 * T1 + day), to: timeText(1000 * T1 + 2 * day) },
      });
      const asked = await roles.ask(warrant, roles.members(PRIVATE_KEY, goldenExchange));
      await roles.expectRefused(PRIVATE_KEY, asked.body, 'OUTSIDE_WINDOW');
    });

    it('a second pair for a person whom the warrant does not name: TARGET_MISMATCH, and nothing of the first', async () => {
      const { pairs } = roles.members(PRIVATE_KEY, goldenExchange) as { pairs: { keyEpoch: number }[] };
      const more = [...pairs, { identity: BOB, keyEpoch: pairs[0]!.keyEpoch }];
      const asked = await roles.ask(await roles.agency.warrant(), { pairs: more });
      await roles.expectRefused(PRIVATE_KEY, asked.body, 'TARGET_MISMATCH');
    });

    it('a time that begins no epoch: BAD_REQUEST', async () => {
      const { pairs } = roles.members(PRIVATE_KEY, goldenExchange) as { pairs: { keyEpoch: number }[] };
      const keyEpoch = pairs[0]!.keyEpoch + 1;
      const asked = await roles.ask(await roles.agency.warrant(), { pairs: [{ identity: ALICE, keyEpoch }] });
      await roles.expectRefused(PRIVATE_KEY, asked.body, 'BAD_REQUEST');
    });

    it('an identity that is none: InvalidIdentity, recorded like every refusal', async () => {
      const { pairs } = roles.members(PRIVATE_KEY, goldenExchange) as { pairs: { keyEpoch: number }[] };
      const pair = { identity: 'sip:alice:pass@operator-a.example', keyEpoch: pairs[0]!.keyEpoch };
      const asked = await roles.ask(await roles.agency.warrant(), { pairs: [pair] });
      await roles.expectRefused(PRIVATE_KEY, asked.body, 'InvalidIdentity');
    });
  });
});

async function revoke(roles: TestRoles, { role }: Door, { payload }: SignedWarrant): Promise<void> {
  const { id } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { id: string };
  const revocations = await roles.agency.revocations([id]);
  const listener = role === 'provider' ? 'open' : 'xk';
  const { status, body } = await roles.send(role, listener, revocationRoute, { revocations }, { as: 'admf' });
  expect({ status, body }).toEqual({ status: 200, body: { revoked: 1 } });
}
