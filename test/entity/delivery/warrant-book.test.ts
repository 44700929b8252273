import { describe, expect, it } from 'vitest';
import { openWarrantBook, type WarrantStore } from '../../../src/entity/delivery/index.ts';
import type { WarrantTrust } from '../../../src/trust/warrant/index.ts';
import { makeAuthority } from '../../trust/warrant/authority.ts';
import { makeCall, testDistrict, testParty } from '../../support/calls.ts';
import { agencyRoot as agency, createHarness, digestOf, NOW, warrantFor } from './harness.ts';

const TARGET = 'sip:alice@operator-a.example';

function memoryStore(): WarrantStore & { readonly kept: Map<string, unknown> } {
  const kept = new Map<string, unknown>();
  return {
    kept,
    add(digest, signed) {
      kept.set(digest, signed);
      return Promise.resolve();
    },
    all: () => Promise.resolve([...kept.values()]),
    revoke: () => Promise.resolve(),
    revoked: () => Promise.resolve([]),
  };
}
const trust = (revoked: readonly string[] = []): (() => WarrantTrust) => {
  const ids = new Set(revoked);
  return () => ({ roots: [agency], revoked: ids });
};
const at = (ms: number): string => new Date(ms).toISOString();

describe('warrants that may be acted on', () => {
  it('are those whose request interval holds the present, and that are not revoked', async () => {
    let now = NOW;
    const revoked = new Set<string>();
    const book = await openWarrantBook(
      memoryStore(),
      () => ({ roots: [agency], revoked }),
      () => now,
    );
    const order = (id: string, to: number): ReturnType<typeof warrantFor> =>
      warrantFor([TARGET], '3', ['keys'], { id, request: { from: at(NOW - 1000), to: at(to) } });
    await book.accept(await order('short', NOW + 1000));
    await book.accept(await order('long', NOW + 5000));
    const active = (): string[] => book.active().map(({ verified }) => verified.warrant.id);
    expect(active()).toEqual(['short', 'long']);
    now = NOW + 1000;
    expect(active()).toEqual(['long']);
    revoked.add('long');
    expect(active()).toEqual([]);
    now = NOW - 2000;
    revoked.clear();
    expect(active()).toEqual([]);
  });

  it('are kept as they were signed, and verified again after a restart', async () => {
    const store = memoryStore();
    const signed = await warrantFor([TARGET], '3', ['keys']);
    const first = await openWarrantBook(store, trust(), () => NOW);
    expect(await first.accept(signed)).toEqual({ id: 'case-7', digest: digestOf(signed) });
    expect([...store.kept]).toEqual([[digestOf(signed), signed]]);
    const again = await openWarrantBook(store, trust(), () => NOW);
    expect(again.active()).toMatchObject([{ digest: digestOf(signed), signed }]);
    const foreign = await makeAuthority('Another authority');
    const elsewhere = await openWarrantBook(
      store,
      () => ({ roots: [foreign.pem] }),
      () => NOW,
    );
    expect(elsewhere.active()).toEqual([]);
  });

  it.each([
    ['WARRANT_REVOKED', {}, ['case-7']],
    ['WARRANT_EXPIRED', { request: { from: at(NOW - 5000), to: at(NOW) } }, []],
    ['WARRANT_NOT_YET', { request: { from: at(NOW + 1), to: at(NOW + 5000) } }, []],
  ] as const)('%s: not taken, and not kept', async (code, changes, revoked) => {
    const store = memoryStore();
    const book = await openWarrantBook(store, trust(revoked), () => NOW);
    await expect(book.accept(await warrantFor([TARGET], '3', ['keys'], changes))).rejects.toMatchObject({ code });
    expect(book.active()).toEqual([]);
    expect(store.kept.size).toBe(0);
  });
});

it('without a warrant that names anybody of it a capture gives no session', async () => {
  const district = testDistrict('operator-a.example');
  const harness = await createHarness({ district, served: [], way: '3', targets: ['tel:+15550100'] });
  const made = makeCall({
    number: 3,
    caller: testParty('sip:a@operator-a.example', district),
    called: testParty('sip:b@operator-a.example', district),
    t1Ms: NOW,
  });
  expect(await harness.take(made.frames)).toMatchObject({ sessions: [], notes: [] });
  expect([harness.asked, harness.events]).toEqual([[], []]);
});
