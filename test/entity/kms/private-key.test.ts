/** Alternative 1: keys of warranted epochs, none of them before it begins (protocol profile 5.3, T8). */
import { expect, it } from 'vitest';
import { privateKeySteps } from '../../../src/entity/kms/private-key.ts';
import type { PrivateKeys } from '../../../src/contract/xk/index.ts';
import { Secret } from '../../../src/foundation/base/index.ts';
import { createReleaser, openAnswer } from '../../../src/trust/release/index.ts';
import { coded } from '../../platform/support.ts';
import { answerKey, memoryStore, newRequest, privateKey, type MemoryStore } from '../../trust/release/support.ts';
import { agencyRoot, digestOf, NOW, warrantFor } from '../delivery/harness.ts';
import { ALICE, DAY, districtKeys } from '../endpoint/holders.ts';

const time = (ms: number): string => new Date(ms).toISOString();
/** Start of the key epoch after the one that contains NOW, seconds since 1970. */
const NEXT = (Math.floor(NOW / 1000 / DAY) + 1) * DAY;

/** A year of interception, and the clock of the KMS at `now` (seconds since 1970). */
async function asking(now: number, keyEpochs: readonly number[]): Promise<{ keys: number[]; store: MemoryStore }> {
  const store = memoryStore();
  const clock = (): number => 1000 * now;
  const warrant = await warrantFor([ALICE.text], '4/1', ['content'], {
    interception: { from: time(NOW - 10 * DAY * 1000), to: time(NOW + 365 * DAY * 1000) },
    request: { from: time(NOW - 10 * DAY * 1000), to: time(NOW + 365 * DAY * 1000) },
  });
  const request = newRequest({ operation: 'private-key' });
  const { requestId } = request;
  const pairs = keyEpochs.map((keyEpoch) => ({ identity: ALICE.text, keyEpoch }));
  const check = { trust: () => ({ roots: [agencyRoot] }), clock, pseudonym: () => 'pseudonym' };
  const body = { requestId, warrant, answerKey, purpose: 'a test', pairs };
  const steps = privateKeySteps(check, await districtKeys(), true, body);
  let keys: number[] = [];
  try {
    const { answer } = await createReleaser({ store, clock }).release(request, steps);
    const context = { requestId, warrantDigest: digestOf(warrant) };
    const opened = (await openAnswer(answer, Secret.copyOf('AnswerKey', privateKey), context)) as PrivateKeys;
    keys = opened.keys.map(({ keyEpoch }) => keyEpoch);
  } catch (error) {
    expect(error).toEqual(coded('IssueWindow'));
  }
  return { keys, store };
}

it('keys of epochs that have begun, and of one that begins within 300 s, are released', async () => {
  const epochs = [NEXT - 2 * DAY, NEXT - DAY, NEXT];
  const { keys, store } = await asking(NEXT - 300, epochs);
  expect(keys).toEqual(epochs);
  expect(store.kinds()).toEqual(['request', 'answer']);
});

it.each([
  ['a second more than 300 s from now', NEXT - 301, [NEXT]],
  ['behind one that has', NOW / 1000, [NEXT - DAY, NEXT]],
  ['100, 200, 300 and 360 days from now', NOW / 1000, [100, 200, 300, 360].map((days) => NEXT + days * DAY)],
])('T8 an epoch that has not begun, %s: IssueWindow, recorded, and no key leaves', async (_, now, epochs) => {
  const { keys, store } = await asking(now, epochs);
  expect(keys).toEqual([]);
  expect(store.bodies()).toMatchObject([{ kind: 'refused', operation: 'private-key', code: 'IssueWindow' }]);
  expect(store.answers).toEqual([]);
});
