/**
 * Copies of a target's exchange in calls of somebody else: they draw no release from a holder, so that the warrant's
 * limit is there for the target's own calls, and they spoil nothing for the call that they copy.
 */
import { describe, expect, it } from 'vitest';
import {
  interleave,
  makeCall,
  testDistrict,
  testParty,
  type CallOptions,
  type Frame,
  type Step,
} from '../../support/calls.ts';
import { createHarness, T1, WAYS, type Harness, type HarnessOptions, type Way } from './harness.ts';

const district = testDistrict('operator-a.example');
const alice = testParty('sip:alice@operator-a.example', district);
const bob = testParty('sip:bob@operator-a.example', district);
const mallory = testParty('sip:mallory@operator-a.example', district);
const made = makeCall({ number: 1, caller: alice, called: bob, t1Ms: T1 });
const later = makeCall({ number: 9, caller: alice, called: bob, t1Ms: T1 + 60_000 });
const { i1, r1, i2, r2, kSession } = made.exchange;
const MESSAGES: Partial<Record<Step, Uint8Array>> = { INVITE: i1, '183': r1, PRACK: i2, '200-PRACK': r2 };

/** A call of somebody else that carries the octets of {@link made}. */
function copy(number: number, t1Ms: number, changes: Partial<CallOptions> = {}): readonly Frame[] {
  const rewrite = (step: Step, own: Uint8Array): Uint8Array => MESSAGES[step] ?? own;
  return makeCall({ number, caller: mallory, called: mallory, t1Ms, packets: 0, rewrite, ...changes }).frames;
}

/** The copy with the last octet of one message changed. */
const altered = (number: number, t1Ms: number, which: Step): readonly Frame[] =>
  copy(number, t1Ms, {
    rewrite(step, own) {
      const mikey = Uint8Array.from(MESSAGES[step] ?? own);
      if (step === which) mikey[mikey.length - 1] = (mikey[mikey.length - 1] as number) ^ 1;
      return mikey;
    },
  });

const harnessFor = (way: Way, options: Partial<HarnessOptions> = {}): Promise<Harness> =>
  createHarness({ district, served: [alice, bob], way, targets: [alice.identity.text], ...options });

/** Answers of the two holders, and repeats: of the calls `made` and `later` together. */
const answers = ({ kmsLog, providerLog }: Harness): number[] =>
  [kmsLog, providerLog].flatMap((log) => [log.count('answer'), log.count('repeat')]);
const BOTH_CALLS: Readonly<Record<Way, readonly number[]>> = {
  '3': [2, 0, 0, 0],
  // One private key opens both calls.
  '4/1': [1, 1, 2, 0],
  '4/2': [2, 0, 2, 0],
};

describe.each(WAYS)('way %s', (way) => {
  it('copies under other Call-IDs have the key of the first, and no holder is asked again', async () => {
    const harness = await harnessFor(way, { warrant: { maxReleases: 2 } });
    const copies = Array.from({ length: 6 }, (_, i) => copy(2 + i, T1 + 10_000 + 5000 * i));
    const { sessions } = await harness.take(interleave(made.frames, ...copies, later.frames));
    expect(sessions.map(({ status }) => status)).toEqual(Array(8).fill('recovered'));
    expect(sessions.slice(0, 7).map((session) => session.kSession)).toEqual(Array(7).fill(kSession));
    expect(sessions[7]).toMatchObject({ callId: later.callId, kSession: later.exchange.kSession });
    expect(answers(harness)).toEqual(BOTH_CALLS[way]);
    expect(harness.requests.kept.size).toBe(0);
  });

  it('nor for copies at the very same time, or with messages left out or altered that the key does not need', async () => {
    const harness = await harnessFor(way, { warrant: { maxReleases: 2 } });
    const copies = [
      copy(2, T1 + 1),
      copy(3, T1 + 10_000, { without: ['200-PRACK'] }),
      copy(4, T1 + 11_000, { without: ['PRACK', '200-PRACK'] }),
      altered(5, T1 + 12_000, '200-PRACK'),
      altered(6, T1 + 13_000, 'PRACK'),
    ];
    const { sessions } = await harness.take(interleave(made.frames, ...copies, later.frames));
    expect(sessions).toHaveLength(7);
    expect(sessions.filter(({ status }) => status !== 'recovered')).toMatchObject([
      { status: 'KEY_CONFIRMATION_FAILED', kSession: null },
    ]);
    expect(answers(harness)).toEqual(BOTH_CALLS[way]);
  });

  it('a copy with a wrong V that comes first fails alone', async () => {
    const harness = await harnessFor(way);
    const { sessions } = await harness.take(interleave(altered(2, T1 - 10_000, '200-PRACK'), made.frames));
    expect(sessions).toMatchObject([
      { status: 'KEY_CONFIRMATION_FAILED', kSession: null },
      { status: 'recovered', kSession, keyConfirmed: true },
    ]);
    expect(harness.kmsLog.count('answer')).toBe(1);
  });
});
