/**
 * kill -9 of a holder at named points of a release, at KMS and provider:
 *
 *   DF -> holder   request              place request: before the write, in the transaction, after the commit
 *         holder                        place answer:  the same, and when the answer has left
 *   DF -> holder   the same request     after a restart: an answer, the stored one if there was one
 *
 * What was acknowledged is in the log, the log verifies, and no question is answered twice differently.
 */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { masterSecretRoute, subscriberRoute } from '../../src/contract/provisioning/index.ts';
import { keyEpochStart } from '../../src/foundation/identity/index.ts';
import { DAY, newSubscriber } from '../support/exchange.ts';
import {
  DECRYPT,
  golden,
  goldenExchange,
  OPEN_NONCE,
  T1,
  withRoles,
  type Answer,
  type Asked,
  type Door,
  type LogLine,
  type Released,
  type TestRoles,
} from '../support/roles.ts';

/** Where the holder dies, in this order, and which entries the log then has for the request that it died of. */
const POINTS = [
  ['request:before-write', []],
  ['request:before-commit', []],
  ['request:after-commit', ['request']],
  ['answer:before-write', ['request']],
  ['answer:before-commit', ['request']],
  ['answer:after-commit', ['request', 'answer']],
  // From here on there is a stored answer, and a repeat of it is recorded before it leaves.
  ['answer:before-commit', []],
  ['answer:after-commit', ['repeat']],
] as const;

const REFUSAL_POINTS = [
  ['refusal:before-write', []],
  ['refusal:before-commit', []],
  ['refusal:after-commit', ['refused']],
] as const;

/** Both holders at once: they share no state, and starting takes a while. */
const both = (story: (door: Door) => Promise<void>): Promise<unknown> => Promise.all([DECRYPT, OPEN_NONCE].map(story));

const kindsOf = (lines: readonly LogLine[]): unknown[] => lines.map(({ body }) => body['kind']);

/** Sends `body` to a holder that dies of it, and starts it again with the next crash point, or none. */
async function crash(roles: TestRoles, door: Door, body: unknown, next?: string): Promise<Answer | undefined> {
  const role = roles.role(door.role);
  const answer = await roles.enter(door, body).catch(() => undefined);
  expect(await role.ended()).toEqual({ code: null, signal: 'SIGKILL' });
  await role.start({ unsafeTestCrashAt: next });
  return answer;
}

/** Starts a holder again that has been ended in order. */
async function arm(roles: TestRoles, door: Door, point: string): Promise<void> {
  const role = roles.role(door.role);
  expect(await role.stop()).toEqual({ code: 0, signal: null });
  await role.start({ unsafeTestCrashAt: point });
}

withRoles({ start: ['kms', 'provider'] }, (roles) => {
  /** Every receipt that any client has in hand. */
  const receipts: (Released['receipt'] & { readonly role: Door['role'] })[] = [];

  async function released(door: Door, asked: Asked): Promise<Released> {
    const answer = await roles.released(door, asked);
    receipts.push({ ...answer.receipt, role: door.role });
    return answer;
  }

  /** All receipts are still in the log, at their places. */
  function expectKept(door: Door, lines: readonly LogLine[]): void {
    for (const { role, sequence, hash } of receipts) {
      if (role === door.role) expect(lines[sequence - 1]).toMatchObject({ sequence, hash });
    }
  }

  const slow = 240_000;

  it(
    'a request of which the holder dies at every point in turn is answered once, and nothing acknowledged is lost',
    async () => {
      await both(async (door) => {
        const warrant = await roles.agency.warrant({ maxReleases: 1 });
        const asked = await roles.ask(warrant, roles.members(door, goldenExchange));
        await arm(roles, door, POINTS[0][0]);
        for (const [i, [point, kinds]] of POINTS.entries()) {
          const before = (await roles.log(door.role)).length;
          expect(await crash(roles, door, asked.body, POINTS[i + 1]?.[0] ?? 'answer:sent'), point).toBeUndefined();
          const after = await roles.log(door.role);
          expect(kindsOf(after.slice(before)), point).toEqual(kinds);
          expect(roles.answersOf(door.role), point).toBe(i < 5 ? 0 : 1);
          expectKept(door, after);
        }
        // The last death is one after the answer has left.
        const sent = await crash(roles, door, asked.body);
        expect(sent?.status).toBe(200);
        const answer = await released(door, asked);
        expect(sent?.body).toEqual(answer);
        const lines = await roles.log(door.role);
        expectKept(door, lines);
        expect(lines[answer.receipt.sequence - 1]?.body).toMatchObject({
          kind: 'answer',
          requestId: asked.body.requestId,
          answerDigest: createHash('sha256').update(answer.answer).digest('hex'),
        });
        const opened = await roles.opened(asked, answer);
        if (door === OPEN_NONCE) expect(opened).toEqual({ secret: goldenExchange.secrets.x });
        else expect(opened).toMatchObject({ ownPoint: golden.xP, peerPoint: golden.yP });
        // The cap of one release counts what was kept before the crashes.
        const more = await roles.ask(warrant, roles.members(door, goldenExchange));
        await roles.expectRefused(door, more.body, 'CAP_REACHED');
      });
    },
    slow,
  );

  it(
    'a holder that dies at a refusal has recorded it or has not said it',
    async () => {
      await both(async (door) => {
        const warrant = await roles.agency.warrant({ approvers: ['First Approver'] });
        const asked = await roles.ask(warrant, roles.members(door, goldenExchange));
        await arm(roles, door, REFUSAL_POINTS[0][0]);
        for (const [i, [point, kinds]] of REFUSAL_POINTS.entries()) {
          const before = (await roles.log(door.role)).length;
          expect(await crash(roles, door, asked.body, REFUSAL_POINTS[i + 1]?.[0]), point).toBeUndefined();
          expect(kindsOf((await roles.log(door.role)).slice(before)), point).toEqual(kinds);
        }
        await roles.expectRefused(door, asked.body, 'DUAL_CONTROL');
      });
    },
    slow,
  );

  it(
    'killed while it answers many: each answer that arrived is kept, the others can be asked for again',
    async () => {
      await both(async (door) => {
        const role = roles.role(door.role);
        const warrant = await roles.agency.warrant();
        const all = await Promise.all(
          Array.from({ length: 12 }, () => roles.ask(warrant, roles.members(door, goldenExchange))),
        );
        const before = await roles.log(door.role);
        let arrived = 0;
        const first = await Promise.all(
          all.map(async ({ body }) => {
            try {
              const answer = await roles.enter(door, body);
              arrived += 1;
              if (arrived === 3) void role.stop('SIGKILL');
              return answer;
            } catch {
              return undefined;
            }
          }),
        );
        await role.ended();
        await role.start();
        expect(first.filter((answer) => answer?.status === 200).length).toBeGreaterThanOrEqual(3);
        const after = await roles.log(door.role);
        expectKept(door, after);
        for (const [i, asked] of all.entries()) {
          const answer = await released(door, asked);
          if (first[i] !== undefined) expect(first[i].body).toEqual(answer);
        }
        const kinds = kindsOf((await roles.log(door.role)).slice(before.length));
        expect(kinds.filter((kind) => kind === 'answer')).toHaveLength(all.length);
      });
    },
    slow,
  );

  it(
    'killed in the middle of provisioning: what was acknowledged is held, the rest can be given again',
    async () => {
      const role = roles.role('provider');
      const validFrom = keyEpochStart(T1, DAY);
      const validity = { intervalSeconds: DAY, validFrom, validTo: validFrom + DAY };
      const subscribers = Array.from({ length: 24 }, () => newSubscriber());
      const give = (body: object): Promise<Answer> =>
        roles.send(
          'provider',
          'provisioning',
          subscriberRoute,
          { ...body, ...validity },
          { as: 'provisioning', of: 'provider' },
        );
      let acknowledged = 0;
      const first = await Promise.all(
        subscribers.map(async (subscriber) => {
          try {
            const { status } = await give(subscriber);
            acknowledged += 1;
            if (acknowledged === 4) void role.stop('SIGKILL');
            return status;
          } catch {
            return undefined;
          }
        }),
      );
      await role.ended();
      await role.start();
      expect(first.filter((status) => status === 200).length).toBeGreaterThanOrEqual(4);
      for (const [i, subscriber] of subscribers.entries()) {
        if (first[i] === 200) {
          const other = await give({ ...subscriber, masterSecret: newSubscriber().masterSecret });
          expect(other).toMatchObject({ status: 409, body: { error: { code: 'MS_CONFLICT' } } });
        }
        expect(await give(subscriber)).toMatchObject({ status: 200, body: { done: true } });
      }
      const [subscriber] = subscribers;
      const exchange = roles.exchange({ initiator: subscriber! });
      const warrant = await roles.agency.warrant({ targets: [subscriber!.identity] });
      await released(OPEN_NONCE, await roles.ask(warrant, roles.members(OPEN_NONCE, exchange)));
    },
    slow,
  );
});

describe('a KMS that has no master secret yet', () => {
  withRoles({ start: ['kms'], provision: false }, (roles) => {
    const give = (masterSecret: string): Promise<Answer> =>
      roles.send('kms', 'provisioning', masterSecretRoute, { masterSecret }, { as: 'provisioning' });
    const right = golden.masterSecrets.a.slice(2);

    it('answers UNAVAILABLE, and is killed while it is given one: afterwards it holds this one or none', async () => {
      const asked = await roles.ask(await roles.agency.warrant(), roles.members(DECRYPT, goldenExchange));
      await roles.expectRefused(DECRYPT, asked.body, 'UNAVAILABLE', { stage: 'failed' });
      for (const masterSecret of ['00', '01', 'ff'.repeat(20)]) {
        expect(await give(masterSecret)).toMatchObject({ status: 422, body: { error: { code: 'BadParameters' } } });
      }
      const given = give(right).catch(() => undefined);
      await roles.role('kms').stop('SIGKILL');
      await given;
      await roles.role('kms').start();
      expect(await give(right)).toMatchObject({ status: 200, body: { done: true } });
      await roles.released(DECRYPT, asked);
    });

    it('keeps the first one for ever: MS_CONFLICT, also after kill -9', async () => {
      expect(await give('02')).toMatchObject({ status: 409, body: { error: { code: 'MS_CONFLICT' } } });
      await roles.role('kms').stop('SIGKILL');
      await roles.role('kms').start();
      expect(await give('02')).toMatchObject({ status: 409, body: { error: { code: 'MS_CONFLICT' } } });
      await roles.released(
        DECRYPT,
        await roles.ask(await roles.agency.warrant(), roles.members(DECRYPT, goldenExchange)),
      );
    });
  });
});
