/**
 * The Delivery Function dies in the middle, after it has asked: it is started again, the same capture is fed again,
 * and the very same request goes out, so that the holder gives the answer that it has in its log.
 *
 *   tap -> DF      capture
 *   DF  -> KMS     decrypt, and the KMS dies with the answer on disk and not sent
 *   DF             waits for the KMS, and is killed
 *   tap -> DF      capture, again
 *   DF  -> KMS     the same decrypt: `repeat` in its log
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { describe, expect, it } from 'vitest';
import { sessionsRoute, warrantRoute } from '../../src/contract/administration/index.ts';
import { intakeRoute } from '../../src/contract/intake/index.ts';
import { derivePublicParameters, domainParameters } from '../../src/crypto/ibe/index.ts';
import { toHex } from '../../src/foundation/base/index.ts';
import { makeCall, pcapOf, testParty, type Party, type TestCall } from '../support/calls.ts';
import { waitUntil } from '../support/lab.ts';
import { golden, T1, withRoles, type TestRoles } from '../support/roles.ts';
import { secretNeedle } from '../support/taint.ts';

const masterSecret = BigInt(golden.masterSecrets.a);
const district = {
  name: golden.district.a,
  serial: 1n,
  masterSecret,
  params: derivePublicParameters(domainParameters(1024), masterSecret),
};
let calls = 0;

/** A call of a target that only this test has, provisioned and warranted. */
async function warrantedCall(roles: TestRoles): Promise<{ made: TestCall; target: Party }> {
  calls += 1;
  const target = testParty(`sip:target-${String(calls)}-of-a-crash@operator-a.example`, district);
  const called = testParty('sip:correspondent-of-a-crash@operator-a.example', district);
  await roles.provision({
    identity: target.identity.text,
    mode: 3,
    epoch: target.epoch,
    masterSecret: toHex(target.masterSecret),
  });
  const made = makeCall({ number: calls, caller: target, called, t1Ms: 1000 * T1 + 60_000 * calls });
  const { kSession, x, y } = made.exchange;
  roles.needles.push(secretNeedle('x', x), secretNeedle('y', y), secretNeedle('K', kSession.slice(2, 66)));
  const warrant = await roles.agency.warrant({ targets: [target.identity.text] });
  expect((await roles.send('df', 'intake', warrantRoute, { warrant }, { as: 'admf' })).status).toBe(200);
  return { made, target };
}

const feed = (roles: TestRoles, made: TestCall): ReturnType<TestRoles['send']> =>
  roles.send('df', 'intake', intakeRoute, pcapOf(made.frames), { as: 'tap' });

/** Requests under way in the state of a Delivery Function that does not run. */
function pending(roles: TestRoles): { request_id: string }[] {
  const database = new DatabaseSync(join(roles.role('df').directory, 'state', 'state.db'), { readOnly: true });
  try {
    return database.prepare('SELECT request_id FROM pending_request').all() as { request_id: string }[];
  } finally {
    database.close();
  }
}

describe.each(['SIGKILL', 'SIGTERM'] as const)('a Delivery Function that gets %s after it has asked', (signal) => {
  withRoles({ start: ['kms', 'provider', 'df'] }, (roles) => {
    it('sends the very same request after its restart, and the session ends recovered', async () => {
      const { made, target } = await warrantedCall(roles);
      const [kms, df] = [roles.role('kms'), roles.role('df')];
      await kms.stop();
      await kms.start({ unsafeTestCrashAt: 'answer:after-commit' });
      const cut = feed(roles, made).catch(() => undefined);
      expect(await kms.ended()).toEqual({ code: null, signal: 'SIGKILL' });
      await waitUntil(() => df.printed().stdout.includes('"event":"waiting"'), 'the Delivery Function to wait');
      await df.stop(signal);
      await cut;
      const [under, ...more] = pending(roles);
      expect(more).toEqual([]);

      await kms.start({ unsafeTestCrashAt: undefined });
      await df.start();
      // The warrant was kept, too.
      const taken = await feed(roles, made);
      expect(taken.status, taken.text).toBe(200);
      const { intake } = taken.body;
      const told = await roles.send('df', 'intake', sessionsRoute, { intake }, { as: 'admf' });
      expect(told.body['sessions']).toMatchObject([
        {
          target: target.identity.text,
          status: 'recovered',
          keyConfirmed: true,
          kSession: made.exchange.kSession,
          streams: [{ decrypted: 5 }, { decrypted: 5 }],
        },
      ]);
      const log = (await roles.log('kms')).map(({ body }) => body);
      expect(log.map(({ kind }) => kind)).toEqual(['request', 'answer', 'repeat']);
      expect(new Set(log.map(({ requestId }) => requestId))).toEqual(new Set([under?.request_id]));

      // The product of the second time is whole; what the first time may have left is not overwritten.
      const files = (told.body['sessions'] as { files: { pcap: string } }[])[0]?.files;
      expect(
        readFileSync(files?.pcap ?? '').includes(Buffer.from(made.tracks['initiator-to-responder'].clear[0] ?? [])),
      ).toBe(true);
      await df.stop();
      expect(pending(roles)).toEqual([]);
      await df.start();
    }, 180_000);
  });
});
