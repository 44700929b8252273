import { describe, expect, it } from 'vitest';
import {
  decodePrivateKey,
  derivePublicParameters,
  domainFromLabel,
  domainParameters,
  identityInfo,
  sealEnvelope,
  openEnvelope,
  verifyPrivateKey,
} from '../../../src/crypto/ibe/index.ts';
import { openDistrictKeys, type DistrictKeys, type KmsStore } from '../../../src/entity/kms/index.ts';
import { fromBigInt, Secret, systemRandom } from '../../../src/foundation/base/index.ts';
import { generalizedTime, identityFromText, type District } from '../../../src/foundation/identity/index.ts';
import { testSealer } from '../custody/support.ts';

const district: District = { name: 'https://pps.operator-a.example/ibe/pp', serial: 1n, keyEpochSeconds: 86_400 };
const domain = domainParameters(1024);
const alice = identityFromText('sip:alice@operator-a.example');
const sealer = testSealer(new Uint8Array(32).fill(7));

interface MemoryKmsStore extends KmsStore {
  kept: Uint8Array | undefined;
}

function memoryStore(): MemoryKmsStore {
  const store: MemoryKmsStore = {
    kept: undefined,
    masterSecret: async () => store.kept,
    keepMasterSecret: async (sealed) => (store.kept ??= Uint8Array.from(sealed)),
  };
  return store;
}

const open = (store: KmsStore, more: object = {}): Promise<DistrictKeys> =>
  openDistrictKeys({ district, level: 1024, allowTestLevels: true, store, sealer, random: systemRandom, ...more });

const secret = (s: bigint): Secret<'IbeMasterSecret'> => new Secret('IbeMasterSecret', fromBigInt(s, 20));

const info = (keys: DistrictKeys): Uint8Array =>
  identityInfo({
    district: keys.district.name,
    serial: keys.district.serial,
    identity: alice,
    notBefore: generalizedTime(0),
  });

describe('before a master secret was given', () => {
  it('everything is UNAVAILABLE, and the KMS runs', async () => {
    const keys = await open(memoryStore());
    for (const work of [() => keys.parameters(), () => keys.issue(alice, 0), () => keys.decryptor(alice, 0)])
      expect(work).toThrow(expect.objectContaining({ code: 'UNAVAILABLE' }));
    keys.close();
  });
});

describe('the master secret', () => {
  it('gives the parameters and private keys that belong to it', async () => {
    const keys = await open(memoryStore());
    await keys.take(secret(123_456_789n));
    expect(keys.parameters()).toEqual(derivePublicParameters(domain, 123_456_789n));
    const key = keys.issue(alice, 0);
    const point = key.use((octets) => decodePrivateKey(octets, keys.parameters()));
    expect(() => {
      verifyPrivateKey(keys.parameters(), info(keys), point);
    }).not.toThrow();
    key.wipe();
  });

  it('lends a decryptor for one identity and epoch', async () => {
    const keys = await open(memoryStore());
    await keys.take(undefined);
    const [serial, notBefore, aad] = [1n, generalizedTime(0), new Uint8Array(1)];
    const params = keys.parameters();
    const plaintext = new TextEncoder().encode('components');
    const sealed = sealEnvelope({
      params,
      recipient: info(keys),
      serial,
      notBefore,
      aad,
      plaintext,
      random: systemRandom,
    });
    const decryptor = keys.decryptor(alice, 0);
    expect(openEnvelope({ envelope: sealed, params, decryptor, serial, notBefore, aad })).toEqual(plaintext);
    decryptor.close();
    const other = keys.decryptor(alice, 86_400);
    expect(() => openEnvelope({ envelope: sealed, params, decryptor: other, serial, notBefore, aad })).toThrow(
      expect.objectContaining({ code: 'IbeDecryptFailed' }),
    );
    other.close();
  });

  it('is kept sealed, and is there after a restart', async () => {
    const store = memoryStore();
    const first = await open(store);
    await first.take(secret(123_456_789n));
    expect(Buffer.from(store.kept!).includes(Buffer.from(fromBigInt(123_456_789n, 4)))).toBe(false);
    first.close();
    const again = await open(store);
    expect(again.parameters()).toEqual(derivePublicParameters(domain, 123_456_789n));
  });

  it('drawn by the KMS itself is in [2, q-1], kept, and differs each time', async () => {
    const stores = [memoryStore(), memoryStore()];
    const drawn = await Promise.all(
      stores.map(async (store) => {
        const keys = await open(store);
        await keys.take(undefined);
        expect((await open(store)).parameters()).toEqual(keys.parameters());
        return keys.parameters().Ppub.x;
      }),
    );
    expect(drawn[0]).not.toBe(drawn[1]);
  });

  it('is never overwritten: another one is MS_CONFLICT, the same one is taken, a draw changes nothing', async () => {
    const store = memoryStore();
    const keys = await open(store);
    await keys.take(secret(5n));
    const kept = store.kept;
    await expect(keys.take(secret(6n))).rejects.toMatchObject({ code: 'MS_CONFLICT' });
    await expect(keys.take(secret(5n))).resolves.toBeUndefined();
    await expect(keys.take(undefined)).resolves.toBeUndefined();
    expect(store.kept).toBe(kept);
    expect(keys.parameters()).toEqual(derivePublicParameters(domain, 5n));
  });

  it('that negates another one is another one: MS_CONFLICT', async () => {
    // [q - s]P has the x coordinate of [s]P.
    const keys = await open(memoryStore());
    await keys.take(secret(5n));
    await expect(keys.take(secret(domain.q - 5n))).rejects.toMatchObject({ code: 'MS_CONFLICT' });
  });

  it.each([0n, 1n, domain.q, domain.q + 5n])('out of [2, q-1] is BadParameters, and nothing is kept: %s', async (s) => {
    const store = memoryStore();
    const keys = await open(store);
    await expect(keys.take(secret(s))).rejects.toMatchObject({ code: 'BadParameters' });
    expect(store.kept).toBeUndefined();
    expect(() => keys.parameters()).toThrow(expect.objectContaining({ code: 'UNAVAILABLE' }));
  });

  it('given by two at once is the one that was first', async () => {
    const store = memoryStore();
    const [one, two] = [await open(store), await open(store)];
    const both = await Promise.allSettled([one.take(secret(5n)), two.take(secret(6n))]);
    expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(two.parameters()).toEqual(one.parameters());
  });

  it('of another district, serial or level does not open: STATE_MISMATCH or whatever the sealer says', async () => {
    const store = memoryStore();
    const keys = await open(store);
    await keys.take(secret(5n));
    for (const other of [
      { ...district, name: 'https://other.example' },
      { ...district, serial: 2n },
    ])
      await expect(open(store, { district: other })).rejects.toThrow();
    await expect(open(store, { level: 2048 })).rejects.toThrow();
  });
});

describe('N71 level 1024', () => {
  it('without allowTestLevels: LevelRefused, before anything is taken in', async () => {
    const store = memoryStore();
    await expect(open(store, { allowTestLevels: false })).rejects.toMatchObject({ code: 'LevelRefused' });
    expect(store.kept).toBeUndefined();
  });
});

describe('after close', () => {
  it('no key is issued any more', async () => {
    const keys = await open(memoryStore());
    await keys.take(secret(5n));
    keys.close();
    expect(() => keys.issue(alice, 0)).toThrow(expect.objectContaining({ code: 'UNAVAILABLE' }));
  });

  it('a decryptor cannot be used when it is closed', async () => {
    const keys = await open(memoryStore());
    await keys.take(secret(5n));
    const decryptor = keys.decryptor(alice, 0);
    decryptor.close();
    const { P } = domain;
    expect(() => decryptor.decrypt({ u: P, v: new Uint8Array(20), w: new Uint8Array(16) })).toThrow();
  });
});

describe("a domain of the district's own", () => {
  const own = domainFromLabel(1024, 'a district of its own').domain;

  it('gives parameters and keys on it, and the same after a restart', async () => {
    const store = memoryStore();
    const keys = await open(store, { domain: own });
    await keys.take(secret(123_456_789n));
    expect(keys.parameters()).toEqual(derivePublicParameters(own, 123_456_789n));
    const params = keys.parameters();
    keys.close();
    const again = await open(store, { domain: own });
    expect(again.parameters()).toEqual(params);
    again.issue(alice, 0).use((octets) => {
      verifyPrivateKey(params, info(again), decodePrivateKey(octets, params));
    });
    again.close();
  });

  it('cannot be exchanged under a master secret: what was sealed does not open', async () => {
    const store = memoryStore();
    const keys = await open(store, { domain: own });
    await keys.take(undefined);
    keys.close();
    await expect(open(store)).rejects.toThrow(Error);
    await expect(open(store, { domain: domainFromLabel(1024, 'another').domain })).rejects.toThrow(Error);
    const same = await open(store, { domain: own });
    same.close();
  });

  it('is checked, its level too: BadParameters', async () => {
    const bad = expect.objectContaining({ code: 'BadParameters' }) as unknown;
    await expect(open(memoryStore(), { domain: { ...own, P: { x: own.P.x, y: own.P.y ^ 1n } } })).rejects.toEqual(bad);
    await expect(open(memoryStore(), { domain: own, level: 2048 })).rejects.toEqual(bad);
  });
});
