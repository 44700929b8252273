/**
 * A holder dies in the middle of a session; somebody starts it again; the session ends `recovered`:
 *
 *   tap -> DF        capture
 *   DF -> KMS        decrypt        dies with the request on disk, or with the answer on disk and not sent
 *   DF -> provider   open-nonce     the same
 */
import { describe, expect, it } from 'vitest';
import { sessionsRoute, warrantRoute } from '../../src/contract/administration/index.ts';
import { intakeRoute } from '../../src/contract/intake/index.ts';
import { captureOf } from '../../src/program/lab/message-capture.ts';
import { toHex } from '../../src/foundation/base/index.ts';
import { newSubscriber } from '../support/exchange.ts';
import {
  DECRYPT,
  OPEN_NONCE,
  RECOVER,
  T1,
  withRoles,
  type Door,
  type LogLine,
  type TestRoles,
} from '../support/roles.ts';

/** Each of `deaths` is a holder's door and the point at which it dies of this session's request. */
async function sessionSurvives(roles: TestRoles, deaths: readonly (readonly [Door, string])[]): Promise<void> {
  const subscriber = newSubscriber();
  await roles.provision(subscriber);
  const exchange = roles.exchange({ initiator: subscriber });
  const warrant = await roles.agency.warrant({ targets: [subscriber.identity] });
  const told = await roles.send('df', 'intake', warrantRoute, { warrant }, { as: 'admf' });
  expect(told.status, told.text).toBe(200);

  await Promise.all(
    deaths.map(async ([door, point]) => {
      const role = roles.role(door.role);
      await role.stop();
      await role.start({ unsafeTestCrashAt: point });
    }),
  );
  const messages = Object.fromEntries(Object.entries(exchange.messages).map(([type, octets]) => [type, toHex(octets)]));
  const capture = roles.send('df', 'intake', intakeRoute, captureOf(messages, T1), { as: 'tap' });
  for (const [door] of deaths) {
    const role = roles.role(door.role);
    expect(await role.ended()).toEqual({ code: null, signal: 'SIGKILL' });
    await role.start({ unsafeTestCrashAt: undefined });
  }

  const taken = await capture;
  expect(taken.status, taken.text).toBe(200);
  const { intake } = taken.body;
  const { status, text, body } = await roles.send('df', 'intake', sessionsRoute, { intake }, { as: 'admf' });
  expect(status, text).toBe(200);
  expect(body['sessions']).toMatchObject([
    {
      target: subscriber.identity,
      status: 'recovered',
      keyConfirmed: true,
      kSession: exchange.secrets.kSession,
    },
  ]);
  const receipts = (await roles.log('df')).map((line) => line.body).filter(({ kind }) => kind === 'receipt');
  expect(receipts).toHaveLength(deaths.length);
  for (const [door] of deaths) {
    const answers = (await roles.log(door.role)).filter(({ body: { kind } }) => kind === 'answer');
    expect(answers).toHaveLength(1);
    // The receipt that the Delivery Function keeps names exactly this entry.
    const { operation } = door;
    const [{ sequence, hash }] = answers as [LogLine];
    expect(receipts).toContainEqual(expect.objectContaining({ operation, sequence, hash }));
  }
}

describe('solution 4', () => {
  withRoles({ start: ['kms', 'provider', 'df'] }, (roles) => {
    it('the KMS dies with the request on disk, the provider with the answer: the session ends recovered', async () => {
      await sessionSurvives(roles, [
        [DECRYPT, 'request:after-commit'],
        [OPEN_NONCE, 'answer:after-commit'],
      ]);
    }, 240_000);
  });
});

describe('solution 3', () => {
  withRoles({ start: ['kms-consolidated', 'df'] }, (roles) => {
    it('the KMS dies before the answer is on disk: the session ends recovered', async () => {
      await sessionSurvives(roles, [[RECOVER, 'answer:before-commit']]);
    }, 240_000);
  });
});
