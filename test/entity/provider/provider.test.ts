/** The provider over a custody that only says what it is asked: what reaches it, in which order, and what stays. */
import { beforeAll, describe, expect, it } from 'vitest';
import { createProvider } from '../../../src/entity/provider/index.ts';
import type { OpenRequest } from '../../../src/entity/custody/index.ts';
import type { OpenNonceRequest } from '../../../src/contract/provider/index.ts';
import type { Handler } from '../../../src/contract/route/index.ts';
import { HalfkeyError, Secret, toHex } from '../../../src/foundation/base/index.ts';
import { createReleaser, openAnswer, type ReleasedAnswer } from '../../../src/trust/release/index.ts';
import type { SignedWarrant } from '../../../src/trust/warrant/index.ts';
import { ALICE, golden, T1 } from '../../support/roles.ts';
import { createAgency, digestOf, type Agency } from '../../support/warrants.ts';
import { answerKey, memoryStore, privateKey, type MemoryStore } from '../../trust/release/support.ts';

const df = { role: 'df', fingerprint: 'f1', commonName: '' };
let agency: Agency;
beforeAll(async () => {
  agency = await createAgency('Agency', T1);
});

interface Fixture {
  readonly handler: Handler;
  readonly store: MemoryStore;
  readonly asked: OpenRequest[];
  readonly lent: Secret<'EcdhScalar'>[];
}

function fixture(
  more: { mode?: 1 | 2 | 3; require?: 'always' | 'unbound' | 'never'; fails?: HalfkeyError } = {},
): Fixture {
  const store = memoryStore();
  const [asked, lent]: [OpenRequest[], Secret<'EcdhScalar'>[]] = [[], []];
  const handler = createProvider({
    custody: {
      open: async (request) => {
        asked.push(request);
        if (more.fails !== undefined) throw more.fails;
        const scalar = new Secret('EcdhScalar', new Uint8Array(32).fill(7));
        lent.push(scalar);
        return scalar;
      },
      modeAt: async () => more.mode ?? 3,
    },
    gate: {
      releaser: createReleaser({ store, clock: () => Date.now() }),
      monotonicMs: () => 0,
      sleep: async () => undefined,
      refusalFloorMs: 0,
    },
    trust: () => ({ roots: [agency.authority.certificate] }),
    clock: () => Date.now(),
    pseudonym: ({ text }) => `pseudonym of ${String(text.length)}`,
    kmsRoots: [agency.authority.certificate],
    requireKmsStatement: more.require ?? 'unbound',
  });
  return { handler, store, asked, lent };
}

let ids = 0;
function request(warrant: SignedWarrant, more: object = {}): OpenNonceRequest {
  ids += 1;
  return {
    requestId: `00000000-0000-4000-9000-${String(ids).padStart(12, '0')}`,
    warrant,
    purpose: 'case 1',
    answerKey,
    identity: ALICE,
    role: 'initiator',
    curve: 8,
    csbId: golden.csbId,
    t1: golden.T1,
    nonce: golden.NA,
    ownPoint: golden.xP,
    messageDigests: ['ab'.repeat(32)],
    ...more,
  };
}

describe('an opening', () => {
  it('asks the custody for exactly what was asked, and wipes the scalar when it is sealed', async () => {
    const { handler, asked, lent } = fixture();
    const warrant = await agency.warrant();
    const body = request(warrant);
    const { answer } = (await handler.handle(body, df)) as ReleasedAnswer;
    expect(
      asked.map(({ csbId, t1, nonce, ownPoint, ...rest }) => ({
        ...rest,
        octets: [csbId, t1, nonce, ownPoint].map((octets) => toHex(octets)),
      })),
    ).toEqual([
      {
        identity: { type: 1, text: ALICE },
        role: 'initiator',
        curve: 8,
        octets: [golden.csbId, golden.T1, golden.NA, golden.xP],
      },
    ]);
    expect(lent.map(({ wiped }) => wiped)).toEqual([true]);
    const context = { requestId: body.requestId, warrantDigest: digestOf(warrant) };
    const opened = await openAnswer(answer, Secret.copyOf('AnswerKey', privateKey), context);
    expect(opened).toEqual({ secret: '07'.repeat(32) });
  });

  it('is recorded without identity, nonce and point', async () => {
    const { handler, store } = fixture();
    await handler.handle(request(await agency.warrant()), df);
    const text = JSON.stringify(store.bodies());
    for (const secret of [ALICE, golden.NA, golden.xP, '07'.repeat(32)]) expect(text).not.toContain(secret);
    expect(store.bodies()[0]).toMatchObject({
      kind: 'request',
      target: `pseudonym of ${String(ALICE.length)}`,
      csbId: golden.csbId,
      messages: ['ab'.repeat(32)],
    });
  });

  it('writes an identity of another spelling as the canonical one', async () => {
    const { handler, asked } = fixture();
    await handler.handle(request(await agency.warrant(), { identity: 'sip:alice@OPERATOR-A.example;user=phone' }), df);
    expect(asked[0]?.identity.text).toBe(ALICE);
  });
});

describe('what the custody is not asked', () => {
  it.each<[string, string, object, object]>([
    ['DUAL_CONTROL', 'a warrant with one approver', { approvers: ['First Approver'] }, { curve: 1 }],
    ['WARRANT_SCOPE', 'a warrant of solution 3', { solutions: ['3'] }, { identity: 'sip:bob@operator-b.example' }],
    ['TARGET_MISMATCH', 'another target', {}, { identity: 'sip:bob@operator-b.example', t1: '0000000000000000' }],
    ['OUTSIDE_WINDOW', 'another time', {}, { t1: '0000000000000000', curve: 1 }],
    ['InvalidDh', 'an unknown curve', {}, { curve: 1, ownPoint: '00' }],
    ['InvalidPoint', 'a point off the curve', {}, { ownPoint: `04${'11'.repeat(64)}` }],
  ])('4.4 %s comes before every later fault: %s', async (code, _, warrant, change) => {
    const { handler, store, asked } = fixture({ require: 'always' });
    await expect(handler.handle(request(await agency.warrant(warrant), change), df)).rejects.toMatchObject({ code });
    expect(store.bodies()).toMatchObject([{ kind: 'refused', code }]);
    expect(asked).toEqual([]);
  });

  it.each([
    [1, 'unbound', true],
    [2, 'unbound', true],
    [3, 'unbound', false],
    [3, 'always', true],
    [1, 'never', false],
  ] as const)('mode %i with requireKmsStatement %s: a statement is needed: %s', async (mode, require, needed) => {
    const { handler, asked } = fixture({ mode, require });
    const opening = handler.handle(request(await agency.warrant()), df);
    if (needed) await expect(opening).rejects.toMatchObject({ code: 'KMS_STATEMENT' });
    else await expect(opening).resolves.toBeDefined();
    expect(asked).toHaveLength(needed ? 0 : 1);
  });
});

it('what the custody refuses is recorded and told by its own code', async () => {
  const fails = new HalfkeyError('NONCE_COMMITMENT_MISMATCH', 'the nonce does not open to the scalar of the point');
  const { handler, store } = fixture({ fails });
  await expect(handler.handle(request(await agency.warrant()), df)).rejects.toBe(fails);
  expect(store.bodies()).toMatchObject([{ kind: 'request' }, { kind: 'failed', code: 'NONCE_COMMITMENT_MISMATCH' }]);
  expect(store.answers).toEqual([]);
});
