import { describe, expect, it } from 'vitest';
import {
  createCustody,
  type Custody,
  type MsGrid,
  type SubscriptionPolicy,
} from '../../../src/entity/custody/index.ts';
import { ratchetStep, type LiMs } from '../../../src/crypto/nonce/index.ts';
import { ntpFromUnixMs, ntpToUnixSeconds, Secret, systemRandom, toHex } from '../../../src/foundation/base/index.ts';
import { coded } from '../../platform/support.ts';
import { alice, bob, day } from './fixture.ts';
import { memoryMsStore, testSealer, type MemoryMsStore } from './support.ts';

const policy: SubscriptionPolicy = { mode: 3, intervalSeconds: day, cycleSeconds: 10 * day };
/** In the middle of a cycle. */
const NOW = 2000 * 10 * day + 4 * day + 3600;
const CYCLE = 2000 * 10 * day;
const ntp = (seconds: number): ReturnType<typeof ntpFromUnixMs> => ntpFromUnixMs(1000 * seconds);

function open(): { custody: Custody; store: MemoryMsStore; drawn: string[] } {
  const store = memoryMsStore();
  const drawn: string[] = [];
  const random = (octets: number): Uint8Array => {
    const value = systemRandom(octets);
    drawn.push(toHex(value));
    return value;
  };
  const custody = createCustody({ store, sealer: testSealer(), allowUnboundNonces: false, random });
  drawn.length = 0;
  return { custody, store, drawn };
}

const text = (liMs: LiMs): unknown => ({
  mode: liMs.mode,
  epoch: liMs.epoch,
  from: ntpToUnixSeconds(liMs.validFrom),
  to: ntpToUnixSeconds(liMs.validTo),
  ms: liMs.masterSecret.use(toHex),
});

describe('a subscription cycle', () => {
  it('has one fresh random master secret an identity, drawn once', async () => {
    const { custody, store, drawn } = open();
    expect(await custody.subscribe(alice, policy, NOW)).toBe('drawn');
    expect(await custody.subscribe(alice, policy, NOW + 5 * day)).toBe('held');
    expect(await custody.subscribe(bob, policy, NOW)).toBe('drawn');
    expect(drawn.map((hex) => hex.length)).toEqual([64, 64]);
    expect(new Set(drawn).size).toBe(2);
    expect(store.rows[0]).toMatchObject({ validFrom: CYCLE, validTo: CYCLE + 10 * day, firstEpoch: CYCLE / day });
  });

  it('the next cycle has another secret and later epochs', async () => {
    const { custody, store, drawn } = open();
    await custody.subscribe(alice, policy, NOW);
    expect(await custody.subscribe(alice, policy, NOW + 10 * day)).toBe('drawn');
    expect(store.rows.map(({ firstEpoch }) => firstEpoch)).toEqual([CYCLE / day, CYCLE / day + 10]);
    expect(new Set(drawn).size).toBe(2);
  });

  it('many at once draw one', async () => {
    const { custody, store } = open();
    const results = await Promise.all(Array.from({ length: 8 }, () => custody.subscribe(alice, policy, NOW)));
    expect(store.rows).toHaveLength(1);
    expect(results.filter((result) => result === 'drawn')).toHaveLength(1);
  });

  it("follows on an operator's own record, in time and in epoch numbers", async () => {
    const { custody, store } = open();
    const grid = {
      mode: 3,
      intervalSeconds: day,
      epoch: 30_000,
      validFrom: ntp(CYCLE),
      validTo: ntp(CYCLE + 2 * day),
    } as const;
    await custody.importMasterSecret(alice, { ...grid, masterSecret: new Secret('MasterSecret', systemRandom(32)) });
    await custody.subscribe(alice, policy, NOW);
    expect(store.rows[1]).toMatchObject({ validFrom: CYCLE + 2 * day, validTo: CYCLE + 10 * day, firstEpoch: 30_002 });
  });

  const draw = (custody: Custody, epoch: number, start: number): Promise<unknown> =>
    custody.drawMasterSecret(alice, {
      ...{ mode: 3, intervalSeconds: day, epoch },
      ...{ validFrom: ntp(start), validTo: ntp(start + day) },
    });

  it('ends where a later record begins', async () => {
    const { custody, store } = open();
    await draw(custody, 40_000, CYCLE + 6 * day);
    await custody.subscribe(alice, policy, NOW);
    expect(store.rows[1]).toMatchObject({ validFrom: CYCLE, validTo: CYCLE + 6 * day });
  });

  it('without room for a whole epoch before a later record: MS_CONFLICT, and nothing drawn', async () => {
    const { custody, store } = open();
    await draw(custody, 40_000, CYCLE - 3600 - day);
    await draw(custody, 40_002, CYCLE);
    await expect(custody.subscribe(alice, policy, CYCLE - 1800)).rejects.toThrow(coded('MS_CONFLICT'));
    expect(store.rows).toHaveLength(2);
  });
});

describe('cycles ahead', () => {
  const starts = ({ rows }: MemoryMsStore): number[] =>
    rows.map(({ validFrom }) => (validFrom - CYCLE) / day).sort((a, b) => a - b);

  it('are drawn one after the other to the end of the span, and no further', async () => {
    const { custody, store } = open();
    await custody.subscribeAhead(alice, policy, { from: NOW, to: CYCLE + 30 * day, most: 8 });
    expect(starts(store)).toEqual([0, 10, 20]);
    await custody.subscribeAhead(alice, policy, { from: NOW, to: CYCLE + 30 * day + 1, most: 8 });
    expect(starts(store)).toEqual([0, 10, 20, 30]);
  });

  it('are at most so many', async () => {
    const { custody, store } = open();
    const span = { from: NOW, to: CYCLE + 100 * day, most: 3 };
    await custody.subscribeAhead(alice, policy, span);
    expect(starts(store)).toEqual([0, 10, 20]);
    await custody.subscribe(alice, policy, NOW + 50 * day);
    const found = await custody.deliver(alice, span);
    expect(found.map(({ epoch }) => epoch - CYCLE / day)).toEqual([4, 10, 20]);
  });

  it('fill what was passed over between two', async () => {
    const { custody, store } = open();
    await custody.subscribe(alice, policy, NOW);
    await custody.subscribe(alice, policy, NOW + 20 * day);
    await custody.subscribeAhead(alice, policy, { from: NOW, to: NOW + 20 * day, most: 8 });
    expect(starts(store)).toEqual([0, 10, 20]);
    expect(store.rows.every(({ firstEpoch, validFrom }) => firstEpoch === validFrom / day)).toBe(true);
  });

  it("go on behind a gap that an operator's records leave too small for an epoch", async () => {
    const { custody, store } = open();
    const own = { mode: 3, intervalSeconds: day } as const;
    const validity = (start: number): object => ({ validFrom: ntp(start), validTo: ntp(start + day) });
    await custody.drawMasterSecret(alice, { ...own, epoch: 7, ...validity(CYCLE) } as MsGrid);
    await custody.drawMasterSecret(alice, { ...own, epoch: 9, ...validity(CYCLE + 1.5 * day) } as MsGrid);
    await custody.subscribeAhead(alice, policy, { from: CYCLE, to: CYCLE + 10 * day, most: 8 });
    expect(starts(store)).toEqual([0, 1.5, 2.5, 9.5]);
  });
});

describe('drawing for given epochs', () => {
  const grid = {
    mode: 3,
    intervalSeconds: day,
    epoch: 7,
    validFrom: ntp(CYCLE),
    validTo: ntp(CYCLE + 2 * day),
  } as const;

  it('repeated, the first stays', async () => {
    const { custody, store } = open();
    expect(await custody.drawMasterSecret(alice, grid)).toBe('drawn');
    const [first] = store.rows;
    expect(await custody.drawMasterSecret(alice, grid)).toBe('held');
    expect(store.rows).toEqual([first]);
  });

  it('other epochs for the same time: MS_CONFLICT', async () => {
    const { custody, store } = open();
    await custody.drawMasterSecret(alice, grid);
    await expect(custody.drawMasterSecret(alice, { ...grid, epoch: 8 })).rejects.toThrow(coded('MS_CONFLICT'));
    await expect(custody.drawMasterSecret(alice, { ...grid, mode: 2 })).rejects.toThrow(coded('MS_CONFLICT'));
    expect(store.rows).toHaveLength(1);
  });
});

describe('delivery to the client', () => {
  it('begins with the epoch that contains `from`: nothing older leaves', async () => {
    const { custody, drawn } = open();
    await custody.subscribe(alice, policy, NOW);
    const [liMs, ...rest] = await custody.deliver(alice, { from: NOW - 900, to: NOW, most: 8 });
    let secret = new Secret('MasterSecret', new Uint8Array(Buffer.from(drawn[0] ?? '', 'hex')));
    for (let epoch = CYCLE / day + 1; epoch <= CYCLE / day + 4; epoch++) secret = ratchetStep(secret, alice, epoch);
    expect(rest).toEqual([]);
    expect(liMs && text(liMs)).toEqual({
      mode: 3,
      epoch: CYCLE / day + 4,
      from: CYCLE + 4 * day,
      to: CYCLE + 10 * day,
      ms: secret.use(toHex),
    });
  });

  it('gives the next cycle when it is near, in order of time', async () => {
    const { custody } = open();
    await custody.subscribe(alice, policy, NOW + 10 * day);
    await custody.subscribe(alice, policy, NOW);
    const found = await custody.deliver(alice, { from: CYCLE + 9 * day + 5, to: CYCLE + 11 * day, most: 8 });
    expect(found.map(({ epoch }) => epoch)).toEqual([CYCLE / day + 9, CYCLE / day + 10]);
    expect(await custody.deliver(alice, { from: CYCLE + 9 * day, to: CYCLE + 10 * day, most: 8 })).toHaveLength(1);
    expect(await custody.deliver(bob, { from: NOW, to: NOW + 1, most: 8 })).toEqual([]);
  });

  it('an erased epoch is not delivered, an erased record not at all: MS_EPOCH_ERASED', async () => {
    const { custody } = open();
    await custody.subscribe(alice, policy, NOW);
    await custody.advanceRoot(alice, CYCLE / day + 6);
    const [liMs] = await custody.deliver(alice, { from: NOW, to: NOW + 1, most: 8 });
    expect([liMs?.epoch, liMs && ntpToUnixSeconds(liMs.validFrom)]).toEqual([CYCLE / day + 6, CYCLE + 6 * day]);
    await custody.advanceRoot(alice, CYCLE / day + 10);
    await expect(custody.deliver(alice, { from: NOW, to: NOW + 1, most: 8 })).rejects.toThrow(coded('MS_EPOCH_ERASED'));
  });
});
