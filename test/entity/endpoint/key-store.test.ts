import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  decodeEnvelope,
  decodePrivateKey,
  decrypt,
  encodePrivateKey,
  encrypt,
  hashToPoint,
  identityInfo,
  type PublicParameters,
} from '../../../src/crypto/ibe/index.ts';
import { nonceEpoch, openNonce, ratchetStep, sealNonce, type LiMs } from '../../../src/crypto/nonce/index.ts';
import { ecCurve } from '../../../src/crypto/ecdh/index.ts';
import { createKeyStore, type KeyStore, type NewPrivateKey } from '../../../src/entity/endpoint/index.ts';
import type { DistrictKeys } from '../../../src/entity/kms/index.ts';
import {
  fromHex,
  ntpFromUnixMs,
  ntpTime,
  ntpToUnixSeconds,
  Secret,
  systemRandom,
  toHex,
} from '../../../src/foundation/base/index.ts';
import { generalizedTime, type Identity } from '../../../src/foundation/identity/index.ts';
import { readIbakeMessage } from '../../../src/protocol/mikey/index.ts';
import { coded } from '../../platform/support.ts';
import {
  ALICE,
  BOB,
  DAY,
  districtKeys,
  federation,
  MIDNIGHT,
  PHONE,
  table,
  testClock,
  type TestClock,
} from './holders.ts';

let kms: DistrictKeys;
let params: PublicParameters;
beforeAll(async () => {
  kms = await districtKeys();
  params = kms.parameters();
});

const privateKey = (identity: Identity, keyEpoch: number): NewPrivateKey => ({
  identity,
  keyEpoch,
  key: kms.issue(identity, keyEpoch),
});
const idOf = (identity: Identity, keyEpoch: number): Uint8Array =>
  identityInfo({ district: kms.district.name, serial: 1n, identity, notBefore: generalizedTime(keyEpoch) });

async function store(at: number, also: Identity[] = []): Promise<{ keys: KeyStore; clock: TestClock }> {
  const clock = testClock(at);
  const table1 = await federation(table(), { clock });
  const keys = createKeyStore({
    identity: ALICE,
    also,
    district: kms.district,
    params,
    federation: () => table1,
    clock,
    allowTestLevels: true,
  });
  return { keys, clock };
}

const MS = '0a'.repeat(32);
/** MS epochs are half days, so that they are told from key epochs. */
const liMs = (more: Partial<LiMs> = {}): LiMs => ({
  mode: 3,
  epoch: 100,
  intervalSeconds: DAY / 2,
  validFrom: ntpFromUnixMs(1000 * MIDNIGHT),
  validTo: ntpFromUnixMs(1000 * (MIDNIGHT + 4 * DAY)),
  masterSecret: new Secret('MasterSecret', fromHex(MS)),
  ...more,
});
const at = (seconds: number): ReturnType<typeof ntpFromUnixMs> => ntpFromUnixMs(1000 * seconds + 999);

function msOfEpoch(epoch: number): string {
  let secret = new Secret('MasterSecret', fromHex(MS));
  for (let next = 101; next <= epoch; next++) secret = ratchetStep(secret, ALICE, next);
  return secret.use(toHex);
}

describe('private keys', () => {
  it('open what was encrypted for the identity and epoch', async () => {
    const { keys } = await store(MIDNIGHT + 10, [PHONE]);
    keys.addPrivateKeys([privateKey(ALICE, MIDNIGHT), privateKey(PHONE, MIDNIGHT + DAY)]);
    for (const [identity, epoch] of [
      [ALICE, MIDNIGHT],
      [PHONE, MIDNIGHT + DAY],
    ] as const) {
      const m = systemRandom(16);
      const c = encrypt(params, idOf(identity, epoch), m, systemRandom);
      expect(toHex(keys.decryptorFor(identity, generalizedTime(epoch)).decrypt(c))).toBe(toHex(m));
    }
    expect(keys.identities).toEqual([ALICE, PHONE]);
  });

  it('N27 an epoch never held, or another identity: NoKeyForEpoch', async () => {
    const { keys } = await store(MIDNIGHT + 10);
    keys.addPrivateKeys([privateKey(ALICE, MIDNIGHT)]);
    for (const [identity, epoch] of [
      [ALICE, MIDNIGHT + DAY],
      [BOB, MIDNIGHT],
      [PHONE, MIDNIGHT],
    ] as const) {
      expect(() => keys.decryptorFor(identity, generalizedTime(epoch))).toThrow(coded('NoKeyForEpoch'));
    }
  });

  it('N27 N72 a device seized after the end of an epoch and its grace time holds no key of it', async () => {
    const { keys, clock } = await store(MIDNIGHT + 10);
    const [today, tomorrow] = [privateKey(ALICE, MIDNIGHT), privateKey(ALICE, MIDNIGHT + DAY)];
    keys.addPrivateKeys([today, tomorrow]);
    const lent = keys.decryptorFor(ALICE, generalizedTime(MIDNIGHT));
    const c = encrypt(params, idOf(ALICE, MIDNIGHT), systemRandom(16), systemRandom);

    clock.seconds = MIDNIGHT + DAY + 899;
    expect(keys.decryptorFor(ALICE, generalizedTime(MIDNIGHT))).toBe(lent);
    clock.seconds = MIDNIGHT + DAY + 900;
    keys.eraseEnded();
    expect(today.key.wiped).toBe(true);
    expect(tomorrow.key.wiped).toBe(false);
    expect(() => keys.decryptorFor(ALICE, generalizedTime(MIDNIGHT))).toThrow(coded('NoKeyForEpoch'));
    // What somebody kept of it is dead, too.
    expect(() => lent.decrypt(c)).toThrow(TypeError);
    // And it does not come back.
    const again = privateKey(ALICE, MIDNIGHT);
    keys.addPrivateKeys([again]);
    expect(again.key.wiped).toBe(true);
    expect(keys.holds(ALICE, MIDNIGHT)).toBe(false);
  });

  it('an access erases by itself, without anybody calling for it', async () => {
    const { keys, clock } = await store(MIDNIGHT + 10);
    const today = privateKey(ALICE, MIDNIGHT);
    keys.addPrivateKeys([today]);
    clock.seconds = MIDNIGHT + DAY + 900;
    keys.masterSecretAt(at(clock.seconds));
    expect(today.key.wiped).toBe(true);
  });

  it.each([
    ['of another identity', () => kms.issue(BOB, MIDNIGHT)],
    ['of another epoch', () => kms.issue(ALICE, MIDNIGHT + DAY)],
    ['of order other than q', () => new Secret('IbePrivateKey', encodePrivateKey({ x: 0n, y: 1n }))],
    ['off the curve', () => new Secret('IbePrivateKey', encodePrivateKey({ x: 5n, y: 5n }))],
    ['Q_id itself', () => new Secret('IbePrivateKey', encodePrivateKey(hashToPoint(params, idOf(ALICE, MIDNIGHT))))],
  ])('N72 a private key %s: BadPrivateKey, and none of the round is kept', async (_what, make) => {
    const { keys } = await store(MIDNIGHT + 10);
    const good = privateKey(ALICE, MIDNIGHT + DAY);
    const bad = { identity: ALICE, keyEpoch: MIDNIGHT, key: make() };
    expect(() => {
      keys.addPrivateKeys([good, bad]);
    }).toThrow(coded('BadPrivateKey'));
    expect([good.key.wiped, bad.key.wiped]).toEqual([true, true]);
    expect(keys.holds(ALICE, MIDNIGHT) || keys.holds(ALICE, MIDNIGHT + DAY)).toBe(false);
  });

  it('a key that is held already changes nothing', async () => {
    const { keys } = await store(MIDNIGHT + 10);
    const [first, second] = [privateKey(ALICE, MIDNIGHT), privateKey(ALICE, MIDNIGHT)];
    keys.addPrivateKeys([first]);
    keys.addPrivateKeys([second]);
    expect([first.key.wiped, second.key.wiped]).toEqual([false, true]);
  });

  it('new parameters of the district erase what was under the old ones', async () => {
    const { keys } = await store(MIDNIGHT + 10);
    const today = privateKey(ALICE, MIDNIGHT);
    keys.addPrivateKeys([today]);
    const next = await districtKeys({ serial: 2n });
    const [fresh, ended] = [MIDNIGHT, MIDNIGHT - 2 * DAY].map((keyEpoch): NewPrivateKey => ({
      ...{ identity: ALICE, keyEpoch },
      key: next.issue(ALICE, keyEpoch),
    })) as [NewPrivateKey, NewPrivateKey];
    keys.adopt(next.district, params, [fresh, ended]);
    expect([today.key.wiped, fresh.key.wiped, ended.key.wiped]).toEqual([true, false, true]);
    expect(keys.holds(ALICE, MIDNIGHT)).toBe(true);
    expect(keys.district.serial).toBe(2n);
  });

  it('N71, N72 new parameters or keys that are refused change nothing, and the new keys are wiped', async () => {
    const { keys } = await store(MIDNIGHT + 10);
    const today = privateKey(ALICE, MIDNIGHT);
    keys.addPrivateKeys([today]);
    // Keys under the old serial are not those under the new one.
    const [wrong, right] = [privateKey(ALICE, MIDNIGHT), privateKey(ALICE, MIDNIGHT)];
    expect(() => {
      keys.adopt({ ...kms.district, serial: 2n }, params, [wrong]);
    }).toThrow(coded('BadPrivateKey'));
    expect(() => {
      keys.adopt(kms.district, { ...params, Ppub: { x: 1n, y: 1n } }, [right]);
    }).toThrow(coded('BadParameters'));
    expect([today.key.wiped, wrong.key.wiped, right.key.wiped]).toEqual([false, true, true]);
    expect(keys.holds(ALICE, MIDNIGHT)).toBe(true);
    expect(keys.district.serial).toBe(1n);
  });

  it('N71 level 1024 in production: LevelRefused', async () => {
    const found = await federation(table());
    const options = {
      identity: ALICE,
      district: kms.district,
      params,
      federation: () => found,
      allowTestLevels: false,
    };
    expect(() => createKeyStore({ ...options, clock: testClock(MIDNIGHT) })).toThrow(coded('LevelRefused'));
  });

  it('opens I_MESSAGE_1 of the golden file with the key that its KMS issued', async () => {
    const file = new URL('../../vectors/golden-n1024-mode3-P-256.json', import.meta.url);
    const golden = JSON.parse(readFileSync(file, 'utf8')) as { messages: Record<string, string>; T1: string };
    const t1 = ntpToUnixSeconds(ntpTime(fromHex(golden.T1)));
    const epoch = Math.floor(t1 / DAY) * DAY;
    const message = readIbakeMessage(fromHex(golden.messages['R_MESSAGE_1'] ?? ''));
    const { keys } = await store(t1);
    keys.addPrivateKeys([privateKey(ALICE, epoch)]);
    const { kem, notBefore } = decodeEnvelope(message.encrypted as Uint8Array, params);
    const cek = keys.decryptorFor(ALICE, notBefore).decrypt(kem);
    const direct = kms.issue(ALICE, epoch).use((octets) => decodePrivateKey(octets, params));
    expect(toHex(cek)).toBe(toHex(decrypt(params, direct, kem)));
  });
});

describe('master secrets', () => {
  it('each time has MS of its epoch, from the root forward', async () => {
    const { keys } = await store(MIDNIGHT + 10);
    expect(keys.masterSecretAt(at(MIDNIGHT))).toBeUndefined();
    keys.addMasterSecrets([liMs()]);
    const read = (seconds: number): [number, string] | undefined => {
      const found = keys.masterSecretAt(at(seconds));
      return found && [found.epoch, found.masterSecret.use(toHex)];
    };
    expect(read(MIDNIGHT)).toEqual([100, MS]);
    expect(read(MIDNIGHT + DAY / 2 - 1)).toEqual([100, MS]);
    expect(read(MIDNIGHT + 3 * DAY)).toEqual([106, msOfEpoch(106)]);
    expect(read(MIDNIGHT + DAY)).toEqual([102, msOfEpoch(102)]);
    expect(read(MIDNIGHT - 1)).toBeUndefined();
    expect(read(MIDNIGHT + 4 * DAY - 1)).toEqual([107, msOfEpoch(107)]);
    expect(read(MIDNIGHT + 4 * DAY)).toBeUndefined();
    expect(keys.masterSecretsEnd()).toBe(MIDNIGHT + 4 * DAY);
  });

  it('the epoch moves on after its grace time, and what is left opens no older nonce', async () => {
    const { keys, clock } = await store(MIDNIGHT + 10);
    const root = liMs();
    keys.addMasterSecrets([root]);
    const t1 = at(MIDNIGHT + 60);
    const curve = ecCurve('P-256');
    const context = { role: 1, curve, csbId: Uint8Array.of(1, 2, 3, 4), t1, identity: ALICE } as const;
    const scalar = new Secret('EcdhScalar', fromHex('07'.repeat(32)));
    const lent = keys.masterSecretAt(t1);
    if (lent === undefined) throw new TypeError('no master secret');
    const nonce = sealNonce({ ...lent, context, scalar });
    expect(nonceEpoch(nonce)).toBe(100);

    clock.seconds = MIDNIGHT + DAY / 2 + 899;
    expect(keys.masterSecretAt(t1)?.epoch).toBe(100);
    clock.seconds = MIDNIGHT + DAY / 2 + 900;
    expect(keys.masterSecretAt(t1)).toBeUndefined();
    expect(root.masterSecret.wiped).toBe(true);
    const left = keys.masterSecretAt(at(clock.seconds));
    expect([left?.epoch, left?.masterSecret.use(toHex)]).toEqual([101, msOfEpoch(101)]);
    for (let epoch = 101; epoch < 104; epoch++) {
      const secret = new Secret('MasterSecret', fromHex(msOfEpoch(epoch)));
      expect(() => openNonce({ mode: 3, masterSecret: secret, epoch: 100, context, nonce })).toThrow(
        coded('NONCE_CONTEXT_MISMATCH'),
      );
    }
  });

  it('is gone entirely after the last epoch and its grace time', async () => {
    const { keys, clock } = await store(MIDNIGHT + 10);
    keys.addMasterSecrets([liMs()]);
    const last = keys.masterSecretAt(at(MIDNIGHT + 4 * DAY - 1))?.masterSecret;
    clock.seconds = MIDNIGHT + 4 * DAY + 899;
    keys.eraseEnded();
    expect(last?.wiped).toBe(false);
    clock.seconds = MIDNIGHT + 4 * DAY + 900;
    keys.eraseEnded();
    expect(last?.wiped).toBe(true);
    expect(keys.masterSecretsEnd()).toBe(clock.seconds);
  });

  it('one that overlaps takes the place of the held one; the next cycle stands beside it', async () => {
    const { keys } = await store(MIDNIGHT + 10);
    const first = liMs();
    keys.addMasterSecrets([first]);
    const second = liMs({ epoch: 500, masterSecret: new Secret('MasterSecret', fromHex('0b'.repeat(32))) });
    const next = liMs({
      epoch: 900,
      validFrom: ntpFromUnixMs(1000 * (MIDNIGHT + 4 * DAY)),
      validTo: ntpFromUnixMs(1000 * (MIDNIGHT + 8 * DAY)),
      masterSecret: new Secret('MasterSecret', fromHex('0c'.repeat(32))),
    });
    keys.addMasterSecrets([second, next]);
    expect(first.masterSecret.wiped).toBe(true);
    expect(keys.masterSecretAt(at(MIDNIGHT))?.epoch).toBe(500);
    expect(keys.masterSecretAt(at(MIDNIGHT + 4 * DAY))?.epoch).toBe(900);
  });

  it('what is held ends at the first gap from now', async () => {
    const { keys, clock } = await store(MIDNIGHT - 10);
    expect(keys.masterSecretsEnd()).toBe(MIDNIGHT - 10);
    const cycle = (day: number): LiMs =>
      liMs({
        epoch: 100 + 2 * day,
        validFrom: ntpFromUnixMs(1000 * (MIDNIGHT + day * DAY)),
        validTo: ntpFromUnixMs(1000 * (MIDNIGHT + (day + 1) * DAY)),
        masterSecret: new Secret('MasterSecret', fromHex('0b'.repeat(32))),
      });
    keys.addMasterSecrets([cycle(3), cycle(1), cycle(0)]);
    expect(keys.masterSecretsEnd()).toBe(MIDNIGHT - 10);
    clock.seconds = MIDNIGHT;
    expect(keys.masterSecretsEnd()).toBe(MIDNIGHT + 2 * DAY);
    keys.addMasterSecrets([cycle(2)]);
    expect(keys.masterSecretsEnd()).toBe(MIDNIGHT + 4 * DAY);
  });

  it('an LI-MS outside its rules: BadField, and what is held stays', async () => {
    const { keys } = await store(MIDNIGHT + 10);
    keys.addMasterSecrets([liMs()]);
    const bad = liMs({ validTo: ntpFromUnixMs(1000 * (MIDNIGHT + 7)) });
    expect(() => {
      keys.addMasterSecrets([liMs({ epoch: 1 }), bad]);
    }).toThrow(coded('BadField'));
    expect(keys.masterSecretAt(at(MIDNIGHT))?.epoch).toBe(100);
  });

  it('closing erases everything', async () => {
    const { keys } = await store(MIDNIGHT + 10);
    const today = privateKey(ALICE, MIDNIGHT);
    const secret = liMs();
    keys.addPrivateKeys([today]);
    keys.addMasterSecrets([secret]);
    keys.close();
    expect([today.key.wiped, secret.masterSecret.wiped]).toEqual([true, true]);
    expect(keys.masterSecretAt(at(MIDNIGHT))).toBeUndefined();
    expect(keys.peer(BOB).district.serial).toBe(1n);
  });
});
