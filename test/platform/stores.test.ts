import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CompiledQuery } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createCustody } from '../../src/entity/custody/index.ts';
import { ntpFromUnixMs, systemRandom, toHex } from '../../src/foundation/base/index.ts';
import { identityFromText } from '../../src/foundation/identity/index.ts';
import { chainRecord, createVerifier, emptyHead, type LogBody } from '../../src/trust/audit/index.ts';
import {
  createKeyFile,
  openKmsStore,
  openLogStore,
  openMsStore,
  openRequestStore,
  openState,
  openWarrantStore,
  type State,
} from '../../src/platform/index.ts';
import { openDatabase } from '../../src/platform/sqlite.ts';
import { coded, temporaryDirectory } from './support.ts';

const ORIGIN = 'a.example/provider';
const WARRANT = 'aa'.repeat(32);

let directory: string;
let keyFile: string;
let state: State;
const open = (): Promise<State> => openState({ directory, role: 'provider', district: 'a.example', keyFile });
const openLog = (): ReturnType<typeof openLogStore> =>
  openLogStore({ state, chain: chainRecord, empty: emptyHead(ORIGIN) });

beforeEach(async () => {
  const base = temporaryDirectory();
  directory = join(base, 'state');
  keyFile = join(base, 'key');
  await createKeyFile(keyFile);
  state = await open();
});
afterEach(() => state.close());

async function reopen(): Promise<void> {
  await state.close();
  state = await open();
}

describe('log store', () => {
  const answer = (requestId: string, more: object = {}) => ({
    requestId,
    requestDigest: '01'.repeat(32),
    requester: '02'.repeat(32),
    warrantDigest: WARRANT,
    question: 'q',
    content: 'c',
    sealed: 'jwe',
    ...more,
  });

  it('appends a chain that verifies, also after it was reopened', async () => {
    let log = await openLog();
    expect(await log.head()).toEqual(emptyHead(ORIGIN));
    await log.append({ kind: 'request', n: 1 });
    const second = await log.append({ kind: 'request', n: 2 });
    await reopen();
    log = await openLog();
    expect(await log.head()).toEqual({ sequence: 2, hash: second.hash });
    const third = await log.append({ kind: 'request', n: 3 });

    const verifier = createVerifier(ORIGIN);
    const bodies: LogBody[] = [];
    for (const entry of await log.read(1, 10)) bodies.push(verifier.push(entry));
    verifier.expect(third);
    expect(bodies.map(({ n }) => n)).toEqual([1, 2, 3]);
  });

  it('reads in pages', async () => {
    const log = await openLog();
    for (let n = 1; n <= 7; n++) await log.append({ n });
    const numbers = async (from: number, limit: number): Promise<number[]> =>
      (await log.read(from, limit)).map(({ sequence }) => sequence);
    expect(await numbers(1, 3)).toEqual([1, 2, 3]);
    expect(await numbers(6, 100)).toEqual([6, 7]);
    expect(await numbers(8, 100)).toEqual([]);
    expect(await numbers(0, 0)).toEqual([1]);
  });

  it('many at once give one chain without a gap', async () => {
    const log = await openLog();
    await Promise.all(Array.from({ length: 20 }, (_, n) => log.append({ n })));
    const verifier = createVerifier(ORIGIN);
    for (const entry of await log.read(1, 100)) verifier.push(entry);
    expect(verifier.head().sequence).toBe(20);
  });

  it('several in one transaction: in their order, between others, all or none', async () => {
    const log = await openLog();
    await Promise.all([log.append({ n: 0 }), log.appendAll([{ n: 1 }, { n: 2 }, { n: 3 }]), log.append({ n: 4 })]);
    const entries = await log.read(1, 100);
    const verifier = createVerifier(ORIGIN);
    for (const entry of entries) verifier.push(entry);
    const texts = entries.map(({ octets }) => new TextDecoder().decode(octets));
    expect(texts.length).toBe(5);
    expect(texts.join()).toContain('{"n":1},{"n":2},{"n":3}');
    expect(await log.appendAll([])).toEqual([]);
    // A body that cannot be written takes the one before it along.
    await expect(log.appendAll([{ n: 5 }, { n: 0.5 }])).rejects.toThrow();
    expect(await log.read(1, 100)).toEqual(entries);
  });

  it('P15 what somebody changes in the file is found, and the store itself changes nothing', async () => {
    const log = await openLog();
    for (let n = 1; n <= 5; n++) await log.append({ n });
    const raw = state.database<{ log: { sequence: number; octets: Uint8Array } }>();
    const edit = (): Promise<unknown> =>
      raw
        .updateTable('log')
        .set({ octets: new TextEncoder().encode('{"n":9}') })
        .where('sequence', '=', 3)
        .execute();
    await expect(edit()).rejects.toThrow(/append only/);
    await expect(raw.deleteFrom('log').where('sequence', '=', 5).execute()).rejects.toThrow(/append only/);

    await state.define(['DROP TRIGGER log_no_update']);
    await edit();
    const verifier = createVerifier(ORIGIN);
    const entries = await log.read(1, 10);
    expect(() => {
      for (const entry of entries) verifier.push(entry);
    }).toThrow(coded('LOG_BROKEN', { message: expect.stringMatching(/^entry 3:/) }));
  });

  it('stores an answer with the entry that records it', async () => {
    const log = await openLog();
    const entry = await log.record({ kind: 'answer' }, answer('r1'));
    await reopen();
    const reopened = await openLog();
    expect(await reopened.findAnswer('r1')).toEqual({ ...answer('r1'), sequence: 1, hash: toHex(entry.hash) });
    expect(await reopened.findAnswer('r2')).toBeUndefined();
    expect(await reopened.countAnswers(WARRANT)).toBe(1);
    expect(await reopened.countAnswers('bb')).toBe(0);
  });

  it('the same request id twice: REQUEST_CONFLICT, and no entry is left of it', async () => {
    const log = await openLog();
    await log.record({ kind: 'answer' }, answer('r1'));
    await expect(log.record({ kind: 'answer' }, answer('r1', { sealed: 'other' }))).rejects.toThrow(
      coded('REQUEST_CONFLICT'),
    );
    expect((await log.head()).sequence).toBe(1);
    expect((await log.findAnswer('r1'))?.sealed).toBe('jwe');
  });

  it('one question has the content of its first answer', async () => {
    const log = await openLog();
    expect(await log.contentOf('q')).toBeUndefined();
    await log.record({ kind: 'answer' }, answer('r1'));
    await log.record({ kind: 'answer' }, answer('r2', { content: 'later' }));
    expect(await log.contentOf('q')).toBe('c');
    expect(await log.countAnswers(WARRANT)).toBe(2);
  });

  it('a body that cannot be encoded leaves nothing', async () => {
    const log = await openLog();
    await expect(log.record({ half: 0.5 }, answer('r1'))).rejects.toThrow(coded('BAD_REQUEST'));
    expect(await log.findAnswer('r1')).toBeUndefined();
    expect((await log.head()).sequence).toBe(0);
  });

  it('checkpoints: what fails before the commit leaves nothing, what fails after it leaves everything', async () => {
    const log = await openLog();
    const names: string[] = [];
    await log.record({ n: 1 }, undefined, (name) => names.push(name));
    expect(names).toEqual(['before-write', 'before-commit', 'after-commit']);
    for (const [i, place] of names.entries()) {
      const stop = (name: string): void => {
        if (name === place) throw new Error('stopped here');
      };
      await expect(log.record({ n: 2 }, answer(place), stop)).rejects.toThrow('stopped here');
      expect((await log.head()).sequence).toBe(i === 2 ? 2 : 1);
      expect((await log.findAnswer(place))?.sequence).toBe(i === 2 ? 2 : undefined);
    }
  });
});

describe('store of master secrets', () => {
  const alice = identityFromText('sip:alice@a.example');
  const secret = (more: object = {}) => ({
    identityType: alice.type,
    identity: alice.text,
    mode: 3,
    firstEpoch: 7,
    rootEpoch: 7,
    intervalSeconds: 100,
    validFrom: 1000,
    validTo: 2000,
    sealed: new TextEncoder().encode('sealed-under-the-key-of-epoch-07'),
    ...more,
  });

  it('keeps rows by identity', async () => {
    const store = await openMsStore(state);
    expect(await store.insert(secret())).toBe(true);
    expect(await store.insert(secret({ identity: 'sip:bob@a.example' }))).toBe(true);
    expect(await store.insert(secret({ identityType: 0 }))).toBe(true);
    await reopen();
    expect(await (await openMsStore(state)).find(alice)).toEqual([secret()]);
  });

  it('refuses a row that shares a second or an epoch with another, and changes nothing', async () => {
    const store = await openMsStore(state);
    await store.insert(secret());
    const other = new TextEncoder().encode('x');
    for (const change of [
      {},
      { firstEpoch: 100, validFrom: 1999, validTo: 2099 },
      { firstEpoch: 16, validFrom: 5000, validTo: 5100 },
      { firstEpoch: 0, validFrom: 5000, validTo: 5800 },
    ]) {
      expect(await store.insert(secret({ sealed: other, ...change }))).toBe(false);
    }
    expect(await store.find(alice)).toEqual([secret()]);
    expect(await store.insert(secret({ firstEpoch: 17, validFrom: 2000, validTo: 3000 }))).toBe(true);
  });

  it('of two inserts that race one wins', async () => {
    const store = await openMsStore(state);
    const outcomes = await Promise.all([1, 2, 3].map((mode) => store.insert(secret({ mode }))));
    expect(outcomes.filter(Boolean)).toHaveLength(1);
    expect(await store.find(alice)).toHaveLength(1);
  });

  it('moves a root forward only from where it is expected, and never back', async () => {
    const store = await openMsStore(state);
    await store.insert(secret());
    const later = secret({ rootEpoch: 9, sealed: new TextEncoder().encode('epoch-09') });
    expect(await store.update(later, 8)).toBe(false);
    expect(await store.update({ ...later, firstEpoch: 8 }, 7)).toBe(false);
    expect(await store.find(alice)).toEqual([secret()]);
    expect(await store.update(later, 7)).toBe(true);
    expect(await store.update(later, 7)).toBe(false);
    expect(await store.find(alice)).toEqual([later]);
    await expect(store.update(secret(), 9)).rejects.toThrow(/never moves back/);
  });

  it('nothing of a replaced master secret is left in any file of the directory', async () => {
    const store = await openMsStore(state);
    const sealedOf = (n: number, epoch: number): Uint8Array =>
      new TextEncoder().encode(`ms-${String(n)}-of-epoch-${String(epoch)}`.padEnd(61, '#'));
    const row = (n: number, epoch: number) =>
      secret({ identity: `sip:user${String(n)}@a.example`, rootEpoch: epoch, sealed: sealedOf(n, epoch) });
    const inFiles = (text: string): string[] =>
      readdirSync(directory).filter((file) => readFileSync(join(directory, file)).includes(text));
    // Enough rows for several pages, in an order that splits them.
    for (let n = 0; n < 200; n++) await store.insert(row((n * 37) % 200, 7));
    expect(inFiles('ms-5-of-epoch-7')).not.toEqual([]);
    for (let n = 0; n < 200; n += 2) {
      await store.update(row(n, 8), 7);
      await store.update({ ...row(n, 9), sealed: new Uint8Array(0) }, 8);
    }
    await store.scrub();
    for (let n = 0; n < 200; n += 2) {
      expect([n, inFiles(`ms-${String(n)}-of-epoch-7#`), inFiles(`ms-${String(n)}-of-epoch-8#`)]).toEqual([n, [], []]);
    }
    expect(inFiles('ms-5-of-epoch-7')).toEqual(['state.db']);
  });

  it('an erasure that a reader held up is completed by its repeat, and not acknowledged before', async () => {
    const store = await openMsStore(state);
    const custody = createCustody({ store, sealer: state.sealer, allowUnboundNonces: false, random: systemRandom });
    await custody.drawMasterSecret(alice, {
      ...{ mode: 3, intervalSeconds: 86_400, epoch: 10 },
      ...{ validFrom: ntpFromUnixMs(0), validTo: ntpFromUnixMs(30 * 86_400_000) },
    });
    const sealed = Buffer.from((await store.find(alice))[0]!.sealed);
    const holding = (): string[] =>
      readdirSync(directory).filter((file) => readFileSync(join(directory, file)).includes(sealed));
    await state.database().executeQuery(CompiledQuery.raw('PRAGMA busy_timeout = 0'));
    const reader = await openDatabase<{ master_secret: object }>(join(directory, 'state.db'));
    await reader.executeQuery(CompiledQuery.raw('BEGIN'));
    await reader.selectFrom('master_secret').selectAll().execute();

    await expect(custody.advanceRoot(alice, 20)).rejects.toThrow(coded('STATE_IN_USE'));
    expect(holding()).not.toEqual([]);
    await reader.executeQuery(CompiledQuery.raw('COMMIT'));
    await reader.destroy();
    await expect(custody.advanceRoot(alice, 20)).resolves.toBe(0);
    expect(holding()).toEqual([]);
  });

  it('remembers the first use of a point', async () => {
    const store = await openMsStore(state);
    const first = { pointHash: 'aa', csbId: '01', t1: '02' };
    const [one, two] = await Promise.all([store.rememberPoint(first), store.rememberPoint({ ...first, csbId: '09' })]);
    expect([one, two]).toEqual([first, first]);
    expect(await store.rememberPoint({ ...first, pointHash: 'bb', t1: '03' })).toEqual({
      ...first,
      pointHash: 'bb',
      t1: '03',
    });
  });
});

describe('small stores', () => {
  it('the KMS keeps the first master secret for ever', async () => {
    const store = await openKmsStore(state);
    expect(await store.masterSecret()).toBeUndefined();
    expect(await store.keepMasterSecret(Uint8Array.of(1))).toEqual(Uint8Array.of(1));
    expect(await store.keepMasterSecret(Uint8Array.of(2))).toEqual(Uint8Array.of(1));
    await reopen();
    expect(await (await openKmsStore(state)).masterSecret()).toEqual(Uint8Array.of(1));
  });

  it('warrants and revocations only grow, whatever is added twice, also over a restart', async () => {
    let store = await openWarrantStore(state);
    await store.add('aa', { payload: 'one' });
    await store.add('aa', { payload: 'another under the same digest' });
    await store.add('bb', { payload: 'two' });
    await store.revoke(['W-1', 'W-2']);
    await store.revoke([]);
    await store.revoke(['W-2', 'W-3']);
    await reopen();
    store = await openWarrantStore(state);
    expect(await store.all()).toEqual([{ payload: 'one' }, { payload: 'two' }]);
    expect([...(await store.revoked())].sort()).toEqual(['W-1', 'W-2', 'W-3']);
  });

  it('requests under way outlive a restart, and end', async () => {
    const pending = { requestId: 'r', answerKey: '{}', sealedKey: Uint8Array.of(7, 8) };
    await (await openRequestStore(state)).begin('q', pending);
    await reopen();
    const store = await openRequestStore(state);
    expect(await store.find('q')).toEqual(pending);
    expect(await store.find('other')).toBeUndefined();
    await store.end('q');
    expect(await store.find('q')).toBeUndefined();
  });
});
