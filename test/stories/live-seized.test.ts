/**
 * A device that is seized after the end of an epoch and its grace time gives no key of a call that somebody recorded.
 *
 *   device at the call            : PR and MS of its epoch -> everything of the recorded call
 *   the same, 15 minutes after it : the last second in which a late answer can still be opened
 *   from then on                  : PR and MS of later epochs, and nothing else -> nothing of the call
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { createKeyStore, type KeyStore, type NewPrivateKey } from '../../src/entity/endpoint/index.ts';
import type { DistrictKeys } from '../../src/entity/kms/index.ts';
import { fromHex, ntpFromUnixMs, ntpTime, Secret, toHex, type NtpTime } from '../../src/foundation/base/index.ts';
import { generalizedTime, keyEpochStart } from '../../src/foundation/identity/index.ts';
import { MESSAGES } from '../../src/protocol/closure/index.ts';
import { ALICE, districtKeys, federation, table, testClock, type TestClock } from '../entity/endpoint/holders.ts';
import { coded } from '../platform/support.ts';
import { derive, factsIn, holding, join, type Holding } from '../support/derivation.ts';
import { DAY } from '../support/exchange.ts';
import { golden, T1 } from '../support/roles.ts';

const EPOCH = keyEpochStart(T1, DAY);
const GRACE = 900;
const CALL: NtpTime = ntpTime(fromHex(golden.T1));
const RECORDED = holding({ message: MESSAGES.map((type) => golden.messages[type]) });

interface Device {
  readonly keys: KeyStore;
  readonly clock: TestClock;
  /** Private keys that it was given, whatever has become of them. */
  readonly given: readonly NewPrivateKey[];
}

let kms: DistrictKeys;
beforeAll(async () => {
  kms = await districtKeys();
});

/** Alice's device at the time of the golden call: private keys of this and the next epoch, MS of a few. */
async function device(): Promise<Device> {
  const clock = testClock(T1);
  const found = await federation(table(), { clock });
  const keys = createKeyStore({
    ...{ identity: ALICE, district: kms.district, params: kms.parameters(), federation: () => found, clock },
    allowTestLevels: true,
  });
  const given = [EPOCH, EPOCH + DAY].map((keyEpoch) => ({
    ...{ identity: ALICE, keyEpoch, key: kms.issue(ALICE, keyEpoch) },
  }));
  keys.addPrivateKeys(given);
  const validity = { validFrom: ntpFromUnixMs(1000 * EPOCH), validTo: ntpFromUnixMs(1000 * (EPOCH + 4 * DAY)) };
  const masterSecret = new Secret('MasterSecret', fromHex(golden.MS.A));
  keys.addMasterSecrets([{ mode: 3, epoch: golden.nonceEpoch, intervalSeconds: DAY, ...validity, masterSecret }]);
  return { keys, clock, given };
}

/** Everything that whoever seizes it can read or ask for: keys that are not wiped, and MS of any time. */
function seized({ keys, given }: Device): Holding {
  const held = given.filter(({ key }) => !key.wiped).map(({ key }) => key.use(toHex));
  const times = [-1, 0, 1, 2, 3].map((days) => ntpFromUnixMs(1000 * (T1 + days * DAY)));
  const masterSecrets = times.flatMap((t) => keys.masterSecretAt(t)?.masterSecret.use(toHex) ?? []);
  return holding({ PR: held, MS: masterSecrets });
}

const ofTheCall = (held: Holding): string[] =>
  factsIn(derive(join(held, RECORDED))).filter((fact) => !MESSAGES.some((message) => message === fact));

describe('a seized device', () => {
  it('until the end of the grace time gives the recorded call', async () => {
    const alice = await device();
    expect(ofTheCall(seized(alice))).toEqual(expect.arrayContaining(['PR_A', 'MS_A', 'x', 'K', 'confirmed']));
    alice.clock.seconds = EPOCH + DAY + GRACE - 1;
    alice.keys.eraseEnded();
    expect(ofTheCall(seized(alice))).toEqual(expect.arrayContaining(['PR_A', 'MS_A', 'x', 'K', 'confirmed']));
  });

  it('N27 after it gives nothing of the call, although it goes on working', async () => {
    const alice = await device();
    const { keys, clock, given } = alice;
    clock.seconds = EPOCH + DAY + GRACE;
    keys.eraseEnded();

    expect(() => keys.decryptorFor(ALICE, generalizedTime(EPOCH))).toThrow(coded('NoKeyForEpoch'));
    expect(keys.masterSecretAt(CALL)).toBeUndefined();
    expect(given.map(({ key }) => key.wiped)).toEqual([true, false]);
    // Later keys are there, and lead nowhere: neither private keys nor the ratchet go back.
    const held = seized(alice);
    expect([held.PR.size, held.MS.size]).toEqual([1, 3]);
    expect(ofTheCall(held)).toEqual([]);
    expect(keys.masterSecretAt(ntpFromUnixMs(1000 * clock.seconds))?.epoch).toBe(golden.nonceEpoch + 1);
  });

  it('after its end gives nothing at all', async () => {
    const alice = await device();
    const lent = alice.keys.masterSecretAt(CALL)?.masterSecret;
    alice.keys.close();
    expect(lent?.wiped).toBe(true);
    expect(ofTheCall(seized(alice))).toEqual([]);
  });
});
