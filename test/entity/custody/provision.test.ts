/** Importing and erasing: nothing held is overwritten, nothing erased returns (protocol profile 3.7, 4.2; P12). */
import { describe, expect, it } from 'vitest';
import { ratchetStep, type LiMs } from '../../../src/crypto/nonce/index.ts';
import { HalfkeyError, ntpFromUnixMs, Secret, systemRandom, toHex } from '../../../src/foundation/base/index.ts';
import { identityFromText } from '../../../src/foundation/identity/index.ts';
import { alice, bob, day, held } from './fixture.ts';

const start = 1735689600;
const code = (name: string): unknown => expect.objectContaining({ code: name });

interface Span {
  epoch?: number;
  from?: number;
  to?: number;
  ms?: Uint8Array;
  mode?: LiMs['mode'];
  interval?: number;
}
/** `from` and `to` in days after the start. */
function liMs({
  epoch = 7,
  from = 0,
  to = 10,
  ms = new Uint8Array(32).fill(1),
  mode = 3,
  interval = day,
}: Span = {}): LiMs {
  return {
    mode,
    epoch,
    intervalSeconds: interval,
    validFrom: ntpFromUnixMs((start + from * day) * 1000),
    validTo: ntpFromUnixMs((start + to * day) * 1000),
    masterSecret: Secret.copyOf('MasterSecret', ms),
  };
}
/** MS of `epoch` in the chain of {@link liMs}, which begins at 7. */
function later(epoch: number): Uint8Array {
  let ms = liMs().masterSecret;
  for (let e = 8; e <= epoch; e++) ms = ratchetStep(ms, alice, e);
  return ms.use((octets) => Uint8Array.from(octets));
}

describe('importMasterSecret', () => {
  it('seals at rest: no octet of the secret lies in the store', async () => {
    const { custody, store } = held();
    const ms = systemRandom(32);
    await custody.importMasterSecret(alice, liMs({ ms }));
    expect(toHex(store.rows[0]?.sealed as Uint8Array)).not.toContain(toHex(ms).slice(0, 16));
    expect(store.rows[0]).toMatchObject({
      identity: alice.text,
      identityType: 1,
      firstEpoch: 7,
      rootEpoch: 7,
      validFrom: start,
    });
  });

  it('the same content again, or a later link of the same chain, is held', async () => {
    const { custody, store } = held();
    await expect(custody.importMasterSecret(alice, liMs())).resolves.toBe('stored');
    const before = structuredClone(store.rows);
    await expect(custody.importMasterSecret(alice, liMs())).resolves.toBe('held');
    await expect(custody.importMasterSecret(alice, liMs({ epoch: 10, from: 3, ms: later(10) }))).resolves.toBe('held');
    expect(store.rows).toEqual(before);
  });

  it.each<[string, Span]>([
    ['another secret', { ms: new Uint8Array(32).fill(2) }],
    ['another mode', { mode: 2 }],
    ['another interval', { interval: day / 2 }],
    ['another end', { to: 11 }],
    ['another start', { from: -1, epoch: 6 }],
    ['another numbering', { epoch: 8 }],
    ['one day of overlap', { from: 9, to: 20, epoch: 16 }],
    ['a later link with the wrong secret', { epoch: 10, from: 3 }],
    ['no overlap in time, but the same epoch numbers', { from: 20, to: 30 }],
    ['later in time with older numbers', { from: 20, to: 25, epoch: 1 }],
  ])('MS_CONFLICT: %s', async (_what, span) => {
    const { custody, store } = held();
    await custody.importMasterSecret(alice, liMs());
    const before = structuredClone(store.rows);
    await expect(custody.importMasterSecret(alice, liMs(span))).rejects.toThrow(code('MS_CONFLICT'));
    expect(store.rows).toEqual(before);
  });

  it('the next cycle, another identity and a device have records of their own', async () => {
    const { custody, store } = held();
    await custody.importMasterSecret(alice, liMs());
    const other = new Uint8Array(32).fill(3);
    await expect(custody.importMasterSecret(alice, liMs({ from: 10, to: 20, epoch: 17, ms: other }))).resolves.toBe(
      'stored',
    );
    await expect(custody.importMasterSecret(bob, liMs({ ms: other }))).resolves.toBe('stored');
    await expect(
      custody.importMasterSecret(identityFromText(`${alice.text};gr=one`), liMs({ ms: other })),
    ).resolves.toBe('stored');
    expect(store.rows).toHaveLength(4);
  });

  it('of two that race with different secrets one is stored and the other refused', async () => {
    const { custody, store } = held();
    const results = await Promise.allSettled([
      custody.importMasterSecret(alice, liMs()),
      custody.importMasterSecret(alice, liMs({ ms: new Uint8Array(32).fill(9) })),
      custody.importMasterSecret(alice, liMs()),
    ]);
    expect(store.rows).toHaveLength(1);
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
    expect(results.find((result) => result.status === 'rejected')?.reason).toMatchObject({ code: 'MS_CONFLICT' });
  });

  it('BadField for a malformed LI-MS or one of more epochs than the ratchet may run', async () => {
    const { custody, store } = held();
    await expect(custody.importMasterSecret(alice, liMs({ interval: 60 }))).rejects.toThrow(code('BadField'));
    await expect(custody.importMasterSecret(alice, liMs({ interval: 3600, to: 3650 }))).rejects.toThrow(
      code('BadField'),
    );
    expect(store.rows).toHaveLength(0);
  });

  it('leaves the secret of the caller alone', async () => {
    const { custody } = held();
    const given = liMs();
    await custody.importMasterSecret(alice, given);
    await custody.importMasterSecret(alice, given);
    expect(given.masterSecret.wiped).toBe(false);
  });
});

describe('advanceRoot', () => {
  it('moves every record of the identity, once, and no other identity', async () => {
    const { custody, store } = held();
    await custody.importMasterSecret(alice, liMs());
    await custody.importMasterSecret(alice, liMs({ from: 10, to: 20, epoch: 17 }));
    await custody.importMasterSecret(bob, liMs());
    await expect(custody.advanceRoot(alice, 19)).resolves.toBe(2);
    await expect(custody.advanceRoot(alice, 19)).resolves.toBe(0);
    await expect(custody.advanceRoot(alice, 8)).resolves.toBe(0);
    expect(store.rows.map(({ rootEpoch }) => rootEpoch)).toEqual([17, 19, 7]);
    expect(store.rows[0]?.sealed).toHaveLength(0);
  });

  it('P12 provisioning the old secret again does not bring an erased epoch back', async () => {
    const { custody, store } = held();
    await custody.importMasterSecret(alice, liMs());
    await custody.advanceRoot(alice, 12);
    await expect(custody.importMasterSecret(alice, liMs())).resolves.toBe('held');
    expect(store.rows[0]?.rootEpoch).toBe(12);
    await custody.advanceRoot(alice, 17);
    await expect(custody.importMasterSecret(alice, liMs())).rejects.toThrow(code('MS_EPOCH_ERASED'));
    expect(store.rows).toHaveLength(1);
  });

  it('two at once end at the later root', async () => {
    const { custody, store } = held();
    await custody.importMasterSecret(alice, liMs());
    await Promise.all([custody.advanceRoot(alice, 9), custody.advanceRoot(alice, 12), custody.advanceRoot(alice, 11)]);
    expect(store.rows[0]?.rootEpoch).toBe(12);
    await expect(custody.importMasterSecret(alice, liMs())).resolves.toBe('held');
  });

  it('is not acknowledged before the old secret is gone: a repeat after STATE_IN_USE ends what was missing', async () => {
    const { custody, store } = held();
    await custody.importMasterSecret(alice, liMs());
    store.failScrub = new HalfkeyError('STATE_IN_USE', 'read');
    await expect(custody.advanceRoot(alice, 12)).rejects.toThrow(code('STATE_IN_USE'));
    expect(store.rows.map(({ rootEpoch }) => rootEpoch)).toEqual([12]);
    expect(store.replaced.map(({ rootEpoch }) => rootEpoch)).toEqual([7]);
    await expect(custody.advanceRoot(alice, 12)).resolves.toBe(0);
    expect(store.replaced).toEqual([]);
  });

  it('an unknown identity and a number that is no epoch', async () => {
    const { custody } = held();
    await expect(custody.advanceRoot(alice, 9)).rejects.toThrow(code('MS_UNKNOWN_SUBSCRIBER'));
    for (const epoch of [-1, 1.5, NaN, 2 ** 33])
      await expect(custody.advanceRoot(alice, epoch)).rejects.toThrow(TypeError);
  });
});
