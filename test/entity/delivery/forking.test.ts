/**
 * A call that several devices of the called user answer (protocol profile 6.1): one I_MESSAGE_1, an exchange of its own
 * for each device, and one of them gets the call. A holder answers for one exchange once, so the Delivery Function
 * must not ask before it is clear which.
 */
import { describe, expect, it } from 'vitest';
import { makeCall, testDistrict, testParty, type CallOptions, type Party, type TestCall } from '../../support/calls.ts';
import { createHarness, expectNothing, T1, WAYS, type Harness, type Way } from './harness.ts';

const district = testDistrict('operator-a.example');
const alice = testParty('sip:alice@operator-a.example', district);
const bob = testParty('sip:bob@operator-a.example', district);
const desk = testParty('sip:bob@operator-a.example;gr=desk', district);
const mobile = testParty('sip:bob@operator-a.example;gr=mobile', district);

const forked = (options: Partial<CallOptions> = {}): TestCall =>
  makeCall({ number: 1, caller: alice, called: bob, devices: [desk, mobile], t1Ms: T1, ...options });
const harnessFor = (way: Way, ...targets: readonly Party[]): Promise<Harness> =>
  createHarness({
    district,
    served: [alice, bob, desk, mobile],
    way,
    targets: targets.map(({ identity }) => identity.text),
  });

describe.each(WAYS)('way %s', (way) => {
  it.each([
    [0, 'all'],
    [1, 'all'],
    [0, 'answered'],
    [1, 'answered'],
  ] as const)(
    'target caller: the key of device %i, which answered; I_MESSAGE_2 to %s',
    async (answeredBy, secondTo) => {
      const harness = await harnessFor(way, alice);
      const made = forked({ answeredBy, secondTo });
      const { sessions } = await harness.take(made.frames);
      expect(sessions).toMatchObject([
        {
          status: 'recovered',
          role: 'initiator',
          responder: (answeredBy === 0 ? desk : mobile).identity.text,
          keyConfirmed: true,
          kSession: made.exchange.kSession,
          streams: [
            { failed: 0, decrypted: 5 },
            { failed: 0, decrypted: 5 },
          ],
        },
      ]);
      expect(harness.kmsLog.count('answer')).toBe(1);
      expect([...harness.kmsLog.codes(), ...harness.providerLog.codes()]).toEqual([]);
    },
  );

  it.each([
    [0, 'all'],
    [1, 'answered'],
  ] as const)(
    'target called: user and device %i are in the warrant; I_MESSAGE_2 to %s',
    async (answeredBy, secondTo) => {
      const device = answeredBy === 0 ? desk : mobile;
      const harness = await harnessFor(way, bob, device);
      const made = forked({ answeredBy, secondTo });
      const { sessions } = await harness.take(made.frames);
      expect(sessions).toMatchObject([
        {
          status: 'recovered',
          role: 'responder',
          target: device.identity.text,
          keyConfirmed: true,
          kSession: made.exchange.kSession,
        },
      ]);
    },
  );

  it('target called: a device that the warrant does not name answers: TARGET_MISMATCH', async () => {
    const harness = await harnessFor(way, bob, desk);
    const made = forked({ answeredBy: 1 });
    const outcome = await harness.take(made.frames);
    expect(outcome.sessions).toMatchObject([{ status: 'TARGET_MISMATCH' }]);
    expectNothing(harness, outcome, made);
    expect(harness.kmsLog.codes()).toEqual(['TARGET_MISMATCH']);
    expect(harness.providerLog.bodies).toEqual([]);
  });

  it('early media of a device that does not get the call stay closed, those after the answer are opened', async () => {
    const harness = await harnessFor(way, alice);
    const early = forked({ answeredBy: 0, mediaAtMs: 250, packets: 3 });
    const made = forked({ answeredBy: 1 });
    const first = early.frames.filter(({ what, timeMs }) => what === 'RTP' && timeMs < T1 + 400);
    const frames = [...made.frames, ...first].toSorted((a, b) => a.timeMs - b.timeMs);
    const { sessions } = await harness.take(frames);
    expect(sessions).toMatchObject([{ status: 'recovered', kSession: made.exchange.kSession }]);
    const byDevice = new Map(sessions[0]?.streams.map(({ ssrc, decrypted }) => [ssrc, decrypted]));
    expect(byDevice.get(made.tracks['responder-to-initiator'].ssrc)).toBe(5);
    expect(byDevice.get(early.tracks['responder-to-initiator'].ssrc)).toBe(0);
  });
});

it('a call that ended before anybody answered: the branch with the latest message, once the capture is over', async () => {
  const harness = await harnessFor('4/2', alice);
  const made = forked({ without: ['200', 'ACK', 'BYE', '200-BYE'], secondTo: 'answered', answeredBy: 1, packets: 0 });
  const { sessions } = await harness.take(made.frames);
  expect(sessions).toMatchObject([{ status: 'recovered', keyConfirmed: true, kSession: made.exchange.kSession }]);
});

it('only R_MESSAGE_1 of each: it is asked for one of them', async () => {
  const harness = await harnessFor('4/2', alice);
  const made = forked({ without: ['PRACK', '200-PRACK', '200', 'ACK'], packets: 0 });
  const { sessions } = await harness.take(made.frames);
  expect(sessions).toMatchObject([{ status: 'recovered', keyConfirmed: false }]);
  expect(harness.kmsLog.count('answer')).toBe(1);
});
