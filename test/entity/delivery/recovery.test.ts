/** From a captured call to its key, in the three ways: who is asked for what, and what becomes of calls that go wrong. */
import { describe, expect, it } from 'vitest';
import { fromHex, HalfkeyError, toHex } from '../../../src/foundation/base/index.ts';
import { makeCall, testDistrict, testParty, type CallOptions, type Party, type TestCall } from '../../support/calls.ts';
import {
  createHarness,
  expectNothing,
  lying,
  T1,
  WAYS,
  type Harness,
  type HarnessOptions,
  type Way,
} from './harness.ts';

const district = testDistrict('operator-a.example');
const elsewhere = testDistrict('operator-b.example');
const alice = testParty('sip:alice@operator-a.example', district);
const bob = testParty('sip:bob@operator-a.example', district);
const carol = testParty('sip:carol@operator-a.example', district);
const abroad = testParty('sip:abroad@operator-b.example', elsewhere);

const call = (options: Partial<CallOptions> = {}): TestCall =>
  makeCall({ number: 1, caller: alice, called: bob, t1Ms: T1, ...options });
const harnessFor = (way: Way, targets: readonly Party[], options: Partial<HarnessOptions> = {}): Promise<Harness> =>
  createHarness({
    district,
    served: [alice, bob],
    way,
    targets: targets.map(({ identity }) => identity.text),
    ...options,
  });
/** Operations that holders were asked for, in order. */
const operations = ({ asked }: Harness): string[] => asked.map(({ path }) => path.split('/').at(-1) ?? '');

const ASKED: Readonly<Record<Way, readonly string[]>> = {
  '3': ['recover'],
  '4/1': ['private-key', 'open'],
  '4/2': ['decrypt', 'open'],
};

describe.each(WAYS)('way %s', (way) => {
  it.each([
    ['initiator', alice],
    ['responder', bob],
  ] as const)('recovers the key of a target %s, asking each holder once', async (role, target) => {
    const harness = await harnessFor(way, [target]);
    const made = call();
    const { sessions, notes, files } = await harness.take(made.frames);
    expect(notes).toEqual([]);
    expect(sessions).toEqual([
      {
        callId: made.callId,
        initiator: alice.identity.text,
        responder: bob.identity.text,
        target: target.identity.text,
        role,
        status: 'recovered',
        reason: null,
        solution: way === '3' ? 3 : 4,
        alternative: way === '3' ? null : way === '4/1' ? 1 : 2,
        keyConfirmed: true,
        kSession: made.exchange.kSession,
        streams: (['initiator-to-responder', 'responder-to-initiator'] as const).map((direction) => ({
          ssrc: made.tracks[direction].ssrc,
          direction,
          packets: 5,
          decrypted: 5,
          failed: 0,
          timeline: { startMs: expect.any(Number), stepMs: 100, packets: [5], lost: [0], failed: [0] },
        })),
        files: {
          wav: '/handed-over/session-1/call.wav',
          pcap: '/handed-over/session-1/media.pcap',
          keys: '/handed-over/session-1/keys.json',
        },
      },
    ]);
    expect([...files.keys()].sort()).toEqual(['session-1/call.wav', 'session-1/keys.json', 'session-1/media.pcap']);
    expect(operations(harness)).toEqual(ASKED[way]);
    expect([harness.kmsLog.count('request'), harness.kmsLog.count('answer')]).toEqual([1, 1]);
    expect(harness.providerLog.count('answer')).toBe(way === '3' ? 0 : 1);
    expect(harness.receipts).toHaveLength(ASKED[way].length);
    expect(harness.requests.kept.size).toBe(0);
  });

  it('asks for both sides when both are targets, and both give the same key', async () => {
    const harness = await harnessFor(way, [alice, bob]);
    const made = call();
    const { sessions, notes } = await harness.take(made.frames);
    expect(sessions).toMatchObject([
      { status: 'recovered', role: 'initiator', keyConfirmed: true, kSession: made.exchange.kSession },
    ]);
    expect(notes).toEqual([]);
    expect(operations(harness)).toEqual([...ASKED[way], ...ASKED[way]]);
  });

  it.each(['bogus', 'empty'] as const)(
    'T1 one of two targets with a false nonce (%s): the key comes from the other, and an operator is told',
    async (nonceA) => {
      const harness = await harnessFor(way, [alice, bob]);
      const made = call({ nonceA });
      const { sessions, notes } = await harness.take(made.frames);
      expect(sessions).toMatchObject([{ status: 'recovered', kSession: made.exchange.kSession }]);
      expect(notes).toEqual(['the key was found from one of two targets only: NONCE_COMMITMENT_MISMATCH']);
    },
  );

  it('finds the key of two targets from the one whose district it can ask', async () => {
    const harness = await harnessFor(way, [alice, abroad]);
    const made = call({ called: abroad });
    const { sessions, notes } = await harness.take(made.frames);
    expect(sessions).toMatchObject([{ status: 'recovered', kSession: made.exchange.kSession }]);
    const code = way === '4/1' ? 'IbeDecryptFailed' : 'XK_REFUSED';
    expect(notes).toEqual([`the key was found from one of two targets only: ${code}`]);
  });

  it('needs only R_MESSAGE_1 when both are targets and I_MESSAGE_2 was not captured', async () => {
    const harness = await harnessFor(way, [alice, bob]);
    const made = call({ without: ['PRACK', '200-PRACK'] });
    const { sessions } = await harness.take(made.frames);
    // No V: the first SRTP tag proves the key.
    expect(sessions).toMatchObject([{ status: 'recovered', keyConfirmed: true, kSession: made.exchange.kSession }]);
    expect(operations(harness)).toEqual(ASKED[way]);
  });

  it.each<[string, Partial<CallOptions>, Party]>([
    ['NONCE_ABSENT', { nonceA: 'absent' }, alice],
    ['NONCE_ABSENT', { nonceB: 'absent' }, bob],
    ['NONCE_NOT_RETURNED', { returnsNonce: false, nonceB: 'absent' }, alice],
    ['NONCE_COMMITMENT_MISMATCH', { nonceA: 'bogus' }, alice],
    ['NONCE_COMMITMENT_MISMATCH', { nonceB: 'bogus' }, bob],
    ['NONCE_COMMITMENT_MISMATCH', { nonceA: 'empty' }, alice],
    ['NONCE_COMMITMENT_MISMATCH', { nonceB: 'empty' }, bob],
    ['MS_UNKNOWN_SUBSCRIBER', { caller: carol }, carol],
  ])('status %s', async (status, options, target) => {
    const harness = await harnessFor(way, [target]);
    const made = call(options);
    const outcome = await harness.take(made.frames);
    expect(outcome.sessions).toMatchObject([{ status, target: target.identity.text }]);
    expectNothing(harness, outcome, made);
    const inTheLogs = [...harness.kmsLog.codes(), ...harness.providerLog.codes()];
    // In alternative 1 the Delivery Function itself finds that there is no nonce; in 2 the KMS.
    if (!(way === '4/1' && status.startsWith('NONCE_') && !status.endsWith('MISMATCH')))
      expect(inTheLogs).toEqual([status]);
    expect(harness.requests.kept.size).toBe(0);
  });

  it('N65 V of R_MESSAGE_2 is wrong: KEY_CONFIRMATION_FAILED, nothing decrypted or delivered', async () => {
    const harness = await harnessFor(way, [alice]);
    const made = call({ wrongV: true });
    const outcome = await harness.take(made.frames);
    expect(outcome.sessions).toMatchObject([{ status: 'KEY_CONFIRMATION_FAILED' }]);
    expect(outcome.sessions[0]?.streams).toHaveLength(2);
    expectNothing(harness, outcome, made);
  });

  it('N65 the same when R_MESSAGE_2 comes after the key and the first media', async () => {
    const harness = await harnessFor(way, [alice]);
    // Over TCP the answer behind it would wait, too.
    const made = call({ wrongV: true, transport: 'udp' });
    const late = made.frames.map((frame) =>
      frame.what === '200-PRACK' ? { ...frame, timeMs: frame.timeMs + 350 } : frame,
    );
    const outcome = await harness.take(late.toSorted((a, b) => a.timeMs - b.timeMs));
    expect(harness.events).toContainEqual(expect.objectContaining({ event: 'recovered', confirmedBy: 'nothing yet' }));
    expect(outcome.sessions).toMatchObject([{ status: 'KEY_CONFIRMATION_FAILED' }]);
    expectNothing(harness, outcome, made);
  });

  it('N73 another identity answers than was called: RetargetRefused, and nobody is asked', async () => {
    for (const target of [alice, bob]) {
      const harness = await harnessFor(way, [target]);
      const made = call({ devices: [carol] });
      const outcome = await harness.take(made.frames);
      expect(outcome.sessions).toMatchObject([{ status: 'RetargetRefused' }]);
      expectNothing(harness, outcome, made);
      expect(harness.asked).toEqual([]);
    }
  });

  it('N54 T outside the interception interval: no session, a note, and nobody is asked', async () => {
    const harness = await harnessFor(way, [alice]);
    const made = call({ t1Ms: T1 - 3_600_000, clockMs: 3_600_000 });
    const outcome = await harness.take(made.frames);
    expect(outcome.sessions).toEqual([]);
    expect(outcome.notes).toEqual(['a call of the target is not covered by the warrant: OUTSIDE_WINDOW']);
    expect(harness.asked).toEqual([]);
    expectNothing(harness, outcome, made);
  });

  it('an altered encrypted part: the KMS says XK_REFUSED and logs why', async () => {
    const harness = await harnessFor(way, [alice]);
    const made = call({
      rewrite: (step, mikey) =>
        step === '183' ? Uint8Array.from(mikey, (o, i) => (i === mikey.length - 9 ? o ^ 1 : o)) : mikey,
    });
    const outcome = await harness.take(made.frames);
    expect(outcome.sessions).toMatchObject([{ status: way === '4/1' ? 'IbeDecryptFailed' : 'XK_REFUSED' }]);
    expectNothing(harness, outcome, made);
    expect(harness.kmsLog.codes()).toEqual(way === '4/1' ? [] : ['IbeDecryptFailed']);
    expect(harness.providerLog.bodies).toEqual([]);
  });

  it.each(['WARRANT_REVOKED', 'DUAL_CONTROL', 'CAP_REACHED', 'POLICY_REFUSED', 'ROLE', 'MS_EPOCH_ERASED'] as const)(
    'passes a refusal through: %s',
    async (code) => {
      const refusing = way === '3' || code !== 'MS_EPOCH_ERASED' ? 'kms' : 'provider';
      const harness = await harnessFor(way, [alice], {
        between: (holder, client) =>
          holder === refusing ? () => Promise.reject(new HalfkeyError(code, 'no')) : client,
      });
      const made = call();
      const outcome = await harness.take(made.frames);
      expect(outcome.sessions).toMatchObject([{ status: code, reason: 'no' }]);
      expectNothing(harness, outcome, made);
      expect(harness.events).toContainEqual(expect.objectContaining({ event: 'refused', code }));
    },
  );
});

describe('suites, curves, PRFs and nonce modes', () => {
  it.each<Partial<CallOptions>>([
    { curve: 'P-384' },
    { curve: 'P-521' },
    { prf: 0 },
    { suite: 'AES_CM_128_HMAC_SHA1_32' },
  ])('%j', async (options) => {
    const harness = await harnessFor('4/2', [bob]);
    const made = call(options);
    const { sessions } = await harness.take(made.frames);
    expect(sessions).toMatchObject([{ status: 'recovered', kSession: made.exchange.kSession }]);
    expect(sessions[0]?.streams.map(({ decrypted }) => decrypted)).toEqual([5, 5]);
  });

  it.each(WAYS.flatMap((way) => ([1, 2] as const).map((mode) => [way, mode] as const)))(
    'way %s with nonce mode %i',
    async (way, mode) => {
      const target = testParty('sip:unbound@operator-a.example', district, mode);
      const harness = await harnessFor(way, [target], { served: [target] });
      const made = call({ caller: target });
      const { sessions } = await harness.take(made.frames);
      expect(sessions).toMatchObject([{ status: 'recovered', kSession: made.exchange.kSession }]);
    },
  );
});

describe('holders that lie', () => {
  const made = call();
  const other = call({ number: 2 });
  const otherPoint = toHex(other.exchange.offer.xP);
  const kms = (change: Parameters<typeof lying>[1]): Pick<HarnessOptions, 'between'> => ({
    between: (holder, client) => (holder === 'kms' ? lying(client, change) : client),
  });
  const provider = (change: Parameters<typeof lying>[1]): Pick<HarnessOptions, 'between'> => ({
    between: (holder, client) => (holder === 'provider' ? lying(client, change) : client),
  });

  async function lied(way: Way, options: Partial<HarnessOptions>, status: string): Promise<Harness> {
    const harness = await harnessFor(way, [alice], options);
    const outcome = await harness.take(made.frames);
    expect(outcome.sessions).toMatchObject([{ status }]);
    expectNothing(harness, outcome, made);
    return harness;
  }

  it.each([
    ['csbId', { csbId: '00000000' }],
    ['t1', { t1: '0000000000000000' }],
    ['idri', { idri: 'sip:carol@operator-a.example' }],
    ['idrr', { idrr: 'sip:carol@operator-a.example' }],
    ['role', { role: 'responder' }],
  ])('the KMS decrypts another exchange, by its %s: XK_REFUSED, and the provider is not asked', async (_, lie) => {
    const harness = await lied(
      '4/2',
      kms((payload) => ({ ...payload, ...lie })),
      'XK_REFUSED',
    );
    expect(harness.providerLog.bodies).toEqual([]);
  });

  it('the KMS gives another point of the target: the provider opens nothing', async () => {
    const harness = await lied(
      '4/2',
      kms((payload) => ({ ...payload, ownPoint: otherPoint })),
      'NONCE_COMMITMENT_MISMATCH',
    );
    expect(harness.providerLog.codes()).toEqual(['NONCE_COMMITMENT_MISMATCH']);
  });

  it.each([
    ['another point', otherPoint, 'KEY_CONFIRMATION_FAILED'],
    ['a point off the curve', `04${'01'.repeat(64)}`, 'InvalidPoint'],
    ['a point of another curve', `04${'01'.repeat(96)}`, 'InvalidPoint'],
  ])('the KMS gives %s of the peer', async (_, peerPoint, status) => {
    await lied(
      '4/2',
      kms((payload) => ({ ...payload, peerPoint })),
      status,
    );
  });

  it('the KMS leaves the nonce out: NONCE_ABSENT', async () => {
    await lied(
      '4/2',
      kms(({ ni, ...payload }) => {
        expect(ni).toBeDefined();
        return payload;
      }),
      'NONCE_ABSENT',
    );
  });

  it('the KMS names another curve: the provider refuses', async () => {
    await lied(
      '4/2',
      kms((payload) => ({ ...payload, curve: 11 })),
      'InvalidPoint',
    );
    await lied(
      '4/2',
      kms((payload) => ({ ...payload, curve: 1 })),
      'InvalidDh',
    );
  });

  it('the consolidated KMS gives the key of another call: KEY_CONFIRMATION_FAILED', async () => {
    await lied(
      '3',
      kms((payload) => ({ ...payload, kSession: other.exchange.kSession })),
      'KEY_CONFIRMATION_FAILED',
    );
  });

  it.each([{ csbId: '00000000' }, { t1: '0000000000000000' }])(
    'the consolidated KMS answers about another exchange, %j: XK_REFUSED',
    async (lie) => {
      await lied(
        '3',
        kms((payload) => ({ ...payload, ...lie })),
        'XK_REFUSED',
      );
    },
  );

  it('the KMS gives the private key of somebody else, or another district: BadPrivateKey', async () => {
    const change = (lie: (keys: Record<string, unknown>[]) => object): Pick<HarnessOptions, 'between'> =>
      kms((payload) => ({ ...payload, ...lie(payload['keys'] as Record<string, unknown>[]) }));
    let bobsKey: unknown;
    const honest = await harnessFor(
      '4/1',
      [bob],
      kms((payload) => {
        bobsKey = (payload['keys'] as Record<string, unknown>[])[0]?.['privateKey'];
        return payload;
      }),
    );
    expect((await honest.take(made.frames)).sessions).toMatchObject([{ status: 'recovered' }]);
    await lied(
      '4/1',
      change((keys) => ({ keys: keys.map((key) => ({ ...key, privateKey: bobsKey })) })),
      'BadPrivateKey',
    );
    await lied(
      '4/1',
      change(() => ({ district: elsewhere.name })),
      'BadPrivateKey',
    );
    await lied(
      '4/1',
      change(() => ({ serial: 2 })),
      'BadPrivateKey',
    );
  });

  it('the KMS gives no key, or only one that was not asked for: NoKeyForEpoch', async () => {
    await lied(
      '4/1',
      kms((payload) => ({ ...payload, keys: [] })),
      'NoKeyForEpoch',
    );
    await lied(
      '4/1',
      kms((payload) => ({
        ...payload,
        keys: (payload['keys'] as Record<string, unknown>[]).map((key) => ({
          ...key,
          identity: 'sip:carol@operator-a.example',
        })),
      })),
      'NoKeyForEpoch',
    );
  });

  it('the KMS gives parameters that are none: BadDer', async () => {
    await lied(
      '4/1',
      kms((payload) => ({ ...payload, parameters: 'MAA=' })),
      'BadDer',
    );
  });

  it.each([
    ['the secret of another call', other.exchange.x],
    ["the peer's secret", made.exchange.y],
    ['zero', '00'.repeat(32)],
    ['more than the order', 'ff'.repeat(32)],
    ['a secret of another length', '01'.repeat(48)],
  ])('the provider gives %s: NONCE_COMMITMENT_MISMATCH', async (_, secret) => {
    for (const way of ['4/1', '4/2'] as const) {
      await lied(
        way,
        provider(() => ({ secret })),
        'NONCE_COMMITMENT_MISMATCH',
      );
    }
  });

  it.each(['3', '4/2'] as const)('way %s: the KMS lies about one of two sides: BOTH_SIDES_DIFFER', async (way) => {
    const harness = await harnessFor(way, [alice, bob], {
      ...kms((payload, _, { role }) => {
        if (role !== 'responder') return payload;
        return way === '3' ? { ...payload, kSession: other.exchange.kSession } : { ...payload, peerPoint: otherPoint };
      }),
    });
    const outcome = await harness.take(made.frames);
    expect(outcome.sessions).toMatchObject([{ status: 'BOTH_SIDES_DIFFER' }]);
    expectNothing(harness, outcome, made);
  });

  it('keeps what it is given in hex only where keys are ordered', async () => {
    const harness = await harnessFor('4/2', [alice], { deliver: ['content'] });
    const { sessions, files } = await harness.take(made.frames);
    expect(sessions).toMatchObject([{ status: 'recovered', kSession: null, files: { keys: null } }]);
    expect([...files.keys()].sort()).toEqual(['session-1/call.wav', 'session-1/media.pcap']);
    const said = JSON.stringify([sessions, harness.events, harness.receipts]);
    expect(said).not.toContain(made.exchange.kSession.slice(2, 66));
  });

  it('writes the keys of each stream where keys are ordered, and no media where they are not', async () => {
    const harness = await harnessFor('4/2', [alice], { deliver: ['keys'] });
    const { sessions, files } = await harness.take(made.frames);
    expect(sessions).toMatchObject([{ files: { wav: null, pcap: null } }]);
    expect(sessions[0]?.streams.map(({ decrypted }) => decrypted)).toEqual([5, 5]);
    const { initiator, responder } = made.exchange.keys;
    expect(JSON.parse(new TextDecoder().decode(files.get('session-1/keys.json')))).toMatchObject({
      version: 1,
      callId: made.callId,
      csbId: made.csbId,
      kSession: made.exchange.kSession,
      streams: [
        { csId: 1, masterKey: toHex(initiator.masterKey), masterSalt: toHex(initiator.masterSalt) },
        { csId: 2, masterKey: toHex(responder.masterKey), masterSalt: toHex(responder.masterSalt) },
      ],
    });
    expect(fromHex(made.exchange.kSession)).toHaveLength(65);
  });
});
